"""``python -m launcher fuse``: files of a machine and a chain get their proven best groups and mappings."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from fused_layers import LayerWalk
from fused_oracle import FusedOracle
from random_chains import as_files, random_chain

from launcher.commands import fuse
from launcher.errors import LauncherError
from launcher.specification.chain import Chain
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.timeloop_files.chain import read_chain
from launcher.timeloop_files.load import Document

SEEDS = (6, 8, 15, 18, 101)


def written(chain: Chain, folder: Path) -> list[Path]:
    paths = []
    for name, text in as_files(chain).items():
        paths.append(folder / name)
        paths[-1].write_text(text)
    return paths


def fused(paths: list[Path], *options: str) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    fuse.add_arguments(parser)
    out = paths[0].parent / "fused.json"
    arguments = parser.parse_args([*map(str, paths), "--json", str(out), *options])
    arguments.quiet, arguments.verbose = True, False
    assert fuse.run(arguments) == 0
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def mapping_of(levels: list[dict[str, Any]]) -> Mapping:
    def loops(factors: dict[str, int], names: list[str]) -> tuple[Loop, ...]:
        return tuple(Loop(name, factors[name]) for name in names)

    return Mapping(
        tuple(
            LevelMapping(
                one["level"],
                tuple(one["keep"]),
                loops(one["spatial_x"], list(one["spatial_x"])),
                loops(one["spatial_y"], list(one["spatial_y"])),
                loops(one["temporal"], one["temporal_order_innermost_first"]),
            )
            for one in levels
        )
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_what_the_command_writes_is_the_optimum_and_costs_what_it_says(seed: int, tmp_path: Path) -> None:
    chain = random_chain(Random(seed))
    objective = ("energy", "edp")[seed % 2]
    found = fused(written(chain, tmp_path), "--objective", objective)
    front = FusedOracle(chain, 3000).front()
    energy, cycles = (sum(group[key] for group in found["groups"]) for key in ("energy_pj", "cycles"))
    values = {"energy": lambda e, _: e, "edp": lambda e, c: e * c}
    assert found["optimality"] == "proved" and found["objective"] == [objective]
    assert values[objective](energy, cycles) == pytest.approx(min(values[objective](*one) for one in front), rel=1e-9)
    layers = {layer.name: layer for layer in chain.layers}
    assert [one["name"] for group in found["groups"] for one in group["layers"]] == list(layers)
    for group in found["groups"]:
        walked = [walk_of(chain, group, number) for number in range(len(group["layers"]))]
        assert group["energy_pj"] == pytest.approx(sum(one[0] for one in walked), rel=1e-9)
        assert group["cycles"] == sum(one[1] for one in walked)


def walk_of(chain: Chain, group: dict[str, Any], number: int) -> tuple[float, int]:
    """Energy and cycles of one layer, from nothing but what the command wrote."""
    name = group["layers"][number]["name"]
    place = next(n for n, layer in enumerate(chain.layers) if layer.name == name)
    layer = chain.layers[place]
    levels = [level.name for level in layer.specification.architecture.levels]
    waits = {}
    for tensor, level in group["waits"].items():
        producer, space = tensor.split(".")
        flow = chain.flows[place - 1] if place else None
        if producer == name:
            waits[space] = levels.index(level)
        elif flow is not None and producer == chain.layers[place - 1].name:
            waits[flow.input] = levels.index(level)
    shared = tuple((loop[name], loop["bound"]) for loop in group["shared"])
    stays: dict[str, frozenset[int]] = {}
    for level, spaces in group["persistent"].get(name, {}).items():
        for space in spaces:
            stays[space] = stays.get(space, frozenset()) | {levels.index(level)}
    figures = LayerWalk(layer, shared, waits).figures(mapping_of(group["layers"][number]["mapping"]), stays)
    return figures.energy_pj, figures.cycles


@pytest.mark.parametrize("seed", range(20))
def test_constraints_pass_over_what_a_layer_does_not_have(seed: int) -> None:
    """Said once for all layers, they mean to each of them what is said of its own tensors and dimensions."""
    chain = random_chain(Random(seed))
    texts = as_files(chain)
    documents = [Document.from_text(text, name) for name, text in texts.items()]
    again = read_chain(documents[:2], documents[2])
    assert again.flows == chain.flows
    for layer, read in zip(chain.layers, again.layers, strict=True):
        assert read.problem.dimensions == layer.problem.dimensions
        for level in layer.specification.architecture.levels:
            before, after = (one.specification.constraints.at(level.name) for one in (layer, read))
            assert after == before


def test_a_constraint_on_what_no_layer_has_is_an_error() -> None:
    texts = as_files(random_chain(Random(0)))
    constraint = {"target": "level0", "type": "bypass", "keep": ["Weights"]}
    texts["constraints.yaml"] = yaml.safe_dump({"architecture_constraints": {"targets": [constraint]}})
    documents = [Document.from_text(text, name) for name, text in texts.items()]
    with pytest.raises(LauncherError, match="Weights"):
        read_chain(documents[:2], documents[2])


def test_a_chain_that_cannot_be_mapped_says_so(tmp_path: Path) -> None:
    chain = random_chain(Random(0))
    paths = written(chain, tmp_path)
    paths[1].write_text(
        yaml.safe_dump(
            {"architecture_constraints": {"targets": [{"target": "level0", "type": "temporal", "factors": "L>=7"}]}}
        )
    )
    with pytest.raises(LauncherError, match="no mapping"):
        fused(paths)
