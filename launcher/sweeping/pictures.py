"""What a sweep leaves to look at: a page on its trials, a picture of their front, and Optuna's pictures of a study."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from launcher.reporting.diagrams.front import front_svg
from launcher.results.files import REPORT_HTML
from launcher.results.goals import Goals
from launcher.results.parameters import point_name, swept_parameters
from launcher.whole_files import write_text

FRONT_SVG = "front.svg"
_FEWEST = 2
_WIDE, _HIGH = 9, 5


def write_page(trials: Iterable[Path], folder: Path) -> None:
    """Write ``report.html``, and ``front.svg`` when any trial has a mapping.

    Args:
        trials: folders of the trials, or a folder that holds them.
        folder: the sweep's.
    """
    # Only a sweep that ends waits for these.
    from launcher.reading import load_trials  # noqa: PLC0415
    from launcher.reporting.page import report_page  # noqa: PLC0415

    names = list(dict.fromkeys(str(path) for path in trials if path.is_dir()))
    if not names:
        return
    found = replace(load_trials(names), names=(str(folder),))
    command = f"python -m launcher report {folder}"
    write_text(folder / REPORT_HTML, report_page(found, made_by=command))
    swept = swept_parameters(found.results)
    labels = {f"{n} {point_name(one.parameters, swept)}".strip(): one for n, one in enumerate(found.results)}
    picture = front_svg(labels, found.goals, standalone=True)
    if picture:
        write_text(folder / FRONT_SVG, picture)


def write_pictures(study: Study, goals: Goals, folder: Path) -> None:
    """The front or the optimisation's history, the parameters' importances, and parallel coordinates.

    Args:
        study: nothing is drawn of a study with fewer than two trials that have figures.
        goals: names of the objectives.
        folder: where the files go.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < _FEWEST:
        return
    with warnings.catch_warnings(action="ignore"):
        import matplotlib  # noqa: PLC0415

        matplotlib.use("Agg")
        import optuna.visualization.matplotlib as drawing  # noqa: PLC0415

        for name, arguments, function in _plots(study, goals):
            _draw_png(getattr(drawing, function), study, arguments, folder / f"{name}.png")


def _plots(study: Study, goals: Goals) -> Iterator[tuple[str, dict[str, Any], str]]:
    """File name, arguments and Optuna's function of each picture."""
    from optuna.importance import PedAnovaImportanceEvaluator  # noqa: PLC0415 # it loads scikit-learn

    several = goals.several
    if 2 <= len(goals.objectives) <= 3:
        yield "pareto_front", {"target_names": list(goals.objectives)}, "plot_pareto_front"
    if not several:
        yield "optimization_history", {"target_name": goals.objectives[0]}, "plot_optimization_history"
    varying = len({repr(one.params) for one in study.get_trials(deepcopy=False)}) > 1
    for n, name in enumerate(goals.objectives):
        suffix = f".{name}" if several else ""
        target = {"target": _nth(n), "target_name": name} if several else {"target_name": name}
        if varying and _spread(study, n):
            evaluator = PedAnovaImportanceEvaluator()
            yield f"importances{suffix}", {**target, "evaluator": evaluator}, "plot_param_importances"
        yield f"parallel_coordinates{suffix}", target, "plot_parallel_coordinate"


def _nth(index: int) -> Callable[[FrozenTrial], float]:
    return lambda trial: float(trial.values[index])


def _spread(study: Study, index: int) -> bool:
    """Importances are undefined where the objective never changes."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return len({trial.values[index] for trial in trials}) > 1


def _draw_png(plot: Callable[..., Any], study: Study, arguments: dict[str, Any], path: Path) -> None:
    import matplotlib.pyplot as plt  # noqa: PLC0415

    drawn = plot(study, **arguments)
    axes = drawn if hasattr(drawn, "figure") else drawn[0]
    axes.figure.set_size_inches(_WIDE, _HIGH)
    # Optuna centres the titles of axes over which it also centres a legend.
    title = axes.get_title()
    axes.set_title("")
    axes.set_title(title, loc="left", pad=18)
    axes.figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close("all")
