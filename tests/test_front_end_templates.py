"""The language of Timeloop's front end: Jinja2 in YAML, merges, expressions over the input; and what it must not do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from command_line import python
from front_end_cases import BASE, MAPPING, PROBLEM

from launcher.__main__ import main
from launcher.errors import SpecificationError
from launcher.timeloop_files.io import Document, parse_specification, read_specification

TOP = """
{{add_to_path(cwd() ~ '/parts')}}
architecture: {{include('arch.yaml', 'architecture')}}
{% set problem = problem|default('mm.yaml') %}
problem: {{include(problem, 'problem')}}
{% if path_exists('tables.yaml') %}
{{include_text('tables.yaml')}}
{% endif %}
constraints:
  targets: {{include_all('c*.yaml', 'constraints.targets')}}
variables:
- {{include('variables.yaml', 'variables')}}
- {words: 2 * depth}
"""
VARIABLES = "variables: {depth: {{depth|default(1024)}}, technology: 45nm}\n"


def folder(tmp_path: Path, top: str = TOP, **files: str) -> Path:
    """A template and the files it may include, in a folder of its own."""
    parts = tmp_path / "top" / "parts"
    parts.mkdir(parents=True)
    machine, tables = BASE.split("ERT:")
    texts = {
        "arch": machine.replace("depth: 2048", "depth: words"),
        "mm": PROBLEM,
        "tables": "ERT:" + tables,
        "variables": VARIABLES,
        "c1": "constraints: {targets: [{target: GB, type: temporal, factors: [M=7]}]}",
        "c2": "constraints: {targets: [{target: PE, type: spatial, factors: [N=8]}]}",
    }
    for name, text in {**texts, **files}.items():
        (parts / f"{name}.yaml").write_text(text)
    path = tmp_path / "top" / "top.yaml.jinja2"
    path.write_text(top)
    return path


def read(path: Path, **data: object) -> Mapping[str, object]:
    return Document.from_file(path, data).root


def refused(path: Path, **data: object) -> SpecificationError:
    with pytest.raises(SpecificationError) as caught:
        read(path, **data)
    return caught.value


# -- templates ------------------------------------------------------------------------------------------------------


def test_a_template_gathers_its_files(tmp_path: Path) -> None:
    specification = read_specification([Document.from_file(folder(tmp_path), {"depth": 512})])
    assert specification.architecture.level("GB").capacity_words == 1024 * 8
    assert specification.energy is not None
    bounds = specification.constraints.at("GB").temporal.factors["M"]
    assert bounds.exact == 7
    assert specification.constraints.at("inter_PE_spatial").spatial.factors["N"].exact == 8


def test_the_command_fills_in_templates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "map.yaml").write_text(MAPPING.replace("WHO", "PE"))
    files = [str(folder(tmp_path)), str(tmp_path / "map.yaml")]
    assert main(["evaluate", *files, "--data", "depth=1", "--data", "problem=mm.yaml"]) == 0
    assert "exceed the capacity of 16 words" in capsys.readouterr().out
    assert main(["evaluate", *files]) == 0
    assert "224" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["evaluate", *files, "--data", "depth"])
    assert "'depth' is not NAME=VALUE" in capsys.readouterr().err


def test_places_in_included_files_are_theirs(tmp_path: Path) -> None:
    path = folder(tmp_path, mm=PROBLEM.replace("[[[N]], [[K]]]", "[[[N]], [[V]]]"))
    with pytest.raises(SpecificationError, match="unknown dimension 'V'") as caught:
        read_specification([Document.from_file(path)])
    assert "mm.yaml:9 (problem.shape.data_spaces[B].projection" in str(caught.value.where)


def test_templates_may_include_what_lies_beside_their_folder(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(PROBLEM)
    path = folder(tmp_path, "{{include_text('../base.yaml')}}\nvariables: !include parts/variables.yaml\n")
    root = read(path)
    assert root["problem"]["instance"] == {"M": 7, "N": 16, "K": 16}  # type: ignore[index]
    assert root["variables"]["variables"]["depth"] == 1024  # type: ignore[index]


def test_old_front_ends_included_whole_files(tmp_path: Path) -> None:
    path = folder(tmp_path, "!include parts/variables.yaml\n!include ./parts/mm.yaml\n")
    assert list(read(path)) == ["variables", "problem"]


def test_text_in_comments_makes_no_template(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text("# {{a}} and {% b %}\nproblem: 1  # {{c}}\n")
    assert read(path) == {"problem": 1}
    assert Document.from_file(path).source == str(path)


OUTSIDE = "outside.txt"
HOSTILE = {
    "absolute": ("{{include_text('/etc/passwd')}}", "lies outside"),
    "two up": ("{{include_text('../../far.yaml')}}", "lies outside"),
    "not YAML": (f"{{{{include_text('../{OUTSIDE}')}}}}", "lies outside"),
    "hidden": ("{{include_text('.hidden.yaml')}}", "lies outside"),
    "link": ("{{include_text('link.yaml')}}", "lies outside"),
    "Jinja's include": ("{% include '/etc/passwd' %}", "lies outside"),
    "existence": ("{{path_exists('/etc/passwd')}}", "lies outside"),
    "wildcards": ("{{find_paths('/*/*')}}", "lies outside"),
    "search path": ("{{add_to_path('../..')}}", "lies outside"),
    "itself": ("{{include_text('top.yaml.jinja2')}}", "includes itself"),
    "internals": ("{{ ''.__class__.__mro__ }}", "must not do"),
    "globals": ("{{ cwd.__globals__ }}", "must not do"),
    "environment": ("{{ setenv('A', 'b') }}", "cannot set environment variables"),
    "endless macro": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "without end"),
    "endless loop": ("{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}", "too long"),
    "huge text": ("{{ 'a' * 10000000000 }}", "too much memory"),
    "huge number": ("{{ '%99999999999d' % 1 }}", "too much memory"),
    "doubling": (
        "{% set n = namespace(x='aa') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "too much memory",
    ),
    "huge output": ("{% for i in range(99) %}{{ 'a' * 100000 }}{% endfor %}", "renders to too much"),
    "undefined": ("{{ who }}", "'who' is undefined"),
    "broken": ("{% if %}", "broken"),
    "missing": ("{{ include('none.yaml') }}", "no file 'none.yaml'"),
    "no such key": ("a: {{ include('parts/mm.yaml', 'problem.size') }}", "has no 'problem.size'"),
    "forged": ("# \na: !include_loaded 0\nb: {{1}}", "not allowed on a value"),
}


@pytest.mark.parametrize(("text", "words"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_templates_end_in_one_message(tmp_path: Path, text: str, words: str) -> None:
    path = folder(tmp_path, text)
    (tmp_path / OUTSIDE).write_text("outside: 1")
    (tmp_path.parent / "far.yaml").write_text("far: 1")
    (path.parent / ".hidden.yaml").write_text("hidden: 1")
    (path.parent / "link.yaml").symlink_to("/etc/passwd")
    error = refused(path)
    assert words in error.what
    assert str(path) in str(error.where)
    assert len(str(error).splitlines()) <= 4


def test_files_that_include_each_other_many_times_are_too_many_values(tmp_path: Path) -> None:
    path = folder(tmp_path, "a: {{include('d18.yaml')}}")
    for number in range(1, 19):
        text = f"{{% set x = include('d{number - 1}.yaml') %}}\n" + "".join(f"{key}: {{{{x}}}}\n" for key in "abc")
        (path.parent / f"d{number}.yaml").write_text(text)
    (path.parent / "d0.yaml").write_text("a: [1, 2, 3]\n")
    assert "too many values" in refused(path).what


def test_rendering_stays_within_its_memory(tmp_path: Path) -> None:
    path = folder(tmp_path, HOSTILE["doubling"][0])
    code = """if True:
        import pathlib, resource, sys
        from launcher.errors import SpecificationError
        from launcher.timeloop_files.load import Document
        try:
            Document.from_file(pathlib.Path(sys.argv[1]))
        except SpecificationError:
            print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    """
    # In a process of its own, whose only child renders: the tests' have others.
    assert 0 < int(python(tmp_path, "-c", code, str(path)).must_succeed().out) < 500 * 1024


def test_an_undefined_variable_says_how_to_give_it(tmp_path: Path) -> None:
    assert refused(folder(tmp_path, "a: {{ who }}")).hint == "give its variables: --data NAME=VALUE"
    assert read(tmp_path / "top" / "top.yaml.jinja2", who=3) == {"a": 3}


# -- merges ---------------------------------------------------------------------------------------------------------

DEFAULTS = "base: &base {key1: 1, key2: {sub1: 1, sub2: 2}, list: [d, e], fixed: [4, 5]}\n"


def test_deep_merges_reach_into_mappings_and_join_lists() -> None:
    text = DEFAULTS + "own: {<<<: *base, key2: {sub1: 7}, list: [a], fixed: !nomerge [1]}"
    own = Document.from_text(text, "x").root["own"]
    assert own == {"key1": 1, "key2": {"sub1": 7, "sub2": 2}, "list": ["a", "d", "e"], "fixed": [1]}


def test_plain_merges_do_not() -> None:
    own = Document.from_text(DEFAULTS + "own: {<<: *base, key2: {sub1: 7}, list: [a]}", "x").root["own"]
    assert own == {"key1": 1, "key2": {"sub1": 7}, "list": ["a"], "fixed": [4, 5]}


def test_the_first_of_several_sources_counts_and_lists_are_joined_in_their_order() -> None:
    text = "a: &a {x: 1, l: [1]}\nb: &b {x: 2, y: 2, l: [2]}\nown: {<<<: [*a, *b], l: [0]}\nplain: {<<: [*a, *b]}"
    root = Document.from_text(text, "x").root
    assert root["own"] == {"x": 1, "y": 2, "l": [0, 1, 2]}
    assert root["plain"] == {"x": 1, "y": 2, "l": [1]}
    assert root["a"] == {"x": 1, "l": [1]}


def test_only_mappings_are_merged() -> None:
    with pytest.raises(SpecificationError, match="'<<<' does not name a mapping"):
        Document.from_text("a: {<<<: 3}", "x")


def test_merged_problems() -> None:
    body = PROBLEM.replace("problem:", "mm_base: &b")
    merged = parse_specification(BASE + body + "problem: {<<: *b, instance: {M: 8, N: 16, K: 16}}", "x")
    assert merged.problem.dimensions == {"M": 8, "N": 16, "K": 16}
    assert merged.flags == ("top-level key 'mm_base' has no effect (x)",)


# -- expressions over the input -------------------------------------------------------------------------------------

BUFFER = "  - !Component {name: GB, class: SRAM, attributes: {depth: 2048, width: 64, datawidth: 8}}\n"
BLOCK = "  - !Component\n    name: GB\n    class: SRAM\n    attributes:\n      width: 64\n      datawidth: 8\n"


def test_expressions_may_speak_of_the_whole_input() -> None:
    split = "{spatial: {permutation: [N, K, M], split: len(spec.problem.instance)}}"
    text = BASE.replace("{meshX: 8}", f"{{meshX: 8}}, constraints: {split}")
    text = text.replace(BUFFER, f"{BLOCK}      depth: spec.problem.instance['N'] * spec.variables.get('rows', 3)\n")
    read = parse_specification("variables: {rows: 4}\n" + text + PROBLEM, "x")
    assert read.constraints.at("inter_PE_spatial").spatial.split == 3
    assert read.architecture.level("GB").capacity_words == 16 * 4 * 8
    assert "spec" not in read.architecture.attributes
    assert read.architecture.attributes["rows"] == 4


def test_a_function_that_means_nothing_here_is_named() -> None:
    text = BASE.replace(BUFFER, f"{BLOCK}      depth: sum(map(int, [1]))\n")
    with pytest.raises(SpecificationError, match="'map' of Timeloop's front end is not supported here"):
        parse_specification(text + PROBLEM, "x")
