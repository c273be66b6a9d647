"""Value of information: what it would be worth to know more before choosing, and which figures would tell."""
