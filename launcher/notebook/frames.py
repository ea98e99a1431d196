"""Results as pandas data frames."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from launcher.results.energy_table import energy_rows
from launcher.results.layers import layer_name, layer_runs, optimality_word
from launcher.results.metrics import recorded_metrics
from launcher.results.parameters import varying_parameters
from launcher.results.result import Result

ENERGY_COLUMNS = ("layer", "runs", "component", "data_space", "action", "words", "energy_pj")


def energy_frame(result: Result) -> pd.DataFrame:
    """Where the energy of one trial goes: a row per addend, a network's layers below each other.

    Returns:
        Columns ``layer``, ``runs``, ``component``, ``data_space``, ``action``, ``words`` (over all instances; missing
        where nothing is counted) and ``energy_pj``; the last two of all runs of the layer together, so that
        ``energy_pj`` sums to the trial's. Empty when there is no mapping.
    """
    rows = [
        (
            layer_name(run),
            run.runs,
            row.component,
            row.data_space,
            row.action,
            None if row.words is None else row.words * run.runs,
            row.energy_pj * run.runs,
        )
        for run in layer_runs(result)
        for row in energy_rows(run.result)
    ]
    frame = pd.DataFrame(rows, columns=list(ENERGY_COLUMNS))
    return frame.astype({"words": "Int64", "energy_pj": float})


def trials_frame(results: Sequence[Result], *, every_parameter: bool = False) -> pd.DataFrame:
    """A row per trial: name, status, parameters, every figure that is recorded in MLflow, and the reason of a failure.

    Args:
        results: the trials.
        every_parameter: all parameters; otherwise those that differ between the trials.

    Returns:
        Parameters keep their names and types (``arch.rows`` -> 16); figures that do not exist are NaN.
    """
    names = list(dict.fromkeys(name for one in results for name in one.parameters))
    names = names if every_parameter else varying_parameters(results)
    rows = [
        {
            "name": one.name,
            "status": one.status,
            **{name: _plain(one.parameters.get(name)) for name in names},
            **recorded_metrics(one),
            "optimality": optimality_word(one),
            "reason": one.reason,
        }
        for one in results
    ]
    frame = pd.DataFrame(rows, columns=None if rows else ["name", "status"])
    last = [name for name in ("optimality", "reason") if name in frame]
    return frame[[*(name for name in frame if name not in last), *last]]


def _plain(value: object) -> object:
    """A list does not compare or group in a data frame."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else value
