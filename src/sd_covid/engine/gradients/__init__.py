"""Exact derivatives of a run: Jacobians forward, gradients back."""
