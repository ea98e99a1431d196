"""What is recorded of a result: parameters, metrics and tags. Nothing here imports MLflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from launcher.plain_text import plain, without_passwords
from launcher.reporting.loop_nest import loop_nest
from launcher.reporting.numbers import significant
from launcher.reporting.question import answer_of, question_of
from launcher.results.goals import Goals, goals_of_record
from launcher.results.layers import layer_rows, optimality_word
from launcher.results.metrics import legal_name
from launcher.results.result import Result
from launcher.tracking.provenance import config_hash, git_state, source_name, user_name

_GOALS_TAG = "sweep.goals"
"""Of a sweep's run: what it is after, as ``sweep.json`` has it."""

_LONGEST_PARAMETER = 6000
_LONGEST_TAG = 8000


def parameters_of(result: Result) -> dict[str, str]:
    """Everything one would filter by: the composed configuration, the engine, the estimator, the objective."""
    recorded = {
        "engine": result.engine,
        "estimator": result.estimator,
        "objective": ",".join(result.optimality.objective) if result.optimality else "",
    }
    own = {name: value for name, value in recorded.items() if value}
    return as_parameters({**own, **result.parameters})


def as_parameters(values: Mapping[str, object]) -> dict[str, str]:
    """Names and values as MLflow accepts them; others read them, so passwords in addresses are left out."""
    return {legal_name(name): without_passwords(_as_text(value))[:_LONGEST_PARAMETER] for name, value in values.items()}


def tags_of(result: Result, directory: Path, parent: str | None) -> dict[str, str]:
    """Who, from which code, and how it ended."""
    tags = {
        **_origin(directory),
        "kind": "trial",
        "config_hash": config_hash(result.parameters),
        "engine": result.engine,
        "estimator": result.estimator,
        "status": result.status,
        "mlflow.note.content": _note(result),
    }
    optional = {
        "reason": result.reason,
        "optimality": optimality_word(result),
        **_verification(result),
        "flags": "\n".join(result.flags),
        "mlflow.parentRunId": parent,
    }
    tags |= {name: value for name, value in optional.items() if value}
    return {name: plain(without_passwords(value))[:_LONGEST_TAG] for name, value in tags.items()}


def _verification(result: Result) -> dict[str, str | None]:
    """``verified_by`` another engine, its ``disagreement``, or what it was ``compared_with`` where the reason is known.

    Of a network, what holds for its layers.
    """
    known = [run.result.verification for run in result.layers] or [result.verification]
    given = [one for one in known if one]
    differing = [difference for one in given if one.disputed for difference in one.differences]
    explained = [f"{one.by}: {one.explanation}" for one in given if one.explanation is not None]
    agreed = bool(given) and len(given) == len(known) and not differing and not explained
    return {
        "verified_by": ", ".join(dict.fromkeys(one.by for one in given)) if agreed else None,
        "disagreement": "\n".join(differing) or None,
        "compared_with": "\n".join(explained) or None,
    }


def sweep_tags(directory: Path, goals: Goals | None = None) -> dict[str, str]:
    """The tags of a sweep's run when it starts; what it is after is among them where it is after something."""
    own = {_GOALS_TAG: json.dumps(goals.recorded)} if goals is not None else {}
    return {**_origin(directory), "status": "running", "kind": "sweep", **own}


def recorded_goals(tags: Mapping[str, str]) -> Goals | None:
    """What a sweep was after, by the tags of its run; None where they do not say."""
    try:
        return goals_of_record(json.loads(tags.get(_GOALS_TAG, "null")))
    except ValueError:
        return None


def _origin(directory: Path) -> dict[str, str]:
    tags = {"mlflow.user": user_name(), "mlflow.source.name": source_name(), "mlflow.source.type": "LOCAL"}
    state = git_state(directory)
    if state:
        tags |= {"mlflow.source.git.commit": state["commit"], "git.dirty": state["dirty"]}
    return tags


def _note(result: Result) -> str:
    """What the run's page shows as its description, in Markdown."""
    if not result.ok:
        return f"**{result.status}**: {result.reason or 'no reason given'}"
    answer = f"{' '.join(answer_of([result], question_of([result])))}\n\n" if result.evaluation else ""
    remarks = "".join(f"\n* {flag}" for flag in result.flags)
    if result.layers:
        rows = (f"| {r.layer} | {r.runs} | {significant(r.energy_uj)} | {r.cycles:,} |" for r in layer_rows(result))
        table = "\n".join(("| layer | runs | energy uJ | cycles |", "|---|--:|--:|--:|", *rows))
        return f"{answer}{table}\n{remarks}"
    return f"{answer}```\n{loop_nest(result)}```\n{remarks}"


def _as_text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(_as_text(item) for item in value)
    return "" if value is None else str(value)
