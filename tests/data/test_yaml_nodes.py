"""YAML is parsed as PyYAML parses it, and what it cannot take is refused with its line."""

from __future__ import annotations

import pytest
import yaml

from sd_covid.yaml_nodes import YamlFault, compose, plain_values

TEXT = """\
day: 2020-03-01
half: 5.0e-1
"on": yes
base: &base {a: 1, b: null}
more: {<<: *base, c: [x, '2']}
"""


def test_values_are_those_of_the_safe_loader() -> None:
    node = compose(TEXT)
    assert node is not None
    assert plain_values(node) == yaml.safe_load(TEXT)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: 1\nb: [2\n", 3, "expected"),
        ("a: 1\nb: {c: [[2]]}\n", 2, "nested more than 3 deep"),
        ("a: 1\nb: !!python/name:os.system\n", 2, "could not determine a constructor"),
        ("a: 2020-13-01\n", None, "month"),
        ("a: !!timestamp soon\n", None, "its tag says"),
    ],
)
def test_a_fault_names_its_line(text: str, line: int | None, reason: str) -> None:
    with pytest.raises(YamlFault, match=reason) as caught:
        plain_values(compose(text, deepest=3))
    assert caught.value.line == line
