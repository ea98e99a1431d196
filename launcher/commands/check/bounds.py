"""Whether the bounds of a proof add up to what it says."""

from __future__ import annotations

from math import fsum, inf, isclose

from launcher.commands.check.nests import SAME
from launcher.engines.native.fusion.corners import Corners, Line
from launcher.engines.native.fusion.supports import Direction, Point
from launcher.figures import CRITERIA
from launcher.results.fused import FusedLayers
from launcher.results.proof import BoundedChain, BoundedGroup, Proof, ProofLine
from launcher.results.result import Result
from launcher.summing import sum_in_order


def check_proof(result: Result) -> list[str]:
    """Bounds that are not the least of their parts, lines that do not prove the value, and gaps in what they cover."""
    proof, optimality = result.proof, result.optimality
    if proof is None:
        if result.groups and optimality is not None and optimality.status == "proved":
            return ["the proof is missing"]
        return []
    if proof.objective not in CRITERIA or optimality is None or optimality.objective != (proof.objective,):
        return [f"the proof is one for {proof.objective}"]
    problems = []
    criterion = CRITERIA[proof.objective]
    value = criterion.value(result.energy_pj, result.cycles)
    if not isclose(value, proof.value, rel_tol=SAME):
        problems.append(f"the proof is one of {proof.value:.9g}, not of {value:.9g}")
    if len({tuple(map(_framed, line.chains)) for line in proof.lines}) != 1:
        problems.append("the lines of the proof are not about the same chains")
    for number, line in enumerate(proof.lines):
        problems += [f"line {number} of the proof: {problem}" for problem in _check_line(line, result)]
    bound = min(_bound(proof), value)
    if not isclose(bound, proof.bound, rel_tol=SAME) or (
        optimality.lower_bound is not None
        and not isclose(min(bound, value) * criterion.scale, optimality.lower_bound, rel_tol=1e3 * SAME)
    ):
        problems.append(f"the lines prove {bound:.9g}, not {proof.bound:.9g}")
    if optimality.status == "proved" and bound < value * (1 - 10 * SAME):
        problems.append(f"the lines prove {bound:.9g} only, and {value:.9g} was found")
    return problems


def _framed(chain: BoundedChain) -> str:
    """A chain without its bounds."""
    return repr((chain.layers, chain.runs, chain.flows, chain.columns, chain.fixed))


def _bound(proof: Proof) -> float:
    """What the lines leave no room below."""
    lines = [Line(Direction(line.energy, line.cycles), line.bound) for line in proof.lines]
    corners: Corners[Point] = Corners(CRITERIA[proof.objective], lines)
    return corners.bound


def _check_line(line: ProofLine, result: Result) -> list[str]:
    problems = []
    if line.energy < 0 or line.cycles < 0 or not line.energy + line.cycles > 0:
        problems.append(f"it weighs energy with {line.energy} and cycles with {line.cycles}")
    total = fsum(chain.bound * chain.runs for chain in line.chains)
    if not isclose(total, line.bound, rel_tol=SAME):
        problems.append(f"its chains add up to {total:.9g}, not to {line.bound:.9g}")
    found = line.energy * result.energy_pj + line.cycles * result.cycles
    if line.bound > found * (1 + SAME):
        problems.append(f"it says that nothing lies below {line.bound:.9g}, and {found:.9g} was found")
    layers = sorted((name, chain.runs) for chain in line.chains for name in chain.layers)
    if layers != sorted((name, group.runs) for group in result.groups for name in group.layers):
        problems.append("its layers are not those of the result")
    for chain in line.chains:
        problems += [f"{'+'.join(chain.layers)}: {problem}" for problem in _check_chain(chain, line, result.groups)]
    return problems


def _check_chain(chain: BoundedChain, line: ProofLine, groups: tuple[FusedLayers, ...]) -> list[str]:
    problems = []
    count = len(chain.layers)
    if len(chain.alone) != count:
        return [f"bounds of {len(chain.alone)} layers"]
    for group in chain.groups:
        if not 0 <= group.first < group.last <= count:
            return [f"a group from {group.first} to {group.last}"]
        problems += _check_group(group)
    least = _least(chain)
    if not isclose(least, chain.bound, rel_tol=SAME):
        problems.append(f"its partitions are bounded by {least:.9g}, not by {chain.bound:.9g}")
    own = [one for one in groups if set(one.layers) <= set(chain.layers)]
    found = sum_in_order(line.energy * one.energy_pj + line.cycles * one.cycles for one in own)
    if chain.bound > found * (1 + SAME):
        problems.append(f"nothing is said to lie below {chain.bound:.9g}, and {found:.9g} was found")
    return problems


def _check_group(group: BoundedGroup) -> list[str]:
    problems = []
    least = min((one.bound for one in group.classes), default=inf)
    if not (least == group.bound or isclose(least, group.bound, rel_tol=SAME)):
        problems.append(f"its classes are bounded by {least:.9g}, not by {group.bound:.9g}")
    if len(set(group.classes)) < len(group.classes):
        problems.append("a class is listed twice")
    for one in group.classes:
        layers = group.last - group.first
        if len(one.waits) != layers - 1 or any(len(loop.names) != layers or loop.bound < 2 for loop in one.shared):
            problems.append(f"a class of other layers: {one.waits}")
    return problems


def _least(chain: BoundedChain) -> float:
    """The least bound over all partitions of the layers into runs."""
    fused = {(group.first, group.last): group.bound for group in chain.groups}
    cut = [place for first, last in chain.fixed or () for place in range(first + 1, last)]
    least = [0.0] + [inf] * len(chain.layers)
    for last in range(1, len(chain.layers) + 1):
        for first in range(last):
            if first in cut or (last in cut and last < len(chain.layers)):
                continue
            own = chain.alone[first] if last - first == 1 else inf
            least[last] = min(least[last], least[first] + min(own, fused.get((first, last), inf)))
    return least[-1]
