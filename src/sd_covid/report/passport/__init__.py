"""The model passport: what was tested, and how firm it is."""
