"""Units: as they are written, of every expression, and whether a model's agree."""
