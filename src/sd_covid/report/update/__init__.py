"""What new figures moved."""
