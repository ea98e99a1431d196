"""Traffic of tensors whose tiles overlap, for many mappings at once: the compiled counterpart of ``reuse``.

See ``deltas`` for the walk and ``fanout`` for multicast and links; this is the same, on arrays.
"""

from __future__ import annotations

import numpy as np

from launcher.engines.native.arrays import AnyArray
from launcher.engines.native.batch.scratch import MOST_GROUPS, Scratch
from launcher.engines.native.compilation import kernel

REUSE, MULTICAST, LINKS, COLUMNS = range(4)
"""What a row of ``rules`` says about the boundary below a level, see ``sliding_traffic``."""


@kernel
def sliding_traffic(
    factors: AnyArray,
    orders: AnyArray,
    coefficients: AnyArray,
    rules: AnyArray,
    levels: AnyArray,
    groups: AnyArray,
    words: AnyArray,
    links: AnyArray,
    scratch: Scratch,
) -> None:
    """Traffic of one tensor at the boundaries below some levels.

    Args:
        factors: (M, L, 3, D) loop bounds: spatial X, spatial Y, temporal.
        orders: (M, L, 3, D) dimension numbers, innermost first.
        coefficients: (R, D) of the tensor's projection.
        rules: (L, 4) whether words are kept over time, multicast, passed on to neighbours; physical columns.
        levels: the levels wanted.
        groups: (M, L, G, 2) to fill: destinations and groups, ascending; rows in excess stay (1, 0).
        words: (M, L, G) to fill: words read for them. NaN where more than G kinds of groups are needed.
        links: (M, L) to fill: words on links.
        scratch: from ``make_scratch``.
    """
    for number in range(factors.shape[0]):
        _temporal_loops(factors, orders, number, scratch.loops, scratch.starts, scratch.extents)
        for level in levels:
            _spatial_loops(factors, orders, number, level, scratch.extents, scratch.fan)
            relayed = _boundary(coefficients, rules[level], level, groups[number, level], words[number, level], scratch)
            links[number, level] = relayed


@kernel
def _temporal_loops(
    factors: AnyArray, orders: AnyArray, number: int, loops: AnyArray, starts: AnyArray, extents: AnyArray
) -> None:
    depth, _, dimensions = factors.shape[1:]
    loop = 0
    for level in range(depth):
        starts[level] = loop
        for place in range(dimensions):
            d = orders[number, level, 2, place]
            if level == 0:
                extents[level, d] = 1
            spatial = extents[level, d] * factors[number, level, 0, d] * factors[number, level, 1, d]
            if factors[number, level, 2, d] > 1:
                loops[loop, 0], loops[loop, 1], loops[loop, 2] = d, factors[number, level, 2, d], spatial
                loop += 1
            if level + 1 < depth:
                extents[level + 1, d] = spatial * factors[number, level, 2, d]
    starts[depth] = loop


@kernel
def _spatial_loops(
    factors: AnyArray, orders: AnyArray, number: int, level: int, extents: AnyArray, fan: AnyArray
) -> None:
    dimensions = extents.shape[1]
    for block in range(2):
        for place in range(dimensions):
            d = orders[number, level, block, place]
            loop = block * dimensions + place
            fan[loop, 0], fan[loop, 1], fan[loop, 2] = d, factors[number, level, block, d], extents[level, d]
            if block == 1:
                fan[loop, 2] *= factors[number, level, 0, d]


@kernel
def _boundary(
    coefficients: AnyArray, rule: AnyArray, level: int, groups: AnyArray, words: AnyArray, scratch: Scratch
) -> float:
    """Take every kind of step of the loops outside one boundary; returns the words on links.

    Kinds of steps are numbered by the loop that advances; -1 is the very first tile.
    """
    loops, box, moves, news = scratch.loops, scratch.box, scratch.moves, scratch.news
    first = scratch.starts[level]
    count = scratch.starts[-1] - first
    full = _boxes(coefficients, scratch.extents, level, scratch.fan, box)
    _news(coefficients, rule[REUSE], loops, first, count, box, full, moves, news)
    linked = rule[LINKS] and _children(scratch.fan) > 1
    sound = _deliver(coefficients, rule[MULTICAST], scratch)
    sound = sound and _add(scratch.delivery, scratch.numbers, 0, float(full), groups, words)
    relayed = 0.0
    outside = 1.0
    for kind in range(2 * count - 1):
        # Before any other loop advances, the innermost one has just run through; what precedes its own first step is
        # the advance of another loop, or the very first tile.
        loop = count - 1 - kind // 2
        step, before = (loop, 0) if kind % 2 == 0 else (0, loop)
        times = outside * (loops[first + loop, 1] - 1)
        if loop == 0:
            before, times = -1, float(loops[first, 1] - 1)
        elif kind % 2 == 1:
            times *= loops[first, 1] - 1
            outside *= loops[first + loop, 1]
        if news[step] == 0:
            continue
        helped = 0
        if linked and _is_repeated(moves, box, news, full, step, before):
            helped = _relay(coefficients, rule, step, scratch)
        fetched = times * news[step]
        relayed += max(0, helped) * fetched
        row = 1 if helped > 0 else 0
        sound = sound and helped >= 0 and _add(scratch.delivery, scratch.numbers, row, fetched, groups, words)
    if not sound:
        words[0] = np.nan
    return relayed


