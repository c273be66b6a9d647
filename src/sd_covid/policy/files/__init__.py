"""Scenario files as people write them: YAML, or tables that were filled in."""
