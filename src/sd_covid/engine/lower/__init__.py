"""A model lowered: every equation becomes operations of the graph."""
