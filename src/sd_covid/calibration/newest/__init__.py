"""The newest figures: what was expected of them, and the posterior brought up to date with them."""
