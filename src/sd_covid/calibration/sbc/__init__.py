"""Simulation-based calibration: fits to figures whose truth is known."""
