"""What a reader must know to take figures for what they are: a limit that is missing, a part that waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, prod

from launcher.results.cycle_limits import limiting
from launcher.results.layers import BESIDE_THE_ARRAY, layer_name, layer_runs
from launcher.results.result import LayerRun, Result

_WORTH_SAYING = 0.01
"""Share of the cycles that a missing bandwidth must hide."""

_MOST_OF_IT = 0.5
"""Share of the cycles that a few units must take, and of the units that must idle."""

_FEWER = 4
"""A layer runs on few units when another one of the network has so many times more."""


def caveats(result: Result) -> tuple[str, ...]:
    """Remarks on this very result, one line each; none for most results, and none without a mapping."""
    if not result.ok or not result.cycles:
        return ()
    return (*_unlimited(result), *_few_lanes(result), *_idle(result))


def _unlimited(result: Result) -> Iterator[str]:
    """Levels that move more than one access per cycle, only because nobody has said what they can."""
    needs: dict[str, dict[int, tuple[float, int]]] = {}
    for number, run in enumerate(layer_runs(result)):
        for level, words, block in _unbounded(run.result):
            known = needs.setdefault(level, {})
            known[number] = max(known.get(number, (0.0, block)), (words, block))
    runs = layer_runs(result)
    for level, found in needs.items():
        slower = sum(
            (ceil(words / block) - runs[at].result.cycles) * runs[at].runs for at, (words, block) in found.items()
        )
        if slower <= _WORTH_SAYING * result.cycles:
            continue
        words, block, cycles = max((words, block, runs[at].result.cycles) for at, (words, block) in found.items())
        names = f" of {_listed([layer_name(runs[at]) for at in found])}" if result.layers else ""
        key = _bandwidth_key(result, level)
        yield (
            f"the cycles{names} rely on an unlimited bandwidth: {level} moves {words / cycles:,.0f} words in a cycle, "
            f"one access has {block:,}" + (f"; {key}={block} would limit it" if key else "")
        )


def _unbounded(result: Result) -> Iterator[tuple[str, float, int]]:
    """Level, words that one instance reads or writes without a limit, words of an access; where that is too many."""
    if result.specification is None or result.evaluation is None:
        return
    for stats in result.evaluation.levels:
        level = result.specification.architecture.level(stats.level)
        if level.shared_bandwidth is not None or level.is_dummy:
            continue
        reads = sum(one.reads for one in stats.data_spaces.values())
        writes = sum(one.fills + one.updates for one in stats.data_spaces.values())
        for words, limit in ((reads, level.read_bandwidth), (writes, level.write_bandwidth)):
            if limit is None and words > result.cycles * level.block_size:
                yield stats.level, words, level.block_size


def _bandwidth_key(result: Result, level: str) -> str:
    """The parameter that limits a level, where the architecture has one: ``arch.dram_bandwidth``; else empty."""
    plain = level.lower().replace("_", "")
    keys = [key for key, value in result.parameters.items() if key.endswith("_bandwidth") and value is None]
    stems = {key: key.removeprefix("arch.").removesuffix("_bandwidth").replace("_", "") for key in keys}
    return max((key for key in keys if stems[key] in plain), key=len, default="")


def _few_lanes(result: Result) -> Iterator[str]:
    """Layers on a few units that take most of a network's cycles, while the array waits."""
    runs, most = layer_runs(result), _most_units(result)
    slow = [
        run
        for run in runs
        if _units(run) * _FEWER <= most and (limit := limiting(run.result)) is not None and limit.kind == "compute"
    ]
    share = sum(run.result.cycles * run.runs for run in slow) / result.cycles
    if share < _MOST_OF_IT:
        return
    lanes = max(_units(run) for run in slow)
    key = "arch.norm_lanes" if result.parameters.get("arch.norm_lanes") == lanes else ""
    takes = "takes" if len({layer_name(run) for run in slow}) == 1 else "take"
    yield (
        f"{_listed([layer_name(run) for run in slow])} {takes} {100 * share:.1f} % of the cycles on "
        f"{lanes:,} lane{'' if lanes == 1 else 's'} beside the array{f' ({key}={lanes})' if key else ''}"
    )


def _most_units(result: Result) -> int:
    """Units of the layer that has most; beside a layer on an engine of its own, those of the array."""
    if not result.layers and result.parameters.get("layer.shape") in BESIDE_THE_ARRAY:
        sides = [result.parameters.get(key) for key in ("arch.rows", "arch.cols")]
        return prod(side for side in sides if isinstance(side, int))
    return max((_units(run) for run in layer_runs(result)), default=0)


def _units(run: LayerRun) -> int:
    specification = run.result.specification
    return specification.architecture.compute.instances if specification else 0


def _idle(result: Result) -> Iterator[str]:
    """Half of the units or more have nothing to do in what takes most of the cycles."""
    for run in layer_runs(result):
        one = run.result
        if one.evaluation is None or one.mapping is None or one.specification is None:
            continue
        if run.runs * one.cycles < _MOST_OF_IT * result.cycles:
            continue
        of = f" in {layer_name(run)}" if result.layers else ""
        there = _units(run)
        used = one.evaluation.computes / one.mapping.iterations(one.specification.problem)
        if there > 1 and used <= _MOST_OF_IT * there:
            yield f"only {used:,.0f} of {there:,} compute units have work{of}"


def _listed(names: Sequence[str]) -> str:
    """``KQV, KTQ and softmax``, each once."""
    *most, last = dict.fromkeys(names)
    return f"{', '.join(most)} and {last}" if most else last
