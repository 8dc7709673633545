"""Say what two neighbouring grids would cost if they were divided otherwise.

Used by the recombination of the search. Knows nothing of how a cut is found. What both grids have
together is summed once; a cut then only looks at one of its sides.
"""

from dataclasses import dataclass

from geo.districting.ground import Division, Sums


@dataclass(frozen=True, slots=True)
class PairCut:
    """One way to divide two grids.

    Attributes
    ----------
    cost
        Of both grids, with what changes hands.
    side
        Atoms of the first grid, or of the second where `is_turned`.
    sums, rest
        Load, households, area and outline of the side and of the others.
    """

    cost: float
    side: list[int]
    sums: Sums
    rest: Sums
    is_turned: bool


class Pair:
    """Two neighbouring grids of a division."""

    def __init__(self, division: Division, pair: tuple[int, int], members: list[int]) -> None:
        ground, labels = division.ground, division.labels
        a, b = pair
        self.division, self.pair, self.members = division, pair, members
        self.inside = set(members)
        self.worth = 0.0
        self.home = {a: 0.0, b: 0.0}
        between = 0.0
        for atom in members:
            self.worth += ground.worth[atom]
            if ground.home[atom] in self.home:
                self.home[ground.home[atom]] += ground.worth[atom]
            if labels[atom] == a:
                between += sum(m for near, m in ground.neighbours[atom] if labels[near] == b)
        self.load = division.load[a] + division.load[b]
        self.households = division.households[a] + division.households[b]
        self.area = division.area[a] + division.area[b]
        self.outer = division.outline[a] + division.outline[b] - 2.0 * between

    def cost_now(self) -> float:
        """Say what the two grids cost as they are."""
        division, (a, b) = self.division, self.pair
        ground, labels = division.ground, division.labels
        moved = sum(ground.worth[k] for k in self.members if labels[k] != ground.home[k])
        return division.costs[a] + division.costs[b] + division.aim.change * moved

    def cut(self, side: list[int]) -> PairCut:
        """Say what a cut costs, the side being whichever of the two grids it costs less as."""
        division, (a, b) = self.division, self.pair
        ground, chosen, inside = division.ground, set(side), self.inside
        load = households = area = outline = between = 0.0
        kept = {a: 0.0, b: 0.0}
        for atom in side:
            load += ground.load[atom]
            households += ground.households[atom]
            area += ground.area[atom]
            outline += ground.outline[atom]
            if ground.home[atom] in kept:
                kept[ground.home[atom]] += ground.worth[atom]
            for near, border_m in ground.neighbours[atom]:
                if near in chosen:
                    outline -= border_m
                elif near in inside:
                    between += border_m
        sums = (load, households, area, outline)
        rest = (
            self.load - load,
            self.households - households,
            self.area - area,
            self.outer + 2.0 * between - outline,
        )
        straight = self.worth - kept[a] - (self.home[b] - kept[b])
        turned = self.worth - kept[b] - (self.home[a] - kept[a])
        shapes = division.cost(*sums) + division.cost(*rest)
        cost = shapes + division.aim.change * min(straight, turned)
        return PairCut(cost, side, sums, rest, turned < straight)

    def more_moved(self, cut: PairCut) -> float:
        """Say how much more, or less (-), changes hands by a cut."""
        ground, labels = self.division.ground, self.division.labels
        one, other = (self.pair[1], self.pair[0]) if cut.is_turned else self.pair
        side, more = set(cut.side), 0.0
        for atom in self.members:
            home, to = ground.home[atom], one if atom in side else other
            more += ground.paid(atom) * ((to != home) - (labels[atom] != home))
        return more

    def take(self, cut: PairCut) -> None:
        """Divide the two grids so."""
        self.division.moved += self.more_moved(cut)
        one, other = (self.pair[1], self.pair[0]) if cut.is_turned else self.pair
        for atom in self.members:
            self.division.labels[atom] = other
        for atom in cut.side:
            self.division.labels[atom] = one
        self.division.put(one, len(cut.side), cut.sums)
        self.division.put(other, len(self.members) - len(cut.side), cut.rest)
