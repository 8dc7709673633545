"""Say which posts look after which grids of a plan, and where nobody does.

Used by the figures and the impact of plans. Knows nothing of counts.

A post at a grid looks after that grid; a beat officer's post at a community looks after every grid
of the community. Posts of higher places look after none. Holders are role titles; what a viewer may
read of them is decided where posts are read.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from data.frames import posts_frame
from data.viewer import Viewer
from data.vocabulary import PlaceLevel, Position

IntArray = npt.NDArray[np.int64]

OFFICER: Final = "officer"
MEMBER: Final = "member"
OFFICER_POSITIONS: Final = frozenset(
    {Position.BEAT_OFFICER.value, Position.BEAT_CHIEF.value, Position.DEPUTY_SECRETARY.value}
)
MEMBER_POSITIONS: Final = frozenset(
    {
        Position.GRID_LEADER.value,
        Position.FULL_TIME_MEMBER.value,
        Position.PART_TIME_MEMBER.value,
    }
)


def read_posts(session: Session, viewer: Viewer, *, as_of: date) -> gpd.GeoDataFrame:
    """Give the posts of a day that look after grids, by place and position.

    Returns
    -------
    GeoDataFrame
        Columns of `data.frames.posts_frame` and `role`: ``officer`` for posts of the beat at a
        community or a grid, ``member`` for members' posts at a grid. EPSG:4326; index from 0.
    """
    frame = posts_frame(session, viewer, as_of=as_of)
    is_grid = (frame["place_level"] == PlaceLevel.GRID.value).to_numpy()
    is_community = (frame["place_level"] == PlaceLevel.COMMUNITY.value).to_numpy()
    is_officer = frame["position"].isin(OFFICER_POSITIONS).to_numpy() & (is_grid | is_community)
    is_member = frame["position"].isin(MEMBER_POSITIONS).to_numpy() & is_grid
    frame["role"] = np.where(is_officer, OFFICER, MEMBER)
    kept = frame[is_officer | is_member].sort_values(["place_code", "position", "post_id"])
    return gpd.GeoDataFrame(kept.reset_index(drop=True))


@dataclass(frozen=True, slots=True)
class Covered:
    """Pairs of a post's row and a grid's row: the post looks after the grid.

    Attributes
    ----------
    post, grid
        By post, then grid.
    """

    post: IntArray
    grid: IntArray

    def filled(self, posts: gpd.GeoDataFrame, role: str, grids: int) -> IntArray:
        """Count the filled posts of a role that look after each grid."""
        counts = posts["is_filled"].to_numpy(dtype=bool)
        counts = counts & (posts["role"].to_numpy(dtype=object) == role)
        found: IntArray = np.bincount(self.grid[counts[self.post]], minlength=grids)
        return found


def covered(
    posts: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame,
    renumbered: Mapping[str, str] | None = None,
) -> Covered:
    """Pair posts with the grids they look after.

    Parameters
    ----------
    grids
        `grid_code`, `parent_code`.
    renumbered
        Former → new code of grids that only changed their code: their posts go with them.
    """
    row_of = {str(code): row for row, code in enumerate(grids["grid_code"].tolist())}
    below: dict[str, list[int]] = defaultdict(list)
    for row, parent in enumerate(grids["parent_code"].tolist()):
        if isinstance(parent, str):
            below[parent].append(row)
    new_code = renumbered or {}
    pairs: list[tuple[int, int]] = []
    for row, (code, level) in enumerate(
        zip(posts["place_code"], posts["place_level"], strict=True)
    ):
        if level == PlaceLevel.COMMUNITY.value:
            pairs += [(row, grid) for grid in below.get(str(code), [])]
        elif (at := row_of.get(new_code.get(str(code), str(code)))) is not None:
            pairs.append((row, at))
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return Covered(found[:, 0], found[:, 1])
