"""Published figures as the posterior predicts them, and as forecasts do that know nothing but a series itself."""
