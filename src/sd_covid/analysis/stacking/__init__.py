"""Stacking: how many persons and households have several problems at once."""
