"""Model to results: lower to a graph, compile, run, differentiate."""
