"""A diagram of a model: what it shows, and where everything in it stands."""
