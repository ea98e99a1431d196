"""Diagrams: what they show is what the result says."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from itertools import combinations
from math import prod
from xml.etree import ElementTree

import pytest
from report_cases import many
from sample_results import failed_result, ok_result, sweep

from launcher import run
from launcher.reporting.diagrams import (
    architecture_svg,
    cycle_limits,
    cycles_svg,
    energy_svg,
    limiting,
    loop_nest_svg,
)
from launcher.reporting.diagrams.energy import energy_bars
from launcher.reporting.diagrams.nest import nest_levels
from launcher.reporting.diagrams.palette import (
    COMPUTE_COLOUR,
    DATA_SPACES,
    INK,
    LEVELS,
    NETWORK_COLOUR,
    OTHER_COLOUR,
    component_classes,
    level_slots,
)
from launcher.reporting.loop_nest import loop_nest
from launcher.results.result import LayerRun, Result
from launcher.trial.network.totals import total

DIAGRAMS = (energy_svg, cycles_svg, loop_nest_svg, architecture_svg)
ARCHITECTURES = ("gemmini", "eyeriss", "simba", "tpu", "pim", "dimc", "aimc")


@cache
def mapped(architecture: str) -> Result:
    return run([f"arch={architecture}", "layer=KQV", "model=bert_base"])


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()).strip() for node in parsed(svg).iter() if node.tag.endswith("}text")]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_can_be_drawn(architecture: str) -> None:
    result = mapped(architecture)
    assert result.evaluation is not None
    bars = energy_bars(result)
    assert sum(bar.energy_pj for bar in bars) == pytest.approx(result.energy_pj)
    for draw in DIAGRAMS:
        for standalone in (False, True):
            svg = draw(result, standalone=standalone)
            root = parsed(svg)
            width, height = map(float, root.attrib["viewBox"].split()[2:])
            for box in root.iter("{http://www.w3.org/2000/svg}rect"):
                assert float(box.get("width", "0")) <= width + 0.01
                assert float(box.get("height", "0")) <= height + 0.01
                assert float(box.get("x", "0")) >= 0
            assert len(svg) < 16_000
    # The slowest resource, and what networks add, are the cycles.
    limits = cycle_limits(result)
    latency = sum(limit.cycles for limit in limits if limit.kind == "latency")
    assert max(limit.cycles for limit in limits if limit.kind != "latency") + latency == result.cycles
    assert sum(limit.limiting for limit in limits) == 1


def test_limits_agree_with_the_model() -> None:
    found = set()
    for result in many(60):
        if not result.ok or result.evaluation is None:
            continue
        slow = [level for level in result.evaluation.levels if level.limited_by]
        limit = limiting(result)
        assert limit is not None
        found.add(limit.label)
        for level in slow:
            demand = next(
                one for one in cycle_limits(result) if (one.component, one.kind) == (level.level, level.limited_by)
            )
            assert demand.cycles == pytest.approx(level.cycles, abs=1)
        if not slow:
            assert limit.kind == "compute"
    assert len(found) > 2  # the cases are not all limited by the same


def test_the_nest_says_what_its_text_says() -> None:
    for result in (ok_result(), mapped("eyeriss"), mapped("simba")):
        assert result.specification is not None
        text, levels = loop_nest(result), nest_levels(result)
        loops = [loop for level in levels for loop in level.loops]
        written = re.findall(r"for (\w+) in \[0:(\d+)\)(?:  \(Spatial-(\w)\))?", text)
        assert [(loop.dimension, str(loop.bound), loop.axis) for loop in loops] == written
        assert prod(loop.bound for loop in loops) == result.specification.problem.computes
        for level in levels:
            for tile in level.tiles:
                assert f"{tile.data_space} {tile.words:,}" in text
        shown = texts(loop_nest_svg(result))
        assert [one for one in shown if one.startswith("for ")] == [
            f"for {name} in 0:{int(bound):,}{f' along {axis}' if axis else ''}" for name, bound, axis in written
        ]


def test_a_network_has_a_bar_per_layer_and_nothing_that_only_layers_have() -> None:
    slow, _, fast = sweep()
    result = total("both", {"layer": "all"}, [LayerRun(slow, 3), LayerRun(fast, 2)], seconds=1.0)
    bars = energy_bars(result)
    assert [bar.energy_pj for bar in bars] == pytest.approx([3 * slow.energy_pj, 2 * fast.energy_pj])
    assert len(texts(energy_svg(result))) > 2
    assert cycles_svg(result) == loop_nest_svg(result) == architecture_svg(result) == ""


def test_without_a_mapping_only_the_machine_is_drawn() -> None:
    result = failed_result()
    assert energy_svg(result) == cycles_svg(result) == loop_nest_svg(result) == ""
    assert "Scratchpad" in texts(architecture_svg(result))
    assert architecture_svg(replace(result, specification=None)) == ""


def test_names_are_data_not_markup() -> None:
    result = replace(ok_result(), name="<script>alert(1)</script>")
    for draw in DIAGRAMS:
        assert "<script" not in draw(result)


def test_colours_belong_to_names() -> None:
    assert level_slots(["DRAM", "Scratchpad"]) == {"DRAM": 0, "Scratchpad": 1}
    for architecture in ARCHITECTURES:
        levels = [level.name for level in reversed(mapped(architecture).specification.architecture.levels)]  # type: ignore[union-attr]
        named = [name for name in levels if not name.startswith("inter_")]
        assert len(set(level_slots(named).values())) == len(named)
    own = level_slots(["DRAM", "L2", "L1", "Registers"])
    assert len(set(own.values())) == 4
    assert component_classes(["DRAM"], ["noc"], "MAC") == {"DRAM": "l0", "noc": "ln", "MAC": "lc"}
    assert len(set(level_slots([f"level {n}" for n in range(20)]).values())) == len(LEVELS)


# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
BLINDNESS = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.072175), (0.0193339, 0.119192, 0.9503041))


def linear(colour: str) -> tuple[float, ...]:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return tuple(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)


def times(matrix: tuple[tuple[float, ...], ...], vector: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def lab(colour: str, kind: str) -> tuple[float, float, float]:
    """CIELAB of what somebody with this blindness sees."""
    seen = tuple(min(1.0, max(0.0, part)) for part in times(BLINDNESS[kind], linear(colour)))
    white = times(TO_XYZ, (1, 1, 1))
    x, y, z = (
        one ** (1 / 3) if one > 216 / 24389 else (24389 / 27 * one + 16) / 116
        for one in (a / b for a, b in zip(times(TO_XYZ, seen), white, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str, kind: str) -> float:
    return sum((a - b) ** 2 for a, b in zip(lab(one, kind), lab(other, kind), strict=True)) ** 0.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_can_be_told_apart_by_everybody(theme: str) -> None:
    # A CIELAB distance of 2.3 is just noticeable; neighbours in a bar are also parted by a line.
    levels = [*LEVELS, COMPUTE_COLOUR, NETWORK_COLOUR]
    spaces = [*DATA_SPACES[:3], COMPUTE_COLOUR, NETWORK_COLOUR, OTHER_COLOUR]
    for kind in BLINDNESS:
        for colours, least in ((levels, 14), (spaces, 14)):
            for one, other in combinations(colours, 2):
                assert distance(getattr(one, theme), getattr(other, theme), kind) >= least, (one, other, kind)
    paper, wash = (getattr(INK[name], theme) for name in ("paper", "wash"))
    for name in ("ink", "soft", "warn"):
        assert contrast(getattr(INK[name], theme), paper) >= 4.5
        assert contrast(getattr(INK[name], theme), wash) >= 4.5


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((times(TO_XYZ, linear(colour))[1] for colour in (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("rows", "columns"), [(16, 32), (32, 16), (8, 8), (64, 64), (1, 256), (256, 1)])
def test_the_array_is_drawn_to_scale(rows: int, columns: int) -> None:
    result = run(["arch=gemmini", "layer=KTQ", "model=bert_base", f"arch.rows={rows}", f"arch.cols={columns}"])
    svg = architecture_svg(result)
    (array,) = (node for node in parsed(svg).iter() if node.get("class") == "array")
    whole, used = [node for node in array if node.tag.endswith("}rect")]
    width, height = (float(str(whole.get(side))) for side in ("width", "height"))
    busy = float(str(used.get("width"))) * float(str(used.get("height"))) / (width * height)
    (note,) = (text for text in texts(svg) if "those in use filled" in text)
    if min(rows, columns) > 1:
        assert width / height == pytest.approx(columns / rows)
    else:  # a side of one unit would be too thin to be seen
        assert min(width, height) >= 6 and "not to scale" in note
        assert (width > height) == (columns > rows)
    assert result.mapping is not None
    units = prod(loop.bound for level in result.mapping.levels for loop in level.spatial)
    assert busy == pytest.approx(units / (rows * columns), rel=0.01)
    box = [float(one) for one in str(parsed(svg).get("viewBox")).split()]
    assert width <= box[2] and height <= box[3]
