"""A model as separate equations, as loop analysis needs it."""
