"""The newest figures beside what was expected of them."""
