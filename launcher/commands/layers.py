"""List the layers of a model: their sizes, how often they run, and their share of the operations.

OVERRIDES are those of launch.py: model=llama3_8b model.phase=decode, or model=onnx model.path=net.onnx. Of a network in
a file of another program it also lists what is not counted.

exit status: 0 listed, 1 the input cannot be used, 2 wrong command line
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from math import prod

from rich.markup import escape

from launcher.commands.inputs import add_experiment_arguments
from launcher.commands.output import add_format_arguments, chosen_format, console_of, write_document
from launcher.config.compose import compose, spelled_out
from launcher.config.model_parts import imported
from launcher.config.model_schema import ImportedModel
from launcher.config.trial import ALL, Trial, entry
from launcher.reporting.sheet_table import sheet_table
from launcher.reporting.sheets import Column, ReportDocument, Sheet

_COLUMNS = (
    Column("layer", "layer"),
    Column("shape", "shape"),
    Column("sizes", "sizes"),
    Column("runs", "runs", "count"),
    Column("operations", "operations", "count"),
    Column("share", "share", "share"),
)
_LEFT_OUT = (
    Column("type", "type"),
    Column("count", "count", "count"),
    *_COLUMNS[-2:],
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_experiment_arguments(parser)
    add_format_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """List them.

    Raises:
        LauncherError: the input cannot be used, or a file cannot be written.
    """
    form = chosen_format(arguments)
    asked = spelled_out(arguments.overrides)
    every = [] if any(one.startswith("layer=") for one in asked) else [f"layer={ALL}"]
    document = _document(compose(["tracking=none", *every, *asked], arguments.config_dir))
    if form is not None:
        write_document(document, form, arguments.output)
        return 0
    console = console_of(arguments)
    console.print(escape(document.title), style="bold", highlight=False, soft_wrap=True)
    for sheet in document.sheets:
        console.print(sheet_table(sheet))
    for note in document.notes:
        console.print(f"note: {escape(note)}", highlight=False, soft_wrap=True)
    return 0


def _document(trial: Trial) -> ReportDocument:
    layers = trial.layers or (trial,)
    own = [(one, prod(one.layer.dimensions.values()) * one.runs) for one in layers]
    model = trial.experiment.model
    left = dict(imported(model).left_out) if isinstance(model, ImportedModel) else {}
    every = sum(operations for _, operations in own) + sum(operations for _, operations in left.values())
    rows = tuple((*_row(one), operations, operations / every) for one, operations in own)
    sheets = [Sheet("layers", "", _COLUMNS, rows)]
    if left:
        listed = sorted(left.items(), key=lambda item: (-item[1][1], item[0]))
        missing = tuple((kind, count, operations, operations / every) for kind, (count, operations) in listed)
        sheets.append(Sheet("not_counted", "not counted", _LEFT_OUT, missing))
    total = sum(operations for _, operations in own)
    title = f"{trial.parameters['model']}: {len(rows)} layers, {total:,} operations"
    return ReportDocument(title, tuple(sheets), notes=tuple(note for note in model.notes if not left))


def _row(trial: Trial) -> Iterator[object]:
    """Name, shape, sizes and runs of a layer."""
    yield trial.parameters["layer"]
    yield entry(trial.experiment.layer, "shape")
    sizes = {**trial.layer.dimensions, **{name: n for name, n in trial.layer.coefficients.items() if n != 1}}
    yield " ".join(f"{name} {size}" for name, size in sizes.items())
    yield trial.runs
