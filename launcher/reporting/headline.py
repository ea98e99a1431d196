"""What a trial is about, in one line: the hardware, the model, the layer, its sizes."""

from __future__ import annotations

import shlex

from launcher.results.parameters import plain
from launcher.results.result import Result


def title_of(result: Result) -> str:
    """``pim 128x128, bert_large KTQ: D 4096, E 64, L 4096``; the trial's name where nothing more is known."""
    layer, model = (plain(result.parameters.get(key) or "") for key in ("layer", "model"))
    hardware = _before(_before(result.name, layer), model)
    work = " ".join(filter(None, (model, layer)))
    title = f"{hardware}, {work}" if hardware and work and hardware != result.name else result.name
    sizes = "" if result.layers or result.specification is None else _sizes(result)
    count = f": {len(result.layers)} layers" if result.layers else ""
    return f"{title}{f': {sizes}' if sizes else count}"


def next_commands(folder: str) -> tuple[str, ...]:
    """What to type to see more of a trial."""
    return tuple(f"python -m launcher {command} {shlex.quote(folder)}" for command in ("show", "report"))


def _before(name: str, ending: str) -> str:
    """The name without what it ends in, where it is called after that."""
    return name.removesuffix(f" {ending}") if ending else name


def _sizes(result: Result) -> str:
    """The dimensions that are more than one."""
    assert result.specification is not None
    found = result.specification.problem.dimensions
    return ", ".join(f"{name} {extent}" for name, extent in found.items() if extent > 1)
