"""``engine=timeloop``: the real Timeloop behind the common interface."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from launcher.engines.interface import Mapped, MapperSettings, OnProgress
from launcher.engines.timeloop import front_end
from launcher.engines.timeloop.failures import explain, log_of, not_mapped
from launcher.engines.timeloop.follow import Follower
from launcher.engines.timeloop.inputs import (
    FOR_FRONT_END,
    mapper_keys,
    write_evaluation,
    write_evaluation_for_front_end,
    write_search,
    write_search_for_front_end,
)
from launcher.engines.timeloop.log_mapping import best_logged
from launcher.engines.timeloop.mapping_file import read_found
from launcher.engines.timeloop.process import Ended, Limits, run
from launcher.engines.timeloop.programs import MAPPER, MODEL, ThisMachine, place_of
from launcher.engines.timeloop.ruby import remarks_on_ruby
from launcher.engines.timeloop.screen import Screen
from launcher.engines.timeloop.settings import FRONT_ENDS, TimeloopSettings
from launcher.engines.timeloop.statistics import read_evaluation
from launcher.engines.timeloop.widths import in_words
from launcher.errors import ConfigurationError, EngineError, LauncherError
from launcher.programs import environment_at
from launcher.results.evaluation import Evaluation
from launcher.results.result import Optimality, SearchStatistics
from launcher.specification.mapping import Mapping
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import dump_mapping

_FROM_LOG = "best_in_log.yaml"

_EVALUATION_S = 600.0
"""An evaluation takes a fraction of a second; one that takes this long hangs."""


class TimeloopEngine:
    """Timeloop's programs, started for every search and evaluation in a folder of its own.

    Args:
        settings: where they are, and how they search.
        folder: takes the folders of the runs; None keeps nothing.

    Raises:
        EngineError: the programs are not there, or the settings contradict each other.
    """

    name = "timeloop"

    def __init__(self, settings: TimeloopSettings, folder: Path | None = None) -> None:
        self._settings = settings
        self._folder = folder
        self._place = place_of(settings)
        self.version = self._place.version
        self._through_front_end = _front_end_is_used(settings)

    def map(
        self, specification: Specification, settings: MapperSettings, on_progress: OnProgress | None = None
    ) -> Mapped:
        """The best mapping that ``timeloop-mapper`` finds; its search is a sample, which proves nothing.

        Ctrl-C (a KeyboardInterrupt of ``on_progress``) and ``settings.timeout_s`` end it with the best so far.

        Raises:
            NoValidMappingError: it found none.
            EngineError: it failed before it found one, or a level keeps values of several widths; says how. One that
                died later leaves the best mapping in its log, with a remark.
        """
        write = write_search_for_front_end if self._through_front_end else write_search
        live = Screen() if self._settings.live else None
        with self._run_folder("search") as folder:
            files = write(folder, in_words(specification), mapper_keys(settings, self._settings), self._settings)
            follower = Follower(
                folder, specification.problem.computes, settings.objective[0], on_progress, quiet=live is not None
            )
            limits = Limits(settings.timeout_s, self._settings.timeout_s)
            ended = self._run(MAPPER, folder, files, limits, follower, live)
            found = folder / f"{MAPPER}.map.yaml"
            if ended.status != 0 or not found.is_file() or not found.stat().st_size:
                failure = explain(ended, folder, MAPPER, self._settings)
                kept = self._kept(specification, settings, failure, ended, folder)
                if kept is None:
                    raise failure
                return kept
            mapping = read_found(specification, found, folder / f"{MAPPER}.map.txt")
            evaluation = self._evaluation(specification, folder, MAPPER)
            follower.read()
        counters = {"improvements": follower.improvements}
        optimality = Optimality("heuristic", settings.objective)
        remarks = remarks_on_ruby(specification) if self._settings.template == "ruby" else ()
        return Mapped(mapping, evaluation, optimality, SearchStatistics(ended.seconds, counters), remarks)

    def _kept(
        self,
        specification: Specification,
        settings: MapperSettings,
        failure: LauncherError,
        ended: Ended,
        folder: Path,
    ) -> Mapped | None:
        """The best mapping in the log of a search that died, as ``timeloop-model`` evaluates it; None without any."""
        logged = best_logged(log_of(folder), specification, settings.objective)
        if logged is None:
            return None
        (folder / _FROM_LOG).write_text(dump_mapping(logged.mapping, specification), encoding="utf-8")
        try:
            evaluation = self.evaluate(specification, logged.mapping)
        except LauncherError:
            evaluation = None
        if evaluation is None or not evaluation.legal:
            failure.hint = f"the best mapping in its log is in {folder / _FROM_LOG}"
            return None
        remark = f"{failure.what}; this is the best of {logged.count} mappings in its log"
        counters = {"improvements": logged.count}
        return Mapped(
            logged.mapping,
            evaluation,
            Optimality("heuristic", settings.objective),
            SearchStatistics(ended.seconds, counters),
            (remark,),
        )

    def pareto(
        self, specification: Specification, settings: MapperSettings, on_progress: OnProgress | None = None
    ) -> tuple[Mapped, ...]:
        """Not possible: Timeloop minimises one criterion after the other."""
        raise ConfigurationError("mapper.objective=pareto needs the native engine", hint="engine=native")

    def evaluate(self, specification: Specification, mapping: Mapping) -> Evaluation:
        """What ``timeloop-model`` says of one mapping.

        Raises:
            EngineError: it failed; says how.
        """
        with self._run_folder("evaluation") as folder:
            if self._through_front_end and mapping.is_perfect:
                files = write_evaluation_for_front_end(folder, in_words(specification, mapping), mapping)
            else:
                files = write_evaluation(folder, in_words(specification, mapping), mapping)
            ended = self._run(MODEL, folder, files, Limits(hard_s=self._settings.timeout_s or _EVALUATION_S))
            if ended.status == 0 and (folder / f"{MODEL}.stats.txt").is_file():
                return self._evaluation(specification, folder, MODEL)
            reason = not_mapped(log_of(folder))
            if reason is None:
                raise explain(ended, folder, MODEL, self._settings)
            return Evaluation(legal=False, reason=reason)

    def _evaluation(self, specification: Specification, folder: Path, program: str) -> Evaluation:
        return read_evaluation(specification, folder / f"{program}.map+stats.xml", folder / f"{program}.stats.txt")

    def _run(
        self,
        program: str,
        folder: Path,
        files: list[str],
        limits: Limits,
        on_tick: Follower | None = None,
        screen: Screen | None = None,
    ) -> Ended:
        if files == [FOR_FRONT_END]:
            command = self._front_end_command(program, folder, files)
        else:
            command = self._place.command(program, files, folder)
        try:
            return run(
                command,
                folder,
                self._environment(folder),
                limits,
                on_tick or (lambda seconds: None),
                kill=lambda: self._place.kill(command),
                screen=screen,
            )
        except OSError as error:
            raise EngineError(f"{command[0]} cannot be started: {error.strerror}", where="engine.bin_dir") from error

    def _front_end_command(self, program: str, folder: Path, files: list[str]) -> list[str]:
        script = Path(front_end.__file__)
        arguments = [program.removeprefix("timeloop-"), *files]
        if isinstance(self._place, ThisMachine):
            self._place.find(program)  # the front end's shell would only say status 127
            return [sys.executable, str(script), *arguments]
        shutil.copy(script, folder / script.name)
        return self._place.command("python3", [script.name, *arguments], folder)

    def _environment(self, folder: Path) -> dict[str, str]:
        """Everything that Timeloop, its front end or Accelergy write goes to the run's folder."""
        home = folder / "home"
        home.mkdir(exist_ok=True)
        path = os.environ.get("PATH", os.defpath)
        if self._settings.bin_dir is not None:
            path = os.pathsep.join((str(self._settings.bin_dir.expanduser().absolute()), path))
        return {**environment_at(home), "PATH": path, "TMPDIR": str(home)}

    @contextmanager
    def _run_folder(self, kind: str) -> Iterator[Path]:
        """A new folder for a run; it stays where there is a folder to keep it in."""
        if self._folder is None:
            with tempfile.TemporaryDirectory(prefix="timeloop-") as scratch:
                yield Path(scratch)
            return
        folder = self._folder.absolute() / kind
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield folder
        home = folder / "home"
        if home.is_dir() and not any(home.iterdir()):
            home.rmdir()


def _front_end_is_used(settings: TimeloopSettings) -> bool:
    chosen = settings.frontend
    if chosen is not None and chosen not in FRONT_ENDS:
        raise EngineError(f"engine.frontend={chosen} is unknown", expected=" or ".join(FRONT_ENDS))
    if chosen is not None:
        return chosen == "timeloopfe"
    return settings.container is None and any(_is_there(name) for name in front_end.FRONT_ENDS)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False
