"""``study.html``: what people see of a study, made from its files alone."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isnan, nan
from pathlib import Path
from typing import Any, get_args

import numpy as np

from launcher.errors import LauncherError
from launcher.figures import TABLES
from launcher.reporting.diagrams.front import PlottedTrial, plotted_metric
from launcher.reporting.diagrams.reach import ReachMark
from launcher.reporting.metric_words import metric_text, metric_title, typeset
from launcher.reporting.page.study_page import Kind, StudyKey, StudyRow, StudyScatter, StudyShown, study_page
from launcher.results.best import best_rows, best_to_worst
from launcher.results.files import REPORT_HTML, STUDY_HTML, TRIALS_CSV
from launcher.results.parameters import ABSENT, plain
from launcher.results.trial_rows import TrialRow
from launcher.sweeping.exhaustive.certificate import Certificate, read_certificate
from launcher.sweeping.exhaustive.matter import KeyWeight, figure_of, key_weights
from launcher.sweeping.exhaustive.numbering import point_at
from launcher.sweeping.exhaustive.reach import ParameterReach, ValueReach, read_reach
from launcher.sweeping.exhaustive.table import POINTS_PARQUET, STATUSES, PointTable, read_points
from launcher.whole_files import write_text

_MOST_ROWS = 100
_MOST_PLOTTED = 2000
_MOST_SCATTERS = 3
_MOST_VALUES = 12
_STATES = {"searched": "ok", "infeasible": "infeasible", "open": "failed"}


def write_study_page(folder: Path) -> None:
    """Write the page on the study in a folder.

    Raises:
        LauncherError: its files cannot be read, or the page cannot be written.
    """
    write_text(folder / STUDY_HTML, study_html(folder))


def study_html(folder: Path) -> str:
    """The page on the study in a folder.

    Raises:
        LauncherError: its files cannot be read.
    """
    points = read_points(folder / POINTS_PARQUET)
    certificate, reach = read_certificate(folder), read_reach(folder)
    rows = list(_rows(folder, points, certificate))
    return study_page(_Shown(folder, points, certificate, reach, rows).whole())


def _rows(folder: Path, points: PointTable, certificate: Certificate) -> Iterator[TrialRow]:
    """The designs that were searched, each once."""
    try:
        with (folder / TRIALS_CSV).open(encoding="utf-8", newline="") as file:
            numbers = [int(row["trial"]) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise LauncherError(f"the list of trials cannot be read: {error}", where=str(folder / TRIALS_CSV)) from error
    for number in numbers:
        if not 0 <= number < points.size:
            raise LauncherError(f"the study has no point {number}", where=str(folder / TRIALS_CSV))
        word = STATUSES[points.status[number]]
        figures = {name: float(values[number]) for name, values in points.figures.items()}
        known = {name: value for name, value in figures.items() if not isnan(value)} if word == "searched" else {}
        broken = certificate.goals.broken(known) if word == "searched" else ()
        point = point_at(points.keys, number)
        yield TrialRow(number, _STATES.get(word, word), point, known, broken=tuple(map(str, broken)))


@dataclass(frozen=True)
class _Shown:
    """A study that was read."""

    folder: Path
    points: PointTable
    certificate: Certificate
    reach: ParameterReach | None
    rows: Sequence[TrialRow]

    def whole(self) -> StudyShown:
        weights = key_weights(self.reach) if self.reach else []
        designs = best_to_worst([row for row in self.rows if row.ok], self.certificate.goals)
        first = self.certificate.goals.objectives[0]
        return StudyShown(
            title=f"{self._subject}: {self.points.size:,} points over {', '.join(map(_short, self.points.keys))}",
            answer=tuple(self._answer()),
            facts=tuple(self._facts()),
            headings=tuple(self._headings()),
            rows=tuple(self._row(row) for row in self._ordered(designs)[:_MOST_ROWS]),
            designs=len(designs),
            counts=self._counts,
            figure=plotted_metric(first, self.certificate.goals.directions[0]),
            keys=tuple(self._key(one) for one in weights if one.has_effect),
            idle=tuple(one.key for one in weights if not one.has_effect),
            scatters=tuple(self._scatters(designs)),
            trust=tuple(self._trust()),
        )

    @property
    def _subject(self) -> str:
        return " ".join(text for heading, text in self._named if heading != "model")

    @property
    def _named(self) -> list[tuple[str, str]]:
        """What all points have in common, as the certificate has it."""
        fixed: Mapping[str, Any] = self.certificate.identity.get("fixed", {})
        layers = fixed.get("layers")
        layer = ", ".join(map(str, layers)) if isinstance(layers, list) else layers or fixed.get("layer.name")
        layer = f"all layers of {fixed.get('model.name')}" if layer == "all" else layer
        pairs = (("architecture", fixed.get("arch.name")), ("model", fixed.get("model.name")), ("layer", layer))
        return [(heading, str(text)) for heading, text in pairs if text]

    @property
    def _counts(self) -> dict[Kind, int]:
        found = np.bincount(self.points.status, minlength=len(STATUSES))
        return {kind: int(found[STATUSES.index(kind)]) for kind in get_args(Kind)}

    @property
    def _best(self) -> list[int]:
        return [one.point for one in self.certificate.best]

    def _answer(self) -> Iterator[str]:
        goals, size, left = self.certificate.goals, self.points.size, self._counts["open"]
        best = best_rows(self.rows, goals)
        if not best:
            limits = f" that keep {', '.join(map(str, goals.constraints))}" if goals.constraints else ""
            yield f"No designs{limits} were found."
        elif len(goals.objectives) == 1:
            yield self._answer_of_one(best[0])
            equal = sum(row.metrics[goals.objectives[0]] == best[0].metrics[goals.objectives[0]] for row in best)
            if equal > 1:
                yield f"{equal:,} designs are equally good; this is the one with the smallest chip, or the first."
        else:
            names = " and ".join(metric_title(name) for name in goals.objectives)
            yield f"{len(best):,} designs are the front of {names}: no point of the space beats any of them."
        settled = size - left
        if left:
            yield f"Not proved yet: {left:,} of {size:,} points are open, and may be better."
        else:
            yield f"Proved: no other of the {size:,} points is better; {self._settled(settled)}."

    def _settled(self, settled: int) -> str:
        counts = self._counts
        parts = [f"{counts['searched']:,} were searched"]
        parts += [f"{counts['excluded']:,} excluded by bounds"] if counts["excluded"] else []
        parts += [f"{counts['limit']:,} by limits"] if counts["limit"] else []
        without = counts["infeasible"] + counts["failed"]
        return ", ".join([*parts, *([f"{without:,} cannot be built or mapped"] if without else [])])

    def _answer_of_one(self, row: TrialRow) -> str:
        goals, point = self.certificate.goals, row.point
        name, way = goals.objectives[0], goals.directions[0]
        point_text = ", ".join(f"{_short(key)}={plain(value)}" for key, value in point.items())
        forms = {"energy_pj": "{}", "cycles": "{} cycles", "area_mm2": "{}"}
        known = [one for one in forms if one in row.metrics and one != name]
        figures = ", ".join(forms[one].format(_text(one, row.metrics[one])) for one in known)
        least = "least" if way == "minimize" else "highest"
        return (
            f"Point {row.number} has the {least} {metric_title(name)}, {_text(name, row.metrics[name])}, "
            f"with {point_text}{f': {figures}' if figures else ''}."
        )

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield from self._named
        goals = self.certificate.goals
        for name, way in zip(goals.objectives, goals.directions, strict=True):
            yield "objective", f"{way} {metric_title(name)}"
        if goals.constraints:
            yield "limits", ", ".join(map(str, goals.constraints))
        for key, values in self.points.keys.items():
            shown = ", ".join(map(plain, values))
            long = f"{plain(values[0])} to {plain(values[-1])}, {len(values)} values"
            yield f"swept: {key}", long if len(values) > _MOST_VALUES else shown

    def _trust(self) -> Iterator[str]:
        yield "What is proved holds for this space, for the mappings that the constraints allow, and for the model."
        unsearched = np.isin(self.points.status, [STATUSES.index(one) for one in ("excluded", "limit", "infeasible")])
        boxes = len(np.unique(self.points.box[unsearched & (self.points.box >= 0)]))
        if boxes:
            yield f"Designs were excluded in {boxes:,} boxes; certificate.json has the bound or limit of each."
        yield "python -m launcher check FOLDER checks it; python -m launcher show FOLDER POINT maps any of the points."

    def _ordered(self, designs: Sequence[TrialRow]) -> list[TrialRow]:
        """The front first."""
        front = best_rows(self.rows, self.certificate.goals) if len(self.certificate.goals.objectives) > 1 else []
        return list({row.number: row for row in (*front, *designs)}.values())

    @property
    def _columns(self) -> list[str]:
        wanted = [*self.certificate.goals.metrics, *(next(iter(one.metric_names)) for one in TABLES)]
        return [name for name in dict.fromkeys(wanted) if name in self.points.figures]

    def _headings(self) -> Iterator[tuple[str, bool]]:
        yield "point", True
        yield from ((_short(key), False) for key in self.points.keys)
        yield from ((metric_title(name), False) for name in self._columns)
        if self.certificate.goals.constraints:
            yield "breaks", True

    def _row(self, row: TrialRow) -> StudyRow:
        figures = [_text(name, row.metrics[name]) if name in row.metrics else ABSENT for name in self._columns]
        broken = [", ".join(row.broken)] if self.certificate.goals.constraints else []
        page = f"{row.number}/{REPORT_HTML}"
        link = page if (self.folder / page).is_file() else ""
        cells = (f"{row.number:,}", *(plain(value) for value in row.point.values()), *figures, *broken)
        return StudyRow(cells, link, row.number in self._best)

    def _key(self, weight: KeyWeight) -> StudyKey:
        assert self.reach is not None
        own = point_at(self.points.keys, self.reach.point)[weight.key]
        marks = tuple(self._mark(weight, one, chosen=one.value == own) for one in weight.values)
        return StudyKey(f"{weight.key}: {weight.told(at_length=True)}", marks)

    def _mark(self, weight: KeyWeight, one: ValueReach, *, chosen: bool) -> ReachMark:
        assert self.reach is not None
        metric = self.reach.metric
        best, alone = figure_of(one.best, metric), figure_of(one.slice, metric)
        words = [f"{weight.name}={plain(one.value)}"]
        which = f" (point {one.best.number})" if one.best is not None else ""
        words.append("no good design" if best is None else f"best with it: {_text(metric, best)}{which}")
        instead = "no good" if alone is None else _text(metric, alone)
        words += [] if chosen else [f"the best design with it instead: {instead}"]
        return ReachMark(plain(one.value), best, alone, chosen, "; ".join(words))

    def _scatters(self, designs: Sequence[TrialRow]) -> Iterator[StudyScatter]:
        goals = self.certificate.goals
        ways = dict(zip(goals.objectives, goals.directions, strict=True))
        for up, across in list(combinations(goals.objectives, 2))[:_MOST_SCATTERS]:
            trials = [_trial(row, across, up) for row in self._plotted(designs)]
            positive = tuple(one for one in trials if one.x > 0 and one.y > 0)
            yield StudyScatter(positive, plotted_metric(across, ways[across]), plotted_metric(up, ways[up]))

    def _plotted(self, designs: Sequence[TrialRow]) -> list[TrialRow]:
        """All designs that keep the limits, or as many as a picture bears, the front among them; best on top."""
        good = [row for row in self._ordered(designs) if row.good]
        front = [row for row in good if row.number in self._best]
        others = [row for row in good if row.number not in self._best]
        every = max(1, -(-len(others) // _MOST_PLOTTED))
        return [*others[::every], *front]


def _trial(row: TrialRow, across: str, up: str) -> PlottedTrial:
    label = f"{row.number} {' '.join(f'{_short(key)}={plain(value)}' for key, value in row.point.items())}"
    x, y = row.metrics.get(across, nan), row.metrics.get(up, nan)
    hint = f"{label}: {_text(across, x)}, {_text(up, y)}"
    return PlottedTrial(str(row.number), x, y, row.metrics.get("area_mm2", nan) * 1e6, hint)


def _short(key: str) -> str:
    return key.rpartition(".")[2]


def _text(metric: str, value: float) -> str:
    """A figure as pages have it."""
    return typeset(metric_text(metric, value))
