"""Enriched causal-loop diagrams: knowledge of experts about what acts on what, how strongly and how soon, made to run.

In go tables of variables, links and interventions; out come what interventions do to performances over time, scores
of all their combinations, and how sure a ranking is given how coarse the classes are. The method is MARVEL's (van
Zijderveld, TNO, 2007: Method to Analyse Relations between Variables using Enriched Loops), in a form of our own where
nothing is published: the state form, clipping, and the spread of classes.
"""
