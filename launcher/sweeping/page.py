"""The page and the picture of the front that a sweep leaves behind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from launcher.reporting.diagrams.front import front_svg
from launcher.results.files import REPORT_HTML
from launcher.results.parameters import point_name, swept_parameters
from launcher.whole_files import write_text

FRONT_SVG = "front.svg"


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
    picture = front_svg(labels, standalone=True)
    if picture:
        write_text(folder / FRONT_SVG, picture)
