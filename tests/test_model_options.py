"""What a level, a network or a constraint can ask for: each against figures worked out by hand.

The case: a 4x4x4 GEMM on two levels. DRAM fans out to 2x2 buffers (D along X, E along Y) and runs D2, then E2; a buffer
has one compute unit and runs L4. Per buffer and compute unit that is 16 iterations.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from golden_cases import load_golden

from launcher.engines.native.batch import BatchEvaluator, batch_of
from launcher.engines.native.energies import level_energies
from launcher.engines.native.model import evaluate
from launcher.errors import SpecificationError
from launcher.results.evaluation import DataSpaceStats, Evaluation
from launcher.specification.architecture import Architecture, ComputeLevel, Network, StorageLevel
from launcher.specification.built_in_energy import built_in_energy_pj
from launcher.specification.constraints import BlockConstraint, Constraints, LevelConstraint
from launcher.specification.energy import ActionEnergy, AreaTable, EnergyTable
from launcher.specification.mapping import LevelMapping, Loop, Mapping
from launcher.specification.problem import DataSpace, Problem, Term
from launcher.specification.specification import Specification

SPACES = ("Weights", "Inputs", "Outputs")
PROBLEM = Problem(
    "gemm",
    {"E": 4, "D": 4, "L": 4},
    tuple(
        DataSpace(name, tuple((Term(dimension),) for dimension in ranks), read_write=name == "Outputs")
        for name, ranks in zip(SPACES, ("ED", "EL", "DL"), strict=True)
    ),
)
MAPPING = Mapping(
    (
        LevelMapping("Buffer", SPACES, temporal=(Loop("L", 4),)),
        LevelMapping("DRAM", SPACES, (Loop("D", 2),), (Loop("E", 2),), (Loop("D", 2), Loop("E", 2))),
    )
)
READ_PJ, WRITE_PJ, LEAK_PJ = 2.0, 3.0, 0.25


def specification(
    buffer: dict[str, Any] | None = None, dram: dict[str, Any] | None = None, **rest: Any
) -> Specification:
    """The case, with other attributes of its levels, constraints, networks, or tables."""
    levels = (
        StorageLevel("Buffer", "SRAM", 4, mesh_x=2, mesh_y=2, **(buffer or {})),
        StorageLevel("DRAM", "DRAM", 1, **(dram or {})),
    )
    compute = ComputeLevel("mac", "intmac", 4, mesh_x=2, mesh_y=2)
    networks = {network.name: network for network in rest.get("networks", ())}
    energies = {"read": READ_PJ, "write": WRITE_PJ, "leak": LEAK_PJ}
    entries = {action: (ActionEnergy(energy),) for action, energy in energies.items()}
    table = {"Buffer": entries, "DRAM": entries, "mac": {"compute": (ActionEnergy(1.0),)}, **rest.get("table", {})}
    constraints = Constraints({level: rest[level] for level in ("Buffer", "DRAM") if level in rest})
    return Specification(
        Architecture("tiny", levels, compute, networks), PROBLEM, constraints, EnergyTable(table), rest.get("area")
    )


def result(buffer: dict[str, Any] | None = None, dram: dict[str, Any] | None = None, **rest: Any) -> Evaluation:
    """The figures, on which the batch model must agree."""
    spec = specification(buffer, dram, **rest)
    evaluation = evaluate(spec, MAPPING)
    assert evaluation.legal, evaluation.reason
    batch = BatchEvaluator(spec).evaluate(batch_of(spec, [MAPPING]))
    assert (batch.legal[0], batch.cycles[0]) == (True, evaluation.cycles)
    assert batch.energy_pj[0] == pytest.approx(evaluation.energy_pj, rel=1e-12)
    return evaluation


def stats(evaluation: Evaluation, level: int, space: str) -> DataSpaceStats:
    return evaluation.levels[level].data_spaces[space]


def counts(evaluation: Evaluation, level: int, space: str) -> tuple[int, int, int]:
    found = stats(evaluation, level, space)
    return found.reads, found.fills, found.updates


def test_counts_and_energies_of_the_plain_case() -> None:
    plain = result()
    assert [counts(plain, 0, space) for space in SPACES] == [(16, 4, 0), (16, 8, 0), (8, 8, 16)]
    assert [counts(plain, 1, space) for space in SPACES] == [(16, 0, 0), (16, 0, 0), (16, 0, 32)]
    buffer, dram = plain.levels
    assert buffer.leakage_pj == LEAK_PJ * 16 * 4
    assert dram.leakage_pj == LEAK_PJ * 16
    assert buffer.energy_pj == 4 * (40 * READ_PJ + 20 * WRITE_PJ + 16 * WRITE_PJ) + buffer.leakage_pj
    assert stats(plain, 0, "Inputs").energy_pj == {"read": 4 * 16 * READ_PJ, "fill": 4 * 8 * WRITE_PJ, "update": 0.0}
    assert plain.energy_pj == plain.compute_energy_pj + buffer.energy_pj + dram.energy_pj
    assert (plain.cycles, plain.utilization, plain.computes, plain.compute_energy_pj) == (16, 1.0, 64, 64.0)
    assert plain.edp_j_cycles == pytest.approx(plain.energy_pj * 1e-12 * 16)


TILES = r"Buffer: tiles of 9 words \(Weights 1 \+ Inputs 4 \+ Outputs 4\)"


@pytest.mark.parametrize(
    ("buffer", "reason"),
    [
        ({"capacity_words": 8}, TILES + " exceed the capacity of 8 words by 1"),
        ({"capacity_words": 17, "multiple_buffering": 2.0}, "exceed the capacity of 8 words by 1"),
        (
            {"capacity_words": 20, "min_utilization": 0.5},
            TILES + " are 1 words short of the minimum .* 0.5 of 20 words",
        ),
        ({"capacity_words": 0}, "exceed the capacity of 0 words by 9"),
    ],
)
def test_capacity_in_words(buffer: dict[str, Any], reason: str) -> None:
    evaluation = evaluate(specification(buffer), MAPPING)
    assert not evaluation.legal
    assert (evaluation.energy_pj, evaluation.cycles, evaluation.levels) == (0.0, 0, ())
    assert re.search(reason, evaluation.reason or ""), evaluation.reason


@pytest.mark.parametrize(
    ("across", "down", "reason"),
    [
        (4, 2, "Buffer: 8 instances are used, 4 more than the 4 there are"),
        (4, 1, "Buffer: 4 instances along X are used, 2 more than the 2 there are"),
        (1, 4, "Buffer: 4 instances along Y are used, 2 more than the 2 there are"),
    ],
)
def test_instances(across: int, down: int, reason: str) -> None:
    temporal = (Loop("D", 4 // across), Loop("E", 4 // down))
    dram = LevelMapping("DRAM", SPACES, (Loop("D", across),), (Loop("E", down),), temporal)
    assert evaluate(specification(), Mapping((MAPPING.levels[0], dram))).reason == reason


def test_all_may_bypass_the_outermost_level() -> None:
    dram = replace(MAPPING.levels[1], keep=())
    evaluation = evaluate(specification(), Mapping((MAPPING.levels[0], dram)))
    assert [counts(evaluation, 1, space) for space in SPACES] == [(0, 0, 0)] * 3
    assert [counts(evaluation, 0, space) for space in SPACES] == [(16, 0, 0), (16, 0, 0), (8, 0, 16)]


def test_fan_out_only_where_there_is_one() -> None:
    buffer = LevelMapping("Buffer", SPACES, (Loop("L", 2),), (), (Loop("L", 2),))
    evaluation = evaluate(specification(), Mapping((buffer, MAPPING.levels[1])))
    assert evaluation.reason == "Buffer: fans out to 2 children, but it has one child only"


def test_a_data_space_must_be_kept_somewhere() -> None:
    bypassing = Mapping(tuple(replace(level, keep=("Weights", "Outputs")) for level in MAPPING))
    assert evaluate(specification(), bypassing).reason == "data space Inputs is kept at no level"


def test_vector_access_energy_beats_the_table_and_its_leakage() -> None:
    evaluation = result(buffer={"vector_access_energy_pj": 10.0})
    assert evaluation.levels[0].leakage_pj == 0.0
    assert evaluation.levels[0].energy_pj == 4 * (40 + 20 + 16) * 10.0


def test_address_generation_counts_what_is_accessed_from_outside() -> None:
    plain, dear = result(), result(buffer={"addr_gen_energy_pj": 0.5})
    # Read-only: reads and fills; read-write: updates and fills.
    assert dear.energy_pj - plain.energy_pj == 4 * 0.5 * ((16 + 4) + (16 + 8) + (16 + 8))
    assert result(buffer={"addr_gen_energy_pj": -1.0}).energy_pj == plain.energy_pj


def test_a_power_gated_level_leaks_with_its_gate() -> None:
    few = Mapping(
        (
            LevelMapping("Buffer", SPACES, temporal=(Loop("L", 4),)),
            LevelMapping("DRAM", SPACES, (Loop("D", 2),), (), (Loop("D", 2), Loop("E", 4))),
        )
    )
    on_its_own = evaluate(specification(), few)
    gated = evaluate(specification(buffer={"power_gated_at": "DRAM"}), few)
    assert on_its_own.levels[0].leakage_pj == LEAK_PJ * 32 * 2
    assert gated.levels[0].leakage_pj == LEAK_PJ * 32 * 4
    with pytest.raises(SpecificationError, match="power-gated at 'Disk'"):
        evaluate(specification(buffer={"power_gated_at": "Disk"}), few)


@pytest.mark.parametrize(
    ("dram", "cycles", "limit"),
    [
        ({"read_bandwidth": 3.0}, 16, None),
        ({"read_bandwidth": 1.0}, 48, "read"),
        ({"write_bandwidth": 0.5}, 64, "write"),
        ({"shared_bandwidth": 4.0}, 20, "shared"),
        ({"read_bandwidth": 1.0, "write_bandwidth": 0.5}, 64, "write"),
        ({"read_bandwidth": 1.0, "bandwidth_scale": {"Inputs": 0.0}}, 32, "read"),
    ],
)
def test_bandwidth(dram: dict[str, Any], cycles: int, limit: str | None) -> None:
    # 48 words read and 32 written in 16 cycles.
    evaluation = result(dram=dram)
    assert evaluation.cycles == cycles
    assert (evaluation.levels[1].cycles, evaluation.levels[1].limited_by) == (cycles, limit)
    assert evaluation.levels[0].leakage_pj == LEAK_PJ * cycles * 4


def test_latency_is_added_once_and_does_not_leak() -> None:
    plain = result()
    evaluation = result(
        buffer={"network_fill_latency": 1}, dram={"network_fill_latency": 2, "network_drain_latency": 3}
    )
    assert evaluation.cycles == plain.cycles + 6
    assert evaluation.energy_pj == plain.energy_pj
    assert evaluation.utilization == 16 / 22


def mesh(**attributes: float) -> dict[str, Any]:
    return {"attributes": {key.replace("energy_per_ingress", "energy-per-ingress"): e for key, e in attributes.items()}}


def test_mesh_energies_by_hop_router_and_ingress() -> None:
    # Words: Weights 16 to one buffer each, Inputs 16 along a row of two, Outputs 32 along a column of two. The words
    # enter at the left, between the rows: 1, 2 and 1.5 hops on average. DRAM cannot add, so 2 x 32 - 16 outputs
    # enter; their hops stay what they were, 1 for each that enters.
    name = "DRAM <==> Buffer"
    hops, routers, ingresses = 16 + 32 + 48, 2 * 16 + 3 * 16 + 2 * 48, 16 + 16 + 48
    assert result(dram=mesh(energy_per_hop=1.0)).network_energy_pj == {name: hops}
    assert result(dram=mesh(router_energy=1.0)).network_energy_pj == {name: routers}
    assert result(dram=mesh(energy_per_ingress=1.0)).network_energy_pj == {name: ingresses}
    every = result(dram=mesh(energy_per_hop=0.5, router_energy=0.25, energy_per_ingress=2.0))
    assert every.network_energy_pj == {name: 0.5 * hops + 0.25 * routers + 2.0 * ingresses}
    assert every.energy_pj == result().energy_pj + every.network_energy_pj[name]
    adding = {"attributes": {"router_energy": 1.0, "reduction_supported": True}}
    assert result(dram=adding).network_energy_pj == {name: 2 * 16 + 3 * 16 + 2 * 32}


def test_wire_energy_grows_with_the_tiles_that_it_crosses() -> None:
    area = AreaTable({"Buffer": 100.0, "mac": 44.0})
    # A buffer and its compute unit are 12 um wide; 8 bits at 2 pJ per bit and mm.
    per_hop = 8 * 0.012 * 2.0
    evaluation = result(dram=mesh(wire_energy=2.0), area=area)
    assert evaluation.network_energy_pj["DRAM <==> Buffer"] == pytest.approx(96 * per_hop, rel=1e-12)
    of_table = result(table={"wire": {"transfer_random": (ActionEnergy(2.0),)}}, area=area)
    assert of_table.network_energy_pj == {
        "DRAM <==> Buffer": pytest.approx(96 * per_hop, rel=1e-12),
        "Buffer <==> mac": 0.0,
    }


def test_an_explicit_network_charges_by_destinations() -> None:
    prices = tuple(ActionEnergy(10.0 * n, {"num_destinations": n}) for n in (1, 2))
    network = Network("NoC", "SimpleMulticast", fill_latency=5)
    names = {"read_network": "NoC", "update_network": "NoC"}
    evaluation = result(dram=names, networks=[network], table={"NoC": {"transfer": prices}})
    assert evaluation.network_energy_pj == {"NoC": 16 * 10.0 + (16 + 32) * 20.0}
    assert evaluation.cycles == 16 + 2 * 5
    by_space = replace(network, per_data_space_actions=True)
    table = {"NoC": {"transfer_Inputs": prices, "transfer_Outputs": (ActionEnergy(1.0),)}}
    assert result(dram=names, networks=[by_space], table=table).network_energy_pj == {"NoC": 16 * 20.0 + 32 * 1.0}


@pytest.mark.parametrize(
    ("dram", "networks", "message"),
    [
        ({"read_network": "NoC"}, [], "names a network 'NoC' that does not exist"),
        ({"read_network": "NoC"}, [Network("NoC", "Ring")], "'Ring', which is not supported"),
        ({"attributes": {"network_type": "M:N"}}, [], "distributed multicast, which is not supported"),
        (mesh(router_energy=-1.0), [], "attribute 'router_energy' of 'DRAM' is -1.0"),
    ],
)
def test_networks_that_are_refused(dram: dict[str, Any], networks: list[Network], message: str) -> None:
    with pytest.raises(SpecificationError, match=message):
        result(dram=dram, networks=networks)


def only(*spaces: str) -> frozenset[str]:
    return frozenset(spaces)


def test_constraints_switch_reuse_off() -> None:
    no_reuse = LevelConstraint(temporal=BlockConstraint(no_reuse=only("Inputs")))
    no_links = LevelConstraint(spatial=BlockConstraint(no_link_transfer=only("Inputs")))
    evaluation = result(Buffer=no_reuse, DRAM=no_links)
    # The inputs stay while D runs at DRAM; now they are fetched each time.
    assert counts(evaluation, 0, "Inputs") == (16, 16, 0)
    assert counts(evaluation, 1, "Inputs") == (32, 0, 0)
    # With links, a buffer that forgot its inputs gets them from the neighbour that had the same.
    evaluation = result(Buffer=no_reuse)
    assert counts(evaluation, 0, "Inputs") == (16 + 8, 8 + 8, 0)
    assert counts(evaluation, 1, "Inputs") == (16, 0, 0)
    no_multicast = LevelConstraint(spatial=BlockConstraint(no_reuse=only("Inputs")))
    assert counts(result(DRAM=no_multicast), 1, "Inputs") == (32, 0, 0)
    assert counts(result(DRAM=no_multicast), 0, "Inputs") == (16, 8, 0)


def test_constraints_on_updates() -> None:
    reading = LevelConstraint(temporal=BlockConstraint(rmw_first_update=only("Outputs")))
    assert counts(result(Buffer=reading), 0, "Outputs") == (16, 16, 16)
    scattered = LevelConstraint(no_coalesce=only("Outputs", "Inputs"))
    evaluation = result(Buffer=scattered)
    assert counts(evaluation, 0, "Outputs") == (16, 16, 16)
    assert counts(evaluation, 0, "Inputs") == (16, 8, 0)
    assert counts(evaluation, 1, "Inputs") == (32, 0, 0)


def test_links_can_be_switched_off() -> None:
    # Compute units below one buffer: each needs the input its neighbour had the step before.
    problem = replace(PROBLEM, dimensions={"E": 1, "D": 2, "L": 2})
    levels = (StorageLevel("DRAM", "DRAM"),)
    architecture = Architecture("row", levels, ComputeLevel("mac", "intmac", 2, mesh_x=2, mesh_y=1))
    spec = replace(specification(), architecture=architecture, problem=problem)
    mapping = Mapping((LevelMapping("DRAM", SPACES, (Loop("D", 2),), (), (Loop("L", 2),)),))
    assert counts(evaluate(spec, mapping), 0, "Weights") == (4, 0, 0)
    same = Mapping((LevelMapping("DRAM", SPACES, (Loop("L", 2),), (), (Loop("D", 2),)),))
    # Both units use the same weight at a time (a multicast), and the inputs stand still: unit and neighbour differ.
    assert counts(evaluate(spec, same), 0, "Weights") == (2, 0, 0)


def test_energies_come_from_the_first_name_and_the_largest_figure() -> None:
    entries = {
        "random_read": (ActionEnergy(1.0), ActionEnergy(7.0)),
        "read": (ActionEnergy(9.0),),
        "write": (ActionEnergy(3.0),),
        "update": (ActionEnergy(4.0),),
    }
    energies = level_energies(specification(table={"Buffer": entries}))[0]
    assert (energies.read_pj, energies.fill_pj, energies.update_pj, energies.leak_pj_per_cycle) == (7.0, 3.0, 4.0, 0.0)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"Buffer": {"read": (ActionEnergy(1.0),)}}, "no fill action for 'Buffer'"),
        ({"mac": {"leak": (ActionEnergy(1.0),)}}, "no compute action for 'mac'"),
    ],
)
def test_missing_actions_are_named(table: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecificationError, match=message):
        result(table=table)


def test_missing_entries_and_tables_are_named() -> None:
    whole = specification()
    assert whole.energy is not None
    rest = {name: entry for name, entry in whole.energy.components.items() if name != "DRAM"}
    with pytest.raises(SpecificationError, match="no entry for 'DRAM'"):
        evaluate(replace(whole, energy=EnergyTable(rest)), MAPPING)
    with pytest.raises(SpecificationError, match="no energy table"):
        evaluate(replace(whole, energy=None), MAPPING)


def test_a_fan_out_level_without_an_entry_costs_what_the_built_in_fit_says() -> None:
    golden = load_golden("gemmini_gemm_small").specification
    dummy = golden.architecture.level("inter_PECols_spatial")
    assert golden.energy is not None
    assert built_in_energy_pj(dummy) == golden.energy.components[dummy.name]["read"][0].energy_pj


def test_mappings_of_other_levels_are_named() -> None:
    buffer, dram = MAPPING.levels
    for levels, message in (
        ((replace(buffer, level="Cache"), dram), "unknown level 'Cache'"),
        ((dram,), "does not say what level 'Buffer' does"),
        ((dram, buffer), "out of order or twice: DRAM, Buffer"),
    ):
        with pytest.raises(SpecificationError, match=message):
            evaluate(specification(), Mapping(levels))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keep": ("Bias",)}, "unknown data space 'Bias' at level 'Buffer'"),
        ({"temporal": (Loop("K", 4),)}, "unknown dimension 'K' at level 'Buffer'"),
        ({"temporal": (Loop("L", 0),)}, "bound 0 over 'L' at level 'Buffer'"),
        ({"temporal": (Loop("L", 3),)}, "'L' multiply to 3, but its extent is 4"),
    ],
)
def test_malformed_mappings_are_named(change: dict[str, Any], message: str) -> None:
    buffer = replace(MAPPING.levels[0], **change)
    with pytest.raises(SpecificationError, match=message):
        evaluate(specification(), Mapping((buffer, MAPPING.levels[1])))


@pytest.mark.parametrize(
    ("buffer", "message"),
    [
        ({"cluster_size": 3}, "instances of 'Buffer' is 4, which is no multiple of 3"),
        ({"read_bandwidth": 0.0}, "read_bandwidth of level 'Buffer' is 0.0"),
        ({"block_size": 0}, "block_size of level 'Buffer' is 0"),
    ],
)
def test_contradictions_in_the_architecture_are_named(buffer: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecificationError, match=message):
        result(buffer=buffer)


def test_an_unknown_dimension_in_a_projection_is_named() -> None:
    broken = replace(PROBLEM, data_spaces=(DataSpace("Weights", ((Term("K"),),)), *PROBLEM.data_spaces[1:]))
    with pytest.raises(SpecificationError, match="'Weights' has the term 1 \\* 'K'"):
        evaluate(replace(specification(), problem=broken), MAPPING)


def test_a_read_write_projection_with_gaps_is_refused() -> None:
    """Every second word of Outputs is touched by no operation; Timeloop stops at an assertion."""
    outputs = DataSpace("Outputs", ((Term("D", 2),),), read_write=True)
    weights = DataSpace("Weights", ((Term("D"),),))
    specification = Specification(
        architecture=Architecture(
            "gaps",
            (StorageLevel("Buffer", "SRAM", capacity_words=64), StorageLevel("DRAM", "DRAM")),
            ComputeLevel("MAC", "intmac"),
        ),
        problem=Problem("gaps", {"D": 4}, (weights, outputs)),
        energy=EnergyTable(
            {
                **{
                    name: {action: (ActionEnergy(1.0),) for action in ("read", "write", "update", "leak")}
                    for name in ("Buffer", "DRAM")
                },
                "MAC": {"compute": (ActionEnergy(1.0),)},
            }
        ),
    )
    both = ("Weights", "Outputs")
    mapping = Mapping((LevelMapping("Buffer", both), LevelMapping("DRAM", both, temporal=(Loop("D", 4),))))
    with pytest.raises(SpecificationError, match="gaps"):
        evaluate(specification, mapping)
