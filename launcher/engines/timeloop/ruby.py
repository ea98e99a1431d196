"""Whether Timeloop's ruby, whose factors on fan-outs may be imperfect, has anything to choose."""

from __future__ import annotations

from launcher.specification.constraints import FactorBounds
from launcher.specification.specification import Specification
from launcher.timeloop_files.mapspace import widest_remainders


def remarks_on_ruby(specification: Specification) -> tuple[str, ...]:
    """A remark where ruby's mappings are uber's: constraints fix all factors of every fan-out, and all divide."""
    dimensions = {name: extent for name, extent in specification.problem.dimensions.items() if extent > 1}
    for level in widest_remainders(specification.architecture):
        block = specification.constraints.at(level).spatial
        for name, extent in dimensions.items():
            fixed = _fixed(block.factors.get(name), block.default_max_factor, extent)
            if fixed is None or extent % fixed:
                return ()
    return (
        "imperfect factors (mapspace.factors=spatial, mapspace.template=ruby) change nothing here: constraints fix the "
        "factors of every fan-out, and all of them divide",
    )


def _fixed(bounds: FactorBounds | None, most: int | None, extent: int) -> int | None:
    """The only factor that bounds leave; None where there are several."""
    if bounds is None:
        return 1 if most == 1 else None
    if bounds.exact is not None:
        return bounds.exact
    if bounds.most == 1:
        return 1
    return extent if bounds.least is not None and bounds.least >= extent else None
