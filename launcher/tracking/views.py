"""Saved views of MLflow's run list, so that it shows designs and their figures without anybody choosing columns.

MLflow's pages keep a view as a tag of the experiment, list it under *Views*, and open it by its key in the address.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from launcher.figures import METRICS, TABLES
from launcher.results.goals import Goals, parse_goals
from launcher.results.metrics import legal_name

ADDRESS = "runs?viewStateShareKey="
"""What follows an experiment's page in the address of a view; its key follows."""

_TAG = "mlflow.sharedViewState."
_FIGURES = tuple(list(one.metric_names)[-1] for one in TABLES)  # in the unit that people read
_CHOICES = ("arch", "model", "layer")
_TRIAL = "tags.kind = 'trial' and tags.status = 'ok'"
_BY_EDP = "metrics.`edp_j_cycles`"
_BY_TIME = "attributes.start_time"


@dataclass(frozen=True)
class _View:
    """A search, what the runs are sorted by, whether the least comes first, and the columns."""

    name: str
    search: str
    sorted_by: str
    figures: Sequence[str]
    parameters: Sequence[str] = ()
    tags: Sequence[str] = ()
    ascending: bool = True

    def as_tag(self) -> str:
        columns = [f"metrics.`{name}`" for name in self.figures]
        columns += [f"params.`{name}`" for name in self.parameters] + [f"tags.`{name}`" for name in self.tags]
        state = {
            "searchFilter": self.search,
            "orderByKey": self.sorted_by,
            "orderByAsc": self.ascending,
            "selectedColumns": columns,
        }
        now = round(time.time() * 1000)
        return json.dumps({"name": self.name, "createdAt": now, "updatedAt": now, "state": json.dumps(state)})


_VIEWS = {
    "trials": _View("trials, best EDP first", _TRIAL, _BY_EDP, _FIGURES, _CHOICES),
    "least-energy": _View("trials, least energy first", _TRIAL, "metrics.`energy_uj`", _FIGURES, _CHOICES),
    "fewest-cycles": _View("trials, fewest cycles first", _TRIAL, "metrics.`cycles`", _FIGURES, _CHOICES),
    "sweeps": _View(
        "sweeps, newest first", "tags.kind = 'sweep'", _BY_TIME, ("trials", "trials_ok", *_FIGURES), ascending=False
    ),
    "without-mapping": _View(
        "trials without a mapping",
        "tags.kind = 'trial' and tags.status != 'ok'",
        _BY_TIME,
        (),
        _CHOICES,
        ("status", "reason"),
        ascending=False,
    ),
}


def experiment_tags() -> dict[str, str]:
    """The views of every experiment."""
    return {_TAG + key: view.as_tag() for key, view in _VIEWS.items()}


def sweep_view(parent: str, name: str, swept: Sequence[str], goals: Goals | None = None) -> dict[str, str]:
    """The view of a sweep's trials, the best first, with what was swept beside their figures.

    Args:
        parent: identifier of the sweep's run; :func:`sweep_key` makes the view's key of it.
        name: of the sweep.
        swept: the parameters that differ between its trials.
        goals: what it is after: its objectives are columns, and the first one sorts; None means EDP.
    """
    search = f"tags.`mlflow.parentRunId` = '{parent}'"
    goals = goals or parse_goals(None)
    objectives = [_in_its_unit(legal_name(one)) for one in goals.objectives]
    view = _View(
        name,
        search,
        f"metrics.`{objectives[0]}`",
        list(dict.fromkeys((*(one for one in objectives if one not in _FIGURES), *_FIGURES))),
        swept,
        ascending=goals.directions[0] == "minimize",
    )
    return {_TAG + sweep_key(parent): view.as_tag()}


def _in_its_unit(metric: str) -> str:
    """The metric of the same figure in the unit that people read."""
    return list(METRICS[metric][0].metric_names)[-1] if metric in METRICS else metric


def sweep_key(parent: str) -> str:
    """The key of a sweep's view."""
    return f"sweep-{parent[:8]}"