@kernel
def _boxes(coefficients: AnyArray, extents: AnyArray, level: int, fan: AnyArray, box: AnyArray) -> int:
    """Widths of the tile below a level and spans of the fan-out, into ``box``; returns the words of the tile."""
    full = 1
    for rank in range(coefficients.shape[0]):
        width = 1
        span = 0
        for d in range(coefficients.shape[1]):
            width += coefficients[rank, d] * (extents[level, d] - 1)
        for loop in range(fan.shape[0]):
            span += coefficients[rank, fan[loop, 0]] * fan[loop, 2] * (fan[loop, 1] - 1)
        box[0, rank], box[1, rank] = width, span
        full *= width
    return full


@kernel
def _news(
    coefficients: AnyArray,
    reuse: int,
    loops: AnyArray,
    first: int,
    count: int,
    box: AnyArray,
    full: int,
    moves: AnyArray,
    news: AnyArray,
) -> None:
    """Per loop, how its advance moves the tile and how many words are new then."""
    ranks = box.shape[1]
    inner = moves.shape[0] - 1
    direction = -1
    for rank in range(ranks):
        moves[inner, rank] = 0
    for loop in range(count):
        still = same = True
        overlap = 1
        for rank in range(ranks):
            stride = coefficients[rank, loops[first + loop, 0]] * loops[first + loop, 2]
            move = stride - moves[inner, rank]
            moves[inner, rank] += stride
            moves[loop, rank] = move
            still = still and move == 0
            same = same and (direction < 0 or moves[direction, rank] == move)
            overlap *= max(0, box[0, rank] - move)
        news[loop] = full
        if reuse and still:
            news[loop] = 0
        elif reuse and same:
            news[loop] = full - overlap
        if direction < 0 and not still:
            direction = loop


@kernel
def _add(delivery: AnyArray, numbers: AnyArray, row: int, fetched: float, groups: AnyArray, words: AnyArray) -> bool:
    """Count words that each child needs, keeping the kinds of groups in order; False when there is no room."""
    for entry in range(numbers[row]):
        size, count = delivery[row, entry, 0], delivery[row, entry, 1]
        place = 0
        while groups[place, 1] > 0 and (groups[place, 0], groups[place, 1]) < (size, count):
            place += 1
            if place == MOST_GROUPS:
                return False
        if groups[place, 0] != size or groups[place, 1] != count:
            if groups[MOST_GROUPS - 1, 1] > 0:
                return False
            for later in range(MOST_GROUPS - 1, place, -1):
                groups[later, 0], groups[later, 1] = groups[later - 1, 0], groups[later - 1, 1]
                words[later] = words[later - 1]
            groups[place, 0], groups[place, 1] = size, count
            words[place] = 0.0
        words[place] += fetched * count
    return True


@kernel
def _children(fan: AnyArray) -> int:
    children = 1
    for loop in range(fan.shape[0]):
        children *= fan[loop, 1]
    return children


@kernel
def _deliver(coefficients: AnyArray, multicast: int, scratch: Scratch) -> bool:
    """Multicast groups when no neighbour helps, into row 0 of the deliveries."""
    fan, tiles, delivery = scratch.fan, scratch.tiles, scratch.delivery
    scratch.numbers[0] = 1
    if not multicast:
        delivery[0, 0, 0], delivery[0, 0, 1] = 1, _children(fan)
        return True
    shared = separate = children = 1
    tiles[0] = 0
    for loop in range(fan.shape[0]):
        if fan[loop, 1] == 1:
            continue
        manner = _manner(coefficients, fan[loop, 0])
        if manner == 0:
            shared *= fan[loop, 1]
        elif manner == 1:
            separate *= fan[loop, 1]
        else:
            children = _spread(coefficients, fan, loop, scratch.box, tiles, children)
    if children == 1:
        delivery[0, 0, 0], delivery[0, 0, 1] = shared, separate
        return True
    scratch.served[:children] = False
    if not _group(tiles, scratch.served, children, scratch.slots, delivery[0], scratch.numbers, 0):
        return False
    for entry in range(scratch.numbers[0]):
        delivery[0, entry, 0] *= shared
        delivery[0, entry, 1] *= separate
    return True


