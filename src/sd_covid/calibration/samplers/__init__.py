"""Draws from a posterior: Hamiltonian and sequential Monte Carlo, and draws moved from one posterior to another."""
