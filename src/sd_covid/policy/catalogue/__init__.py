"""The catalogues of a study: levers with their costs and triggers, assumptions, evidence, outputs, and their names."""
