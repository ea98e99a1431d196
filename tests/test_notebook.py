"""Results in notebooks: data frames, figures, HTML, sweeps and loading."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import launcher
from launcher import Result, Results
from launcher.config.spoken import spoken
from launcher.errors import LauncherError
from launcher.reporting.diagrams import limiting
from launcher.timeloop_files.io import dump_mapping, dump_specification

GRID = ["arch.accumulator_kib=0.25,64,256", "arch.rows=8,16", "layer=KTQ", "model=bert_base"]
"""A quarter of a KiB is too small for any mapping."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def trials(folder: Path) -> Results:
    return launcher.sweep(GRID, output=folder / "grid")


@pytest.fixture(scope="module")
def network() -> Result:
    return launcher.run(["layer=[KTQ,softmax]", "model=bert_base", "fusion=best"])


def test_importing_is_cheap() -> None:
    code = (
        "import sys, launcher; launcher.run; "
        "print({'pandas', 'plotly', 'mlflow', 'optuna', 'numba'} & set(sys.modules) or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "none"


def test_a_sweep_has_all_its_trials_in_order(trials: Results) -> None:
    assert len(trials) == 6
    assert [one.parameters["arch.rows"] for one in trials] == [8, 16] * 3
    assert len(trials.failed) == 2
    assert all("Accumulator" in str(one.reason) for one in trials.failed)
    assert set(trials.varying) == {"arch.rows", "arch.accumulator_kib"}
    assert [one.parameters["arch.accumulator_kib"] for one in trials.where(arch__rows=16).ok] == [64, 256]
    assert trials[2:4].trials == (trials[2], trials[3])


def test_the_best_and_the_front(trials: Results) -> None:
    assert trials.best().edp_j_cycles == min(one.edp_j_cycles for one in trials.ok)
    assert trials.best("energy").energy_pj == min(one.energy_pj for one in trials.ok)
    front = trials.front()
    assert trials.best("energy") in front
    assert trials.best("cycles") in front
    for one in trials.ok:
        assert any(best.energy_pj <= one.energy_pj and best.cycles <= one.cycles for best in front)
    with pytest.raises(ValueError, match="none of the 2 trials"):
        trials.failed.best()


def test_the_frame_has_a_row_per_trial_with_its_figures(trials: Results) -> None:
    frame = trials.to_pandas()
    assert list(frame["arch.rows"]) == [one.parameters["arch.rows"] for one in trials]
    assert frame["arch.rows"].dtype.kind == "i"
    assert list(frame.loc[frame.status == "ok", "cycles"]) == [one.cycles for one in trials.ok]
    assert frame.loc[frame.status == "infeasible", "energy_pj"].isna().all()
    assert "model.heads" not in frame
    assert "model.heads" in trials.to_pandas(every_parameter=True)
    assert len(Results(()).to_pandas()) == 0


def test_the_frame_of_a_trial_sums_to_its_energy(trials: Results, network: Result) -> None:
    for one in (trials.best(), network):
        assert one.to_pandas().energy_pj.sum() == pytest.approx(one.energy_pj)
    assert set(network.to_pandas().layer) == {str(run.result.parameters["layer"]) for run in network.layers}
    assert len(trials.failed[0].to_pandas()) == 0


def test_figures_show_the_results_figures(trials: Results, network: Result) -> None:
    best = trials.best()
    assert sum(sum(bar.x) for bar in best.plot_energy().data) == pytest.approx(best.energy_pj * 1e-6)
    slowest = limiting(best)
    assert slowest is not None
    assert max(best.plot_cycles().data[0].x) == slowest.cycles
    assert sum(network.plot_cycles().data[0].x) == network.cycles
    assert sum(sum(bar.x) for bar in network.plot_energy().data) == pytest.approx(network.energy_pj * 1e-6)
    points, front = trials.plot_front().data
    assert list(points.x) == [one.cycles for one in trials.ok]
    assert list(front.y) == [one.energy_pj * 1e-6 for one in trials.front()]
    assert sum(sum(bar.y) for bar in trials.plot_energy().data) == pytest.approx(
        sum(one.energy_pj for one in trials.ok) * 1e-6
    )
    axes = {axis.label: list(axis.values) for axis in trials.plot_parallel().data[0].dimensions}
    assert axes["arch.rows"] == [one.parameters["arch.rows"] for one in trials.ok]
    with pytest.raises(ValueError, match="no trial has a figure 'speed'"):
        trials.plot_parallel("speed")


def test_plots_without_plotly_say_what_to_install(network: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("launcher.notebook.figures", "launcher.notebook.roofline"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in ("plotly", "plotly.graph_objects"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(LauncherError, match=r"Plotly(.|\n)*pip install .*notebook"):
        network.plot_energy()
    assert "softmax" in network._repr_html_()  # needs none


def test_nothing_to_draw_is_drawn_empty(trials: Results) -> None:
    nothing = trials.failed
    for figure in (nothing.plot_front(), nothing.plot_energy(), nothing[0].plot_energy(), nothing[0].plot_cycles()):
        assert all(not trace.x for trace in figure.data)


def test_html_says_what_the_terminal_says(trials: Results, network: Result) -> None:
    page = trials._repr_html_()
    assert "6 trials, 2 without a mapping, best EDP first" in page
    assert f"{trials.best().cycles:,}" in page
    assert "infeasible: no valid mapping" in page
    shown = trials.best()._repr_html_()
    assert "proved optimal (edp)" in shown
    assert shown.count("data:image/svg+xml;base64,") == 2
    assert "softmax" in network._repr_html_()
    assert "no valid mapping" in trials.failed[0]._repr_html_()
    assert "no trials" in Results(())._repr_html_()
    marked = Result("<b>x</b>", "failed", {}, "", "", reason="a < b\n& c")._repr_html_()
    assert "&lt;b&gt;x" in marked
    assert "a &lt; b<br>&amp; c" in marked


def test_a_sweep_is_loaded_again(trials: Results, folder: Path) -> None:
    assert launcher.load(folder / "grid") == trials
    assert launcher.load("grid", directory=folder) == trials
    with pytest.raises(LauncherError, match="nothing is called"):
        launcher.load("gridd", directory=folder)


def test_a_search_in_the_same_folder_goes_on(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    space = [
        "hydra/sweeper=optuna",
        "sweep.prune=false",
        "arch.rows=choice(8,16,32)",
        "layer=KTQ",
        "model=bert_base",
        "sweep.sampler=grid",
    ]
    first = launcher.sweep([*space, "sweep.n_trials=2"], output=folder / "search")
    more = launcher.sweep([*space, "sweep.n_trials=3"], output=folder / "search")
    assert len(first) == 2
    assert more[:2].trials == first.trials
    assert {one.parameters["arch.rows"] for one in more} == {8, 16, 32}
    assert capfd.readouterr() == ("", "")


def test_a_mistake_in_a_sweep_is_explained() -> None:
    with pytest.raises(LauncherError, match="rowz"):
        launcher.sweep(["arch.rowz=1,2", "layer=KTQ"])


def test_settings_of_a_search_that_make_no_sense_are_refused(trials: Results) -> None:
    specification = trials.best().specification
    assert specification is not None
    for wrong, what in (
        ({"threads": 0}, "threads=0 is out of range"),
        ({"timeout_s": -1}, "timeout_s=-1 is out of range"),
        ({"timeout_s": 0}, "timeout_s=0 is out of range"),
        ({"factors": "none"}, "factors='none' is unknown"),
        ({"objective": "speed"}, "objective=speed is not an objective"),
    ):
        with pytest.raises(LauncherError) as told:
            launcher.map(specification, **wrong)  # type: ignore[arg-type]
        assert told.value.what == what and told.value.expected


def test_large_figures_are_whole_numbers_in_one_line() -> None:
    found = launcher.run("arch=gemmini layer=[KTQ,softmax] model=bert_large")
    assert repr(found).startswith(f"<gemmini 16x16 KTQ+softmax: {found.energy_pj * 1e-6:,.0f} uJ, ")
    trials = launcher.sweep("layer=KQV model=bert_large arch.rows=8,16")
    dots = trials.plot_front().data[0]
    assert "e+" not in repr(found) + repr(trials) + str(list(dots.text or dots.hovertext or dots.customdata))


def test_runs_are_asked_for_in_one_text_or_by_name(trials: Results) -> None:
    same = launcher.run("arch=gemmini layer=KTQ model=bert_base 'arch.rows=16'", **{"arch.accumulator_kib": 64})
    assert same.cycles == trials.where(arch__rows=16, arch__accumulator_kib=64)[0].cycles
    assert repr(same) == f"<gemmini 16x16 KTQ: {same.energy_pj * 1e-6:,.4g} uJ, {same.cycles:,} cycles, " + (
        f"{100 * same.utilization:.1f} %, proved>"
    )
    assert "no valid mapping" in repr(trials.failed[0]) and "\n" not in repr(trials.failed[0])
    cases = {
        "layer=[KTQ,softmax]": {"layer": ["KTQ", "softmax"]},
        "verify=false": {"verify": False},
        "model.path='/a b/it\\'s.json'": {"model.path": Path("/a b/it's.json")},
        "arch={rows:8}": {"arch": {"rows": 8}},
        "configs=null": {"configs": None},
    }
    for text, values in cases.items():
        assert spoken((), values) == [text]
    assert spoken((), {"arch.rows": range(8, 25, 8), "sweep.objectives": [["cycles", "energy_pj"]]}, swept=True) == [
        "arch.rows=8,16,24",
        "sweep.objectives=[cycles,energy_pj]",
    ]
    for wrong in ("layer='KTQ", [3]):
        with pytest.raises(LauncherError):
            launcher.run(wrong)  # type: ignore[arg-type]


def test_specifications_are_objects_of_files_or_of_python(trials: Results, network: Result, tmp_path: Path) -> None:
    best = trials.best()
    assert best.specification is not None and best.mapping is not None
    (tmp_path / "spec.yaml").write_text(dump_specification(best.specification))
    (tmp_path / "map.yaml").write_text(dump_mapping(best.mapping, best.specification))
    read = launcher.Specification.from_yaml(tmp_path / "spec.yaml")  # type: ignore[attr-defined]
    mapping = launcher.Mapping.from_yaml(tmp_path / "map.yaml", read)  # type: ignore[attr-defined]
    assert launcher.evaluate(read, mapping).energy_pj == pytest.approx(best.energy_pj)
    assert launcher.map(best.specification).cycles == best.cycles
    assert launcher.Problem.from_yaml(tmp_path / "spec.yaml") == read.problem  # type: ignore[attr-defined]
    machine = launcher.Architecture.from_yaml(tmp_path / "spec.yaml")  # type: ignore[attr-defined]

    def words(*names: str) -> tuple[tuple[launcher.Term, ...], ...]:
        return tuple((launcher.Term(name),) for name in names)

    tensors = (
        launcher.DataSpace("Weights", words("E", "D")),
        launcher.DataSpace("Inputs", words("L", "E")),
        launcher.DataSpace("Outputs", words("L", "D"), read_write=True),
    )
    problem = launcher.Problem("gemm", {"L": 32, "D": 32, "E": 32}, tensors)
    own = launcher.map(launcher.Specification(machine, problem), "cycles")
    assert own.ok and own.specification is not None and own.specification.energy is not None
    reached = {point for trace in best.plot_roofline().data if trace.mode == "markers+text" for point in trace.y}
    assert reached == {best.evaluation.computes / best.cycles} if best.evaluation else False
    assert "<svg" in best.plot_mapping().svg
    for draw in ("plot_roofline", "plot_mapping"):
        with pytest.raises(ValueError, match="each layer has its own"):
            getattr(network, draw)()
        with pytest.raises(ValueError, match="no valid mapping"):
            getattr(trials.failed[0], draw)()
