"""Runs: machine code compiled and kept, members in lanes and threads."""
