"""How far a posterior can be trusted."""
