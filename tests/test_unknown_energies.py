"""Files whose energies nobody knows: counts and cycles stay exact, and energies say what they lack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from front_end_cases import BASE, MAPPING, PROBLEM

from launcher.__main__ import main
from launcher.commands.energies import with_energies
from launcher.errors import EstimationError, SpecificationError
from launcher.estimation import estimate
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import Document, parse_specification, read_specification

UNKNOWN = """
architecture:
  version: 0.4
  nodes:
  - !Container {name: chip, attributes: {technology: "45nm"}}
  - !Component {name: DRAM, class: DRAM, attributes: {width: 64, datawidth: 8}}
  - !Component {name: GB, class: storage, subclass: scratchpad, attributes: {depth: 2048, width: 64, datawidth: 8}}
  - !Component {name: MAC, class: compute}
"""
ONE_LEVEL = """
architecture:
  version: 0.4
  nodes:
  - !Container {name: chip, attributes: {technology: "40nm", global_cycle_seconds: 1e-9}}
  - !Component {name: Buffer, class: regfile, attributes: {depth: 64, width: 8, datawidth: 8}}
  - !Component {name: MACC, class: intmac, attributes: {width: 8}}
problem:
  version: 0.4
  shape:
    name: conv1d
    dimensions: [R, P]
    data_spaces:
    - {name: Weights, projection: [[[R]]]}
    - {name: Inputs, projection: [[[R], [P]]]}
    - {name: Outputs, projection: [[[P]]], read_write: True}
  instance: {R: 3, P: 16}
