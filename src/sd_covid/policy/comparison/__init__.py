"""Scenarios run and compared on the same draws."""
