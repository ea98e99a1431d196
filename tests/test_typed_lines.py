"""What people type instead of what is meant: each is answered with what to type, and that works."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from command_line import command_here, launch_here

from launcher.config.compose import compose
from launcher.config.explain import CommandLineError
from launcher.config.recompose import kept_composition, recompose
from launcher.config.typed_line import arranged
from launcher.errors import LauncherError
from launcher.figures import criterion_named, metric_named
from launcher.installed import own_version
from launcher.results.goals import parse_goals

CHOICES = {
    "layer=ktq": "layer=KTQ",
    "model=BERT-Base": "model=bert_base",
    "fusion=Accumulator": "fusion.level=Accumulator",
    "+experiment=hwdse_pmi": "+experiment=hwdse_pim",
    "arch.pes=4": "arch=simba has it",
    "sweep.objectives=energy": "'sweep.objectives=[energy]'",
}
"""A mistake in a composition -> what its message holds."""

VALUES = {
    "arch.scratchpad_kib=256KiB": "arch.scratchpad_kib=256",
    "arch.scratchpad_kib=1MB": "arch.scratchpad_kib=1024",
    "arch.technology_nm=7nm": "arch.technology_nm=7",
    "arch.cycle_ns=2GHz": "arch.cycle_ns=0.5",
    "arch.scratchpad_width_bits=16B": "arch.scratchpad_width_bits=128",
    "arch.dram_bandwidth=unlimited": "arch.dram_bandwidth=null",
    "arch.rows=16.0": "arch.rows=16",
    "arch.rows=16x32": "arch.rows=16 arch.cols=32",
    "constraints.power_w=500mW": "constraints.power_w=0.5",
    "constraints.utilization=90%": "constraints.utilization=0.9",
    "mapper.timeout_s=2min": "mapper.timeout_s=120",
    "mapspace.factors=Spatial": "mapspace.factors=spatial",
    "mapspace.factors=imperfect": "mapspace.factors=spatial",
    "count_repeats=nope": None,
    "arch.rows=8-64": "-m 'arch.rows=range(8,65,8)'",
    "arch.rows=8..12": "-m 'arch.rows=range(8,13)'",
    "arch.rows=8:64:4": "-m 'arch.rows=range(8,65,4)'",
    "arch.rows=8/16": "-m arch.rows=8,16",
    "arch.rows=sixteen": "arch.rows=16",
    "arch.technology_nm=7km": "arch.technology_nm=32",
    "arch.rows=0x0": "arch.rows=16",
    "arch.technology_nm=1nm": "arch.technology_nm=32",
}
"""A value of a wrong type -> what is told to type."""


def test_choices_and_keys_are_told_with_what_is_meant() -> None:
    for typed, wanted in CHOICES.items():
        with pytest.raises(LauncherError) as told:
            compose(typed.split())
        assert wanted in str(told.value), f"{typed}: {told.value}"


def test_values_are_told_as_they_should_be_and_that_can_be_typed() -> None:
    composed = kept_composition([])
    for typed, wanted in VALUES.items():
        key, _, value = typed.partition("=")
        with pytest.raises(LauncherError) as told:
            composed.at({key: value})
        assert told.value.hint == wanted, f"{typed}: {told.value}"
        if wanted and "-m" not in wanted:
            recompose(wanted.split())


def test_a_key_of_another_architecture_is_told_with_what_the_part_is_called() -> None:
    cases = {
        "pim": {"scratchpad_kib": "glb_kib", "scratchpad_width_bits": "glb_width_bits", "accumulator_kib": None},
        "gemmini": {"glb_bandwidth": "scratchpad_bandwidth", "psum_spad_kib": "accumulator_kib", "cell_bits": None},
        "simba": {"accumulator_kib": "accumulation_buffer_kib", "unified_buffer_banks": "global_buffer_banks"},
    }
    for arch, names in cases.items():
        composed = kept_composition([f"arch={arch}"])
        for name, wanted in names.items():
            with pytest.raises(LauncherError) as told:
                composed.at({f"arch.{name}": 64})
            assert (f"{arch} has {wanted}" if wanted else "no such part") in str(told.value), str(told.value)


LINES = {
    "arch.rows = 8 layer=KTQ": "arch.rows=8 layer=KTQ",
    "arch.rows= 8": "arch.rows=8",
    "-m arch.rows=8, 16 arch=pim": "-m arch.rows=8,16 arch=pim",
    "layer.L = -5": "layer.L=-5",
    "layer.sizes={q:64, k:64}": "'layer.sizes={q:64,k:64}'",
    "'arch.rows = 8'": "arch.rows=8",
    "arch.rows=8 -M arch.cols=4": "arch.rows=8 -m arch.cols=4",
    "--arch=pim layer=KTQ": "arch=pim layer=KTQ",
    "--arch pim": "arch=pim",
    "arch:pim": "arch=pim",
    "arch=pim,layer=KTQ": "arch=pim layer=KTQ",
    "'arch.rows=8;arch.cols=8'": "arch.rows=8 arch.cols=8",
    "pim KTQ": "arch=pim layer=KTQ",
    "sweep.constraints=['area <= 4']": "'sweep.constraints=[\"area_mm2 <= 4\"]'",
    "help": "--help",
}
"""A command line -> the one that is told."""


def test_a_line_that_cannot_be_read_is_told_as_it_should_be() -> None:
    for typed, wanted in LINES.items():
        with pytest.raises(CommandLineError) as told:
            arranged(shlex.split(typed))
        assert told.value.hint == f"python launch.py {wanted}", typed
        if wanted != "--help":
            assert sorted(arranged(shlex.split(wanted))) == sorted(shlex.split(wanted))
    with pytest.raises(CommandLineError, match="python -m launcher"):
        arranged(["doctor"], ["doctor"])


def test_options_stand_anywhere_and_lines_that_are_right_stay() -> None:
    right = [
        ["layer.expression=O[q,d] += P[q,k] * V[k,d]", "layer.sizes={q: 64, k: 64}"],
        ["-m", "arch.rows=range(8,65,8)", "arch.cols=choice(8, 16)", "~fusion", "+experiment=hwdse_pim"],
        [
            "--cfg",
            "job",
            "--config-dir",
            "my conf",
            "mapper.objective=[edp,cycles]",
            'sweep.constraints=["cycles <= 4"]',
        ],
        ["sweep.enqueue=[{arch.rows: 16, arch.cols: 32}]", "hydra.run.dir=a b", "arch.rows=", "key='a, b = c'"],
    ]
    for line in right:
        assert arranged(line) == line
    assert arranged(["a.b=1", "-m", "c=2", "--config-dir", "x", "d=-3"]) == [
        "-m",
        "--config-dir",
        "x",
        "a.b=1",
        "c=2",
        "d=-3",
    ]


def test_objectives_have_the_names_that_the_mapper_and_the_tables_have() -> None:
    assert [criterion_named(one) for one in ("EDP", "energy_pj", "Cycles", "edp_j_cycles")] == [
        *("edp", "energy", "cycles", "edp"),
    ]
    assert criterion_named("area") is None
    goals = parse_goals(["energy", "Cycles", "area", "utilization"], ["min", "min", "min", "max"])
    assert goals == parse_goals(["energy_pj", "cycles", "area_mm2", "utilization"])
    assert metric_named("energy per MAC") == "energy_per_mac_pj"
    for limit, meant in (
        ("area <= 4", "area_mm2 <= 4"),
        ("EDP < 3", "edp_j_cycles < 3"),
        ("energy <= 1", "energy_uj <= 1"),
    ):
        with pytest.raises(LauncherError, match=meant):
            parse_goals(["edp"], None, [limit])
    assert str(compose(["mapper.objective=[EDP,energy_pj]"]).parameters["objective"]) == "edp,energy"


def test_the_command_line_says_how_to_go_on(tmp_path: Path) -> None:
    told = {
        "arch.rows=choice(8,16) hydra/sweeper=optuna": (
            2,
            "python launch.py -m 'arch.rows=choice(8,16)' hydra/sweeper=optuna",
        ),
        "experiment=hwdse_pim": (2, "python launch.py -m +experiment=hwdse_pim"),
        "hydra/sweeper=optuna": (1, "add -m"),
        "-m sampler=bayes arch.rows=8,16": (1, "sweep.sampler=tpe"),
        "-m hydra/sweeper=bayes arch.rows=8,16": (1, "hydra/sweeper=optuna"),
        "+arch.rows=8": (1, "arch.rows=8"),
        "'layer=[ktq,softmax]'": (1, "layer=[KTQ,softmax]"),
    }
    for typed, (status, wanted) in told.items():
        launch_here(tmp_path, *shlex.split(typed), "tracking=none").must_explain(wanted, status=status)
    assert not list(tmp_path.rglob("*.json"))


def test_help_lists_everything_and_the_version_is_ours(tmp_path: Path) -> None:
    page = launch_here(tmp_path, "--help").must_succeed().out
    for word in (
        *(
            "constraints.area_mm2",
            "sweep.n_trials",
            "fusion.level",
            "configs",
            "cache",
            "mapspace.factors",
            "estimator.tables",
        ),
        *("hydra/sweeper", "exhaustive", "python -m launcher", "doctor", "--version", "submitit_slurm"),
    ):
        assert word in page, word
    for outcome in (launch_here(tmp_path, "--version"), command_here(tmp_path, "--version")):
        assert outcome.must_succeed().out.strip() == f"timeloop-launcher {own_version()}"
