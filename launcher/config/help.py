"""The page that ``python launch.py --help`` prints."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from launcher.config.limits import Limits
from launcher.paths import data_folder

EXAMPLES = (
    ("python launch.py arch=pim layer=KTQ", "attention scores of BERT large on an in-memory-computing array"),
    ("python launch.py arch=gemmini layer=KQV model=bert_base", "another model"),
    ("python launch.py layer=KTQ model=gpt2 model.phase=decode model.cache_length=512", "one token, with a KV cache"),
    (
        "python launch.py arch=tpu model=from_config model.path=config.json",
        "any model of a family that is known (docs/networks.md)",
    ),
    (
        "python launch.py layer=all model=llama3_8b model.phase=generate model.prompt=512 model.new_tokens=128",
        "time to first token, tokens per second, energy per token",
    ),
    ("python launch.py arch=eyeriss layer=resnet18_2_3x3", "a convolution of ResNet-18"),
    (
        "python launch.py layer=gemm layer.D=1000 layer.E=512 layer.L=64",
        "any matrix multiplication; layer=conv likewise",
    ),
    (
        "python launch.py layer=einsum layer.expression='O[q,d] += P[q,k] * V[k,d]' 'layer.sizes={q:64,k:64,d:64}'",
        "any sum of products of two tensors",
    ),
    ("python launch.py layer=softmax arch.norm_lanes=16", "a norm operation on 16 lanes"),
    ("python launch.py arch.rows=32 arch.cols=32", "a larger array; everything that depends on it follows"),
    ("python launch.py mapper=energy", "the mapping with the least energy instead of the least EDP"),
    ("python launch.py 'mapper.objective=[cycles,energy]'", "fastest first, then least energy"),
    (
        "python launch.py engine=timeloop mapper.timeout_s=60",
        "let the real Timeloop search, where it is installed (docs/timeloop.md)",
    ),
    (
        "python launch.py layer=gemm layer.D=197 layer.E=64 layer.L=197 mapspace.factors=spatial",
        "sides need not divide",
    ),
    ("python launch.py verify=true", "let it confirm the figures of the proven best mapping"),
    ("python launch.py -m arch.rows=8,16,32", "three trials, one table, one parent run in MLflow"),
    (
        "python launch.py -m hydra/sweeper=optuna 'arch.rows=range(8,65,8)' sweep.n_trials=20",
        "Optuna chooses the points; they may go on later",
    ),
    ("python launch.py -m +experiment=hwdse_pim", "a ready exploration (docs/exploration.md)"),
    ("python launch.py -m configs=designs.json", "a list of configurations of your own"),
    (
        "python launch.py 'layer=[KTQ,softmax,VScores]' arch=eyeriss fusion=optimal",
        "layers that share outer loops (docs/fusion.md)",
    ),
    ("python launch.py constraints.area_mm2=2 constraints.power_w=0.5", "limits; what breaks one says so"),
    ("python launch.py estimator=accelergy", "energies from Accelergy, where it is installed (docs/estimators.md)"),
    ("python launch.py cache=false", "search again, whatever was found before"),
    ("python launch.py -m layer=KQV,KTQ,VScores,Out,FF1,FF2 arch=gemmini,pim", "every layer on both"),
    ("python launch.py tracking=none layer.L=100", "no MLflow; a size of your own"),
    ("python launch.py --config-dir my_conf arch=mine", "an architecture of your own (docs/architectures.md)"),
)

_MANY = 4
"""More choices than this with a common first word are not listed one by one."""


_BESIDE = (
    ("hydra/sweeper", "grid*, optuna, exhaustive: who chooses the points with -m (docs/sweeps.md, docs/hardware.md)"),
    ("hydra/launcher", "basic*, joblib; submitit_slurm and ray with their extras: who runs them (docs/sweeps.md)"),
)
"""Groups of Hydra's own that people choose of."""

_OPTIONS = (
    ("-m, --multirun", "run every combination of comma-separated values"),
    ("--config-dir DIR", "a folder with groups and templates of your own"),
    ("-q, -v", "say nothing but mistakes; say more (verbosity=quiet, verbosity=verbose)"),
    ("--cfg job", "print the composed configuration and stop"),
    ("--version", "the version of this launcher"),
    ("--hydra-help", "Hydra's own options"),
)


