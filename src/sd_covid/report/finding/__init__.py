"""Findings: ready-made statements, each a table, a figure and sentences, and the files that they fill."""
