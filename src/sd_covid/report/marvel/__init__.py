"""Enriched causal-loop diagrams: effects of interventions, scores, explanations."""
