"""What hangs on what: verification of a model, sensitivity of results to parameters and assumptions."""
