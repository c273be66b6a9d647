"""One region beside the country, and municipalities in order."""
