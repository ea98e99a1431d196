"""From a template and the values it is written in, to a Specification."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.config.other_architectures import PLUMBING
from launcher.config.tensor_bits import AS_THE_ARCHITECTURE, TensorBits
from launcher.errors import ConfigurationError
from launcher.paths import data_folder
from launcher.specification.constraints import Factors
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import Document, parse_problem, read_specification
from launcher.trial.fitting import Fitting
from launcher.trial.template_client import PartsOfTemplate, template_parts, template_text
from launcher.trial.template_failures import TemplateFailedError, TemplateFailure
from launcher.trial.template_reads import BITS

if TYPE_CHECKING:
    from launcher.config.layer_sizes import LayerSizes


_EINSUM = "einsum"
"""The problem of layers that say what they compute."""


def render(
    template: str,
    shape: str,
    arch: object,
    layer: LayerSizes,
    folders: Sequence[Path] = (),
    factors: Factors = Factors.perfect,
) -> Specification:
    """The specification of one layer on one architecture.

    Args:
        template: architecture template, looked up in ``folders``, then in the project's ``arch_templates``.
        shape: problem shape, looked up as ``<shape>.yaml.j2`` in ``folders``, then in ``workloads``.
        arch: the architecture's parameters, ``arch`` in the templates.
        layer: its dimensions are ``sizes`` in the templates, its strides and dilations ``coefficients``, and how wide
            its values are ``bits``; what has roles is called by them in the architecture's.
        folders: where a user keeps templates of their own.
        factors: which loops of the mapspace may be imperfect: such a loop takes all that fits, not a divisor.

    Raises:
        ConfigurationError: a template is missing, empty or broken.
        SpecificationError: what it renders to is not a valid Timeloop input.
    """
    architecture, problem = texts(template, shape, arch, layer, folders, factors)
    return _read(architecture, problem, f"{template} as rendered", f"{shape}.yaml.j2 as rendered")


def texts(
    template: str,
    shape: str,
    arch: object,
    layer: LayerSizes,
    folders: Sequence[Path] = (),
    factors: Factors = Factors.perfect,
) -> tuple[str, str]:
    """What the templates of :func:`render` say before it is read: the architecture, and the problem."""
    fitting = Fitting(dict(layer.dimensions), factors, roles=layer.roles)
    problem_file, places = f"{_EINSUM if layer.einsum else shape}.yaml.j2", (*folders, data_folder("workloads"))
    problem = _render(problem_file, {"shape": shape, **_of_problem(layer)}, fitting, places, "layer.shape")
    fitting = _sliding(fitting, problem, f"{problem_file} as rendered")
    values, places = {"arch": arch, **_of_layer(layer)}, (*folders, data_folder("arch_templates"))
    architecture = _render(template, values, fitting, places, "arch.template")
    _check_bits(template, layer.bits, places, fitting)
    return architecture, problem


def _check_bits(template: str, bits: TensorBits, places: Sequence[Path], fitting: Fitting) -> None:
    """Make sure that a template does not leave the widths of values out."""
    if bits == AS_THE_ARCHITECTURE:
        return
    parts = template_parts(template, tuple(map(str, places)), fitting)
    if parts is not None and not any(BITS in reads for reads in parts.reads):
        raise ConfigurationError(
            f"the template {template} does not say how wide values are, so the bits of tensors would change nothing",
            where="model.weight_bits, activation_bits, cache_bits, sum_bits",
            expected=f"a template that reads {BITS}.Weights, {BITS}.Inputs, {BITS}.Outputs or {BITS}.sums",
            hint="leave them out: null is what the architecture has",
        )


def _of_layer(layer: LayerSizes) -> dict[str, object]:
    """What an architecture's template sees of a layer."""
    sizes = layer.roles.extents(layer.dimensions)
    return {"sizes": sizes, "coefficients": dict(layer.coefficients), BITS: layer.bits}


def _of_problem(layer: LayerSizes) -> dict[str, object]:
    """What a problem's template sees of a layer: its own names, and the tensors that no template knows."""
    values: dict[str, object] = {"sizes": dict(layer.dimensions), "coefficients": dict(layer.coefficients)}
    if layer.einsum is not None:
        called = {own: name for name, own in layer.roles.tensors.items()}
        tensors = {called[tensor.name]: tensor.projection(layer.coefficients) for tensor in layer.einsum.tensors}
        values["projections"] = {
            name: [[[term.dimension, term.coefficient] for term in rank] for rank in tensors[name]]
            for name in layer.roles.tensors
        }
    return values


