"""Published figures as the posterior predicts them, and what came of the newest."""
