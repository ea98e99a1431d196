"""The least traffic for every capacity: against all mappings on two levels, and against the search of fused groups."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from itertools import pairwise, permutations, product
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest
from random_specifications import random_problem

import launcher
from launcher.__main__ import main
from launcher.engines.native.curve import layer
from launcher.engines.native.curve.fused import curve_fused
from launcher.engines.native.curve.joint import curve_apart
from launcher.engines.native.fusion.fuse import fuse
from launcher.engines.native.model import evaluate
from launcher.errors import NoValidMappingError, SpecificationError
from launcher.reporting.diagrams import curve_svg
from launcher.results.traffic_curve import CurveStudy, TrafficCurve
from launcher.specification.architecture import Architecture, ComputeLevel, StorageLevel
from launcher.specification.chain import Chain, ChainLayer, Columns, Flow, Unit
from launcher.specification.constraints import Constraints, LevelConstraint
from launcher.specification.energy import ActionEnergy, EnergyTable
from launcher.specification.mapping import LevelMapping, Loop
from launcher.specification.mapping import Mapping as Nest
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.specification import Specification


def space(name: str, *ranks: str, read_write: bool = False) -> DataSpace:
    """Ranks such as ``E`` or ``2P+R``."""
    terms = (tuple(Term(term[-1], int(term[:-1] or 1)) for term in rank.split("+")) for rank in ranks)
    return DataSpace(name, tuple(terms), read_write)


def gemm(**extents: int) -> Problem:
    spaces = (space("W", "E", "D"), space("I", "E", "L"), space("O", "D", "L", read_write=True))
    return Problem("gemm", extents, spaces)


def norm(**extents: int) -> Problem:
    """D sweeps over L columns of E values."""
    return Problem("norm", extents, (space("I", "E", "L"), space("O", "E", "L", read_write=True)))


def machine(problem: Problem, capacity: int | None = None) -> Specification:
    """Two levels that hold everything; only words of the outermost one cost anything: 1 pJ each."""
    levels = (StorageLevel("near", "SRAM", capacity_words=capacity), StorageLevel("far", "DRAM"))
    holds = LevelConstraint(keep=frozenset(problem.data_space_names))
    prices: dict[str, Mapping[str, tuple[ActionEnergy, ...]]] = {
        name: {action: (ActionEnergy(pj),) for action in ("read", "write", "update")}
        for name, pj in (("near", 0.0), ("far", 1.0))
    }
    prices["mac"] = {"compute": (ActionEnergy(0.0),)}
    return Specification(
        Architecture("two", levels, ComputeLevel("mac", "intmac")),
        problem,
        Constraints({"near": holds, "far": holds}),
        EnergyTable(prices),
    )


def alone(problem: Problem, columns: str | None = None) -> Chain:
    kind = Columns.whole if columns else Columns.any
    return Chain((ChainLayer("layer", machine(problem), columns=kind, reduction=columns),), ())


def divisors(extent: int) -> list[int]:
    return [n for n in range(1, extent + 1) if extent % n == 0]


def all_mappings(problem: Problem) -> Iterator[Nest]:
    names = list(problem.dimensions)
    keep = problem.data_space_names
    for tile in product(*(divisors(extent) for extent in problem.dimensions.values())):
        inner = tuple(Loop(name, size) for name, size in zip(names, tile, strict=True) if size > 1)
        outer = [
            Loop(name, problem.dimensions[name] // size)
            for name, size in zip(names, tile, strict=True)
            if size < problem.dimensions[name]
        ]
        for order in permutations(outer):
            yield Nest((LevelMapping("near", keep, temporal=inner), LevelMapping("far", keep, temporal=order)))


def counted(problem: Problem, mapping: Nest) -> tuple[int, int]:
    """Words of the tiles, and words read and written outside, as the model counts them."""
    near, far = evaluate(machine(problem), mapping).levels
    words = sum(one.tile_words for one in near.data_spaces.values())
    return words, int(sum(one.reads + one.updates for one in far.data_spaces.values()))


def lowest(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The points that no other beats."""
    found: list[tuple[int, int]] = []
    for capacity, traffic in sorted(points):
        if not found or traffic < found[-1][1]:
            found.append((capacity, traffic))
    return found


