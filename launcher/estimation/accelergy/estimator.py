"""Components through Accelergy: what was estimated before is not asked again."""

from __future__ import annotations

import fcntl
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import yaml

from launcher.cache_place import cache_folder
from launcher.errors import EstimationError, LauncherError
from launcher.estimation.accelergy.failures import explain
from launcher.estimation.accelergy.inputs import Described, describe, write_inputs
from launcher.estimation.accelergy.outputs import BY_TABLES, Figures, read_outputs
from launcher.estimation.accelergy.program import find_program, run
from launcher.estimation.base import ComponentEstimate, EstimatorSettings
from launcher.estimation.links import files_in
from launcher.estimation.parts import Composition, whole
from launcher.estimation.tables import TablesEstimator, class_of
from launcher.specification.architecture import Component
from launcher.whole_files import write_text

_ACCURACY = {"tables": 100, "plug_ins": 1}
"""``estimator.prefer`` -> accuracy of the tables in percent: who is asked first."""


@dataclass(frozen=True)
class _Asked:
    """A component, the name of its figures in the cache, and the parts it consists of by the project's rules."""

    described: Described
    digest: str
    composition: Composition | None


class AccelergyEstimator:
    """The real Accelergy with the project's components and tables.

    Args:
        settings: ``prefer`` says whose figures count where both the tables and an installed plug-in have some.

    Raises:
        EstimationError: Accelergy is not installed, or a folder or file of the user's is not as it should be.
    """

    name = "accelergy"

    def __init__(self, settings: EstimatorSettings) -> None:
        if settings.prefer not in _ACCURACY:
            raise EstimationError(f"estimator.prefer={settings.prefer} is unknown", expected=" or ".join(_ACCURACY))
        self._settings = settings
        self._tables = TablesEstimator(settings)
        self._own_files = [file for path in settings.components for file in component_files(path)]
        self._own_classes = {name for file in self._own_files for name in classes_of(file)}
        self._program = find_program(settings.program)
        self._stamp = self._decisive()
        self.version = self._stamp

    def __call__(self, components: Sequence[Component]) -> list[ComponentEstimate]:
        """One run of Accelergy for all components that were not estimated before.

        Raises:
            EstimationError: Accelergy failed; says how, and which component it was about.
        """
        asked = [self._ask(component) for component in components]
        known = {one.digest: figures for one in asked if (figures := _cached(one.digest)) is not None}
        missing = {one.digest: one for one in asked if one.digest not in known and not _is_free(one)}
        if missing:
            with _alone_with(missing):
                known |= self._ask_for(missing)
        versions = {figures.version for figures in known.values()}
        self.version = "+".join((*sorted(versions), self._stamp))
        return [_estimate_of(one, known.get(one.digest)) for one in asked]

    def _ask_for(self, missing: Mapping[str, _Asked]) -> dict[str, Figures]:
        """Figures of components, those aside that another process found while this one waited."""
        known = {digest: figures for digest in missing if (figures := _cached(digest)) is not None}
        left = {digest: one for digest, one in missing.items() if digest not in known}
        if left:
            found = self._estimate([one.described for one in left.values()])
            for digest, one in left.items():
                known[digest] = found[one.described.name]
                _keep(digest, known[digest])
        return known

    def _ask(self, component: Component) -> _Asked:
        own_class = class_of(component)
        composition = None
        if own_class not in self._own_classes:
            composition = self._tables.find(component) or whole(component, own_class)
        described = describe(component, composition, own_class)
        content = json.dumps([described.content(), self._stamp], sort_keys=True)
        return _Asked(described, sha256(content.encode()).hexdigest(), composition)

    def _estimate(self, components: Sequence[Described]) -> dict[str, Figures]:
        """Run Accelergy; its folder is kept when it failed, in place of that of the failure before."""
        runs = cache_folder() / "accelergy" / "runs"
        runs.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=runs))
        try:
            files = write_inputs(folder, components, _ACCURACY[self._settings.prefer])
            result = run(self._program, folder, [*files, *self._own_files], self._settings.timeout_s)
            try:
                return read_outputs(result, components)
            except LauncherError as error:
                kept = runs / "failed"
                shutil.rmtree(kept, ignore_errors=True)
                failure = explain(result, components, self._program, self._settings, error, kept)
                folder.rename(kept)
                raise failure from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _decisive(self) -> str:
        """Eight hexadecimal digits of all that decides the figures beside the component."""
        digest = sha256(f"{self._program.digest} {self._settings.prefer}".encode())
        for file in self._own_files:
            digest.update(file.read_bytes())
        return digest.hexdigest()[:8]


def component_files(path: Path) -> list[Path]:
    """The YAML files with compound components that a file or folder of the user's holds.

    Raises:
        EstimationError: there are none.
    """
    found = [file for file in files_in(path.expanduser().absolute()) if file.suffix == ".yaml"] if path.exists() else []
    if not found:
        raise EstimationError(
            "there are no compound components",
            where=f"estimator.components: {path}",
            expected="a .yaml file of Accelergy's v0.4 compound components, or a folder of such files",
        )
    return found


def classes_of(file: Path) -> list[str]:
    """Names of the compound classes in a file.

    Raises:
        EstimationError: it is not such a file.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        return [str(one["name"]) for one in content["compound_components"]["classes"]]
    except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError) as error:
        raise EstimationError(
            f"the file holds no compound components: {error}",
            where=str(file),
            expected="compound_components: {version: 0.4, classes: [...]}",
        ) from None


def _is_free(one: _Asked) -> bool:
    return one.composition is not None and not one.composition.parts


def _estimate_of(one: _Asked, figures: Figures | None) -> ComponentEstimate:
    if figures is None:
        assert one.composition is not None  # what is free was not asked for
        return one.composition.estimate()
    by_tables = {part for part, plug_in in figures.plug_ins.items() if plug_in == BY_TABLES}
    notes = [
        note
        for part in (one.composition.parts if one.composition else ())
        if part.name in by_tables
        for note in part.notes
    ]
    notes += [f"{part} by {plug_in}" for part, plug_in in figures.plug_ins.items() if plug_in != BY_TABLES]
    return ComponentEstimate(figures.actions, figures.area_um2, tuple(dict.fromkeys(notes)))


@contextmanager
def _alone_with(digests: Iterable[str]) -> Iterator[None]:
    """Let no other process estimate these components: the trials of a sweep that starts at once share most of them."""
    with ExitStack() as locks:
        for digest in sorted(digests):  # everybody in the same order, so that nobody waits in a circle
            path = _file(digest).with_suffix(".lock")
            path.parent.mkdir(parents=True, exist_ok=True)
            file = locks.enter_context(path.open("w"))
            with suppress(OSError):  # a file system without locks: asking twice does no harm
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _file(digest: str) -> Path:
    return cache_folder() / "accelergy" / "components" / digest[:2] / f"{digest}.json"


def _cached(digest: str) -> Figures | None:
    try:
        return Figures.from_json(json.loads(_file(digest).read_text(encoding="utf-8")))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _keep(digest: str, figures: Figures) -> None:
    """Several processes may keep the same figures at once."""
    file = _file(digest)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, json.dumps(figures.to_json()))