def print_help(console: Console, commands: Mapping[str, str]) -> None:
    """Groups with their choices, the parameters of each architecture, examples, and the other commands.

    Args:
        console: where.
        commands: of ``python -m launcher``, each with its module.
    """
    print_ = console.print
    print_("[bold]python launch.py[/] \\[-m] \\[group=choice] \\[key=value] ...", highlight=False)
    print_("Find the proven best mapping of a layer on an architecture, and record it.\n", highlight=False)
    print_("[bold]Groups[/] (group=choice; the first column is the key)")
    print_(_groups())
    print_("[bold]Parameters[/] (key=value; all values of a choice stand, with units, in conf/<group>/<choice>.yaml)")
    print_(_parameters())
    print_("[bold]Examples[/]")
    for command, meaning in EXAMPLES:
        print_(f"  {command}", highlight=False, markup=False, soft_wrap=True)
        print_(f"      [dim]{meaning}[/]", highlight=False)
    print_("\n[bold]Options[/]")
    print_(_pairs(_OPTIONS))
    print_("[bold]Other commands[/] (python -m launcher COMMAND; each has --help)")
    print_(_pairs([(name, _summary(module)) for name, module in commands.items()]))


def _pairs(pairs: Iterable[tuple[str, str]]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, meaning in pairs:
        table.add_row(Text(name), Text(meaning))
    return table


def _summary(module: str) -> str:
    """The first line of a module's docstring, read rather than imported."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return (ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or "").partition("\n")[0]


def _choices(group: Path) -> list[str]:
    return sorted(file.stem for file in group.glob("*.yaml"))


def _shortened(choices: list[str]) -> list[str]:
    """Choices with a common first word, such as the layers of one CNN, as one entry where they are many."""
    words = [choice.partition("_")[0] for choice in choices]
    many = {word for word in words if words.count(word) > _MANY}
    shown = [
        f"{word}_* ({words.count(word)})" if word in many else choice
        for word, choice in zip(words, choices, strict=True)
    ]
    return list(dict.fromkeys(shown))


def _defaults() -> dict[str, str]:
    return {key: value for entry in _main_file()["defaults"] if isinstance(entry, dict) for key, value in entry.items()}


def _groups() -> Table:
    defaults = _defaults()
    table = Table(box=None, show_header=False, padding=(0, 2))
    for group in sorted(path for path in data_folder("conf").iterdir() if path.is_dir()):
        choices = _shortened(_choices(group))
        names = [f"[green]{name}[/]*" if name == defaults.get(group.name) else name for name in choices]
        table.add_row(group.name, ", ".join(names))
    for beside, meaning in _BESIDE:
        table.add_row(beside, meaning)
    table.add_row("", "[dim]* used when nothing is said[/]")
    return table


def _parameters() -> Table:
    import yaml  # noqa: PLC0415

    table = Table(box=None, show_header=False, padding=(0, 2))
    conf = data_folder("conf")
    groups = [("arch", name) for name in _choices(conf / "arch")]
    for group, choice in [
        *groups,
        ("model", "bert_large"),
        ("layer", "KTQ"),
        ("layer", "conv"),
        ("mapper", "edp"),
        ("engine", "native"),
        ("estimator", "tables"),
        ("fusion", "none"),
        ("sweep", "default"),
        ("tracking", "mlflow"),
    ]:
        values = yaml.safe_load((conf / group / f"{choice}.yaml").read_text())
        hidden = ("defaults", "name", "label", "template", "norm_template", "kind", "shape", "layers")
        keys = [f"{group}.{key}" for key in values if key not in hidden]
        bases = [base for base in values.get("defaults", ()) if isinstance(base, str) and base.isidentifier()]
        keys = [f"those of {group}={base}" for base in bases if base != "_self_"] + keys
        table.add_row(f"{group}={choice}", ", ".join(keys))
    table.add_row("any", ", ".join(_keys_without_choices()))
    table.add_row("limits", ", ".join(f"constraints.{limit.name}" for limit in fields(Limits)))
    return table


def _keys_without_choices() -> list[str]:
    """What ``conf/config.yaml`` itself sets, beside the choices of groups and Hydra's own keys."""
    own = {key: value for key, value in _main_file().items() if key not in ("defaults", "hydra")}
    below = [[f"{key}.{name}" for name in value] if isinstance(value, dict) else [key] for key, value in own.items()]
    return [key for keys in below for key in keys]


def _main_file() -> dict[str, Any]:
    import yaml  # noqa: PLC0415

    values: dict[str, Any] = yaml.safe_load((data_folder("conf") / "config.yaml").read_text())
    return values
