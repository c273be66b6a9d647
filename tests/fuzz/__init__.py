"""Fuzzing of everything that reads a file: a reader answers, or raises an error of ours, whatever the file holds.

`targets` says what is read and from which sound files mutations start, `mutate` makes the inputs, `watch` sees to it
that reading writes nothing, runs nothing and ends, `harness` keeps what reaches code not reached before.
``python -m tests.fuzz`` runs it for long.
"""
