"""From a template and the values it is written in, to a Specification."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from launcher.config.tensor_bits import AS_THE_ARCHITECTURE, TensorBits, widths
from launcher.errors import ConfigurationError
from launcher.paths import data_folder
from launcher.specification.constraints import Factors
from launcher.specification.specification import Specification
from launcher.timeloop_files.io import Document, parse_problem, read_specification
from launcher.trial.fitting import Fitting, largest_divisor
from launcher.trial.template_parts import TemplateParts, template_parts
from launcher.trial.template_reads import BITS
from launcher.trial.templates import rendered_text

if TYPE_CHECKING:
    from launcher.config.layer_sizes import LayerSizes


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
            its values are ``bits``.
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
    sizes = dict(layer.dimensions)
    values = {"arch": arch, "sizes": sizes, "coefficients": dict(layer.coefficients), "bits": layer.bits}
    problem_file, fitting = f"{shape}.yaml.j2", Fitting(sizes, factors)
    problem = _render(problem_file, values, fitting, (*folders, data_folder("workloads")), "layer.shape")
    if factors is not Factors.perfect:
        fitting = replace(fitting, sliding=parse_problem(problem, f"{problem_file} as rendered").sliding)
    places = (*folders, data_folder("arch_templates"))
    architecture = _render(template, values, fitting, places, "arch.template")
    _check_bits(template, layer.bits, places, frozenset(_functions(fitting)))
    return architecture, problem


def _check_bits(template: str, bits: TensorBits, places: Sequence[Path], functions: frozenset[str]) -> None:
    """Make sure that a template does not leave the widths of values out."""
    if bits == AS_THE_ARCHITECTURE:
        return
    parts = template_parts(template, tuple(map(str, places)), functions)
    if parts is not None and not any(BITS in reads for reads in parts.reads):
        raise ConfigurationError(
            f"the template {template} does not say how wide values are, so the bits of tensors would change nothing",
            where="model.weight_bits, activation_bits, cache_bits, sum_bits",
            expected=f"a template that reads {BITS}.Weights, {BITS}.Inputs, {BITS}.Outputs or {BITS}.sums",
            hint="leave them out: null is what the architecture has",
        )


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
) -> tuple[TemplateParts, Callable[[object, TensorBits], list[str]]] | None:
    """An architecture's template in parts, and what makes their texts from its parameters and the values' widths.

    Args:
        template, layer, folders, factors: as in :func:`render`.
        problem: the problem's text.

    Returns:
        None where it cannot be told what the parts depend on.
    """
    sizes, coefficients = dict(layer.dimensions), dict(layer.coefficients)
    fitting = Fitting(sizes, factors)
    if factors is not Factors.perfect:
        fitting = replace(fitting, sliding=parse_problem(problem, "the problem as rendered").sliding)
    functions = _functions(fitting)
    places = tuple(map(str, (*folders, data_folder("arch_templates"))))
    parts = template_parts(template, places, frozenset(functions))
    if parts is None:
        return None
    values = {"sizes": sizes, "coefficients": coefficients}
    return parts, lambda arch, bits: parts.texts({"arch": arch, "bits": bits, **values}, functions)


def rows_of(kib: float, width_bits: int, instances: int = 1) -> int:
    """Rows of ``width_bits`` in each of ``instances`` memories that together hold ``kib`` KiB.

    Raises:
        ConfigurationError: not even one row fits.
    """
    rows = floor(kib * 8192 / width_bits / instances)
    if rows < 1:
        raise ConfigurationError(
            f"{kib:g} KiB do not hold one row of {width_bits} bits in each of {instances} memories",
            expected=f"at least {width_bits * instances / 8192:g} KiB",
            hint="a larger memory, narrower rows, or a smaller array",
        )
    return rows


def words_in(kib: float, width_bits: int, word_bits: int, value_bits: int | None = None) -> int:
    """Words of ``word_bits`` in a memory of ``kib`` KiB whose rows of ``width_bits`` hold whole words.

    Or values of ``value_bits``, which lie in the same rows without gaps.
    """
    row_bits = whole_words(width_bits, word_bits)
    return rows_of(kib, row_bits) * row_bits // (value_bits or word_bits)


def whole_words(width_bits: int, word_bits: int) -> int:
    """Bits of a row that hold whole words: at least one, else as many as fit in ``width_bits``."""
    return max(width_bits // word_bits, 1) * word_bits


def _functions(fitting: Fitting) -> dict[str, object]:
    """What templates may call beside Jinja2's own filters."""
    sizes = fitting.sizes

    def only(*free: str, **factors: int | str) -> str:
        """Factors of one block: ``free`` dimensions may have any, others the given one, or else 1.

        Dimensions that the problem does not have are left out.
        """
        written = {name: factors.get(name, 1) for name in sizes if name in factors or name not in free}
        return "[" + ", ".join(f"{name}{_bound(factor)}" for name, factor in written.items()) + "]"

    return {
        "fill": fitting.fill,
        "largest_divisor": largest_divisor,
        "rows_of": rows_of,
        "words_in": words_in,
        "norm_factors": fitting.norm_factors,
        "whole_words": whole_words,
        "widths": widths,
        "least_use": fitting.least_use,
        "only": only,
        "spread": fitting.spread,
        "spread_in_time": fitting.spread_in_time,
        "scaled": lambda bandwidth, factor: None if bandwidth is None else bandwidth * factor,
    }


def _bound(factor: int | str) -> str:
    """``=4``, or a bound as it is written: ``>=4``."""
    return factor if isinstance(factor, str) else f"={factor}"


def _render(name: str, values: Mapping[str, object], fitting: Fitting, folders: Sequence[Path], key: str) -> str:
    try:
        text = rendered_text(name, values, _functions(fitting), tuple(map(str, folders)))
    except jinja2.TemplateNotFound as error:
        raise ConfigurationError(
            f"{key}: there is no template {error.name!r}",
            where=", ".join(str(folder) for folder in folders),
            expected="one of " + ", ".join(_templates(folders)),
        ) from error
    except jinja2.TemplateSyntaxError as error:
        raise ConfigurationError(
            f"template syntax: {error.message}", where=f"{error.filename or name}, line {error.lineno}"
        ) from error
    except (jinja2.TemplateError, TypeError, ArithmeticError) as error:
        raise ConfigurationError(
            f"the template cannot be rendered: {error}",
            where=f"{key}={name}",
            expected="a template that uses only arch, sizes and the documented functions",
        ) from error
    if not text.strip():
        raise ConfigurationError(f"{key}: template {name} is empty", expected="Timeloop v4 YAML")
    return text


def _templates(folders: Sequence[Path]) -> list[str]:
    return sorted({path.name for folder in folders if folder.is_dir() for path in folder.glob("*.j2")})
