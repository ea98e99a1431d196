"""Texts of our own that must be what a library's slower way gives."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
import yaml

from launcher.results.json_text import pretty_json
from launcher.timeloop_files.load import Quoted
from launcher.timeloop_files.writer import Tagged, to_text

WORDS = ("", "a", "é\u2028\n", "1e-9", "true", "0x1F", "D=1,E=2", 'quo"ted\\', "- x: {y}", "null", "a" * 200, "# no")
NUMBERS = (0, -1, 1, 1.0, True, False, None, 1e300, 5e-324, 0.1, 10**30, -0.0)


def drawn(rng: random.Random, depth: int) -> Any:
    kind = rng.choice(("leaf", "leaf", "list", "dict")) if depth else "leaf"
    if kind == "leaf":
        return rng.choice((rng.choice(WORDS), rng.choice(NUMBERS), rng.random()))
    size = rng.randint(0, 4)
    if kind == "list":
        return [drawn(rng, depth - 1) for _ in range(size)]
    return {f"{rng.choice(WORDS)}{place}": drawn(rng, depth - 1) for place in range(size)}


@pytest.mark.parametrize("seed", range(50))
def test_json_in_lines(seed: int) -> None:
    value = drawn(random.Random(seed), 4)
    assert pretty_json(value) == json.dumps(value, indent=2, allow_nan=False)


NO_JSON = {"nan": float("nan"), "infinity": [float("inf")], "set": {"a": {1, 2}}, "object": object()}


@pytest.mark.parametrize("value", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        pretty_json(value)


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


Dumper.add_representer(Quoted, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), '"'))
Dumper.add_representer(Tagged, lambda dumper, tagged: dumper.represent_mapping(tagged.tag, tagged.content))


@pytest.mark.parametrize("seed", range(50))
def test_yaml(seed: int) -> None:
    """Texts that look like something else stand in quotes, which the library decides for itself in part."""
    rng = random.Random(seed)
    value = {"quoted": Quoted(rng.choice(WORDS)), "tagged": Tagged("!Component", {"a": [1, "b"]})}
    kinds = (*NUMBERS, [1, 2.5, "w"], {"x": ["y", {"z": 1}]}, [], {}, ["word", Quoted("x")])
    value |= {f"k{place}": rng.choice(kinds) for place in range(6)}
    expected = yaml.dump(value, Dumper=Dumper, sort_keys=False, default_flow_style=None, width=120)
    assert to_text(value) == expected


@pytest.mark.parametrize("seed", range(20))
def test_yaml_is_read_as_it_was_meant(seed: int) -> None:
    value = {"root": drawn(random.Random(seed), 4)}
    assert yaml.safe_load(to_text(value)) == value
