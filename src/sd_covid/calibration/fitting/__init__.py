"""The best fit, what the figures identify, and profiles; of a stored fit, too."""
