"""Bounds of designs: what workers read of texts is what specifications say, and no bound exceeds the truth."""

from __future__ import annotations

import random
from concurrent.futures import Executor
from math import inf

import numpy as np
import pytest
from exhaustive_cases import GEMMINI, SPACES, study_of

from launcher.engines.native.arrays import AnyInts
from launcher.engines.native.designs.bounds import LayerBound, arithmetic_bound, root_bound, searched_bound
from launcher.engines.native.designs.slots import slots_of, with_slots
from launcher.engines.native.designs.sums import least_product
from launcher.engines.run import native_engine
from launcher.errors import LauncherError
from launcher.sweeping.executors import InProcess
from launcher.sweeping.exhaustive.describe import Describer
from launcher.sweeping.exhaustive.describing import described
from launcher.sweeping.exhaustive.designs import DesignTable
from launcher.sweeping.exhaustive.work import HardwareStudy, layers_of
from launcher.trial.steps import find_mapping, native_settings, specify


def table_of(study: HardwareStudy, layers: int = 1) -> DesignTable:
    import pickle  # noqa: PLC0415

    executor: Executor = InProcess()
    return described(pickle.dumps(study), study.space, layers, executor, lambda: None)


def _some(draw: random.Random, groups: list[AnyInts], most: int) -> list[AnyInts]:
    return draw.sample(groups, min(most, len(groups)))


CASES = [
    ("gemmini", "layer=KTQ"),
    ("gemmini", "layer=softmax"),
    ("gemmini", "layer=KTQ mapspace.factors=spatial"),
    ("eyeriss", "layer=KTQ"),
    ("pim", "layer=KTQ"),
]


@pytest.mark.parametrize(("arch", "layer"), CASES)
def test_designs_described_together_are_what_each_is_by_itself(arch: str, layer: str) -> None:
    study = study_of(SPACES[arch], f"arch={arch}", *layer.split())
    table = table_of(study)
    draw = random.Random(arch + layer)
    for number in draw.sample(range(study.space.size), 12):
        trial = study.trial(number)
        try:
            specification = specify(trial)
        except LauncherError as error:
            assert table.design[number] < 0
            assert table.reasons[table.failure[number]] == str(error)
            continue
        design = table.design[number]
        alone = Describer().describe(trial)
        family = table.families[table.family[design, 0]]
        assert (family.key, family.names, family.instances) == (
            alone.family.key,
            alone.family.names,
            alone.family.instances,
        )
        rows = table.rows[table.row[design, 0, : len(family.names)]]
        assert np.array_equal(rows, alone.rows, equal_nan=True)
        slots = slots_of(specification)
        assert np.array_equal(rows[: len(slots), :8], slots)
        found = find_mapping(trial, native_engine(), specification)
        assert found.area_um2 == table.area_um2[design]
        assert found.cycle_seconds == table.cycle_seconds[design]


@pytest.mark.parametrize(("arch", "layer"), CASES)
def test_designs_of_a_structure_differ_in_slots_alone(arch: str, layer: str) -> None:
    study = study_of(SPACES[arch], f"arch={arch}", *layer.split())
    table, draw = table_of(study), random.Random(arch)
    for members in _some(draw, table.groups(), 3):
        one, other = (int(table.number[design]) for design in draw.choices(list(members), k=2))
        settings = native_settings(study.trial(one))
        own, there = specify(study.trial(one)), specify(study.trial(other))
        made = with_slots(own, slots_of(there))
        assert root_bound(made, settings) == root_bound(there, settings)
        assert searched_bound(made, settings, "edp") == searched_bound(there, settings, "edp")


@pytest.mark.parametrize(("arch", "layer"), CASES)
def test_bounds_of_boxes_never_exceed_what_their_designs_are(arch: str, layer: str) -> None:
    study = study_of(SPACES[arch], f"arch={arch}", *layer.split())
    table, draw = table_of(study), random.Random(layer)
    for members in _some(draw, table.groups(), 4):
        box = np.array(sorted(draw.sample(list(members), min(len(members), 6))))
        first = study.trial(int(table.number[box[0]]))
        settings = native_settings(first)
        corner = with_slots(specify(first), table.corner(box, 0))
        bounds = [arithmetic_bound(corner), root_bound(corner, settings)]
        bounds += [searched_bound(corner, settings, one) for one in ("energy", "cycles", "edp")]
        for design in draw.sample(list(box), 2):
            trial = study.trial(int(table.number[design]))
            found = find_mapping(trial, native_engine(), specify(trial))
            for one in bounds:
                if not one.feasible:
                    assert not found.ok
                elif found.ok:
                    assert one.energy_pj <= found.energy_pj * (1 + 1e-12)
                    assert one.cycles <= found.cycles
                    assert one.value <= found.edp_j_cycles * (1 + 1e-12)


def test_all_layers_of_a_network_are_described_as_one_by_one() -> None:
    values = {key: own for key, own in GEMMINI.items() if key != "arch.dataflow"} | {"arch.norm_lanes": (1, 4)}
    study = study_of(values, "layer=[KTQ,softmax,FF2]")
    table = table_of(study, 3)
    for number in random.Random(3).sample(range(study.space.size), 4):
        for place, layer in enumerate(layers_of(study.trial(number))):
            alone, design = Describer().describe(layer), table.design[number]
            assert table.families[table.family[design, place]].key == alone.family.key
            rows = table.rows[table.row[design, place, : len(alone.rows)]]
            assert np.array_equal(rows, alone.rows, equal_nan=True)


@pytest.mark.parametrize("power", [1, 2])
def test_the_least_product_of_sums_is_no_more_than_any_and_nearly_met(power: int) -> None:
    draw = random.Random(power)
    closest = inf
    for _ in range(150):
        layers, parts = [], []
        for _ in range(draw.randint(1, 4)):
            energy, cycles, runs = 10 ** draw.uniform(0, 4), 10 ** draw.uniform(0, 4), draw.choice((1, 12))
            value = energy * cycles**power * (10 ** draw.uniform(0, 1) if draw.random() < 0.7 else 0.0)
            layers.append((LayerBound(energy, cycles, value * 1e-12), runs))
            parts.append((energy, cycles, max(value, energy * cycles**power), runs))
        bound = least_product(layers, power, 1e-12)
        for _ in range(100):
            total_energy = total_cycles = 0.0
            for energy, cycles, value, runs in parts:
                slow = cycles * ((value / energy) ** (1 / power) / cycles) ** draw.random()
                total_cycles += runs * slow
                total_energy += runs * max(energy, value / slow**power)
            product = total_energy * total_cycles**power * 1e-12
            assert bound <= product * (1 + 1e-9)
            closest = min(closest, product / bound)
    assert closest < 1.001


def test_a_layer_without_a_mapping_bounds_the_whole_network() -> None:
    assert least_product([(LayerBound(1, 1, 1), 1), (LayerBound(inf, inf, inf), 1)], 1, 1e-12) == inf
