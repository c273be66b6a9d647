"""The two layers side by side: whether a diagram agrees with the quantified model on every intervention.

In go a diagram, the model, and tables that say which lever stands for which intervention and which output for which
variable; out come agreement in direction, agreement in ranking, and what to ask next.
"""
