"""The log posterior of a problem with its exact gradient, and the coordinates in which it is looked at."""
