"""``python -m launcher check``: a result is believed only as it was written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import command_here, launch_here, python

import launcher
from launcher.commands.check.files import read_all
from launcher.commands.check.trial import check, check_result
from launcher.errors import LauncherError
from launcher.fingerprint import closure
from launcher.reporting.artifacts import write_artifacts
from launcher.results.result_json import proof_from_text, result_from_dict

Content = dict[str, Any]
Change = Callable[[Content], object]

NETWORK = [
    "layer=[KTQ,softmax,VScores,FF1]", "model=bert_base", "model.sequence=64", "arch=eyeriss", "arch.glb_kib=4",
    "fusion=optimal",
]  # fmt: skip


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("network")
    result = launcher.run(NETWORK, output=folder)
    assert any(group.is_fused and group.persistent and group.shared for group in result.groups)
    return folder


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("single")
    assert launcher.run(["arch=gemmini", "layer=KTQ", "model=bert_base"], output=folder).ok
    return folder


def test_what_was_written_is_all_right(network: Path, single: Path) -> None:
    text = python(single, "-m", "launcher", "check", str(network), str(single)).must_succeed().out
    assert "4 mappings evaluated, 1 fused groups" in text
    assert "1 mapping evaluated" in text
    assert "bounds added up" in text


def test_layers_with_no_level_in_common_need_no_bound(tmp_path: Path) -> None:
    """FF1's outputs wait in gemmini's accumulators, and FF2 takes its inputs from the scratchpad."""
    network = ["arch=gemmini", "layer=[KTQ,softmax,FF1,FF2]", "model=bert_base", "model.sequence=64", "fusion=optimal"]
    assert launcher.run(network, output=tmp_path).ok
    assert rejected(tmp_path) == []

    def emptied(proof: Content) -> None:
        for line in proof["lines"]:
            for chain in line["chains"]:
                chain["groups"] = [{**group, "classes": [], "bound": "inf"} for group in chain["groups"]]

    assert any("no bound" in problem for problem in forged(tmp_path, emptied, proof=True))


def test_the_checker_reads_no_search_code() -> None:
    files = {path.as_posix() for path in closure(["launcher.commands.check.trial"])}
    searching = ("/mapper/search/", "/mapper/imperfect/", "/mapper/kernels/", "group_search", "layer_search", "optima")
    assert [file for file in files if any(part in file for part in searching)] == []


def test_a_folder_without_a_result_is_told(tmp_path: Path) -> None:
    command_here(tmp_path, "check", str(tmp_path)).must_explain("holds no result", str(tmp_path))


def test_a_name_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    command_here(tmp_path, "check", "nosuch").must_explain(
        "there is no folder nosuch", "the folder of a finished trial"
    )
    command_here(tmp_path, "check", "notes.txt").must_explain("notes.txt is a file", "python -m launcher check takes")
    command_here(tmp_path, "check").must_explain("there is no run in this folder")


def test_the_newest_is_checked_and_each_trial_of_a_sweep(tmp_path: Path) -> None:
    sides = ("arch.rows=8,16", "layer=KTQ", "model=bert_base", "tracking=none", "sweep.pictures=false")
    launch_here(tmp_path, "-m", *sides).must_succeed()
    checked = command_here(tmp_path, "check", columns=80, terminal=True).must_succeed().out
    assert checked.count("all right; 1 mapping evaluated") == 2 and "multirun/" in checked
    folder = next((tmp_path / "multirun").glob("*/*"))
    assert command_here(tmp_path, "check", f"{folder}/0/result.json").must_succeed().out.count("all right") == 1
    (folder / "1" / "energy.csv").write_text("")
    assert "energy.csv is not what" in command_here(tmp_path, "check", str(folder)).out


@pytest.mark.parametrize(
    "name",
    [
        "result.json", "proof.json", "energy.csv", "energy.svg", "layers.csv", "report.html", "layers/KTQ/mapping.txt",
        "layers/KTQ/mapping.yaml", "layers/softmax/specification.yaml", "layers/VScores/constraints.yaml",
        "layers/FF1/result.json", "layers/FF1/mapping.svg",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["changed", "gone", "cut"])
def test_no_file_can_be_changed(network: Path, tmp_path: Path, name: str, kind: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(network, folder)
    file = folder / name
    text = file.read_text(encoding="utf-8")
    if kind == "gone":
        file.unlink()
    else:
        number = next(place for place, letter in enumerate(text) if letter.isdigit() and place > len(text) // 2)
        digit = str((int(text[number]) + 1) % 10)
        file.write_text(text[:number] + (digit + text[number + 1 :] if kind == "changed" else ""), encoding="utf-8")
    assert rejected(folder)


def rejected(folder: Path) -> list[str]:
    """What the checker says of a folder; an error counts as well."""
    try:
        return check(read_all(folder), folder)
    except LauncherError as error:
        return [str(error)]


def forged(folder: Path, change: Change, *, proof: bool = False) -> list[str]:
    """The checker's words on a result that was changed with care: digests and all other files go with the change."""
    content = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    evidence = json.loads((folder / "proof.json").read_text(encoding="utf-8"))
    before = json.dumps([content, evidence])
    change(evidence if proof else content)
    assert json.dumps([content, evidence]) != before
    try:
        result = result_from_dict(content)
        return check_result(replace(result, proof=proof_from_text(json.dumps(evidence))))
    except LauncherError as error:
        return [str(error)]


