"""Local projections: profiles of municipalities, partial pooling of local deviations, and sums that reconcile."""
