"""The models that are timed: SIR, and a made-up world of more than 200 equations.

The world has stocks, third-order delays and smooths, tables, quotients, MIN/MAX and switches in about the
proportions of World3 (a fifth of the equations tables, a third with a quotient); its numbers mean nothing.
"""

from __future__ import annotations

import random

CONTROL = "INITIAL TIME = 0 ~ ~ |\nFINAL TIME = {final} ~ ~ |\nTIME STEP = {step} ~ ~ |\nSAVEPER = TIME STEP ~ ~ |\n"

SIR = """{UTF-8}
contact infectivity = 0.3 ~ 1/Day ~ |
duration = 5 ~ Day ~ |
total population = 1000 ~ Person ~ |
susceptible = INTEG(-succumbing, total population - 5) ~ Person ~ |
infectious = INTEG(succumbing - recovering, 5) ~ Person ~ |
recovered = INTEG(recovering, 0) ~ Person ~ |
succumbing = susceptible * infectious / total population * contact infectivity ~ Person/Day ~ |
recovering = infectious / duration ~ Person/Day ~ |
""" + CONTROL.format(final=100, step=0.03125)
SIR_CONSTANTS = ["contact infectivity", "duration"]
SIR_OUTPUTS = ["susceptible", "infectious", "recovered"]

WORLD_CONSTANTS = [f"c{k}" for k in range(20)]
WORLD_OUTPUTS = [f"s{k}" for k in range(5)]


def world(equations: int = 240, seed: int = 2035) -> str:
    """The text of a model with that many auxiliaries, and stocks beside them.

    Parameters
    ----------
    equations : int
    seed : int
    """
    pick = random.Random(seed)
    stocks = equations // 12
    lines = ["{UTF-8}"] + [f"c{k} = {0.5 + pick.random():.4f} ~ ~ |" for k in range(20)]
    for k in range(equations):
        a = f"s{pick.randrange(stocks)}"
        b = f"x{pick.randrange(k)}" if k and pick.random() < 0.7 else f"s{pick.randrange(stocks)}"
        c = f"c{pick.randrange(20)}"
        points = ",".join(
            f"({0.5 * i},{pick.uniform(0.2, 1.6):.3f})" for i in range(pick.choice([5, 6, 7, 9, 11]))
        )
        form = pick.choices(
            [
                f"{c} * {a} / (1 + {b})",
                f"WITH LOOKUP({a} / {c}, ({points}))",
                f"{c} * {a} + 0.2 * {b}",
                f"MIN({a}, {c} * {b})",
                f"MAX(0.1, {a} - {c} * {b} / 4)",
                f"SMOOTH3({a} * {c}, {2 + pick.randrange(9)})",
                f"DELAY3({b}, {3 + pick.randrange(9)})",
                f"IF THEN ELSE(Time > {pick.randrange(20, 180)}, {a}, {c}) / (1 + {b} / {c})",
                f"EXP(-{b} / (4 * {c}))",
            ],
            weights=[20, 20, 15, 8, 8, 2, 2, 6, 2],
        )[0]
        lines.append(f"x{k} = {form} ~ ~ |")
    for k in range(stocks):
        feeding = " + ".join(f"x{j}" for j in range(k, equations, stocks))  # so that every equation counts
        lines.append(
            f"s{k} = INTEG(({feeding}) / 240 - 0.05 * s{k} * c{k % 20}, {0.5 + pick.random():.3f}) ~ ~ |"
        )
    return "\n".join(lines) + "\n" + CONTROL.format(final=200, step=0.5)
