"""The graph of operations: what a model computes, taken apart, put together and differentiated as data."""
