"""What a package costs and yields, to whom, and what that comes to.

Costs and benefits draw by draw, effectiveness, distribution over groups, resilience.
"""
