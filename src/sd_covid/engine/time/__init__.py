"""The instants of a run, and what is said of a model over them."""
