"""Packages of levers that no other package beats: search within budgets, over draws, with triggers."""
