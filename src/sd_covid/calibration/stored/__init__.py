"""Draws and fits on disk: read, asked, compared with the figures of today, and brought up to date."""
