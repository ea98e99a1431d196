"""What a trial leaves in its folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from launcher.disks import full_disk, is_full
from launcher.errors import LauncherError
from launcher.plain_text import csv_text
from launcher.reporting.diagrams import TrialPictures, as_file, fused_svg, generation_svg, trial_pictures
from launcher.reporting.front import front_csv
from launcher.reporting.fused_nest import fused_nests
from launcher.reporting.loop_nest import loop_nest
from launcher.results.energy_table import energy_rows
from launcher.results.files import (
    ARTIFACT_NAMES,
    CONSTRAINTS_YAML,
    ENERGY_CSV,
    ENERGY_SVG,
    FRONT_CSV,
    GENERATION_CSV,
    GENERATION_SVG,
    LAYERS_CSV,
    LAYERS_FOLDER,
    MAPPING_SVG,
    MAPPING_TXT,
    MAPPING_YAML,
    NETWORK_ARTIFACT_NAMES,
    PROOF_JSON,
    REPORT_HTML,
    RESULT_JSON,
    SPECIFICATION_YAML,
)
from launcher.results.fused_savings import fused_groups
from launcher.results.generation import generation_csv
from launcher.results.json_text import pretty_json
from launcher.results.layers import layer_name, layers_csv
from launcher.results.result import LayerRun, Result
from launcher.results.result_json import proof_text, result_to_dict
from launcher.whole_files import write_text


def write_artifacts(result: Result, folder: Path) -> tuple[Path, ...]:
    """Write the files of one trial.

    ``result.json`` and ``report.html`` always; ``specification.yaml`` and ``constraints.yaml`` when there is a
    specification; ``mapping.yaml``, ``mapping.txt``, ``mapping.svg``, ``energy.csv`` and ``energy.svg`` when there is a
    mapping. A network has ``layers.csv`` instead of a mapping of its own, the files of every layer in
    ``layers/<layer>/``, ``proof.json`` when it was mapped as a whole, and ``mapping.txt`` and ``mapping.svg`` of the
    groups that are fused. One that generates has ``generation.csv`` and ``generation.svg``.

    Each file is complete or absent: it is written under a temporary name and renamed. Files of an earlier trial in the
    same folder that this one does not write are removed, so that the folder never mixes two trials. ``result.json`` is
    removed first and written last: where it stands, the rest stands.

    Args:
        result: the trial.
        folder: created when it does not exist.

    Returns:
        The paths written.

    Raises:
        LauncherError: the folder cannot be written.
    """
    # The page is imported here: most of what reads results shows none.
    from launcher.reporting.page.trial_page import trial_page  # noqa: PLC0415

    pictures = trial_pictures(result)
    return _write_files(result, pictures, folder, {REPORT_HTML: trial_page(result, pictures)})


def artifact_texts(result: Result) -> dict[str, str]:
    """What :func:`write_artifacts` writes, by the path inside the folder."""
    from launcher.reporting.page.trial_page import trial_page  # noqa: PLC0415

    pictures = trial_pictures(result)
    texts = {REPORT_HTML: trial_page(result, pictures), **dict(_contents(result, pictures))}
    for run in result.layers:
        folder = f"{LAYERS_FOLDER}/{layer_name(run)}"
        texts |= {f"{folder}/{name}": text for name, text in _contents(run.result, trial_pictures(run.result))}
    return texts


def _write_files(result: Result, pictures: TrialPictures, folder: Path, more: Mapping[str, str]) -> tuple[Path, ...]:
    contents = {**more, **dict(_contents(result, pictures))}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (RESULT_JSON, *({*ARTIFACT_NAMES, *NETWORK_ARTIFACT_NAMES} - contents.keys())):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / LAYERS_FOLDER, ignore_errors=True)
        of_layers = [_write_layer(run, folder / LAYERS_FOLDER) for run in result.layers]
        return (*chain(*of_layers), *(write_text(folder / name, text) for name, text in contents.items()))
    except OSError as error:
        if is_full(error):
            raise full_disk(folder) from error
        raise LauncherError(
            f"cannot write the results: {error.strerror or error}",
            where=str(folder),
            expected="a folder in which you may create files",
            hint="name another folder, e.g. hydra.run.dir=results/my_run",
        ) from error


def _write_layer(run: LayerRun, folder: Path) -> tuple[Path, ...]:
    return _write_files(run.result, trial_pictures(run.result), folder / layer_name(run), {})


def energy_csv(result: Result) -> str:
    """:func:`~launcher.results.energy_table.energy_rows` as CSV; the column ``energy_pj`` sums to the total."""
    rows = ((row.component, row.data_space, row.action, row.words, row.energy_pj) for row in energy_rows(result))
    return csv_text([("component", "data_space", "action", "words", "energy_pj"), *rows])


def _contents(result: Result, pictures: TrialPictures) -> Iterator[tuple[str, str]]:
    # The YAML writer is imported here: most of what reads results needs no YAML.
    from launcher.timeloop_files.io import dump_mapping, dump_mapspace, dump_specification  # noqa: PLC0415

    specification = result.specification
    if specification is not None:
        yield SPECIFICATION_YAML, dump_specification(specification)
        # Apart from the specification: timeloop-model rejects mappings when it sees constraints.
        yield CONSTRAINTS_YAML, dump_mapspace(specification, result.factors)
    if result.mapping is not None:
        if specification is not None:
            yield MAPPING_YAML, dump_mapping(result.mapping, specification)
        yield MAPPING_TXT, loop_nest(result)
        if specification is not None:
            yield MAPPING_SVG, as_file(pictures.nest)
    if result.evaluation is not None:
        yield ENERGY_CSV, energy_csv(result)
        yield ENERGY_SVG, as_file(pictures.energy)
    if result.front:
        yield FRONT_CSV, front_csv(result)
    if result.layers:
        yield LAYERS_CSV, layers_csv(result)
    if result.generation is not None and result.generation.steps:
        yield GENERATION_CSV, generation_csv(result.generation, result.cycle_seconds)
        yield GENERATION_SVG, generation_svg(result.name, result.generation, standalone=True)
    groups = fused_groups(result)
    if groups:
        yield MAPPING_TXT, fused_nests(result)
        yield MAPPING_SVG, fused_svg(result, groups, standalone=True)
    if result.proof is not None:
        yield PROOF_JSON, proof_text(result.proof)
    yield RESULT_JSON, pretty_json(result_to_dict(result)) + "\n"
