"""Draws on disk, and which figures they rest on."""