def points_of(curve: TrafficCurve) -> list[tuple[int, int]]:
    return [(one.capacity_words, one.traffic_words) for one in curve.points]


ODD = {
    "vectors": Problem("dot", {"A": 6, "B": 4}, (space("X", "A"), space("Y", "B"), space("Z", "A", read_write=True))),
    "no dimension": Problem("sum", {"A": 6, "B": 4}, (space("X", "A", "B"), DataSpace("S", (), read_write=True))),
    "four dimensions": Problem(
        "bmm",
        {"B": 2, "E": 4, "D": 3, "L": 2},
        (space("W", "B", "E", "D"), space("I", "B", "E", "L"), space("O", "B", "D", "L", read_write=True)),
    ),
    "three inputs": Problem(
        "mttkrp",
        {"I": 4, "J": 2, "K": 3, "R": 2},
        (space("X", "I", "J", "K"), space("B", "J", "R"), space("C", "K", "R"), space("A", "I", "R", read_write=True)),
    ),
    "gaps": Problem(
        "strided", {"P": 4, "D": 4}, (space("I", "2P"), space("W", "D"), space("O", "P", "D", read_write=True))
    ),
    "windows": Problem(
        "conv",
        {"E": 2, "D": 2, "P": 8, "R": 4},
        (space("W", "E", "D", "R"), space("I", "E", "P+R"), space("O", "D", "P", read_write=True)),
    ),
    "dilated": Problem(
        "conv",
        {"D": 2, "P": 8, "R": 4},
        (space("W", "D", "R"), space("I", "P+2R"), space("O", "D", "P", read_write=True)),
    ),
    "two windows": Problem(
        "conv",
        {"D": 2, "P": 4, "Q": 2, "R": 2, "S": 2},
        (space("W", "D", "R", "S"), space("I", "2P+R", "Q+S"), space("O", "D", "P", "Q", read_write=True)),
    ),
    "three in a sum": Problem(
        "conv", {"P": 4, "R": 2, "T": 4}, (space("W", "R", "T"), space("I", "P+R+2T"), space("O", "P", read_write=True))
    ),
}


@cache
def random_gemms() -> list[Problem]:
    random = Random(16)
    return [random_problem(random, kind) for kind in ("gemm", "elementwise") * 6]


def check_against_all(problem: Problem) -> None:
    found = points_of(curve_apart(alone(problem)))
    assert found == lowest([counted(problem, mapping) for mapping in all_mappings(problem)])


@pytest.mark.parametrize("number", range(12))
def test_it_is_the_envelope_of_all_mappings_of_a_random_problem(number: int) -> None:
    check_against_all(random_gemms()[number])


@pytest.mark.parametrize("name", ODD)
def test_it_is_the_envelope_of_all_mappings_of_odd_tensors(name: str) -> None:
    check_against_all(ODD[name])


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_envelope_of_all_mappings_with_windows(seed: int) -> None:
    random = Random(seed)
    problem = random_problem(random, random.choice(("conv", "strided")))
    live = sum(extent > 1 for extent in problem.dimensions.values())
    check_against_all(problem if live < 6 else Problem("conv", {**problem.dimensions, "E": 1}, problem.data_spaces))


def test_tilings_counted_in_pieces_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer, "_AT_ONCE", 5)
    check_against_all(gemm(E=6, D=4, L=4))


def test_columns_are_whole_or_swept_one_sweep_at_a_time() -> None:
    """A sweep over all of a column must end before the next one begins, unless the column stays in the buffer."""
    problem = norm(E=4, D=3, L=2)

    def sound(mapping: Nest) -> bool:
        near, far = mapping.levels
        if near.factor("E") == problem.dimensions["E"]:
            return True
        order = [loop.dimension for loop in far.temporal]
        return near.factor("D") == 1 and order.index("E") < order.index("D")

    expected = lowest([counted(problem, one) for one in all_mappings(problem) if sound(one)])
    assert points_of(curve_apart(alone(problem, columns="E"))) == expected
    assert expected[0] == (2, 8 * (3 + 5)) and expected[-1] == (8, 16)


