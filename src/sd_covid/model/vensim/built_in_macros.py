"""Functions of Vensim that give a second variable behind a ``:``, and so are read as macros."""

DELAYP = """
:MACRO: DELAYP(input, delay time : pipeline)
DELAYP = third / stage time ~ input ~|
pipeline = first + second + third ~ input * delay time ~|
third = INTEG(second / stage time - DELAYP, stage time * input) ~ input * delay time ~|
second = INTEG((first - second) / stage time, third) ~ input * delay time ~|
first = INTEG(input - first / stage time, third) ~ input * delay time ~|
stage time = delay time / 3 ~ delay time ~|
:END OF MACRO:
"""
#: Their texts, by key; Vensim's manual gives these equations.
BUILT_IN: dict[str, str] = {"delayp": DELAYP}
