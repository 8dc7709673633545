"""Say by simple counting what no division can undercut.

Used by `geo.districting.proposals` where an integer programme would take too long. Knows nothing of
borders: contiguity is left out, so the true best may lie well above these bounds.
"""

from math import ceil

from geo.districting.ground import Ground

_ROUNDING = 1e-9


def least_deviation(ground: Ground) -> float:
    """Give a bound on the largest deviation: the mean of these grids, and the heaviest atom."""
    mean = sum(ground.load) / ground.grids / ground.mean
    heaviest = max(ground.load) / ground.mean
    return max(abs(mean - 1.0), heaviest - 1.0, 0.0)


def least_moved(ground: Ground, paid: list[float], limit: float) -> float:
    """Give a bound on what must change hands to bring every grid within `limit` of the mean.

    What overfull grids must give, or what underfull ones must get, whichever is more, filled with
    the cheapest atoms, the last of them in part (the fractional knapsack).

    Parameters
    ----------
    ground
        Atoms and their home grids.
    paid
        Households of each atom, or 1.
    limit
        Share of the mean.
    """
    most, least = ground.mean * (1.0 + limit), ground.mean * (1.0 - limit)
    homes: list[list[int]] = [[] for _ in range(ground.grids)]
    lost = 0.0
    for atom, home in enumerate(ground.home):
        if home < 0:
            lost += paid[atom]
        else:
            homes[home].append(atom)
    given = lost
    wanting = 0.0
    for members in homes:
        load = sum(ground.load[atom] for atom in members)
        given += _cheapest(ground, paid, members, load - most)
        wanting += max(0.0, least - load)
    got = _cheapest(ground, paid, list(range(len(ground))), wanting)
    bound = max(given, got)
    is_whole = all(value == int(value) for value in paid)
    return float(ceil(bound - _ROUNDING)) if is_whole else bound


def _cheapest(ground: Ground, paid: list[float], members: list[int], wanted: float) -> float:
    """Pay for so much load with the atoms that cost least for what they weigh."""
    left, total = wanted - _ROUNDING * ground.mean, 0.0
    heavy = [atom for atom in members if ground.load[atom] > 0]
    for atom in sorted(heavy, key=lambda k: paid[k] / ground.load[k]):
        if left <= 0:
            break
        total += paid[atom] * min(1.0, left / ground.load[atom])
        left -= ground.load[atom]
    return total
