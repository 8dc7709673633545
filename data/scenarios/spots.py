"""Choose where things happen: near busy junctions and markets, along streets, at homes.

Used by the event writers. Knows nothing of kinds or times. Lengths are metres in the plane.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from data.scenarios.town import Town, Unit

_FROM_BORDER_M = 1.5
_STREET_WEIGHT = {"main": 3.0, "secondary": 1.4, "lane": 0.6}
_PUBLIC_WEIGHT = {"market": 3.0, "school": 1.2, "hospital": 1.5, "office": 0.8, "park": 0.7}
_TRIES = 60
_TRIES_INSIDE = 400

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mix:
    """Shares of the four sorts of spots; they add up to one."""

    hot: float
    street: float
    home: float
    public: float


class Spots:
    """Draw points inside the grids of a town, never on a border.

    Parameters
    ----------
    town
        Shapes in the plane.
    dice
        Source of chance; also decides which junctions and markets are busy.
    """

    def __init__(self, town: Town, dice: np.random.Generator) -> None:
        self.town, self._dice = town, dice
        self.grids = town.of("grid")
        self._tree = shapely.STRtree([grid.shape for grid in self.grids])
        self._borders = shapely.STRtree([grid.shape.boundary for grid in self.grids])
        streets = [line for line in town.lines if line.street_class in _STREET_WEIGHT]
        self._streets = [line.shape for line in streets]
        self._street_shares = _shares(
            [_STREET_WEIGHT[line.street_class] * line.shape.length for line in streets]
        )
        self._homes = [c for c in town.compounds if c.households]
        self._home_shares = _shares([float(c.households) for c in self._homes])
        self._publics = [c for c in town.compounds if c.kind in _PUBLIC_WEIGHT]
        self._public_shares = _shares([_PUBLIC_WEIGHT[c.kind] for c in self._publics])
        self._hot = self._busy_places()
        self._hot_shares = _shares([1.0 / (rank + 2.0) ** 0.9 for rank in range(len(self._hot))])

    def draw(self, mix: Mix, inside: frozenset[str] | None = None) -> tuple[float, float]:
        """Draw one point, within some communities (by code) where they are named."""
        shares = _shares([mix.hot, mix.street, mix.home, mix.public])
        for _ in range(_TRIES if inside is None else _TRIES_INSIDE):
            sort = int(self._dice.choice(4, p=shares))
            x, y = (self._near_hot, self._on_street, self._at_home, self._at_public)[sort]()
            grid = self.grid_at(x, y)
            if grid is not None and (inside is None or grid.parent in inside):
                return x, y
        return self._inner_point(inside)

    def beside(self, x: float, y: float, sigma_m: float) -> tuple[float, float]:
        """Draw a point beside another one, in the same grid."""
        home = self.grid_at(x, y)
        for _ in range(_TRIES):
            near = self._jitter(x, y, sigma_m)
            if self.grid_at(*near) == home:
                return near
        return x, y

    def grid_at(self, x: float, y: float) -> Unit | None:
        """Give the grid that holds a point; none outside and within 1.5 m of a border."""
        point = shapely.Point(x, y)
        if len(self._borders.query(point, "dwithin", distance=_FROM_BORDER_M)):
            return None
        found = self._tree.query(point, "within")
        return self.grids[int(found[0])] if len(found) else None

    def _busy_places(self) -> list[tuple[float, float]]:
        mains = [line.shape for line in self.town.lines if line.street_class == "main"]
        crossings = {
            (round(x, 1), round(y, 1))
            for i, line in enumerate(mains)
            for other in mains[i + 1 :]
            for x, y in shapely.get_coordinates(line.intersection(other))
        }
        markets = [c.shape.centroid for c in self.town.compounds if c.kind == "market"]
        places = sorted(crossings | {(round(p.x, 1), round(p.y, 1)) for p in markets})
        return [places[i] for i in self._dice.permutation(len(places))]

    def _jitter(self, x: float, y: float, sigma_m: float) -> tuple[float, float]:
        off = self._dice.normal(0.0, sigma_m, 2)
        return float(x + off[0]), float(y + off[1])

    def _near_hot(self) -> tuple[float, float]:
        x, y = self._hot[int(self._dice.choice(len(self._hot), p=self._hot_shares))]
        return self._jitter(x, y, 75.0)

    def _on_street(self) -> tuple[float, float]:
        street = self._streets[int(self._dice.choice(len(self._streets), p=self._street_shares))]
        point = street.interpolate(self._dice.random(), normalized=True)
        return self._jitter(point.x, point.y, 9.0)

    def _at_home(self) -> tuple[float, float]:
        home = self._homes[int(self._dice.choice(len(self._homes), p=self._home_shares))]
        return self._jitter(home.shape.centroid.x, home.shape.centroid.y, 32.0)

    def _at_public(self) -> tuple[float, float]:
        place = self._publics[int(self._dice.choice(len(self._publics), p=self._public_shares))]
        return self._jitter(place.shape.centroid.x, place.shape.centroid.y, 30.0)

    def _inner_point(self, inside: frozenset[str] | None) -> tuple[float, float]:
        grids = [grid for grid in self.grids if inside is None or grid.parent in inside]
        grid = grids[int(self._dice.integers(len(grids)))]
        inner = grid.shape.representative_point()
        return inner.x, inner.y


def _shares(weights: list[float]) -> Points:
    array: Points = np.array(weights)
    total: float = float(array.sum())
    return array / total