mapping:
- {target: Buffer, type: temporal, factors: R=3 P=16, permutation: RP}
"""
BUFFER = "{name: read, energy: 1}, {name: write, energy: 1}, {name: update, energy: 1}"


class Ran:
    """What a command did: its status, what it printed, and its JSON."""

    def __init__(self, status: int, out: str, err: str, found: Any) -> None:
        self.status, self.out, self.err, self.json = status, out, err, found


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("COLUMNS", "200")

    def command(name: str, *texts: str, options: tuple[str, ...] = ()) -> Ran:
        files = []
        for number, text in enumerate(texts):
            files.append(tmp_path / f"{number}.yaml")
            files[-1].write_text(text)
        out = tmp_path / "out.json"
        status = main([name, *map(str, files), "--json", str(out), *options])
        captured = capsys.readouterr()
        found = json.loads(out.read_text()) if status == 0 else None
        return Ran(status, captured.out, captured.err, found)

    return command


def test_counts_and_cycles_are_exact_and_the_default_is_named(run: Any) -> None:
    done = run("evaluate", ONE_LEVEL)
    (found,) = done.json
    assert (found["cycles"], found["utilization"], found["computes"]) == (48, 1.0, 48)
    (assumed,) = found["assumed_energies"]
    assert (assumed["component"], assumed["class"], assumed["unknown"]) == ("MACC", "intmac", False)
    assert assumed["taken"] == "a multiplier of 4 and an adder of 8 bits" and assumed["attributes"]["width"] == 8
    assert "energy assumed: MACC (class intmac; " in done.out and "--energy MACC.compute=PJ" in done.out


def test_counts_alone_need_and_show_no_energies(run: Any) -> None:
    done = run("evaluate", ONE_LEVEL, options=("--counts",))
    (found,) = done.json
    assert found["levels"][0]["data_spaces"]["Weights"]["total_reads"] == 48
    assert "energy" not in done.out and "energy" not in json.dumps(found)
    assert "all reads" in done.out and "48" in done.out


def test_a_search_by_cycles_needs_no_energies(run: Any, tmp_path: Path) -> None:
    done = run("map", UNKNOWN, PROBLEM, options=("--objective", "cycles", "-o", str(tmp_path / "left")))
    written = (tmp_path / "left" / "specification.yaml").read_text()
    assert written.startswith("# energies unknown, written as 0: GB, MAC\n")
    assert (done.json["cycles"], done.json["optimality"]) == (1792, "proved")
    unknown = {one["component"]: one["unknown"] for one in done.json["assumed_energies"]}
    assert unknown == {"DRAM": False, "GB": True, "MAC": True}
    assert "a DRAM of type LPDDR4" in done.out and "taken: 0 pJ for read, write" in done.out


@pytest.mark.parametrize("objective", ["edp", "energy", "pareto"])
def test_a_search_by_unknown_energies_has_to_be_asked_for(run: Any, objective: str) -> None:
    refused = run("map", UNKNOWN, PROBLEM, options=("--objective", objective))
    assert refused.status == 1 and "the energies of GB, MAC are unknown" in refused.err
    assert "--objective cycles, --energy GB.read=2.0, or --allow-unknown-energy" in refused.err
    allowed = run("map", UNKNOWN, PROBLEM, options=("--objective", objective, "--allow-unknown-energy"))
    assert "energy unknown: GB" in allowed.out and len(allowed.json["assumed_energies"]) == 3


def test_energies_from_the_command_line_take_the_place_of_unknown_ones(run: Any) -> None:
    given = [
        f"--energy={one}" for one in ("GB.read=2", "GB.write=3", "MAC.compute=0.5", "DRAM.read=100", "DRAM.write=90")
    ]
    done = run("map", UNKNOWN, PROBLEM, options=(*given, "-v"))
    assert "assumed_energies" not in done.json
    assert "GB.write: 3 pJ as given" in done.out and "energy unknown" not in done.out


def test_a_given_energy_beats_the_tables_own(run: Any) -> None:
    free = [f"--energy={level}.{action}=0" for level in ("DRAM", "GB", "RF") for action in ("read", "write")]
    done = run("evaluate", BASE, PROBLEM, MAPPING.replace("WHO", "PE"), options=(*free, "--energy", "MAC.compute=2"))
    assert done.json[0]["energy_pj"] == 2 * 1792


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("GBX.read=1", ("names no component: 'GBX'", "DRAM, GB")),
        ("GB.compute=1", ("names no action of 'GB': 'compute'", "read, write")),
        ("MAC.read=1", ("names no action of 'MAC': 'read'", "compute")),
    ],
)
def test_energies_for_nothing_are_refused(run: Any, given: str, words: tuple[str, ...]) -> None:
    done = run("map", UNKNOWN, PROBLEM, options=("--energy", given))
    assert done.status == 1 and all(word in done.err for word in words), done.err


@pytest.mark.parametrize("given", ["GB.read", "read=1", "GB.read=-1", "GB.read=inf", "GB.read=two"])
def test_malformed_energies_are_wrong_command_lines(run: Any, given: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("map", UNKNOWN, PROBLEM, options=("--energy", given))


def test_a_users_tables_know_what_the_projects_do_not(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    rows = ("scratchpad,,read_pj,2", "scratchpad,,write_pj,3", "scratchpad,,leak_pj,0", "scratchpad,,area_um2,1")
    (folder / "components.csv").write_text("\n".join(("component_class,attributes,figure,value", *rows, "")))
    done = run("map", UNKNOWN, PROBLEM, options=("--objective", "cycles", "--tables", str(folder)))
    assert {one["component"] for one in done.json["assumed_energies"]} == {"DRAM", "MAC"}


def estimated(**attributes: object) -> Specification:
    text = UNKNOWN.replace("subclass: scratchpad, ", "").replace("class: storage", "class: SRAM")
    text = text.replace('{technology: "45nm"}', json.dumps(attributes)).replace("class: compute", "class: free_compute")

    return with_energies(parse_specification(text + PROBLEM, "machine.yaml"))


@pytest.mark.parametrize(
    ("attributes", "taken"),
    [
        ({"technology": "45nm"}, "cycles of 1 ns (leakage)"),
        ({"technology": "45nm", "global_cycle_seconds": 1}, "cycles of 1 ns (leakage)"),
        ({"global_cycle_seconds": 1e-9}, "technology 45nm"),
        ({"technology": -1, "global_cycle_seconds": 1e-9}, "0 pJ"),
    ],
)
def test_globals_that_are_missing_get_stated_defaults(attributes: dict[str, object], taken: str) -> None:
    (buffer,) = [one for one in estimated(**attributes).assumed if one.component == "GB"]
    assert buffer.taken == taken and buffer.unknown == (taken == "0 pJ")


def test_defaults_give_the_figures_of_what_they_stand_for() -> None:
    spelt_out = estimated(technology="45nm", global_cycle_seconds=1e-9)
    left_out = estimated(global_cycle_seconds=1e-9)
    assert [one.component for one in spelt_out.assumed] == ["DRAM"]
    assert left_out.energy is not None and left_out.energy == spelt_out.energy


def test_experiments_of_the_launcher_keep_refusing() -> None:
    with pytest.raises(EstimationError, match="'type' is missing"):
        estimate(parse_specification(UNKNOWN + PROBLEM, "machine.yaml"))


# -- an ERT that lacks something ------------------------------------------------------------------------------------


def completed(text: str) -> Specification:
    return read_specification(
        [Document.from_text(text, "base.yaml"), Document.from_text(PROBLEM, "mm.yaml")], partial=True
    )


def test_access_is_what_all_accesses_of_a_level_cost(run: Any) -> None:
    old = BASE.replace(
        "chip.RF[1..8]\n    actions: [" + BUFFER, "chip.RF[1..8]\n    actions: [{name: access, energy: 1}"
    )
    assert old != BASE
    done = run("map", old, PROBLEM, options=())
    assert done.json["energy_pj"] == pytest.approx(12080, rel=1e-12) and done.json["cycles"] == 224
    (assumed,) = done.json["assumed_energies"]
    assert assumed["actions"] == ["read", "write", "update"] and "its action 'access'" in assumed["taken"]


def test_what_an_ert_lacks_is_refused_where_nobody_may_assume_it() -> None:
    with pytest.raises(SpecificationError, match="no table for 'GB'"):
        parse_specification(BASE.replace("chip.GB", "chip.BG") + PROBLEM, "base.yaml")


@pytest.mark.parametrize(
    ("component", "figure"),
    # The figures that timeloop-model takes for these components without a table.
    [("DRAM", 800.0), ("RF", 0.489008), ("MAC", 1.0), ("GB", 7.11558)],
)
def test_a_component_without_a_table_gets_what_timeloop_is_built_with(component: str, figure: float) -> None:
    found = completed(BASE.replace(f"chip.{component}[", "chip.other["))
    (assumed,) = found.assumed
    assert assumed.component == component and not assumed.unknown and found.energy is not None
    action = "compute" if component == "MAC" else "read"
    assert found.energy.components[component][action][0].energy_pj == pytest.approx(figure, rel=1e-6)


def test_tables_of_version_2_are_read() -> None:
    newer = yaml.safe_load(BASE[BASE.index("ERT:") :])["ERT"]["tables"]
    older = {
        table["name"]: {
            action["name"]: [
                {"arguments": {"data_delta": 0}, "energy": action["energy"] / 2},
                {"energy": action["energy"]},
            ]
            for action in table["actions"]
        }
        for table in newer
    }
    text = BASE[: BASE.index("ERT:")] + yaml.safe_dump({"ERT": {"version": 0.2, "tables": older}})
    energy = completed(text).energy
    assert energy is not None
    assert [entry.energy_pj for entry in energy.components["GB"]["read"]] == [5, 10]


# -- units, and the dense part --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("times", "unit"), [(1, "pJ"), (1000, "uJ")])
def test_all_tables_of_an_evaluation_name_one_unit(run: Any, times: int, unit: str) -> None:
    dear = BASE.replace("energy: 100", f"energy: {100 * times}")
    done = run("evaluate", dear, PROBLEM, MAPPING.replace("WHO", "PE"), options=("-v",))
    assert done.out.count(f"energy [{unit}]") == 2 and done.out.count("energy [") == 2
    assert "EDP [J*cycles]" in done.out and "tile [words]" in done.out


SPARSE = """
sparse_optimizations: {version: 0.4, targets: [{name: GB, action_optimization: [{type: gating}]}]}
"""


@pytest.mark.parametrize("sparse", ["top", "node", "density"])
def test_the_dense_part_of_a_sparse_input_is_taken_when_asked_for(run: Any, sparse: str) -> None:
    problem, base, extra = PROBLEM, BASE, ""
    if sparse == "top":
        extra = SPARSE
    elif sparse == "node":
        base = BASE.replace("{name: GB, ", "{name: GB, sparse_optimizations: {action_optimization: [x]}, ")
    else:
        problem = PROBLEM.replace("K: 16}", "K: 16, densities: {A: {distribution: fixed_structured, density: 0.5}}}")
    texts = (base, problem, MAPPING.replace("WHO", "PE") + extra)
    refused = run("evaluate", *texts)
    assert refused.status == 1 and "--dense" in refused.err and "sparse" in refused.err
    dense = run("evaluate", *texts, options=("--dense",))
    assert dense.json[0]["energy_pj"] == 26396 and dense.json[0]["dense_part_only"] is True
    assert "note: the dense part alone" in dense.out
