"""The two layers side by side: the diagram and the quantified model."""
