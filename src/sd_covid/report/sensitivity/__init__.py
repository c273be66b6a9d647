"""What the differences between scenarios hang on."""
