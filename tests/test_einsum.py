"""Layers that say what they compute: expressions, the parts of their dimensions, groups, batches, transposition."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path

import pytest
from command_line import launch_here

from launcher.config.compose import compose
from launcher.config.trial import Trial
from launcher.engines.interface import MapperSettings
from launcher.engines.native.native_engine import NativeEngine
from launcher.errors import ConfigurationError
from launcher.results.result import Result
from launcher.specification.constraints import Factors
from launcher.specification.einsum import parse_einsum
from launcher.specification.mapping import Mapping
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.roles import roles_of
from launcher.timeloop_files.io import (
    Document,
    dump_constraints,
    dump_mapping,
    dump_specification,
    parse_specification,
    read_mapping,
    read_specification,
)
from launcher.timeloop_files.v4_writer import v4_document
from launcher.timeloop_files.writer import to_text
from launcher.trial.run import run_trial
from launcher.trial.steps import specify, texts_of

ARCHITECTURES = ["gemmini", "eyeriss", "simba", "simba_small", "tpu", "pim", "dimc", "aimc"]
ATTENTION = "O[b,h,q,d] += P[b,h,q,k] * V[b,h,k,d]"
ATTENTION_SIZES = "{b:1,h:12,q:128,k:128,d:64}"


def einsum(expression: str, sizes: str, *others: str) -> Trial:
    return compose(["layer=einsum", f"layer.expression='{expression}'", f"layer.sizes={sizes}", "cache=false", *others])


def parameters(text: str) -> list[str]:
    return [f"layer.{pair}" for pair in text.split()]


def renamed(mapping: Mapping | None, names: dict[str, str]) -> list[object]:
    """What a mapping is, with other names for its dimensions."""
    assert mapping is not None
    return [
        (level.level, level.keep, *([(names[one.dimension], one.bound) for one in loops] for loops in blocks))
        for level in mapping.levels
        for blocks in [(level.spatial_x, level.spatial_y, level.temporal)]
    ]


# -- the same layers in other words -----------------------------------------------------------------------------------

MATMUL = ["layer=gemm", *parameters("D=48 E=36 L=20")]
CONV = ["layer=conv", *parameters("E=6 D=8 R=3 S=2 L=6 Q=4 Wstride=2 Hdilation=2")]
SAME = [
    (MATMUL, "O[d,l] += W[e,d] * I[e,l]", "{e:36,d:48,l:20}", {"E": "e", "D": "d", "L": "l"}),
    (MATMUL, "y[t,o] += x[t,i] * m[o,i]", "{i:36,o:48,t:20}", {"E": "i", "D": "o", "L": "t"}),
    (
        CONV,
        "O[n,f,p,q] += I[n,c,2*p+r,q+step*s] * W[f,c,r,s]",
        "{n:1,c:6,f:8,p:6,q:4,r:3,s:2,step:2}",
        dict(zip("ERSNDLQ", "crsnfpq", strict=True)),
    ),
]


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_in_other_words_a_layer_has_the_same_result_to_the_last_bit(
    arch: str,
) -> None:
    known, expression, sizes, names = SAME[ARCHITECTURES.index(arch) % len(SAME)]
    theirs = run_trial(compose([f"arch={arch}", *known, "cache=false"]))
    ours = run_trial(einsum(expression, sizes, f"arch={arch}"))
    assert (ours.energy_pj, ours.cycles, ours.utilization) == (theirs.energy_pj, theirs.cycles, theirs.utilization)
    assert renamed(ours.mapping, {name: name for name in names.values()}) == renamed(theirs.mapping, names)


@pytest.mark.parametrize("factors", ["spatial", "all"])
def test_imperfect_factors_do_not_care_for_names_either(factors: str) -> None:
    space = f"mapspace.factors={factors}"
    theirs = run_trial(compose(["layer=gemm", *parameters("D=19 E=23 L=14"), space, "cache=false"]))
    ours = run_trial(einsum("O[d,l] += W[e,d] * I[e,l]", "{e:23,d:19,l:14}", space))
    assert (ours.energy_pj, ours.cycles) == (theirs.energy_pj, theirs.cycles)
    assert ours.mapping is not None and not ours.mapping.is_perfect


def test_columns_wait_for_the_next_layer_whatever_they_are_called() -> None:
    level = "fusion.level=Accumulator"
    theirs = run_trial(compose([*MATMUL, level, "cache=false"]))
    ours = run_trial(einsum("O[d,l] += W[e,d] * I[e,l]", "{e:36,d:48,l:20}", level))
    assert (ours.energy_pj, ours.cycles) == (theirs.energy_pj, theirs.cycles)
    assert ours.energy_pj < run_trial(compose([*MATMUL, "cache=false"])).energy_pj


def test_a_batch_of_one_matrix_is_a_matrix_multiplication() -> None:
    theirs = run_trial(compose([*MATMUL, "cache=false"]))
    ours = run_trial(compose(["layer=bmm", *parameters("D=48 E=36 L=20 H=1"), "cache=false"]))
    assert (ours.energy_pj, ours.cycles) == (theirs.energy_pj, theirs.cycles)


# -- parts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (ATTENTION, "E: k; D: d; L: q; G: h, b; Weights: V; Inputs: P; Outputs: O"),
        ("S[h,q,k] += Q[h,q,d] * K[h,k,d]", "E: d; D: k; L: q; G: h; Weights: K; Inputs: Q; Outputs: S"),
        ("Y[b,t,h,d] += X[b,t,e] * W[e,h,d]", "E: e; D: d, h; L: t, b; Weights: W; Inputs: X; Outputs: Y"),
        (
            "O[n,f,p,q] += W[f,c,r,s] * I[n,c,2*p+r,q+s]",
            "E: c; D: f; R: r; S: s; N: n; L: p; Q: q; Weights: W; Inputs: I; Outputs: O",
        ),
        ("O[c,p] += A[c,p+r] * B[c,r]", "R: r; L: p; G: c; Weights: B; Inputs: A; Outputs: O"),
        ("O[c,p] += B[c,r] * A[c,p+r]", "R: r; L: p; G: c; Weights: B; Inputs: A; Outputs: O"),
        ("O[i] += A[i,j] * B[k]", "E: k, j; L: i; Weights: B; Inputs: A; Outputs: O"),
        ("Outputs[D,L] += Weights[E,D] * Inputs[E,L]", ""),
    ],
)
def test_parts_are_guessed_from_what_tensors_share(expression: str, expected: str) -> None:
    found = roles_of(parse_einsum(expression), {})
    played = {dimension for own in found.dimensions.values() for dimension in own}
    assert played == set(parse_einsum(expression).places)
    assert found.text == expected


def test_parts_can_be_given() -> None:
    trial = einsum("Y[t,h,d] += X[t,e] * W[e,h,d]", "{t:8,e:6,h:4,d:2}", "layer.roles={D:[h,d],Weights:X}")
    assert trial.parameters["layer.roles"] == "E: e; D: h, d, t; Weights: X; Inputs: W; Outputs: Y"
    own = trial.layer.roles.own
    assert own("D")[:2] == ("h", "d") and own("E") == ("e",) and own("Q") == ()


def test_dimensions_of_one_part_fill_a_side_one_after_the_other() -> None:
    trial = einsum("Y[t,h,d] += X[t,e] * W[e,h,d]", "{t:8,e:6,h:4,d:6}", "arch=gemmini")
    constraints = specify(trial).constraints
    rows = {name: bounds.exact for name, bounds in constraints.at("inter_PERows_spatial").spatial.factors.items()}
    assert rows == {"e": 1, "d": 6, "h": 2, "t": 1}  # 6 of 16 rows, then 2 in each of the 16 // 6 that are left
    other = einsum("Y[t,h,d] += X[t,e] * W[e,h,d]", "{t:8,e:6,h:4,d:6}", "arch=gemmini", "layer.roles={D:[h,d]}")
    rows = {
        name: bounds.exact
        for name, bounds in specify(other).constraints.at("inter_PERows_spatial").spatial.factors.items()
    }
    assert rows == {"e": 1, "h": 4, "d": 3, "t": 1}


def test_a_least_use_is_shared_out() -> None:
    trial = einsum("Y[t,h,d] += X[t,e] * W[e,h,d]", "{t:8,e:300,h:4,d:8}", "arch=pim")
    text = texts_of(trial, Factors.perfect)[0]
    assert "[e=1, d>=8, h>=4, t=1]" in text  # a quarter of 128 rows
    assert run_trial(trial).ok


@pytest.mark.parametrize("arch", ["tpu", "pim"])
def test_a_layer_without_a_reduction_maps_where_the_template_asks_for_one(arch: str) -> None:
    result = run_trial(einsum("O[c,p] += I[c,p+r] * W[c,r]", "{c:4,p:6,r:3}", f"arch={arch}"))
    assert result.ok and result.specification is not None
    assert result.specification.problem.computes == 4 * 6 * 3


def test_a_shape_of_ones_own_can_say_its_parts(tmp_path: Path) -> None:
    (tmp_path / "layer").mkdir()
    (tmp_path / "workloads").mkdir()
    (tmp_path / "layer" / "mine.yaml").write_text(
        "name: mine\nshape: mine\nA: 36\nB: 48\nC: 20\nroles: {E: A, D: [B], L: C}\n"
    )
    (tmp_path / "workloads" / "mine.yaml.j2").write_text(
        "problem:\n  shape:\n    name: mine\n    dimensions: [A, B, C]\n    data_spaces:\n"
        "    - {name: Weights, projection: [[[A]], [[B]]]}\n    - {name: Inputs, projection: [[[A]], [[C]]]}\n"
        "    - {name: Outputs, projection: [[[B]], [[C]]], read_write: true}\n"
        "  instance: {A: {{ sizes.A }}, B: {{ sizes.B }}, C: {{ sizes.C }}}\n"
    )
    ours, theirs = (
        run_trial(compose(["layer=mine", "cache=false"], tmp_path)),
        run_trial(compose([*MATMUL, "cache=false"])),
    )
    assert (ours.energy_pj, ours.cycles) == (theirs.energy_pj, theirs.cycles)
    assert ours.parameters["layer.roles"] == "E: A; D: B; L: C"


# -- mistakes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "sizes", "message"),
    [
        ("O[d,l] = W[e,d] * I[e,l]", "{e:1,d:1,l:1}", r"'=' means nothing here\n.*character 8"),
        ("O[d,l] += W[e,d]", "{e:1,d:1,l:1}", r"the expression ends where '\*' is expected\n.*character 17"),
        ("O[d,l] += W[e,d] * I[e,l] * X[d]", "{e:1,d:1,l:1}", r"'\*' stands where the end.*\n.*character 27"),
        ("O[d,] += W[e,d] * I[e,l]", "{e:1,d:1,l:1}", r"'\]' stands where a dimension is expected\n.*character 5"),
        ("O[d,l] += W[e,2p] * I[e,l]", "{e:1,d:1,l:1}", r"'2' is not a dimension|'p' stands"),
        ("O[d,l] += W[e,d] * I[e,0*l]", "{e:1,d:1,l:1}", r"factor 0 is not positive\n.*character 24"),
        ("O[d,l] += W[e,d] * I[e,p*l]", "{e:1,d:1,l:1}", r"'l' is a second dimension.*\n.*character 26"),
        ("O[dim,l] += W[e,dim] * I[e,l]", "{e:1,l:1}", r"'dim' is not a dimension\n.*character 3"),
        ("O[d,x] += W[e,d] * I[e,l]", "{e:1,d:1,l:1,x:1}", r"no input has the output's dimension x\n.*character 5"),
        ("O[l+d] += W[e,d] * I[e,l]", "{e:1,d:1,l:1}", r"the output O slides along l\n.*character 3"),
        ("O[d,l] += W[e,e] * I[d,l]", "{e:1,d:1,l:1}", r"e stands twice in W\n.*character 15"),
        ("O[d,l] += W[e,d] * W[e,l]", "{e:1,d:1,l:1}", r"two tensors are called W\n.*character 20"),
        ("O[d,l] += W[e,d] * I[e,l]", "{e:1,d:1}", r"layer\.sizes has no l, .* character 5"),
        ("O[d,l] += W[e,d] * I[e,l]", "{e:1,d:1,l:1,z:3}", r"layer\.sizes\.z: layer\.expression has no z"),
        ("O[d,l] += W[e,d] * I[e,l]", "{e:1,d:1,l:none}", r"layer\.sizes\.l=none: .*not defined"),
        ("O[d,l] += W[e,d] * I[e,l]", "{e:1,d:1,l:0}", r"layer\.sizes\.l=0 is not a positive integer"),
        ("O[d,l] += W[e,d] * I[e," + "2*" * 300 + "l]", "{e:1,d:1,l:1}", "has 6.. characters"),
    ],
)
def test_a_mistake_is_said_in_one_sentence_with_its_place(expression: str, sizes: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        einsum(expression, sizes)


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ("{X:k}", "there is no part X"),
        ("{E:z}", "E: there is no dimension z"),
        ("{E:[k,d],D:d}", "dimension d is given two parts"),
        ("{Weights:Z}", "Weights: there is no input Z"),
        ("{Outputs:P}", "the output is O"),
        ("{Weights:P,Inputs:P}", "P is given two parts"),
        ("3", "is no list of parts"),
    ],
)
def test_parts_that_make_no_sense_are_refused(roles: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        einsum(ATTENTION, ATTENTION_SIZES, f"layer.roles={roles}")


def test_what_is_not_given_is_asked_for() -> None:
    with pytest.raises(ConfigurationError, match=r"has no layer\.expression, layer\.sizes"):
        compose(["layer=einsum"])
    with pytest.raises(ConfigurationError, match=r"no key layer\.sizes\.z"):
        einsum(ATTENTION, ATTENTION_SIZES, "layer.sizes.z=3")
    with pytest.raises(ConfigurationError, match=r"layer\.sizes=b:1 is no list of sizes"):  # a shell without quotes
        compose(["layer=einsum", f"layer.expression={ATTENTION}", "layer.sizes=b:1"])


# -- sizes and results -------------------------------------------------------------------------------------------------


def test_sizes_are_expressions_over_the_models_parameters() -> None:
    sizes = "{b:batch,h:heads,q:tokens,k:context,d:'embedding / heads'}"
    trial = einsum(ATTENTION, sizes, "model=bert_base", "model.batch=2")
    assert trial.layer.dimensions == {"k": 512, "d": 64, "q": 512, "h": 12, "b": 2}
    assert trial.layer.names == {"batch", "heads", "tokens", "context", "embedding"}
    assert trial.parameters["layer.sizes.d"] == 64 and trial.parameters["layer.expression"] == ATTENTION


def test_the_result_shows_what_was_computed_and_who_played_which_part(tmp_path: Path) -> None:
    layer = ["layer=einsum", f"layer.expression={ATTENTION}", "layer.sizes={b:1,h:3,q:16,k:16,d:8}"]
    outcome = launch_here(tmp_path, *layer, "tracking=none", "hydra.run.dir=out").must_succeed()
    assert "roles: E: k; D: d; L: q; G: h, b; Weights: V; Inputs: P; Outputs: O" in outcome.out
    found = json.loads((tmp_path / "out" / "result.json").read_text())["parameters"]
    assert found["layer.roles"].startswith("E: k; D: d") and found["layer.sizes.h"] == 3


def test_timeloops_files_say_the_same() -> None:
    specification = specify(einsum("O[n,f,p] += I[n,c,3*p+r] * W[f,c,r]", "{n:2,c:3,f:4,p:5,r:2}"))
    texts = (dump_specification(specification), dump_constraints(specification))
    again = read_specification([Document.from_text(text, "text") for text in texts])
    assert again.problem == specification.problem and again.constraints == specification.constraints
    assert again.problem.data_space("Inputs").projection == (
        *((Term("n"),), (Term("c"),)),
        (Term("p", 3), Term("r")),
    )


@pytest.mark.parametrize("arch", ["gemmini", "eyeriss", "tpu"])
def test_what_is_handed_to_timeloop_has_the_same_optimum(arch: str) -> None:
    layer = "O[n,y,f,p] += I[n,y,c,2*p+r] * W[y,f,c,r]"
    specification = specify(einsum(layer, "{n:2,y:3,c:4,f:4,p:5,r:3}", f"arch={arch}"))
    again = parse_specification(to_text(v4_document(specification)), "written")
    assert again.problem == specification.problem and again.constraints == specification.constraints
    best, theirs = (NativeEngine().map(one, MapperSettings()) for one in (specification, again))
    assert theirs.mapping == best.mapping and theirs.evaluation.energy_pj == best.evaluation.energy_pj
    written = dump_mapping(best.mapping, specification)
    assert read_mapping([Document.from_text(written, "mapping")], specification) == best.mapping


# -- groups, batches, transposition ------------------------------------------------------------------------------------


def convolution(*keys: str) -> Result:
    return run_trial(compose(["layer=conv", *parameters("E=8 D=8 R=3 S=3 L=4 Q=4"), "cache=false", *keys]))


def test_groups_are_a_dimension_that_all_tensors_have() -> None:
    trial = compose(["layer=conv", *parameters("E=8 D=16 R=3 S=3 L=4 Q=4 groups=4")])
    problem = specify(trial).problem
    assert dict(problem.dimensions) == {"E": 2, "D": 4, "R": 3, "S": 3, "N": 1, "L": 4, "Q": 4, "G": 4}
    assert problem.computes == 16 * (8 // 4) * 9 * 16
    assert problem.data_space("Inputs").size(problem.dimensions) == 8 * 6 * 6
    assert problem.data_space("Weights").size(problem.dimensions) == 16 * 2 * 9
    assert problem.data_space("Outputs").size(problem.dimensions) == 16 * 16
    shown = {key: trial.parameters[f"layer.{key}"] for key in ("E", "D", "groups")}
    assert shown == {"E": 8, "D": 16, "groups": 4}
    with pytest.raises(ConfigurationError, match=r"layer\.E=8 is not a multiple of layer\.groups=3"):
        compose(["layer=conv", *parameters("E=8 D=9 R=3 S=3 L=4 Q=4 groups=3")])


@pytest.mark.parametrize(("arch", "groups"), [*zip(ARCHITECTURES, [2, 8] * 4, strict=True)])
def test_every_architecture_maps_groups(arch: str, groups: int) -> None:
    result = convolution(f"layer.groups={groups}", f"arch={arch}")
    assert result.ok and result.optimality is not None and result.optimality.status == "proved"
    assert result.evaluation is not None and result.evaluation.computes == 8 * 8 // groups * 9 * 16


def test_groups_mean_what_an_expression_with_such_a_dimension_means() -> None:
    grouped = convolution("layer.groups=4")
    said = einsum("O[g,f,p,q] += I[g,c,p+r,q+s] * W[g,f,c,r,s]", "{g:4,c:2,f:2,p:4,q:4,r:3,s:3}")
    ours = run_trial(said)
    assert (ours.energy_pj, ours.cycles) == (grouped.energy_pj, grouped.cycles)


def test_groups_can_be_swept(tmp_path: Path) -> None:
    sizes = parameters("E=8 D=8 R=3 S=3 L=4 Q=4")
    launch_here(tmp_path, "-m", "layer=conv", *sizes, "layer.groups=1,2,8", "tracking=none").must_succeed()
    (sweep,) = tmp_path.glob("multirun/*/*/sweep.json")
    assert json.loads(sweep.read_text())["swept"] == ["layer.groups"]
    found = {}
    for file in tmp_path.glob("multirun/*/*/*/result.json"):
        result = json.loads(file.read_text())
        found[result["parameters"]["layer.groups"]] = result["energy_pj"]
    alone = {groups: convolution(f"layer.groups={groups}").energy_pj for groups in (1, 2, 8)}
    assert found == alone


def walked(trial: Trial) -> dict[tuple[int, ...], int]:
    """Multiplications that reach each output of a problem, counted one by one."""
    problem = specify(trial).problem
    names, found = list(problem.dimensions), {}
    for flat in range(problem.computes):
        place, rest = {}, flat
        for name in names:
            place[name], rest = rest % problem.dimensions[name], rest // problem.dimensions[name]
        found[word(problem.data_space("Outputs"), place)] = found.get(word(problem.data_space("Outputs"), place), 0) + 1
    return found


def word(space: DataSpace, place: dict[str, int]) -> tuple[int, ...]:
    return tuple(sum(term.coefficient * place[term.dimension] for term in rank) for rank in space.projection)


def test_a_transposed_convolution_has_as_many_products_as_its_definition() -> None:
    trial = compose(["layer=conv_transposed", *parameters("E=3 D=2 R=4 S=2 L=3 Q=4 Wstride=2 Hstride=1")])
    problem: Problem = specify(trial).problem
    assert problem.computes == 3 * 2 * 4 * 2 * 3 * 4  # every input with every weight of every output channel
    outputs = walked(trial)
    assert len(outputs) == 2 * (3 * 2) * 4  # stride times as many rows
    assert set(outputs.values()) == {3 * (4 // 2) * 2}  # of the kernel's rows, every second meets an input
    assert problem.data_space("Weights").size(problem.dimensions) == 3 * 2 * 4 * 2
    assert trial.parameters["layer.R"] == 4 and trial.parameters["layer.Wstride"] == 2
    assert prod(problem.dimensions[name] for name in "UV") == 2


def test_a_transposed_convolution_without_a_stride_is_a_convolution() -> None:
    sizes = parameters("E=3 D=4 R=3 S=2 L=6 Q=4")
    ours = run_trial(compose(["layer=conv_transposed", *sizes, "cache=false"]))
    theirs = run_trial(compose(["layer=conv", *sizes, "cache=false"]))
    assert (ours.energy_pj, ours.cycles) == (theirs.energy_pj, theirs.cycles)


def test_phases_with_different_kernels_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"layer\.R=3 is not a multiple of layer\.Wstride=2"):
        compose(["layer=conv_transposed", *parameters("E=3 D=2 R=3 S=2 L=3 Q=4 Wstride=2")])


def test_a_batch_shares_nothing() -> None:
    problem = specify(compose(["layer=bmm", *parameters("D=4 E=6 L=2 H=3")])).problem
    assert all("H" in space.relevant for space in problem.data_spaces)
    assert problem.computes == 4 * 6 * 2 * 3
