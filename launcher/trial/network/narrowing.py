"""A layer's templates for a part of the layer: what one iteration of shared loops runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from launcher.config.trial import Trial
from launcher.estimation import estimate
from launcher.specification.constraints import Constraints
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import parse_problem, parse_specification
from launcher.trial.render import texts
from launcher.trial.steps import template_of

_WHOLE = re.compile(r"[A-Za-z]\s*=+\s*0(?![0-9.])")
"""A factor that stands for the whole extent, whatever it is."""


class Narrowing:
    """Renders a trial's templates for smaller extents, once for each text that they give.

    Templates ask for what fits (the largest divisor of a dimension that fills a side of the array), so a part of a
    layer has rules of its own; but most parts have the same ones, and reading them takes longest.

    Args:
        trial: of the layer.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._read: dict[str, Specification] = {}
        self._made: dict[tuple[tuple[str, int], ...], Specification] = {}

    def __call__(self, specification: Specification, extents: Mapping[str, int]) -> Specification:
        """The specification for a part of the layer with these extents; energies are those of the whole."""
        if dict(extents) == dict(specification.problem.dimensions):
            return specification
        key = tuple(extents.items())
        if key not in self._made:
            self._made[key] = self._narrowed(specification, extents)
        return self._made[key]

    def _narrowed(self, specification: Specification, extents: Mapping[str, int]) -> Specification:
        template, shape = template_of(self._trial)
        experiment = self._trial.experiment
        layer = replace(self._trial.layer, dimensions=dict(extents))
        architecture, problem = texts(template, shape, experiment.arch, layer, self._trial.template_folders)
        source = f"{template} as rendered"
        known = self._read.get(architecture)
        if known is not None and not _depends(architecture, known.constraints, extents):
            return replace(known, problem=parse_problem(problem, source))
        read = parse_specification(f"{architecture}\n{problem}", source)
        if read.architecture == specification.architecture:
            made = replace(specification, problem=read.problem, constraints=read.constraints)
        else:  # a template of somebody's own builds another machine for it
            made = estimate(read)
        self._read[architecture] = made
        return made


def _depends(architecture: str, constraints: Constraints, extents: Mapping[str, int]) -> bool:
    """Whether constraints mean something else for other extents: the whole of one, or more than there is."""
    exact = (
        (name, bounds.exact or 0)
        for level in constraints.levels.values()
        for block in (level.temporal, level.spatial)
        for name, bounds in block.factors.items()
    )
    return bool(_WHOLE.search(architecture)) or any(factor > extents.get(name, 1) for name, factor in exact)
