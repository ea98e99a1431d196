"""Nine kinds of input that a user, or a stranger, can get wrong; each case goes in where a user's would."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from fuzz_mutations import changed, changed_text, written
from omegaconf import OmegaConf

import launcher
from launcher.__main__ import main as command
from launcher.config.arch_schema import ARCHITECTURES
from launcher.config.choices import check_typed
from launcher.config.compose import compose
from launcher.config.model_file import model_of_file
from launcher.config.recompose import recompose
from launcher.estimation.library import load_library
from launcher.sweeping.points.configurations import configurations_of
from launcher.sweeping.points.vocabulary import Vocabulary
from launcher.trial.cache import cached
from launcher.trial.steps import specify

HERE = Path(__file__).resolve().parent
SMALL = ["layer=KTQ", "model=bert_base", "model.sequence=16", "model.embedding=32", "model.heads=4", "tracking=none"]
QUIET = ["verify=false", "cache=false", "verbosity=quiet"]


@cache
def scratch() -> Path:
    """Where cases write; what all of them start from is made here once."""
    return Path(tempfile.mkdtemp(prefix="timeloop-launcher-fuzz-"))


def _python(*arguments: str) -> None:
    """``python -m launcher ARGUMENTS``; what nobody foresaw is raised."""
    try:
        command(list(arguments))
    except SystemExit as end:
        assert end.code in (0, 1, 2), f"exit status {end.code}"


# 1: command lines

_KEYS = (
    *("arch", "model", "layer", "layers", "mapper", "engine", "estimator", "fusion", "experiment", "tracking", "sweep"),
    *("arch.rows", "arch.cols", "arch.label", "arch.dataflow", "arch.scratchpad_kib", "arch.template", "layer.L"),
    *("layer.shape", "layer.expression", "layer.repeats", "model.sequence", "model.heads", "model.path", "configs"),
    *("mapper.objective", "mapper.timeout_s", "mapspace.factors", "constraints.area_mm2", "verify", "cache", "mapping"),
    *("fusion.level", "network.objective", "hydra.run.dir", "hydra/launcher", "estimator.tables", "count_repeats"),
    *(
        "arch.dram_bandwidth",
        "arch.technology_nm",
        "arch.cycle_ns",
        "engine.bin_dir",
        "configuration",
        "",
        "@",
        "x.y.z",
    ),
)
_VALUES = (
    *(
        "gemmini",
        "eyeriss",
        "pim",
        "KTQ",
        "softmax",
        "bert_base",
        "resnet18",
        "energy",
        "1",
        "0",
        "-1",
        "1e-320",
        "1e300",
    ),
    *(
        "inf",
        "nan",
        "null",
        "true",
        "[1,2]",
        "[KTQ,softmax]",
        "[[KTQ]]",
        "{a:1}",
        "../arch/gemmini",
        "[../x]",
        "''",
        "'a b'",
    ),
    *(
        "'${oc.env:HOME}'",
        "'${arch.rows}'",
        "'${nothing}'",
        "${arch}",
        "16",
        "2147483648",
        "99999999999999999999",
        "2.5",
    ),
    *(
        "*",
        "glob(*)",
        "range(1,3)",
        "choice(1,2)",
        "a,b",
        "1,2",
        "[",
        "'",
        "\x1b[31m",
        "\u202e",
        "\udcff",
        "é",
        "x" * 999,
    ),
    *(
        "'O[i] += A[i,k] * B[k]'",
        "'O[i] += A[i*99999999999]'",
        "'heads * 2'",
        "'heads ** 99999'",
        "'1/0'",
        "conv",
        "matmul",
    ),
)


def command_lines(rng: random.Random, folder: Path) -> None:
    asked = [f"{rng.choice(_KEYS)}={rng.choice(_VALUES)}" for _ in range(rng.choice((1, 1, 2, 3)))]
    asked = [rng.choice(("", "", "", "", "+", "++", "~")) + one for one in asked]
    check_typed(asked)
    specify(rng.choice((compose, recompose))([*SMALL, *asked]))


# 2: configurations of hardware


def configurations(rng: random.Random, folder: Path) -> None:
    arch = rng.choice([*ARCHITECTURES])
    whole = [{"rows": 8, "cols": 16}, {"rows": 16, "cols": 16, "layer": "KTQ", "model.sequence": 128}]
    named: Any = {"small": {"rows": 8, "arch.cols": 8}, "large": {"rows": 16, "arch.cols": 8}}
    foreign = {"scratchpad_size": 8192, "accumulator_size": 64, "pe_rows": 16, "pe_cols": 16, "rf_size": 4}
    foreign |= {"scratchpad_bandwidth": 16, "accumulator_bandwidth": 2, "dataflow": "WS"}
    file = folder / "hw.json"
    content = written(changed(rng.choice((whole, named, [foreign, foreign])), rng), rng)
    file.write_text(content if rng.random() < 0.8 else changed_text(content, rng), encoding="utf-8")
    vocabulary = Vocabulary.of(arch, ARCHITECTURES[arch])
    for one in configurations_of(OmegaConf.create({"configs": str(file), "mixup": rng.random() < 0.3})):
        one.overrides(vocabulary)


# 3: models of Hugging Face


@cache
def _models() -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((HERE / "model_configs").glob("*.json"))]


def models(rng: random.Random, folder: Path) -> None:
    file = folder / "config.json"
    content = written(changed(rng.choice(_models()), rng), rng)
    file.write_text(content if rng.random() < 0.9 else changed_text(content, rng), encoding="utf-8")
    if rng.random() < 0.03:
        compose(["model=from_config", f"model.path='{file}'", "layer=KTQ", "tracking=none", "model.sequence=128"])
    else:
        model_of_file(file, {})


# 4: files of Timeloop


@cache
def _trial() -> Path:
    """A finished trial: its result, its specification, its mapping."""
    folder = scratch() / "trial"
    launcher.run([*SMALL, "arch=gemmini", *QUIET], output=folder)
    return folder


def timeloop_files(rng: random.Random, folder: Path) -> None:
    trial = _trial()
    names = ["specification.yaml", "mapping.yaml", "constraints.yaml"]
    damaged = rng.choice(names)
    for name in names:
        text = (trial / name).read_text(encoding="utf-8")
        (folder / name).write_text(changed_text(text, rng) if name == damaged else text, encoding="utf-8")
    asked = ["evaluate", "specification.yaml", "mapping.yaml"]
    if rng.random() < 0.2:
        asked = ["map", "specification.yaml", "constraints.yaml", "--timeout", "1"]
    _python(asked[0], *(str(folder / one) if one.endswith(".yaml") else one for one in asked[1:]))


# 5: templates of architectures

_BLOCKS = (
    *(
        "{{ 'x' * 10**10 }}",
        "{% for i in range(9999) %}{{ i }}{% endfor %}",
        "{{ 1/0 }}",
        "{{ arch.nothing }}",
        "{% if %}",
    ),
    *(
        "{{ sizes['Q'] }}",
        "{% include 'gemmini.yaml.j2' %}",
        "{% include 'mine.yaml.j2' %}",
        "{{ [1][3] }}",
        "{{ {} }}",
    ),
    *("{{ fill('x', 3) }}", "{{ rows_of(0, 1) }}", "{{ largest_divisor(10**17 + 3, 10**17) }}", "{{ ''.__class__ }}"),
    *(
        "{{ '%100000000d' % 1 }}",
        "{{ only(D='x') }}",
        "{{ spread(10**30, 'D', 'E') }}",
        "{% macro m() %}{{ m() }}{% endmacro %}",
    ),
)


def templates(rng: random.Random, folder: Path) -> None:
    for name in ("arch", "arch_templates"):
        (folder / name).mkdir()
    text = (HERE.parent / "arch_templates" / "gemmini.yaml.j2").read_text(encoding="utf-8")
    text = changed_text(text, rng) if rng.random() < 0.7 else text
    if rng.random() < 0.5:
        lines = text.splitlines(keepends=True)
        lines.insert(rng.randrange(len(lines)) if lines else 0, rng.choice(_BLOCKS) + "\n")
        text = "".join(lines)
    (folder / "arch_templates" / "mine.yaml.j2").write_text(text, encoding="utf-8")
    values = "name: mine\ntemplate: mine.yaml.j2\ndefaults: [gemmini]\n"
    (folder / "arch" / "mine.yaml").write_text(values, encoding="utf-8")
    from launcher.trial.render import texts  # noqa: PLC0415

    trial = _shipped()
    texts("mine.yaml.j2", "matmul", trial.experiment.arch, trial.layer, [folder / "arch_templates"])


@cache
def _shipped() -> Any:
    return compose([*SMALL, "arch=gemmini"])


# 6: results


def results(rng: random.Random, folder: Path) -> None:
    content = json.loads((_trial() / "result.json").read_text(encoding="utf-8"))
    (folder / "0").mkdir()
    (folder / "1").mkdir()
    text = written(changed(content, rng), rng)
    (folder / "0" / "result.json").write_text(text if rng.random() < 0.9 else changed_text(text, rng), encoding="utf-8")
    shutil.copy(_trial() / "result.json", folder / "1")
    one, both = str(folder / "0"), str(folder)
    _python(
        *rng.choice((("show", one), ("check", one), ("summary", both), ("compare", both), ("report", both, "--latex")))
    )


# 7: sweeps and studies


@cache
def _study() -> Path:
    folder = scratch() / "study"
    asked = [*SMALL, "arch=gemmini", *QUIET, "hydra/sweeper=optuna", "sweep.n_trials=2", "arch.rows=8,16"]
    launcher.sweep(asked, output=folder)
    return folder


@cache
def _settled() -> Path:
    folder = scratch() / "settled"
    launcher.sweep([*SMALL, "arch=gemmini", *QUIET, "hydra/sweeper=exhaustive", "arch.rows=8,16"], output=folder)
    return folder


def studies(rng: random.Random, folder: Path) -> None:
    source = rng.choice((_study, _settled))()
    target = folder / "study"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.svg", "*.html", "*.png", "layers"))
    files = [path for path in sorted(target.rglob("*")) if path.is_file() and path.suffix != ".yaml"]
    for file in rng.sample(files, k=min(len(files), rng.choice((1, 1, 2)))):
        data = bytearray(file.read_bytes())
        if file.suffix in (".json", ".csv", ".journal"):
            file.write_text(changed_text(data.decode(), rng), encoding="utf-8")
        elif data:
            data[rng.randrange(len(data))] ^= rng.randrange(1, 256)
            file.write_bytes(data[: rng.choice((len(data), rng.randrange(len(data))))])
    journal = [str(path) for path in target.glob("*.journal")]
    names = [str(target), *journal]
    _python(*rng.choice((("summary", rng.choice(names)), ("report", rng.choice(names), "--csv"))))
    if source is _settled() and rng.random() < 0.3:
        _python("check", str(target), "--sample", "0", "--search", "0")


# 8: kept results


@cache
def _kept() -> tuple[Any, Any, Path]:
    """A search's input, and the file that keeps what came out."""
    from launcher.engines.interface import MapperSettings  # noqa: PLC0415
    from launcher.engines.run import find_best, native_engine  # noqa: PLC0415
    from launcher.trial.cache import keep  # noqa: PLC0415

    specification, settings = specify(_shipped()), MapperSettings(("edp",), None, 1)
    with mock.patch("launcher.trial.cache.cache_folder", lambda: scratch() / "kept"):
        keep(find_best(native_engine(), specification, settings, name="x", parameters={}), specification, settings, "x")
    return specification, settings, next((scratch() / "kept").rglob("*.json"))


