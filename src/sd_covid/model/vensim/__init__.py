"""Vensim's ``.mdl`` to a `Model`; `reader` is the door."""
