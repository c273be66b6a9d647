"""Expert sessions: forms, answers, what the group says, signals."""
