"""Soft facts: what is known of the model in words such as "between 0.25 and 0.35", as part of the posterior."""