@kernel
def _manner(coefficients: AnyArray, dimension: int) -> int:
    """0 when a dimension does not move the tile, 1 when it has a rank of its own, 2 when it is part of sums only."""
    manner = 0
    for rank in range(coefficients.shape[0]):
        if coefficients[rank, dimension] > 0:
            alone = True
            for d in range(coefficients.shape[1]):
                alone = alone and (d == dimension or coefficients[rank, d] == 0)
            if alone:
                return 1
            manner = 2
    return manner


@kernel
def _spread(coefficients: AnyArray, fan: AnyArray, loop: int, box: AnyArray, tiles: AnyArray, children: int) -> int:
    """Repeat the children found so far along one more spatial loop; returns how many there are then."""
    stride = 0
    for rank in range(box.shape[1]):
        stride = stride * (4 * box[1, rank] + 1) + coefficients[rank, fan[loop, 0]] * fan[loop, 2]
    bound = fan[loop, 1]
    for index in range(1, bound):
        for child in range(children):
            tiles[index * children + child] = tiles[child] + index * stride
    return children * int(bound)


@kernel
def _group(
    tiles: AnyArray, served: AnyArray, children: int, slots: AnyArray, groups: AnyArray, numbers: AnyArray, row: int
) -> bool:
    """Sizes and numbers of groups of children with the same tile, without those that neighbours serve."""
    mask = 1
    while mask < 2 * children:
        mask *= 2
    mask -= 1
    slots[: mask + 1, 1] = 0
    for child in range(children):
        if served[child]:
            continue
        slot = (tiles[child] ^ (tiles[child] >> 9)) & mask
        while slots[slot, 1] > 0 and slots[slot, 0] != tiles[child]:
            slot = (slot + 1) & mask
        slots[slot, 0] = tiles[child]
        slots[slot, 1] += 1
    numbers[row] = 0
    for slot in range(mask + 1):
        size = slots[slot, 1]
        if size == 0:
            continue
        entry = 0
        while entry < numbers[row] and groups[entry, 0] != size:
            entry += 1
        if entry == MOST_GROUPS:
            return False
        if entry == numbers[row]:
            groups[entry, 0], groups[entry, 1] = size, 0
            numbers[row] += 1
        groups[entry, 1] += 1
    return True


@kernel
def _is_repeated(moves: AnyArray, box: AnyArray, news: AnyArray, full: int, step: int, before: int) -> bool:
    """Whether a child can need now what another one fetched the step before: the same part of the tile there.

    What is fetched is either a whole tile or what it newly covers when it goes on in its one direction.
    """
    had = full if before < 0 else news[before]
    for rank in range(box.shape[1]):
        if abs(moves[step, rank]) > box[1, rank]:
            return False
    return had > 0 and (had == full) == (news[step] == full)


@kernel
def _relay(coefficients: AnyArray, rule: AnyArray, step: int, scratch: Scratch) -> int:
    """Delivery in which neighbours help, into row 1; returns how many children they serve.

    0 when they serve none or when it saves no access, -1 when there is no room for the groups.
    """
    fan, tiles, served, delivery = scratch.fan, scratch.tiles, scratch.served, scratch.delivery
    key = 0
    for rank in range(scratch.box.shape[1]):
        key = key * (4 * scratch.box[1, rank] + 1) + scratch.moves[step, rank]
    children = across = 1
    tiles[0] = 0
    for loop in range(fan.shape[0]):
        if fan[loop, 1] > 1:
            children = _spread(coefficients, fan, loop, scratch.box, tiles, children)
        if 2 * loop < fan.shape[0]:
            across *= fan[loop, 1]
    columns = max(across, rule[COLUMNS])
    helped = 0
    for child in range(children):
        tile = tiles[child] + key
        column = child % columns
        near = column > 0 and tiles[child - 1] == tile
        near = near or (column + 1 < columns and child + 1 < children and tiles[child + 1] == tile)
        near = near or (child >= columns and tiles[child - columns] == tile)
        served[child] = near or (child + columns < children and tiles[child + columns] == tile)
        helped += served[child]
    if helped == 0:
        return 0
    if not rule[MULTICAST]:
        delivery[1, 0, 0], delivery[1, 0, 1] = 1, children - helped
        scratch.numbers[1] = 1 if helped < children else 0
        return helped
    if not _group(tiles, served, children, scratch.slots, delivery[1], scratch.numbers, 1):
        return -1
    saved = 0
    for entry in range(scratch.numbers[0]):
        saved += delivery[0, entry, 1]
    for entry in range(scratch.numbers[1]):
        saved -= delivery[1, entry, 1]
    return helped if saved > 0 else 0
