"""Reading and writing Timeloop's files: the one module that others import.

Timeloop's input is a handful of top-level keys spread over any number of YAML files. ``read_specification`` takes them
all; ``dump_specification`` and ``dump_mapping`` write files that ``timeloop-model`` reads directly.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from launcher.errors import SpecificationError
from launcher.specification.architecture import CYCLE_SECONDS, Architecture
from launcher.specification.compound import CompoundClass
from launcher.specification.constraints import Factors
from launcher.specification.energy import AssumedEnergy
from launcher.specification.mapping import Mapping
from launcher.specification.problem import Problem
from launcher.specification.specification import Specification
from launcher.timeloop_files.attributes import evaluate_attributes
from launcher.timeloop_files.compounds import read_compounds
from launcher.timeloop_files.constraints import ConstraintReader, Directive, read_targets
from launcher.timeloop_files.dense import DENSE_HINT
from launcher.timeloop_files.load import Document
from launcher.timeloop_files.mapping import mapping_to_yaml, read_mapping_node
from launcher.timeloop_files.mapspace import mapspace_to_yaml, read_factors_asked, widest_remainders
from launcher.timeloop_files.node import YamlNode
from launcher.timeloop_files.notes import collected_notes, note
from launcher.timeloop_files.oldest import is_oldest, read_oldest
from launcher.timeloop_files.problem import front_end_names, problem_to_yaml, read_problem
from launcher.timeloop_files.processed import read_processed
from launcher.timeloop_files.tables import (
    area_to_yaml,
    check_energy_table,
    completed_energy_table,
    energy_to_yaml,
    read_area_table,
    read_energy_table,
)
from launcher.timeloop_files.v4 import read_v4
from launcher.timeloop_files.writer import architecture_to_yaml, constraints_to_yaml, to_text

Source = Path | Document

_CONSTRAINTS = ("architecture_constraints", "arch_constraints", "mapspace_constraints", "constraints")
_READ = (
    *("architecture", "arch", "problem", "variables", "ERT", "ART", "mapping", "mappings", "mapspace", "globals"),
    *("sparse_optimizations", "layout", *_CONSTRAINTS),
)
_IGNORED = (
    *("components", "compound_components", "mapper", "model", "dumped_by_timeloop_front_end"),
    *("ERT_summary", "ART_summary", "timeloop_front_end_version"),
)
_HARMLESS_ENVIRONMENT = (
    *("TIMELOOP_HIDE_INCONSEQUENTIAL_STATS", "TIMELOOP_OUTPUT_STAT_SCIENTIFIC", "TIMELOOP_OUTPUT_STAT_DEFAULT_FLOAT"),
    *("TIMELOOP_ENABLE_FIRST_READ_ELISION",),
)

_SHORTEST_CYCLE, _LONGEST_CYCLE = 1e-15, 1e3
"""In seconds."""


def read_specification(
    sources: Sequence[Source], elsewhere: frozenset[str] = frozenset(), *, partial: bool = False
) -> Specification:
    """The specification in one or more Timeloop files.

    Args:
        sources: files, or texts already parsed. Each top-level key may stand in any of them, but (constraints aside)
            in one only. Mappings are ignored here; see ``read_mappings``.
        elsewhere: names of dimensions and data spaces of other layers, which constraints may speak of.
        partial: whether the ERT may lack components and actions; they get what Timeloop gives them, and the result
            says so (``assumed``).

    Raises:
        SpecificationError: names file, line, key and value; what is not supported (sparse optimizations, layouts,
            ...) is refused by name.
    """
    with collected_notes() as notes:
        read = _specification(_top_level(_documents(sources)), sources, elsewhere, partial=partial)
    return replace(read, flags=(*read.flags, *notes))


def _specification(
    top: Dict[str, list[YamlNode]], sources: Sequence[Source], elsewhere: frozenset[str], *, partial: bool
) -> Specification:
    _refuse_unsupported(top)
    variables = _variables(top)
    problem_node = _single(top, "problem", sources).with_names(variables)
    node = _single(top, "architecture", sources, "arch")
    _refuse_component_list(node)
    problem = read_problem(problem_node)
    problem = replace(problem, elsewhere=elsewhere - {*problem.dimensions, *problem.data_space_names})
    names = front_end_names(variables, problem_node)
    node = node.with_names(names)
    targets = [target for key in top if _is_constraints(key) for child in top[key] for target in read_targets(child)]
    compounds = read_compounds([*top.get("compound_components", []), *top.get("components", [])])
    architecture, directives = _architecture(node, problem, variables, targets, compounds)
    _check_data_spaces(architecture, problem, node)
    _check_cycle(architecture, node)
    reader = ConstraintReader(problem, architecture)
    constraints = reader.read(directives)
    energy_node, area_node = _optional(top, "ERT"), _optional(top, "ART")
    energy = read_energy_table(energy_node) if energy_node and _filled(energy_node) else None
    assumed: tuple[AssumedEnergy, ...] = ()
    if energy is not None and energy_node is not None:
        if partial:
            energy, assumed = completed_energy_table(energy, architecture)
        check_energy_table(energy_node, energy, architecture)
    area = read_area_table(area_node) if area_node and _filled(area_node) else None
    problem = replace(problem, elsewhere=frozenset())
    return Specification(
        architecture,
        problem,
        constraints,
        energy,
        area,
        flags=tuple(reader.flags),
        assumed=assumed,
        compounds=compounds,
    )


def parse_specification(text: str, source: str) -> Specification:
    """The specification in one YAML text; ``source`` names it in messages."""
    return read_specification([Document.from_text(text, source)])


def parse_problem(text: str, source: str) -> Problem:
    """The problem alone, from a text."""
    return read_problem_of([Document.from_text(text, source)])


def read_problem_of(sources: Sequence[Source]) -> Problem:
    """The problem alone. Raises SpecificationError as ``read_specification`` does."""
    top = _top_level(_documents(sources))
    return read_problem(_single(top, "problem", sources).with_names(_variables(top)))


def dump_specification(specification: Specification) -> str:
    """One YAML text that ``timeloop-model`` reads: architecture, problem, and ERT and ART when there are any.

    Constraints are left out (``timeloop-model`` refuses mappings when they are there), and so are ``estimator`` and
    ``flags``. Read back, the specification is equal up to these, and up to attributes that had to be added because
    Timeloop could not have derived a level's figures from those it had. Energies that nobody knows are 0 in the ERT,
    and a comment names their components.
    """
    architecture = specification.architecture
    document: dict[str, object] = {
        "architecture": architecture_to_yaml(architecture),
        "problem": problem_to_yaml(specification.problem),
    }
    if specification.energy is not None:
        document["ERT"] = energy_to_yaml(specification.energy, architecture)
    if specification.area is not None:
        document["ART"] = area_to_yaml(specification.area, architecture)
    unknown = ", ".join(" ".join(one.component.split()) for one in specification.assumed if one.unknown)
    return (f"# energies unknown, written as 0: {unknown}\n" if unknown else "") + to_text(document)


def dump_constraints(specification: Specification, remainders: Dict[str, int] | None = None) -> str:
    """The constraints as ``timeloop-mapper`` reads them, under ``architecture_constraints``.

    ``maximize_dims`` is written as Timeloop's front end knows it; the mapper program itself does not. ``remainders``
    are bounds on imperfect spatial factors by level (see ``constraints_to_yaml``).
    """
    written = constraints_to_yaml(specification, remainders)
    return to_text({"architecture_constraints": written})


def dump_mapspace(specification: Specification, factors: Factors) -> str:
    """What ``timeloop-mapper`` needs beside the specification: the constraints, and which loops may be imperfect."""
    if factors is Factors.perfect:
        return dump_constraints(specification)
    constraints = dump_constraints(specification, widest_remainders(specification.architecture))
    return constraints + to_text({"mapspace": mapspace_to_yaml(factors)})


def read_mapspace(sources: Sequence[Source]) -> Factors:
    """Which loops may be imperfect according to the files' ``mapspace``; a file further back wins.

    Raises:
        SpecificationError: an unknown template.
    """
    return read_factors_asked(_top_level(_documents(sources)).get("mapspace", []))


def dump_mapping(mapping: Mapping, specification: Specification) -> str:
    """A mapping as ``timeloop-model`` reads it, under ``mapping``."""
    return to_text({"mapping": mapping_to_yaml(mapping, specification)})


def read_mapping(sources: Sequence[Source], specification: Specification) -> Mapping:
    """The one mapping in the files.

    Raises:
        SpecificationError: as for ``read_mappings``, or when there is not exactly one.
    """
    mappings = read_mappings(sources, specification)
    if len(mappings) != 1:
        raise SpecificationError(f"{len(mappings)} mappings were given", where=_named(sources), expected="exactly one")
    return mappings[0]


def read_mappings(sources: Sequence[Source], specification: Specification) -> list[Mapping]:
    """All mappings in the files, from ``mapping`` (one) and ``mappings`` (a list of them).

    Raises:
        SpecificationError: a mapping that does not fit the specification, or one with directives that belong to the
            model (``no_reuse`` and the like; ``read_mapped`` takes these).
    """
    mapped = read_mapped(sources, specification)
    for with_directives, _ in mapped:
        if with_directives.constraints != specification.constraints:
            raise SpecificationError(
                "a mapping switches off reuse, coalescing or first-read elision",
                where=_named(sources),
                hint="use read_mapped, which returns the specification that goes with each mapping",
            )
    return [mapping for _, mapping in mapped]


def read_mapped(sources: Sequence[Source], specification: Specification) -> list[tuple[Specification, Mapping]]:
    """As ``read_mappings``, each mapping with the specification that its own directives ask for."""
    top = _top_level(_documents(sources))
    nodes = [node for node in top.get("mapping", []) if node.value != []]
    for node in top.get("mappings", []):
        nodes += [item.require("mapping") if item.is_map else item for item in node.list()]
    return [_noting(node, specification) for node in nodes]


def _noting(node: YamlNode, specification: Specification) -> tuple[Specification, Mapping]:
    """One mapping; keys without effect become flags of its specification."""
    with collected_notes() as notes:
        own, mapping = read_mapping_node(node, specification)
    return replace(own, flags=tuple(dict.fromkeys((*own.flags, *notes)))), mapping


def _documents(sources: Sequence[Source]) -> list[Document]:
    return [source if isinstance(source, Document) else Document.from_file(source) for source in sources]


def _named(sources: Sequence[Source]) -> str:
    return ", ".join(source.source if isinstance(source, Document) else str(source) for source in sources)


def _is_constraints(key: str) -> bool:
    return key in _CONSTRAINTS or key.endswith("_constraints")


def _top_level(documents: Sequence[Document]) -> dict[str, list[YamlNode]]:
    """Top-level key -> its values, one per file that has it; empty values are left out."""
    result: dict[str, list[YamlNode]] = {}
    for document in documents:
        for key, child in YamlNode.of(document).items():
            if key not in _READ and key not in _IGNORED and not _is_constraints(key):
                close = get_close_matches(key, _READ, n=1, cutoff=0.7)
                if close:
                    raise child.error(
                        f"unknown top-level key '{key}'",
                        expected=", ".join(_READ[:10]),
                        hint=f"did you mean '{close[0]}'?",
                    )
                note(f"top-level key '{key}' has no effect ({document.source})")
                continue
            result.setdefault(key, []).append(child)
    return result


def _optional(top: Dict[str, list[YamlNode]], key: str) -> YamlNode | None:
    nodes = top.get(key, [])
    if len(nodes) > 1:
        raise nodes[1].error(f"'{key}' stands in two files", f"once; the first is at {nodes[0].place}")
    return nodes[0] if nodes else None


def _single(top: Dict[str, list[YamlNode]], key: str, sources: Sequence[Source], alias: str | None = None) -> YamlNode:
    node = _optional(top, key) or (_optional(top, alias) if alias else None)
    if node is None:
        raise SpecificationError(f"there is no '{key}'", where=_named(sources), expected=f"a top-level key '{key}'")
    return node


def _filled(node: YamlNode) -> bool:
    tables = node.get("tables")
    return tables is not None and tables.value != []


def _variables(top: Dict[str, list[YamlNode]]) -> dict[str, object]:
    node = _optional(top, "variables")
    variables: dict[str, object] = {}
    for part in [] if node is None else node.list() if node.is_list else [node]:
        variables.update(evaluate_attributes(part, variables))
    variables.pop("version", None)
    return variables


def _architecture(
    node: YamlNode,
    problem: Problem,
    variables: Dict[str, object],
    targets: Sequence[tuple[str, str, YamlNode]],
    compounds: Dict[str, CompoundClass],
) -> tuple[Architecture, list[Directive]]:
    if not node.is_map:
        raise node.wrong("a mapping with 'nodes' or 'subtree'")
    if node.get("nodes") is not None:
        node.check_keys(("nodes", "version"), "a v4 architecture")
        return read_v4(node, problem, variables, targets, compounds)
    others = [Directive(*target) for target in targets]
    if is_oldest(node):
        return read_oldest(node), others
    node.check_keys(("subtree", "version", "name", "attributes", "nodes"), "an architecture")
    return read_processed(node), others


def _refuse_component_list(node: YamlNode) -> None:
    """What Accelergy writes and reads beside Timeloop is no hierarchy."""
    if node.is_map and node.get("local") is not None and node.get("nodes", "subtree") is None:
        raise node.error(
            "this is a component list of Accelergy, not an architecture",
            "'nodes' or 'subtree', which say what lies inside what",
            "name the architecture that the list was made from",
        )


def _check_cycle(architecture: Architecture, node: YamlNode) -> None:
    given = architecture.attributes.get(CYCLE_SECONDS)
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if given is not None and not (number and _SHORTEST_CYCLE <= float(str(given)) <= _LONGEST_CYCLE):
        raise node.error(
            f"'{CYCLE_SECONDS}' is {given!r}", expected=f"seconds from {_SHORTEST_CYCLE:g} to {_LONGEST_CYCLE:g}"
        )


def _check_data_spaces(architecture: Architecture, problem: Problem, node: YamlNode) -> None:
    for level in architecture.levels:
        for key, named in (
            ("per_dataspace_bandwidth_consumption_scale", level.bandwidth_scale),
            ("data_space_bits", level.value_bits),
        ):
            for name in named:
                if name not in problem.data_space_names:
                    raise node.error(
                        f"'{key}' of '{level.name}' names no data space: '{name}'",
                        f"one of: {', '.join(problem.data_space_names)}",
                    )


def _refuse_unsupported(top: Dict[str, list[YamlNode]]) -> None:
    for node in top.get("sparse_optimizations", []):
        targets = node.get("targets") if node.is_map else node
        if targets is not None and targets.value != []:
            raise node.error(
                "sparse optimizations are not supported", "no 'sparse_optimizations', or an empty list", DENSE_HINT
            )
    for node in top.get("layout", []):
        if node.value not in ([], {}):
            raise node.error("layouts are not supported", "no 'layout'")
    read_factors_asked(top.get("mapspace", []))
    for node in top.get("globals", []):
        _check_globals(node)


def _check_globals(node: YamlNode) -> None:
    node.refuse("expression_custom_functions", "custom functions in expressions")
    environment = node.get("environment_variables")
    for name, value in environment.items() if environment and environment.is_map else ():
        harmless = name in _HARMLESS_ENVIRONMENT or not name.startswith("TIMELOOP_")
        elision_off = name == "TIMELOOP_ENABLE_FIRST_READ_ELISION" and str(value.value) == "0"
        if elision_off or not (harmless or str(value.value) == "0"):
            raise value.error(f"environment variable {name}={value.value} changes the model, which is not supported")


__all__ = [
    "Document",
    "dump_constraints",
    "dump_mapping",
    "dump_mapspace",
    "dump_specification",
    "parse_problem",
    "parse_specification",
    "read_mapped",
    "read_mapping",
    "read_mappings",
    "read_mapspace",
    "read_problem_of",
    "read_specification",
]