def _sliding(fitting: Fitting, problem: str, source: str) -> Fitting:
    """With the dimensions along which windows slide, where it matters."""
    if fitting.factors is Factors.perfect:
        return fitting
    return replace(fitting, sliding=_sliding_dimensions(problem, source))


@lru_cache(maxsize=64)
def _sliding_dimensions(problem: str, source: str) -> frozenset[str]:
    """Trials of a layer on many architectures share them."""
    return parse_problem(problem, source).sliding


@lru_cache(maxsize=16)
def _read(architecture: str, problem: str, *sources: str) -> Specification:
    """The specification in two texts; other mapspaces of a trial often have the same."""
    return read_specification([Document.from_text(architecture, sources[0]), _problem_document(problem, sources[1])])


@lru_cache(maxsize=64)
def _problem_document(text: str, source: str) -> Document:
    """Trials of a layer on many architectures share it."""
    return Document.from_text(text, source)


def parts_of_text(
    template: str, layer: LayerSizes, folders: Sequence[Path], factors: Factors, problem: str
) -> tuple[PartsOfTemplate, Callable[[object, TensorBits], list[str]]] | None:
    """An architecture's template in parts, and what makes their texts from its parameters and the values' widths.

    Args:
        template, layer, folders, factors: as in :func:`render`.
        problem: the problem's text.

    Returns:
        None where it cannot be told what the parts depend on.
    """
    fitting = Fitting(dict(layer.dimensions), factors, roles=layer.roles)
    fitting = _sliding(fitting, problem, "the problem as rendered")
    places = tuple(map(str, (*folders, data_folder("arch_templates"))))
    parts = template_parts(template, places, fitting)
    if parts is None:
        return None
    values = _of_layer(layer)
    return parts, lambda arch, bits: parts.texts({**values, "arch": arch, BITS: bits}, fitting)


def _render(name: str, values: Mapping[str, object], fitting: Fitting, folders: Sequence[Path], key: str) -> str:
    try:
        text = template_text(name, values, fitting, tuple(map(str, folders)))
    except TemplateFailedError as error:
        raise _told(error.failure, values, folders, key) from error
    if not text.strip():
        raise ConfigurationError(f"{key}: template {name} is empty", expected="Timeloop v4 YAML")
    return text


def _told(
    failure: TemplateFailure, values: Mapping[str, object], folders: Sequence[Path], key: str
) -> ConfigurationError:
    if failure.kind == "missing":
        return ConfigurationError(
            f"{key}: there is no template {failure.what!r}",
            where=", ".join(str(folder) for folder in folders),
            expected="one of " + ", ".join(_templates(folders)),
        )
    if failure.kind == "syntax":
        return ConfigurationError(f"template syntax: {failure.what}", where=failure.place)
    lacking = failure.lacking
    if lacking is not None:
        return _lacking(*lacking, values, failure.place)
    return ConfigurationError(
        f"the template cannot be rendered: {failure.what}",
        where=failure.place,
        expected="a template that uses only arch, sizes and the documented functions",
    )


def _lacking(whose: str, name: str, values: Mapping[str, object], place: str) -> ConfigurationError:
    """What a template reads and nobody gave; most often it is a copy of another architecture's."""
    given = values.get(whose)
    known = [str(one) for one in given if one not in PLUMBING] if isinstance(given, Mapping) else []
    close = get_close_matches(name, known, 1)
    if whose == "arch":
        what = f"the template reads arch.{name}, and the architecture has no {name}"
        hint = f"did you mean arch.{close[0]}? Otherwise add" if close else "add"
        hint += (
            f" a line '{name}: VALUE' to the architecture's file, or begin it with 'defaults: [NAME, _self_]', "
            "where NAME is the architecture that the template was copied from"
        )
    else:
        what = f"the template reads {whose}.{name}, and this layer has none"
        hint = f"did you mean {whose}.{close[0]}?" if close else f'ask for it: {{% if "{name}" in {whose} %}}'
    return ConfigurationError(what, where=place, expected=f"one of {', '.join(known)}" if known else None, hint=hint)


def _templates(folders: Sequence[Path]) -> list[str]:
    return sorted({path.name for folder in folders if folder.is_dir() for path in folder.glob("*.j2")})
