"""The feedback loops of a model, and which make what happens."""
