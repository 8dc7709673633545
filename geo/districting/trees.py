"""Divide what hangs together in two along an edge of a random spanning tree.

Used by the search. Knows nothing of costs beyond the load of each side.

Source: DeFord, Duchin & Solomon (2021), Recombination: a family of Markov chains for redistricting.
"""

from heapq import nsmallest
from typing import Final

import numpy as np

from geo.districting.graph import Neighbours

_SAME: Final = 1e-12


def tree_cuts(
    neighbours: Neighbours,
    members: list[int],
    load: list[float],
    wanted: float,
    rng: np.random.Generator,
    most: int = 3,
) -> list[list[int]]:
    """Draw one spanning tree and cut it where one side weighs most nearly what is wanted.

    Parameters
    ----------
    neighbours
        Of all atoms.
    members
        Atoms that hang together, two or more.
    load
        Of all atoms.
    wanted
        Load of one side.
    rng
        Of the order in which edges enter the tree (Kruskal).
    most
        How many cuts to give.

    Returns
    -------
    list of list of int
        Atoms of the side that was to weigh `wanted`, best first; both sides hang together.
    """
    order, parent = _tree(neighbours, members, rng)
    below = {atom: load[atom] for atom in order}
    for atom in reversed(order[1:]):
        below[parent[atom]] += below[atom]
    whole = below[order[0]]
    cuts = [(abs(below[atom] - wanted), 0, atom) for atom in order[1:]]
    if abs(whole - 2.0 * wanted) > _SAME * whole:  # else the other sides are the same cuts again
        cuts += [(abs(whole - below[atom] - wanted), 1, atom) for atom in order[1:]]
    sides = []
    for _, is_other, atom in nsmallest(most, cuts):
        under = {atom}
        for each in order:  # parents come before their children
            if each not in under and parent.get(each) in under:
                under.add(each)
        sides.append([each for each in members if (each in under) != bool(is_other)])
    return sides


def _tree(
    neighbours: Neighbours, members: list[int], rng: np.random.Generator
) -> tuple[list[int], dict[int, int]]:
    """Draw a spanning tree; give its atoms from the root down, and the parent of each."""
    inside = set(members)
    edges = [(a, b) for a in members for b, _ in neighbours[a] if a < b and b in inside]
    root = {atom: atom for atom in members}
    tree: dict[int, list[int]] = {atom: [] for atom in members}
    for k in rng.permutation(len(edges)).tolist():
        a, b = edges[k]
        one, other = _top(root, a), _top(root, b)
        if one != other:
            root[one] = other
            tree[a].append(b)
            tree[b].append(a)
    order, parent = [members[0]], {members[0]: -1}
    for atom in order:
        for near in tree[atom]:
            if near not in parent:
                parent[near] = atom
                order.append(near)
    return order, parent


def _top(root: dict[int, int], atom: int) -> int:
    while root[atom] != atom:
        root[atom] = root[root[atom]]
        atom = root[atom]
    return atom
