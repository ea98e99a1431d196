"""The least traffic for every capacity, for a composed experiment."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.config.trial import Trial
from launcher.errors import ConfigurationError
from launcher.results.traffic_curve import BITS_PER_KIB, CurveStudy, MemoryMark
from launcher.specification.architecture import StorageLevel
from launcher.specification.chain import Chain, Unit
from launcher.specification.constraints import Factors
from launcher.specification.specification import Specification
from launcher.trial.network.chains import units_of, without_flows
from launcher.trial.steps import rendered


def study_curve(trial: Trial) -> CurveStudy:
    """The curve of a trial's layer, or of its layers as one fused group beside the same layers apart.

    Of the architecture count its memories, for comparison, and which tensors are ever off the chip; of the constraints
    nothing else.

    Args:
        trial: of a layer, or of layers that hand on tensors to each other.

    Raises:
        ConfigurationError: imperfect factors are asked for, or nothing flows through the layers.
        SpecificationError: windows slide over a tensor that is written.
    """
    # Only who draws a curve waits for numpy, and only who fuses for compiled code.
    from launcher.engines.native.curve.joint import curve_apart  # noqa: PLC0415
    from launcher.engines.native.curve.two_levels import on_chip  # noqa: PLC0415

    _check_factors(trial)
    layers = [(one, rendered(one, Factors.perfect)) for one in trial.layers or (trial,)]
    unit = _unit(trial, layers) if len(layers) > 1 else without_flows(layers)[0]
    specification = layers[0][1]
    memories = on_chip(specification)
    curve = apart = curve_apart(unit.chain)
    if len(layers) > 1:
        from launcher.engines.native.curve.fused import curve_fused  # noqa: PLC0415

        curve = curve_fused(unit.chain)
    return CurveStudy(
        name=trial.name,
        layers=tuple(layer.name for layer in unit.chain.layers),
        runs=unit.runs,
        computes=sum(layer.problem.computes for layer in unit.chain.layers),
        word_bits=_word_bits([one for _, one in layers], memories),
        curve=curve,
        apart=apart if len(layers) > 1 else None,
        memories=tuple(
            _mark(level, specification.problem.data_space_names)
            for level in memories
            if level.capacity_words is not None
        ),
    )


def _word_bits(layers: Sequence[Specification], memories: Sequence[StorageLevel]) -> int:
    """Bits of a value: a curve counts words, so all values must be equally wide off the chip."""
    from launcher.engines.native.curve.two_levels import moved_data_spaces  # noqa: PLC0415

    outermost = layers[0].architecture.levels[-1]
    if not outermost.value_bits:
        return (*memories, outermost)[0].word_bits
    widths = {one.architecture.levels[-1].bits_of(space.name) for one in layers for space in moved_data_spaces(one)}
    if len(widths) > 1:
        raise ConfigurationError(
            f"the curve counts words, and these values have {' and '.join(map(str, sorted(widths)))} bits",
            where="model.weight_bits, activation_bits, cache_bits",
            expected="the same for all tensors, or none",
        )
    return widths.pop()


def _mark(level: StorageLevel, spaces: Sequence[str]) -> MemoryMark:
    room = level.room(spaces)
    words = ((room.capacity if len({*room.weights}) == 1 else level.effective_capacity_words) or 0) * level.instances
    kib = (level.capacity_words or 0) * level.instances * level.word_bits / BITS_PER_KIB
    return MemoryMark(level.name, words, kib)


def _check_factors(trial: Trial) -> None:
    asked = trial.experiment.mapspace.asked
    if asked is not Factors.perfect:
        raise ConfigurationError(
            "the curve counts mappings with perfect factors only",
            where=f"mapspace.factors={asked}",
            hint="mapspace.factors=perfect",
        )


def _unit(trial: Trial, layers: Sequence[tuple[Trial, Specification]]) -> Unit:
    """The chain that consists of all the layers, in order."""
    units = units_of(layers, trial.experiment.model.flows)
    for unit in units:
        if len(unit.chain.layers) == len(layers):
            return unit
    names = ",".join(str(one.parameters["layer"]) for one, _ in layers)
    known = [_names(unit.chain) for unit in units if len(unit.chain.layers) > 1]
    raise ConfigurationError(
        f"nothing flows through {names}",
        where=f"layer=[{names}]",
        expected="one layer, or several of which each hands a tensor to the next, such as "
        + (" or ".join(known) or "KTQ,softmax,VScores of a Transformer"),
    )


def _names(chain: Chain) -> str:
    """The layers as one names them on the command line."""
    return ",".join(layer.name.partition("_after_")[0] for layer in chain.layers)
