"""The model passport: what was tested about a model, and a light for each test."""
