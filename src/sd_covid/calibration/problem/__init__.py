"""A calibration problem as data: its tables and settings, read, checked and written."""
