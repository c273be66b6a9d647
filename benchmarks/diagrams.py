"""How long a large diagram takes: 500 variables, 2,000 links, all 4,096 combinations of twelve on 1,000 samples.

Run ``python benchmarks/diagrams.py``. Strengths are small classes of its own, so that a random diagram of four links a
variable comes to rest. Wall and processor time, compilation included; one round, since it is long.
"""

from __future__ import annotations

import time

import numpy as np

from sd_covid.data.text import Text
from sd_covid.marvel.diagram import Classes, Diagram, Intervention, Link, Variable, spread
from sd_covid.marvel.read import default_classes
from sd_covid.marvel.run import Runs
from sd_covid.marvel.scores import score_all

VARIABLES, LINKS, INTERVENTIONS, PERFORMANCES, SAMPLES = 500, 2000, 12, 3, 1000


def diagram(seed: int = 3) -> Diagram:
    """A random diagram."""
    random = np.random.default_rng(seed)
    strengths = [("weak", 0.05, 0.0, None), ("average", 0.1, None, None), ("strong", 0.15, None, 0.2)]
    classes = Classes(spread(strengths), default_classes().speed)
    pairs: set[tuple[int, int]] = set()
    while len(pairs) < LINKS:
        cause, effect = random.integers(0, VARIABLES, 2).tolist()
        if cause != effect:
            pairs.add((cause, effect))
    strength, speed = list(classes.strength.values()), list(classes.speed.values())
    first = VARIABLES - PERFORMANCES
    name = Text("x", "x")
    return Diagram(
        "random",
        tuple(
            Variable(f"v{k}", name, role="performance" if k >= first else "normal") for k in range(VARIABLES)
        ),
        tuple(
            Link(
                f"v{a}",
                f"v{b}",
                int(random.choice([-1, 1])),
                strength[random.integers(3)],
                speed[random.integers(4)],
            )
            for a, b in sorted(pairs)
        ),
        tuple(Intervention(f"m{k}", name, f"v{k}", "additive", 0.2) for k in range(INTERVENTIONS)),
        classes,
    )


def main() -> None:
    """Score it and print the times."""
    wall, processor = time.perf_counter(), time.process_time()
    found = score_all(Runs(diagram()), SAMPLES)
    took = time.perf_counter() - wall, time.process_time() - processor
    print(
        f"{VARIABLES} variables, {LINKS} links, {len(found.scores)} combinations x {len(found.by_sample)} samples"
    )
    print(f"wall {took[0]:.1f} s, processor {took[1]:.1f} s, combinations added: {found.added}")


if __name__ == "__main__":
    main()