def _layer(content: Content, name: str = "KTQ") -> Content:
    found: Content = next(run for run in content["layers"] if run["result"]["parameters"]["layer"] == name)
    return found


def _mapping(content: Content, level: str, name: str = "KTQ") -> Content:
    levels = _layer(content, name)["result"]["mapping"]["levels"]
    found: Content = next(one for one in levels if one["level"] == level)
    return found


def _group(content: Content) -> Content:
    found: Content = next(group for group in content["groups"] if len(group["layers"]) > 1)
    return found


def _evaluation(content: Content, name: str = "KTQ") -> Content:
    found: Content = _layer(content, name)["result"]["evaluation"]
    return found


def _scale(holder: Content, key: str, factor: float) -> None:
    holder[key] *= factor


def _chain(evidence: Content, line: int = 0) -> Content:
    found: Content = next(one for one in evidence["lines"][line]["chains"] if len(one["layers"]) > 1)
    return found


RESULTS: dict[str, Change] = {
    "energy of the network": lambda c: _scale(c["evaluation"], "energy_pj", 0.9),
    "cycles of the network": lambda c: c["evaluation"].update(cycles=c["evaluation"]["cycles"] - 1),
    "energy of a layer": lambda c: _scale(_evaluation(c), "energy_pj", 0.9),
    "cycles of a layer": lambda c: _evaluation(c).update(cycles=_evaluation(c)["cycles"] // 2),
    "utilization of a layer": lambda c: _scale(_evaluation(c), "utilization", 1.01),
    "computes of a layer": lambda c: _evaluation(c).update(computes=_evaluation(c)["computes"] + 1),
    "compute energy": lambda c: _scale(_evaluation(c), "compute_energy_pj", 1.1),
    "energy of a level": lambda c: _scale(_evaluation(c)["levels"][-1], "energy_pj", 0.5),
    "reads of a tensor": lambda c: _evaluation(c)["levels"][-1]["data_spaces"]["Weights"].update(reads=1),
    "tile of a tensor": lambda c: _evaluation(c)["levels"][-2]["data_spaces"]["Inputs"].update(tile_words=1),
    "legality": lambda c: _evaluation(c).update(legal=False),
    "runs of a layer": lambda c: _layer(c).update(runs=1),
    "runs of a group": lambda c: _group(c).update(runs=1),
    "a layer left out": lambda c: c["layers"].pop(),
    "a layer twice": lambda c: c["layers"].append(c["layers"][0]),
    "a group left out": lambda c: c["groups"].pop(),
    "energy of a group": lambda c: _scale(_group(c), "energy_pj", 0.99),
    "cycles of a group": lambda c: _group(c).update(cycles=_group(c)["cycles"] - 1),
    "bound of a shared loop": lambda c: _group(c)["shared"][0].update(bound=_group(c)["shared"][0]["bound"] * 2),
    "name of a shared loop": lambda c: _group(c)["shared"][0].update(names=["D", "D", "D"]),
    "a shared loop left out": lambda c: _group(c)["shared"].pop(),
    "a shared loop twice": lambda c: _group(c)["shared"].append(_group(c)["shared"][0]),
    "where a tensor waits": lambda c: _group(c)["waits"].update({"KTQ.Outputs": "DRAM"}),
    "where nothing waits": lambda c: _group(c)["waits"].update({"KTQ.Outputs": "nowhere"}),
    "a tensor that does not wait": lambda c: _group(c).pop("waits"),
    "no tile stays": lambda c: _group(c).pop("persistent"),
    "one more tile stays": lambda c: _group(c)["persistent"].update(softmax={"shared_glb": ["Inputs"]}),
    "tiles of other layers": lambda c: _group(c)["persistent"].update(FF1={"shared_glb": ["Inputs"]}),
    "order of layers in a group": lambda c: _group(c)["layers"].reverse(),
    "layers of a group": lambda c: _group(c)["layers"].pop(),
    "cost of the softmax": lambda c: _group(c).update(rescaling={"energy_pj": 1.0, "cycles": 1}),
    "a factor": lambda c: _mapping(c, "shared_glb")["temporal"].append({"dimension": "L", "bound": 2}),
    "a loop left out": lambda c: next(
        one for one in _layer(c)["result"]["mapping"]["levels"] if one.get("temporal")
    )["temporal"].pop(),
    "what is kept": lambda c: _mapping(c, "DRAM").update(keep=["Weights", "Inputs", "Outputs"]),
    "what waits is not kept": lambda c: _mapping(c, "shared_glb").update(keep=["Weights"]),
    "an unknown level": lambda c: _mapping(c, "shared_glb").update(level="L2"),
    "a smaller problem": lambda c: _layer(c)["result"]["specification"]["problem"]["dimensions"].update(E=1),
    "cheaper accesses": lambda c: _layer(c)["result"]["specification"]["energy"]["components"]["DRAM"].update(
        read=[{"energy_pj": 0.0}]
    ),
    "a smaller memory": lambda c: _layer(c)["result"]["specification"]["architecture"]["levels"][-2].update(
        capacity_words=1
    ),
    "how often a layer runs in a group": lambda c: _layer(c)["result"]["specification"]["repeats"].update(times=1),
    "how often tiles are fetched": lambda c: _layer(c)["result"]["specification"]["repeats"].pop("fetches"),
    "how often words are new": lambda c: _layer(c, "VScores")["result"]["specification"]["repeats"].pop("firsts"),
    "status": lambda c: c["optimality"].update(status="proved", lower_bound=0.0),
    "bound": lambda c: _scale(c["optimality"], "lower_bound", 0.5),
    "bound above the value": lambda c: _scale(c["optimality"], "lower_bound", 2.0),
    "gap": lambda c: c["optimality"].update(gap=0.1),
    "objective": lambda c: c["optimality"].update(objective=["energy"]),
    "no mapping of a layer": lambda c: _layer(c)["result"].update(mapping=None),
    "no specification of a layer": lambda c: _layer(c)["result"].update(specification=None),
}  # fmt: skip

PROOFS: dict[str, Change] = {
    "value": lambda p: _scale(p, "value", 0.9),
    "bound": lambda p: _scale(p, "bound", 0.9),
    "objective": lambda p: p.update(objective="energy"),
    "unknown objective": lambda p: p.update(objective="beauty"),
    "no lines": lambda p: p.update(lines=[]),
    "lines left out": lambda p: p.update(lines=p["lines"][-1:]),
    "a line's bound": lambda p: _scale(p["lines"][0], "bound", 1.01),
    "a line's weight": lambda p: _scale(p["lines"][-1], "cycles", 0.5),
    "a negative weight": lambda p: p["lines"][0].update(energy=-1.0),
    "a chain's bound": lambda p: _scale(_chain(p), "bound", 1.01),
    "a chain's runs": lambda p: _chain(p).update(runs=1),
    "a chain left out": lambda p: p["lines"][0]["chains"].pop(),
    "a layer's name": lambda p: _chain(p)["layers"].reverse(),
    "bounds of layers": lambda p: _chain(p).update(alone=[0.0] * len(_chain(p)["layers"])),
    "too few bounds": lambda p: _chain(p)["alone"].pop(),
    "bounds of a group": lambda p: _scale(_chain(p)["groups"][-1], "bound", 0.5),
    "no groups": lambda p: _chain(p).update(groups=[]),
    "a group that cannot be": lambda p: _chain(p)["groups"][0].update(last=9),
    "a class twice": lambda p: _chain(p)["groups"][0]["classes"].append(_chain(p)["groups"][0]["classes"][0]),
    "classes left out": lambda p: _chain(p)["groups"][-1].update(classes=_chain(p)["groups"][-1]["classes"][:1]),
    "a class's bound": lambda p: _chain(p)["groups"][-1]["classes"][0].update(bound=1.0),
    "a class of other layers": lambda p: _chain(p)["groups"][-1]["classes"][0].update(waits=["DRAM"]),
    "no flows": lambda p: _chain(p).pop("flows"),
}  # fmt: skip


@pytest.mark.parametrize("kind", RESULTS)
def test_no_result_can_be_forged(network: Path, kind: str) -> None:
    assert forged(network, RESULTS[kind])


@pytest.mark.parametrize("kind", PROOFS)
def test_no_proof_can_be_forged(network: Path, kind: str) -> None:
    assert forged(network, PROOFS[kind], proof=True)


def test_a_single_mapping_cannot_be_forged(single: Path, tmp_path: Path) -> None:
    content = json.loads((single / "result.json").read_text(encoding="utf-8"))
    content["evaluation"]["energy_pj"] *= 0.9
    write_artifacts(result_from_dict(content), tmp_path / "copy")
    assert any("pJ" in problem for problem in rejected(tmp_path / "copy"))


@pytest.mark.parametrize("kind", ["a name of the mapping", "next to no energy", "a list cut short"])
def test_parts_that_contradict_each_other_are_said_to_do_so(single: Path, tmp_path: Path, kind: str) -> None:
    shutil.copytree(single, tmp_path / "copy")
    file = tmp_path / "copy" / "result.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    if kind == "a name of the mapping":
        content["specification"]["problem"]["data_spaces"][0]["name"] = "Weightx"
    elif kind == "next to no energy":
        content["evaluation"]["energy_pj"] = 1e-320
    else:
        content["mapping"]["levels"].pop()
    file.write_text(json.dumps(content), encoding="utf-8")
    told = command_here(tmp_path, "check", "copy")
    assert told.status == 1 and "Traceback" not in told.out + told.err
    assert "do not go together" in told.out + told.err or "is not what" in told.out
