"""Whether points are the designs that the table takes them for: some of them, composed and rendered again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan

import numpy as np

from launcher.commands.check.study.record import AREAS, Numbers, StudyRecord
from launcher.commands.check.study.trials import StudyTrials, layers_of
from launcher.engines.native.designs.slots import comparable, component_structure, is_separable
from launcher.errors import LauncherError
from launcher.results.result import LayerRun, Result
from launcher.specification.architecture import ComputeLevel, StorageLevel
from launcher.specification.specification import Specification
from launcher.sweeping.exhaustive.describe import Describer
from launcher.sweeping.exhaustive.table import STATUSES
from launcher.trial.steps import specify


@dataclass(frozen=True)
class SampledDesign:
    """One point, composed again.

    Attributes:
        number: its.
        structure: what all designs of a box have in common, layer by layer: the search's word for it, and what the
            specification says.
        separable: whether it may be in a box with others.
        slots: all that sets it apart from others of its structure.
        area_um2: of the machine; NaN where it is not known.
    """

    number: int
    structure: tuple[object, ...]
    separable: bool
    slots: tuple[bytes, ...]
    area_um2: float


def sample_of(record: StudyRecord, most: int, draw: np.random.Generator) -> Numbers:
    """Points to be composed again: of each status its share, but some of each."""
    if most >= record.points.size:
        return np.arange(record.points.size)
    chosen: list[int] = []
    kinds = [numbers for word in STATUSES if len(numbers := np.flatnonzero(record.having(word)))]
    for kind in kinds:
        own = min(len(kind), max(most // (2 * len(kinds)), 1))
        chosen += draw.choice(kind, own, replace=False).tolist()
    left = np.setdiff1d(np.arange(record.points.size), chosen)
    chosen += draw.choice(left, max(min(most - len(chosen), len(left)), 0), replace=False).tolist()
    return np.array(sorted(chosen[:most]), np.int64)


def check_sample(record: StudyRecord, trials: StudyTrials, numbers: Numbers) -> Iterator[str]:
    """Points that are no designs, or others than the table says."""
    describer, first = Describer(), dict[int, SampledDesign]()
    found: dict[int, set[tuple[bytes, ...]]] = {}
    for number in map(int, numbers):
        failed = record.points.status[number] == STATUSES.index("failed")
        try:
            design = _described(trials, describer, number)
        except LauncherError as error:
            if not failed:
                yield f"point {number} is said to be a design, and is none: {error.what}"
            continue
        if failed:
            yield f"point {number} is a design, so nothing is known of it: its search failed"
        yield from _check_area(record, design)
        box = int(record.points.box[number])
        if box >= 0:
            found.setdefault(box, set()).add(design.slots)
            yield from _check_alike(record, box, first.setdefault(box, design), design)
    if len(numbers) == record.points.size:
        yield from _check_counts(record, found)


def _check_area(record: StudyRecord, design: SampledDesign) -> Iterator[str]:
    for name, factor in AREAS.items():
        if name in record.points.figures:
            said, found = float(record.points.figures[name][design.number]), design.area_um2 * factor
            if said != found and not (isnan(said) and isnan(found)):
                yield f"point {design.number}: {name} is {found:.9g}, not {said:.9g}"


def _check_alike(record: StudyRecord, box: int, first: SampledDesign, design: SampledDesign) -> Iterator[str]:
    if design.structure != first.structure:
        yield f"points {first.number} and {design.number} are in box {box}, and have different structures"
    if record.certificate.boxes[box].designs > 1 and not design.separable:
        yield f"point {design.number} is in box {box} with others, and cannot be compared with any"


def _check_counts(record: StudyRecord, found: dict[int, set[tuple[bytes, ...]]]) -> Iterator[str]:
    """When every point was looked at, designs can be counted."""
    for number, box in enumerate(record.certificate.boxes):
        if box.designs != len(found.get(number, ())):
            yield f"box {number} is said to hold {box.designs:,} designs, and holds {len(found.get(number, ())):,}"


def _described(trials: StudyTrials, describer: Describer, number: int) -> SampledDesign:
    trial = trials.trial(number)
    layers = layers_of(trial)
    designs = [describer.describe(layer) for layer in layers]
    specifications = [specify(layer) for layer in layers]
    own = [(one.family.key, structure_of(spec)) for one, spec in zip(designs, specifications, strict=True)]
    bare = [_result(spec) for spec in specifications]
    runs = tuple(LayerRun(one, layer.runs) for one, layer in zip(bare, layers, strict=True))
    whole = Result("", "infeasible", {}, "", "", layers=runs) if trial.layers else bare[0]
    slots = tuple(f"{one.cycle_seconds}".encode() + one.rows.tobytes() for one in designs)
    separable = all(map(is_separable, specifications)) and all(one.family.separable for one in designs)
    return SampledDesign(number, tuple(own), separable, slots, whole.area_um2)


def _result(specification: Specification) -> Result:
    """Nothing is known of it but what it is made of."""
    return Result("", "infeasible", {}, "", "", specification=specification)


def structure_of(specification: Specification) -> object:
    """What designs must have in common so that their slots decide which is better, from the specification itself."""
    architecture = specification.architecture
    components = (*architecture.levels, architecture.compute, *architecture.networks.values())
    places = [
        (one.name, one.instances, (one.mesh_x, one.mesh_y) if isinstance(one, StorageLevel | ComputeLevel) else ())
        for one in components
    ]
    shapes = [component_structure(specification, one) for one in components]
    return comparable((places, shapes, specification.constraints, specification.problem, specification.repeats))