def kept_results(rng: random.Random, folder: Path) -> None:
    specification, settings, file = _kept()
    text = written(changed(json.loads(file.read_text(encoding="utf-8")), rng), rng)
    target = folder / file.relative_to(scratch() / "kept")
    target.parent.mkdir(parents=True)
    target.write_text(text if rng.random() < 0.8 else changed_text(text, rng), encoding="utf-8")
    with mock.patch("launcher.trial.cache.cache_folder", lambda: folder):
        found = cached(specification, settings, "x")
    assert found is None or text == json.dumps(json.loads(file.read_text(encoding="utf-8"))), (
        "a changed result is believed"
    )


# 9: tables of energies


@cache
def _tables() -> Mapping[str, str]:
    found = {path.name: path.read_text(encoding="utf-8") for path in sorted((HERE.parent / "tables").rglob("*.csv"))}
    found = {name: "".join(text.splitlines(keepends=True)[:40]) for name, text in found.items()}
    return {
        **found,
        "components.csv": "component_class,attributes,figure,value\nintmac,width=8,compute_pj,1.5\nSRAM,,read_pj,2\n",
    }


def tables(rng: random.Random, folder: Path) -> None:
    name = rng.choice([*_tables()])
    (folder / name).write_text(changed_text(_tables()[name], rng), encoding="utf-8")
    if rng.random() < 0.03:
        specify(recompose([*SMALL, "arch=gemmini", f"estimator.tables=['{folder}']"]))
    else:
        load_library((folder,))


def prepare(kind: str) -> None:
    """What all cases of a kind start from, so that the first one's time is its own."""
    made: Mapping[str, tuple[Callable[[], object], ...]] = {
        **dict.fromkeys(("timeloop_files", "results"), (_trial,)),
        "studies": (_study, _settled),
        "kept_results": (_kept,),
        "templates": (_shipped,),
    }
    for make in made.get(kind, ()):
        make()


Case = Callable[[random.Random, Path], None]

KINDS: Mapping[str, Case] = {
    one.__name__: one
    for one in (
        *(command_lines, configurations, models, timeloop_files, templates, results, studies, kept_results, tables),
    )
}
