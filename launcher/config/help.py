"""The page that ``python launch.py --help`` prints."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

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
    ("python launch.py -m layer=KQV,KTQ,VScores,Out,FF1,FF2 arch=gemmini,pim", "every layer on both"),
    ("python launch.py tracking=none layer.L=100", "no MLflow; a size of your own"),
    ("python launch.py --config-dir my_conf arch=mine", "an architecture of your own (docs/architectures.md)"),
)

_MANY = 4
"""More choices than this with a common first word are not listed one by one."""


def print_help(console: Console) -> None:
    """Groups with their choices, the parameters of each architecture, and examples."""
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
    print_("  -m, --multirun      run every combination of comma-separated values", highlight=False)
    print_("  --config-dir DIR    a folder with groups and templates of your own", highlight=False)
    print_(
        "  -q, -v              say nothing but mistakes; say more (verbosity=quiet, verbosity=verbose)", highlight=False
    )
    print_("  --cfg job           print the composed configuration and stop", highlight=False)
    print_("  --hydra-help        Hydra's own options", highlight=False)


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
