"""Calibration: problem tables, likelihood, fit, posterior, validation and prediction."""
