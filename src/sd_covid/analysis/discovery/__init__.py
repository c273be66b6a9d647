"""Scenario discovery: in which states of the world a package fails, as a box that can be said in one sentence."""
