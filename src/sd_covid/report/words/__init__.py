"""Words: every text in both languages, numbers and uncertainty as they are said, what parameters are called."""
