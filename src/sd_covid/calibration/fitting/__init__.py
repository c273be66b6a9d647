"""The best fit, what the figures identify, and profiles."""
