"""Draw the least traffic of the outermost memory for every capacity of one buffer.

OVERRIDES are those of launch.py: arch=gemmini layer=KTQ model=bert_base, or layer=[KTQ,softmax,VScores] for layers of
which each hands a tensor to the next; then the curve is that of the fused group, beside that of the layers apart. The
curve is exact for one buffer that holds a tile of every tensor, with perfect factors and any order of loops outside
(docs/curve.md). Of the architecture it takes the memories only, to say what each could reach.

-o FILE writes what the ending says (.csv has every point, .svg is the plot); -o FOLDER writes curve.csv, curve.json
and curve.svg.

exit status: 0 drawn, 1 the input cannot be used, or nothing fits a capacity that was asked for, 2 wrong command line
"""

from __future__ import annotations

import argparse
from pathlib import Path

from launcher.commands.inputs import add_experiment_arguments, positive
from launcher.commands.output import ENDINGS, add_formats, chosen_format, console_of, write_document, write_file
from launcher.config.compose import compose
from launcher.errors import LauncherError
from launcher.reporting.curve import curve_document, every_point, print_curve
from launcher.reporting.diagrams import curve_svg
from launcher.results.traffic_curve import CurveStudy
from launcher.trial.network.curve import study_curve

_PICTURE = ".svg"
_FOR_PROGRAMS = ("csv", "json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_experiment_arguments(parser)
    parser.add_argument(
        "--at", type=positive, metavar="KIB", action="append", default=[],
        help="also say what a buffer of this capacity reaches; may be given several times",
    )  # fmt: skip
    add_formats(parser)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE|FOLDER",
        help=f"write to a file by its ending ({', '.join(ENDINGS)}, {_PICTURE}), or all files to a folder",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Draw the curve, and write what was asked for.

    Raises:
        LauncherError: the input cannot be used, nothing fits a capacity, or a file cannot be written.
    """
    _check_layer(arguments.overrides)
    picture = arguments.output is not None and arguments.output.suffix.lower() == _PICTURE
    folder = arguments.output is not None and not arguments.output.suffix and arguments.format is None
    form = None if picture or folder else chosen_format(arguments, _PICTURE)
    study = study_curve(compose(["tracking=none", *arguments.overrides], arguments.config_dir))
    _check_capacities(study, arguments.at)
    if form is not None:
        document = every_point if form in _FOR_PROGRAMS else curve_document
        write_document(document(study, arguments.at), form, arguments.output)
        return 0
    print_curve(study, console_of(arguments), arguments.at, verbose=arguments.verbose)
    if picture:
        write_file(arguments.output, curve_svg(study, standalone=True))
    elif folder:
        _write_folder(study, arguments)
    return 0


def _write_folder(study: CurveStudy, arguments: argparse.Namespace) -> None:
    folder = arguments.output
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LauncherError(
            f"cannot write to {folder.name}: {error.strerror or error}", where=str(folder), hint="name another folder"
        ) from error
    document = every_point(study, arguments.at)
    for form in _FOR_PROGRAMS:
        write_document(document, form, folder / f"curve.{form}")
    write_file(folder / f"curve{_PICTURE}", curve_svg(study, standalone=True))


def _check_layer(overrides: list[str]) -> None:
    """Without one it would be the default layer, whose curve nobody asked for; presets may choose one."""
    if not any(override.lstrip("+").startswith(("layer=", "layers=", "experiment=")) for override in overrides):
        raise LauncherError(
            "there is no layer to draw a curve of",
            expected="layer=NAME, or layer=[NAME,NAME] for layers that are fused",
            hint="python -m launcher curve arch=gemmini layer=KTQ model=bert_base",
        )


def _check_capacities(study: CurveStudy, asked_kib: list[float]) -> None:
    least = study.curve.least.capacity_words
    for kib in asked_kib:
        if study.curve.at(study.words(kib)) is None:
            raise LauncherError(
                f"--at {kib:g}: nothing fits a buffer of {study.words(kib)} words",
                expected=f"at least {least} words of {study.word_bits} bits, {study.kib(least):.3g} KiB",
            )
