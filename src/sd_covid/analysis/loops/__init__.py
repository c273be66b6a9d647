"""Feedback loops of any model: which there are, which of them make its behaviour, and what a scenario goes along."""
