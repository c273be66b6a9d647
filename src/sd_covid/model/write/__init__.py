"""A `Model` as Vensim or XMILE text, with a diagram."""
