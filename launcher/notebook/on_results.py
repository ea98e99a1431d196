"""Hangs on results what a notebook wants of them: data frames, plots, and how a cell shows them.

Results do not know it: they are read where neither pandas nor Plotly is wanted, and both take long to import.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from launcher.errors import LauncherError
from launcher.installed import install_command
from launcher.notebook.results import Results
from launcher.results.result import Result

__all__ = ["Result", "Results"]

_METHODS = {
    Result: {
        "to_pandas": "frames.energy_frame",
        "plot_energy": "figures.breakdown_figure",
        "plot_cycles": "figures.cycles_figure",
        "plot_roofline": "roofline.roofline_figure",
        "plot_mapping": "html.mapping_picture",
        "_repr_html_": "html.result_html",
    },
    Results: {
        "to_pandas": "frames.trials_frame",
        "plot_energy": "figures.energies_figure",
        "plot_front": "figures.front_figure",
        "plot_parallel": "figures.parallel_figure",
        "_repr_html_": "html.results_html",
    },
}
"""Class -> method -> module of this folder and function, whose first argument is the result or the results."""


def _method(name: str, where: str) -> Callable[..., Any]:
    def method(self: Result | Results, *arguments: Any, **named: Any) -> Any:
        return _loaded(where)(self, *arguments, **named)

    method.__name__ = name
    method.__doc__ = f"See :func:`{__package__}.{where}`."
    return method


def _loaded(where: str) -> Callable[..., Any]:
    """A function of this folder.

    Raises:
        LauncherError: it plots, and the extra that brings Plotly is not installed.
    """
    module, _, function = where.partition(".")
    try:
        found: Callable[..., Any] = getattr(import_module(f"{__package__}.{module}"), function)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "plotly":
            raise
        raise LauncherError("plots need Plotly, which is not installed", hint=install_command("notebook")) from error
    return found


for _owner, _hung in _METHODS.items():
    for _name, _where in _hung.items():
        setattr(_owner, _name, _method(_name, _where))
