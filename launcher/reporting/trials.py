"""One table of all trials of a sweep, best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isnan

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from launcher.reporting.numbers import count, percent, significant
from launcher.reporting.trial_columns import (
    Layout,
    figures,
    fitting,
    parameter_cells,
    plain,
    trials_table,
    width_of,
)
from launcher.result import Result

_TIE_BREAKS = ("edp", "energy", "cycles")
_COLUMN_GAP = 3
_EFFORT = ("mapper.threads", "mapper.timeout_s")
_LEAST_REMARK_WIDTH = 24


def objective_value(result: Result, objective: str) -> float:
    """The value to minimise: ``energy`` in pJ, ``cycles``, or ``edp`` in J x cycles; NaN when there is no mapping.

    Raises:
        ValueError: ``objective`` is none of these.
    """
    figures = {"edp": result.edp_j_cycles, "energy": result.energy_pj, "cycles": result.cycles}
    if objective not in figures:
        raise ValueError(f"unknown objective {objective!r}: expected one of {', '.join(figures)}")
    return float(figures[objective])


def ranked(results: Sequence[Result], objective: str | Sequence[str] = "edp") -> list[Result]:
    """The results, best first; ties go to the next criterion.

    Trials that break a constraint come after the others, trials without a mapping last.
    """
    criteria = [objective] if isinstance(objective, str) else list(objective)
    criteria += [name for name in _TIE_BREAKS if name not in criteria]

    def key(result: Result) -> tuple[float, ...]:
        values = [objective_value(result, name) for name in criteria]
        return (float(not result.ok), float(bool(result.broken)), *(inf if isnan(value) else value for value in values))

    return sorted(results, key=key)


def varying_parameters(results: Sequence[Result]) -> list[str]:
    """Parameters that do not have the same value in all trials, in the order in which they first appear."""
    names = list(dict.fromkeys(name for result in results for name in result.parameters))
    return [name for name in names if len({repr(result.parameters.get(name)) for result in results}) > 1]


def swept_parameters(results: Sequence[Result]) -> list[str]:
    """Keys whose values differ on purpose: not those that merely follow another choice, nor settings of effort.

    A trial that could not be composed knows only what was overridden; what it does not know makes no difference.
    """
    varying = [
        name for name in varying_parameters(results) if name not in _EFFORT and len(known_values(results, name)) > 1
    ]
    return [name for name in varying if not _follows(name, varying, results)]


def known_values(results: Sequence[Result], name: str) -> list[str]:
    """The values of a parameter in the trials that know it, each once."""
    return list(dict.fromkeys(plain(one.parameters[name]) for one in results if name in one.parameters))


def _follows(name: str, varying: Sequence[str], results: Sequence[Result]) -> bool:
    """Whether ``arch.rows`` differs only because ``arch`` does."""
    group = name.partition(".")[0]
    if group == name or group not in varying:
        return False
    chosen: dict[str, set[str]] = {}
    for result in results:
        if name in result.parameters:
            chosen.setdefault(plain(result.parameters.get(group)), set()).add(plain(result.parameters[name]))
    return all(len(values) == 1 for values in chosen.values())


def print_trials(
    results: Sequence[Result], console: Console, objective: str | Sequence[str] = "edp", *, most: int | None = None
) -> None:
    """Print all trials of a sweep, best first, with the parameters that differ between them.

    Args:
        results: the trials, in any order.
        console: where to print.
        objective: the criterion, or criteria in order, that decides which is best.
        most: how many rows at most; None means all.
    """
    if not results:
        console.print("no trials")
        return
    ordered = ranked(results, objective)[:most]
    parameters = swept_parameters(results)
    title = _title(results, objective)
    title += f", {len(ordered):,} shown" if len(ordered) < len(results) else ""
    remarks = [_remark(result) for result in ordered]
    layout = fitting(lambda layout: _table(ordered, parameters, title, layout), parameters, console)
    room = console.width - width_of(_table(ordered, parameters, title, layout), console) - _COLUMN_GAP
    if room >= min(_LEAST_REMARK_WIDTH, max(map(len, remarks))):
        console.print(_table(ordered, parameters, title, layout, remarks))
        return
    # Too narrow for sentences in a column: number them and print them below.
    numbers = {text: f"({i})" for i, text in enumerate(dict.fromkeys(filter(None, remarks)), 1)}
    numbered = [numbers.get(remark, "") for remark in remarks]
    layout = fitting(lambda layout: _table(ordered, parameters, title, layout, numbered), parameters, console)
    console.print(_table(ordered, parameters, title, layout, numbered))
    for text, number in numbers.items():
        console.print(f"{number} {escape(text)}", soft_wrap=True)


def _table(
    ordered: Sequence[Result], parameters: Sequence[str], title: str, layout: Layout, remarks: Sequence[str] = ()
) -> Table:
    table = trials_table(title, parameters, layout, None if parameters else "trial")
    if any(remarks):
        table.add_column("remark", overflow="fold")
    for rank, result in enumerate(ordered):
        labels = parameter_cells(result, parameters, layout) if parameters else [escape(result.name)]
        style = "red" if not result.ok else "dim" if result.broken else "bold" if rank == 0 else ""
        table.add_row(*labels, *figures(result), *([escape(remarks[rank])] if any(remarks) else []), style=style)
    return table


def _title(results: Sequence[Result], objective: str | Sequence[str]) -> str:
    criteria = objective if isinstance(objective, str) else ", then ".join(objective)
    failures = sum(not result.ok for result in results)
    without = f", {failures} without a mapping" if failures else ""
    broken = sum(bool(result.broken) for result in results)
    without += f", {broken} beyond a constraint" if broken else ""
    trials = "1 trial" if len(results) == 1 else f"{len(results):,} trials"
    return f"{trials}{without}, best {escape(criteria.replace('edp', 'EDP'))} first"


def _remark(result: Result) -> str:
    if not result.ok:
        first_line = (result.reason or "no reason given").strip().splitlines()[0]
        return f"{result.status}: {first_line}"
    if result.broken:
        return "; ".join(result.broken)
    if result.verification and not result.verification.agrees:
        return f"{result.verification.by} disagrees: {result.verification.differences[0]}"
    optimality = result.optimality
    if optimality and optimality.status == "bounded":
        return f"gap {percent(optimality.gap)}" if optimality.gap is not None else "not proved"
    if optimality and optimality.status == "heuristic":
        return "not proved"
    return ""


def point_name(values: Mapping[str, object], swept: Sequence[str]) -> str:
    """What sets a trial of a sweep apart: ``KTQ rows=16 scratchpad_kib=512``; empty when nothing is swept.

    Args:
        values: parameters of the trial.
        swept: what differs between the trials; of groups such as ``layer`` the choice alone is said.
    """
    known = [name for name in swept if name in values]
    return " ".join(
        f"{name.rpartition('.')[2]}={plain(values[name])}" if "." in name else plain(values[name]) for name in known
    )


def trial_line(result: Result, label: str) -> str:
    """One line on a finished trial of a sweep: what was swept, and what came out.

    Args:
        result: the trial.
        label: its overrides, e.g. ``arch.rows=16``.
    """
    if not result.ok:
        reason = _remark(result).removeprefix(f"{result.status}: ")
        return f"  {escape(label)}  [red]{result.status}[/]: {escape(reason)}"
    return (
        f"  {escape(label)}  {significant(result.energy_pj * 1e-6)} uJ, {count(result.cycles)} cycles, "
        f"EDP {significant(result.edp_j_cycles)} J*cycles, {'cached' if result.cached else f'{result.seconds:.2f} s'}"
    )
