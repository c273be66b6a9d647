"""How well packages hold in many states of the world: robustness metrics, regret, reversals of rank, value for money.

In come outcomes of packages in the same states of the world; out come scores, ranks and shares. Nothing is run here;
what the states are, `outcomes` says.
"""
