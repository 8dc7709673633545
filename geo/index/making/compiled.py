"""Stand in, compiled, for the passes over edges that lay the table of cells.

Used by `geo.index.making.banding`; importing needs numba.
Knows nothing of polygons and points. What a float filter cannot decide is left to the caller.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,no-any-return,assignment,arg-type"
# ruff: noqa: ANN001, ANN201, ANN202 - numba finds the types of what it compiles, anew for each call

from typing import Final

import numpy as np

from geo.index.covering import EAST_END_OUT, FLAT, NEAR_SLACKS, OUT, WEST_END_OUT
from geo.index.laying import ASK, PACK
from geo.index.orientation import FILTER, UNDERFLOW
from geo.index.pairing.compiled import jit
from geo.index.touching import CROWDED, FINEST_ULPS, MAX_SIDE, SLACK_ULPS

_FINEST: Final = FINEST_ULPS / SLACK_ULPS


@jit
def _lines_of(low, high, y0, sy, ny, slack):
    """Give the first and the last row of cells between two heights; the last is -1 for none."""
    first = np.floor((low - slack - y0) * sy)
    last = np.floor((high + slack - y0) * sy)
    if not (last >= 0.0 and first <= ny - 1):
        return np.int64(0), np.int64(-1)
    return np.int64(max(first, 0.0)), np.int64(min(last, ny - 1.0))


@jit
def share_out(ends, grid, listed, shift, count):
    """Count the edges of each band of rows; give about how many pairs with cells there are."""
    ax, ay, bx, by = ends
    _, y0s, sxs, sys, nx, ny, _, slack_y = grid
    edges, blocks = listed
    n_pairs = 0.0
    for k in range(len(edges)):
        e, b = edges[k], blocks[k]
        first, last = _lines_of(ay[e], by[e], y0s[b], sys[b], ny, slack_y)
        if last >= 0:
            for band in range((b * ny + first) >> shift, ((b * ny + last) >> shift) + 1):
                count[band] += 1
            n_pairs += np.float64(last - first + 1) + min(abs(bx[e] - ax[e]) * sxs[b], nx)
    return np.int64(n_pairs)


@jit
def deal(edges, grid, listed, shift, place, dealt):
    """Write the edges down band after band, in order: ends, step, number and block of each."""
    ax, ay, bx, by, step = edges
    _, y0s, _, sys, _, ny, _, slack_y = grid
    numbers, blocks = listed
    lines, own = dealt
    for k in range(len(numbers)):
        e, b = numbers[k], blocks[k]
        first, last = _lines_of(ay[e], by[e], y0s[b], sys[b], ny, slack_y)
        if last >= 0:
            for band in range((b * ny + first) >> shift, ((b * ny + last) >> shift) + 1):
                p = place[band]
                place[band] = p + 1
                lines[p, 0], lines[p, 1], lines[p, 2], lines[p, 3] = ax[e], ay[e], bx[e], by[e]
                lines[p, 4] = step[e]
                own[p, 0], own[p, 1] = e, b


@jit
def _columns_of(edge, lines, grid):
    """Give the first and the last column that an edge may meet between two heights."""
    ax, ay, dx, scale = edge
    line, top = lines
    x0, sx, nx, slack = grid
    start, stop = 0.0, 1.0
    if scale != 0.0:
        start = min(max((line - ay) * scale, 0.0), 1.0)
        stop = min(max((top - ay) * scale, 0.0), 1.0)
    one = ax + start * dx
    other = ax + stop * dx
    first = np.floor((min(one, other) - slack - x0) * sx)
    last = np.floor((max(one, other) + slack - x0) * sx)
    if not (last >= 0.0 and first <= nx - 1):
        return np.int64(0), np.int64(-1)
    return np.int64(max(first, 0.0)), np.int64(min(last, nx - 1.0))


@jit
def cover(dealt, grid, rows, cells, listed):
    """Count the edges of each cell, and add the steps of crossed lines at their first corners.

    Writes the pairs of cell and edge, edge after edge, and the pairs of edge and row whose crossing
    lies too near a corner for floats; both packed, the second one in the low 32 bits. Gives how
    many there are, or -1 twice where there is not enough room.
    """
    lines, own = dealt
    x0s, y0s, sxs, sys, nx, ny, slack_x, slack_y = grid
    low, stop = rows
    faces, count = cells
    pairs, near = listed
    n_pairs, n_near = 0, 0
    block = np.int32(-1)
    x0, y0, sx, sy, high, base, is_near = 0.0, 0.0, 1.0, 1.0, 0.0, 0, 0.0
    for p in range(len(own)):
        x1, y1, x2, y2 = lines[p, 0], lines[p, 1], lines[p, 2], lines[p, 3]
        if own[p, 1] != block:
            block = own[p, 1]
            x0, y0, sx, sy = x0s[block], y0s[block], sxs[block], sys[block]
            high = 1.0 / sy + 3.0 * slack_y
            is_near = NEAR_SLACKS * slack_x * sx
            base = block * ny
        dx = x2 - x1
        scale = 1.0 / (y2 - y1) if y2 - y1 > FLAT else 0.0
        first, last = _lines_of(y1, y2, y0, sy, ny, slack_y)
        for row in range(max(first, low - base), min(last, stop - 1 - base) + 1):
            line = max(y0, y0 + row / sy - slack_y)
            at = (base + row - low) * nx
            left, right = _columns_of(
                (x1, y1, dx, scale), (line, line + high), (x0, sx, nx, 2.0 * slack_x)
            )
            if n_pairs + right - left + 2 >= len(pairs) or n_near == len(near):
                return -1, -1
            pairs[n_pairs] = ((at + left) << 32) | p  # mostly one or two: written without asking
            pairs[n_pairs + 1] = ((at + left + 1) << 32) | p
            count[at + left] += right >= left
            count[at + left + 1] += right > left
            for column in range(left + 2, right + 1):
                count[at + column] += 1
                pairs[n_pairs + column - left] = ((at + column) << 32) | p
            n_pairs += right - left + 1
            if y1 <= line < y2:
                exact = (x1 + (line - y1) * scale * dx - x0) * sx
                if scale == 0.0 or abs(exact - np.rint(exact)) <= is_near:
                    near[n_near] = (p << 32) | row
                    n_near += 1
                else:
                    column = np.int64(min(max(np.floor(exact) + 1.0, 0.0), np.float64(nx)))
                    faces[at + column] += np.int64(lines[p, 4]) * (column < nx)
    return n_pairs, n_near


@jit
def sweep(faces, count, nx, left, cells, touched):
    """Sum up eastwards, write whole cells and list touched ones; room for edges is shared out.

    Counts say afterwards where in the room a cell's edges begin.
    """
    cell, start, face, begin = touched
    n, place = 0, np.int32(0)
    for line in range(len(left)):
        begin[line] = n
        total = left[line]
        for k in range(line * nx, (line + 1) * nx):
            total += faces[k]
            size = count[k]
            if size:
                cell[n], start[n], face[n] = k, place, total
                count[k] = place
                place += size
                n += 1
            else:
                cells[k] = ASK if total >= 2 * PACK else np.int32(total & (PACK - 1)) - 1
    start[n] = place
    begin[len(left)] = n


@jit
def sort(pairs, count, edge):
    """Put edges in order of the cells."""
    for pair in pairs:
        k = pair >> 32
        place = count[k]
        if place >= 0:
            edge[place] = pair & 0xFFFFFFFF
            count[k] = place + 1


@jit
def _side(lines, edges, width, height, slacks):
    """Choose as `geo.index.touching.finer_sides` does."""
    n = np.float64(len(edges))
    length = 0.0
    for p in edges:
        across = min(abs(lines[p, 2] - lines[p, 0]) / width, 1.0)
        length += across + min((lines[p, 3] - lines[p, 1]) / height, 1.0)
    most = min(np.sqrt(10.0 * n), 11.0 * n / max(length, 1e-9))
    most = min(most, width / (_FINEST * slacks[0]))
    most = min(most, height / (_FINEST * slacks[1]))
    side = 1
    while side < MAX_SIDE and most >= 2 * side:
        side *= 2
    return side


@jit
def _times(edge, kind, corner):
    """Say how often an edge counts at a corner of a cell, and whether floats leave one open."""
    x1, y1, x2, y2 = edge
    west, south = corner
    over_a, over_b = y1 <= south, y2 <= south
    one, other = (x2 - x1) * (south - y1), (y2 - y1) * (west - x1)
    turn = one - other
    is_beside = over_a & (not over_b) & (kind != OUT)
    is_open = is_beside & (abs(turn) <= FILTER * (abs(one) + abs(other)) + UNDERFLOW)
    times = np.int64(is_beside & (not is_open) & (turn <= 0.0))
    times -= over_a & (kind == WEST_END_OUT)
    times += over_b & (kind == EAST_END_OUT)
    return times, is_open


@jit
def _enter(entries, n, edge, kinds, reach):
    """Write what a leaf keeps of an edge, as `geo.index.laying` does."""
    x1, y1, x2, y2 = edge
    kind, step = kinds
    wide, tall = reach
    dx, dy = x2 - x1, y2 - y1
    width = abs(dx)
    entries[n, 0], entries[n, 1], entries[n, 2], entries[n, 3], entries[n, 4] = x1, y1, dx, dy, y2
    entries[n, 5] = 0.0 if kind == OUT else step
    entries[n, 6] = 1.01 * FILTER * (width * (dy + tall) + dy * (width + wide)) + UNDERFLOW
    entries[n, 7] = kind


@jit
def _write_line(edges, touched, line, level, out, counts):
    """Write the leaves of a line of cells; as `write`, which it serves."""
    ends, own, order = edges
    cell, start, face, begin = touched
    x0, sx, south, width, height, slacks, first_cell = line[1:]
    _, reach, (first_leaf, first_entry, first_crowd), may_split = level
    (cells, leaf_start, leaf_base, entries, entry_edge), aside = out
    crowd, crowd_edge, crowd_kind, open_pairs = aside
    n_leaves, n_entries, n_crowd, n_aside, n_open = counts
    for t in range(begin[line[0]], begin[line[0] + 1]):
        k = cell[t]
        west = max(x0, x0 + (k - first_cell) / sx - slacks[0])
        side = 1
        if may_split and start[t + 1] - start[t] > CROWDED:
            side = _side(ends, order[start[t] : start[t + 1]], width, height, slacks)
        base = face[t]
        first = n_entries
        for q in range(start[t], start[t + 1]):
            p = order[q]
            edge = ends[p, 0], ends[p, 1], ends[p, 2], ends[p, 3]
            kind = (edge[0] < west) * WEST_END_OUT + (edge[2] < west) * EAST_END_OUT
            times, is_open = _times(edge, kind, (west, south))
            base -= np.int64(ends[p, 4]) * times
            if is_open:
                open_pairs[n_open] = (t << 32) | p
                n_open += 1
            if side > 1:
                crowd_edge[n_aside], crowd_kind[n_aside] = own[p, 0], kind
                n_aside += 1
            else:
                _enter(entries, n_entries, edge, (kind, ends[p, 4]), reach)
                entry_edge[n_entries] = own[p, 0]
                n_entries += 1
        if side > 1:
            cells[k] = first_crowd + n_crowd
            crowd[n_crowd, 0], crowd[n_crowd, 1] = t, start[t + 1] - start[t]
            crowd[n_crowd, 2], crowd[n_crowd, 3] = base, side
            n_crowd += 1
        else:
            cells[k] = -2 - first_leaf - n_leaves
            leaf_start[n_leaves], leaf_base[n_leaves] = first_entry + first, base
            n_leaves += 1
    return n_leaves, n_entries, n_crowd, n_aside, n_open


@jit
def write(edges, touched, grid, level, out):
    """Write the leaves of a band and their entries, and what is crowded aside.

    Cells get the number of their leaf or their place among the crowded ones. Gives how many leaves,
    entries, crowded cells and edges in these are written, and of how many pairs of touched cell and
    edge floats cannot tell how often the edge counts.
    """
    x0s, y0s, sxs, sys, nx, ny, slack_x, slack_y = grid
    low = level[0]
    counts = (0, 0, 0, 0, 0)
    for line in range(len(touched[3]) - 1):
        b = (low + line) // ny
        sx, sy = sxs[b], sys[b]
        south = max(y0s[b], y0s[b] + (low + line - b * ny) / sy - slack_y)
        width, height = 1.0 / sx + 3.0 * slack_x, 1.0 / sy + 3.0 * slack_y
        sides = (line, x0s[b], sx, south, width, height, (slack_x, slack_y), line * nx)
        counts = _write_line(edges, touched, sides, level, out, counts)
    return counts
