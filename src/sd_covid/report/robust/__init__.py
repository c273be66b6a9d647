"""Robustness: how packages hold when the world turns out otherwise."""
