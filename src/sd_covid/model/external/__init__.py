"""Figures that a model takes from other files, CSV or Excel, and the cells in which they stand."""