ATTENTION_FLOWS = (Flow("O", "I", {"D": "E", "L": "L"}), Flow("O", "I", {"E": "E", "L": "L"}))


def attention(keys: int, size: int, queries: int, capacity: int | None = None) -> Chain:
    return Chain(
        (
            ChainLayer("scores", machine(gemm(E=size, D=keys, L=queries), capacity)),
            ChainLayer(
                "softmax", machine(norm(E=keys, D=2, L=queries), capacity), columns=Columns.online, reduction="E"
            ),
            ChainLayer("values", machine(gemm(E=keys, D=size, L=queries), capacity)),
        ),
        ATTENTION_FLOWS,
    )


def two_gemms(capacity: int | None = None) -> Chain:
    layers = (machine(gemm(E=3, D=4, L=4), capacity), machine(gemm(E=4, D=2, L=4), capacity))
    names = ("first", "second")
    return Chain(tuple(map(ChainLayer, names, layers)), (Flow("O", "I", {"D": "E", "L": "L"}),))


def three_gemms(capacity: int | None = None) -> Chain:
    sizes = ({"E": 2, "D": 4, "L": 2}, {"E": 4, "D": 2, "L": 2}, {"E": 2, "D": 3, "L": 2})
    layers = (ChainLayer(f"layer{number}", machine(gemm(**size), capacity)) for number, size in enumerate(sizes))
    return Chain(tuple(layers), (Flow("O", "I", {"D": "E", "L": "L"}),) * 2)


def with_norm(capacity: int | None = None) -> Chain:
    first = ChainLayer("matmul", machine(gemm(E=2, D=4, L=4), capacity))
    second = ChainLayer("norm", machine(norm(E=4, D=3, L=4), capacity), columns=Columns.whole, reduction="E")
    return Chain((first, second), (Flow("O", "I", {"D": "E", "L": "L"}),))


