"""The local level as data: regions, figures of them with their definitions, monitors of one's own, and sums."""
