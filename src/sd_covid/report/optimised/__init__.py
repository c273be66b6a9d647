"""Packages that no other package beats."""
