"""ArviZ without the announcement of its rebuilding, which it makes at its first import of a day."""

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", r"\s*ArviZ is undergoing a major refactor", FutureWarning)
    import arviz

__all__ = ["arviz"]
