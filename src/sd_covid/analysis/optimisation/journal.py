"""What a search has evaluated, kept on disk, so that one that was stopped goes on where it was.

A search asks for the same points in the same order when it is begun again with the same inputs. So nothing of its
state is kept: the points and what came of them are enough, and a journal of other inputs is refused.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_covid.errors import RunError
from sd_covid.policy.types import Floats

if TYPE_CHECKING:
    from sd_covid.analysis.optimisation.search import Evaluate

Points = NDArray[np.int64]


class Journal:
    """A file of evaluated points, one JSON row each, added to as the search goes.

    Parameters
    ----------
    path : path
        Read where it exists.
    inputs : str
        Everything on which an evaluation depends, as text: model, draws, plan.

    Raises
    ------
    RunError
        When it is of other inputs, or no journal.
    """

    def __init__(self, path: str | Path, inputs: str) -> None:
        self.path = Path(path)
        self._rows: dict[tuple[int, ...], tuple[list[float], list[float]]] = {}
        print_of = hashlib.sha256(inputs.encode()).hexdigest()
        if not self.path.is_file():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps({"inputs": print_of}) + "\n", encoding="utf-8")
            return
        lines = self.path.read_text(encoding="utf-8").splitlines()
        whole = [line for line in lines if line.endswith("}")]
        try:
            head, *rows = [json.loads(line) for line in whole]
            known = {tuple(row["point"]): (row["objectives"], row["excess"]) for row in rows}
        except (ValueError, KeyError, TypeError) as error:
            raise RunError("is no journal of a search", file=self.path, advice="give another file") from error
        if head.get("inputs") != print_of:
            raise RunError(
                "is the journal of another search: model, draws or file have changed since",
                file=self.path,
                advice="give another file, or remove this one",
            )
        if len(whole) < len(lines):  # it was stopped while it wrote the last one
            self.path.write_text("\n".join(whole) + "\n", encoding="utf-8")
        self._rows = known

    def __len__(self) -> int:
        """How many points it holds."""
        return len(self._rows)

    def through(self, evaluate: Evaluate) -> Evaluate:
        """An evaluation that looks here first and writes here what is new."""

        def evaluated(points: Points) -> tuple[Floats, Floats]:
            names = [tuple(point.tolist()) for point in points]
            new = [place for place, name in enumerate(names) if name not in self._rows]
            if new:
                objectives, excess = evaluate(points[new])
                self._add([names[place] for place in new], objectives, excess)
            found = [self._rows[name] for name in names]
            objectives = np.array([row for row, _ in found], dtype=np.float64)
            return objectives, np.array([over for _, over in found], dtype=np.float64)

        return evaluated

    def _add(self, names: list[tuple[int, ...]], objectives: Floats, excess: Floats) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            for name, row, over in zip(names, objectives.tolist(), excess.tolist(), strict=True):
                self._rows[name] = (row, over)
                file.write(json.dumps({"point": name, "objectives": row, "excess": over}) + "\n")