CHAINS = {
    "attention": lambda capacity=None: attention(4, 2, 2, capacity),
    "attention of one query": lambda capacity=None: attention(4, 4, 1, capacity),
    "two matmuls": two_gemms,
    "three matmuls": three_gemms,
    "layer normalisation": with_norm,
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_fused_group_is_what_the_search_of_groups_finds_at_every_capacity(name: str) -> None:
    curve = curve_fused(CHAINS[name]())
    capacities = {one.capacity_words for one in curve.points}
    # At each point and just below the next, as far as the searches do not take too long.
    chosen = sorted(capacities | {one - 1 for one in capacities})
    for capacity in chosen[:: max(1, len(chosen) // 4)]:
        chain = CHAINS[name](capacity)
        unit = Unit(chain, 1, ((0, len(chain.layers)),))
        point = curve.at(capacity)
        if point is None:
            with pytest.raises(NoValidMappingError):
                fuse([unit], "energy")
            continue
        found = fuse([unit], "energy")
        assert found.proved
        assert found.whole.energy_pj == point.traffic_words, capacity


LAYER = ("arch=gemmini", "layer=KTQ", "model=bert_base", "model.sequence=128")
GROUP = ("arch=gemmini", "layer=[KTQ,softmax,VScores]", "model=bert_base", "model.sequence=128")


@cache
def attention_of_bert() -> CurveStudy:
    return launcher.curve(GROUP)


@cache
def scores_of_bert() -> CurveStudy:
    return launcher.curve(LAYER)


@pytest.mark.parametrize("study", [attention_of_bert, scores_of_bert])
def test_more_capacity_never_costs_more(study: Callable[[], CurveStudy]) -> None:
    for curve in filter(None, (study().curve, study().apart)):
        capacities = [one.capacity_words for one in curve.points]
        traffic = [one.traffic_words for one in curve.points]
        assert capacities == sorted(set(capacities))
        assert traffic == sorted(set(traffic), reverse=True)
        assert curve.at(capacities[0] - 1) is None
        assert curve.at(capacities[1] - 1) is curve.least
        assert curve.at(10**18) is curve.compulsory


def test_compulsory_traffic_is_every_word_once() -> None:
    keys, size, queries = 128, 64, 128
    tensors = keys * size + size * queries, 2 * keys * queries, size * keys + size * queries
    assert scores_of_bert().curve.compulsory.traffic_words == tensors[0] + keys * queries
    study = attention_of_bert()
    assert study.curve.compulsory.traffic_words == tensors[0] + tensors[2]  # scores never leave the chip
    assert study.apart is not None
    assert study.apart.compulsory.traffic_words == sum(tensors) + 2 * keys * queries
    assert study.intensity(study.curve.compulsory) == study.computes / (tensors[0] + tensors[2])


def test_a_point_says_how_it_is_reached() -> None:
    """The tiling that a point names is a mapping of that capacity and traffic."""
    problem = gemm(E=6, D=4, L=8)
    for point in curve_apart(alone(problem)).points:
        (tiling,) = point.tilings
        inner = tuple(Loop(name, size) for name, size in tiling.tile.items() if size > 1)
        outer = tuple(Loop(name, bound) for name, bound in reversed(tiling.loops))
        keep = problem.data_space_names
        mapping = Nest((LevelMapping("near", keep, temporal=inner), LevelMapping("far", keep, temporal=outer)))
        assert counted(problem, mapping) == (point.capacity_words, point.traffic_words)


def test_a_fused_point_names_what_stays() -> None:
    """Of the keys' and values' tiles both stay, or neither gains: least traffic needs them all and one query."""
    point = attention_of_bert().curve.compulsory
    assert [(loop.names, loop.bound) for loop in point.shared] == [(("L", "L", "L"), 128)]
    assert set(point.persistent) == {("KTQ", "Weights"), ("VScores", "Weights")}
    assert point.capacity_words == 2 * 64 * 128 + 2 * 128


def test_the_knee_and_the_halvings_are_the_first_points_that_will_do() -> None:
    curve = attention_of_bert().curve
    for divisor, point in curve.halvings:
        before = curve.at(point.capacity_words - 1)
        assert point.traffic_words * divisor <= curve.least.traffic_words
        assert before is None or before.traffic_words * divisor > curve.least.traffic_words
    before = curve.at(curve.knee.capacity_words - 1)
    assert before is not None
    assert curve.knee.traffic_words <= 2 * curve.compulsory.traffic_words < before.traffic_words


def test_fused_and_unfused_cross_where_their_order_changes() -> None:
    study = attention_of_bert()
    assert study.apart is not None
    for (capacity, lower), (end, _) in pairwise((*study.crossings, (10**9, ""))):
        for at in (capacity, end - 1):
            fused, apart = study.curve.at(at), study.apart.at(at)
            assert fused and apart
            difference = fused.traffic_words - apart.traffic_words
            assert lower == ("equal" if not difference else "fused" if difference < 0 else "apart")
    assert [lower for _, lower in study.crossings][-1] == "fused"


def test_memories_are_marked_by_the_words_that_they_hold() -> None:
    marks = {one.name: one for one in scores_of_bert().memories}
    assert (marks["Scratchpad"].capacity_words, marks["Scratchpad"].capacity_kib) == (512 * 1024, 512)
    assert (marks["Accumulator"].capacity_words, marks["Accumulator"].capacity_kib) == (64 * 1024, 256)
    assert scores_of_bert().kib(marks["Accumulator"].capacity_words) == 64  # of the scratchpad's bytes
    tpu = launcher.curve(["arch=tpu", *LAYER[1:]])
    assert next(iter(tpu.memories)).name == "UnifiedBuffer"  # a DRAM of its own for weights is off the chip
    assert tpu.curve == scores_of_bert().curve


def curve_command(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = main(["curve", *arguments])
        except SystemExit as end:
            status = int(end.code or 0)
    return status, out.getvalue(), err.getvalue()


def test_the_terminal_shows_what_tells_most() -> None:
    status, text, _ = curve_command(*GROUP, "--at", "48")
    assert status == 0
    for words in ("least capacity", "1/128 of that traffic", "knee", "compulsory", "Scratchpad", "48 KiB", "unfused"):
        assert words in text
    assert "on fusing saves traffic" in text


def test_csv_and_json_have_every_point() -> None:
    _, text, _ = curve_command(*GROUP, "--csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    study = attention_of_bert()
    assert study.apart is not None
    points = {"fused": study.curve.points, "unfused": study.apart.points}
    for name, expected in points.items():
        found = [(int(row["capacity_words"]), int(row["traffic_words"])) for row in rows if row["curve"] == name]
        assert found == [(one.capacity_words, one.traffic_words) for one in expected]
    _, text, _ = curve_command(*LAYER, "--json")
    content = json.loads(text)
    assert len(content["points"]) == len(scores_of_bert().curve.points)
    assert {one["memory"] for one in content["memories"]} == {"Scratchpad", "Accumulator", "Registers"}


@pytest.mark.parametrize(("option", "words"), [("--markdown", "compulsory |"), ("--latex", r"\toprule")])
def test_papers_get_the_telling_points(option: str, words: str) -> None:
    _, text, _ = curve_command(*LAYER, option)
    assert words in text
    assert len(text.splitlines()) < 60


def test_files_are_written_by_their_ending_or_all_to_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    assert curve_command(*GROUP, "-q", "-o", str(folder))[:2] == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == ["curve.csv", "curve.json", "curve.svg"]
    for name in ("one.csv", "one.svg", "one.md"):
        assert curve_command(*LAYER, "-q", "-o", str(tmp_path / name))[0] == 0
        assert (tmp_path / name).read_text()
    assert (folder / "curve.csv").read_text().startswith("curve,capacity_words")


def test_the_plot_has_a_stair_for_each_curve_and_a_mark_for_each_memory() -> None:
    picture = ElementTree.fromstring(curve_svg(attention_of_bert(), standalone=True))  # noqa: S314 - our own
    stairs = [node for node in picture.iter() if node.tag.endswith("}polyline")]
    assert len(stairs) == 2
    points = len(attention_of_bert().curve.points)
    assert len(stairs[0].attrib["points"].split()) == 2 * (points + 1) - 1
    texts = {node.text for node in picture.iter() if node.tag.endswith("}text")}
    assert {"fused", "unfused", "Scratchpad", "Accumulator", "Registers"} <= texts
    dots = [node for node in picture.iter() if node.tag.endswith("}circle")]
    assert len(dots) == 2 * len(attention_of_bert().memories)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["arch=gemmini"], ["no layer", "layer=KTQ"]),
        (["layer=NOPE"], ["NOPE", "KTQ"]),
        (["layer=KTQ", "arch.rowz=3"], ["arch.rowz", "arch.rows"]),
        (["layer=[KTQ,VScores]"], ["nothing flows through KTQ,VScores"]),
        (["layer=[Out,layernorm,FF1]"], ["nothing flows through Out,layernorm,FF1", "Out,layernorm"]),
        ([*LAYER, "--at", "0.001"], ["nothing fits", "3 words"]),
        ([*LAYER, "mapspace.factors=all"], ["perfect factors only"]),
        ([*LAYER, "-o", "curve.png"], [".svg", "curve.png"]),
    ],
)
def test_a_mistake_is_one_sentence_with_a_way_out(arguments: list[str], words: list[str]) -> None:
    status, _, told = curve_command(*arguments)
    assert status == 1
    assert len(told.strip().splitlines()) <= 4
    for word in words:
        assert word in told


def test_windows_over_what_is_written_are_refused_by_name() -> None:
    problem = Problem("scatter", {"P": 4, "R": 2}, (space("I", "P"), space("O", "P+R", read_write=True)))
    with pytest.raises(SpecificationError, match="windows slide over the data space 'O'"):
        curve_apart(alone(problem))
