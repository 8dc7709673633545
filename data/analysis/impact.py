"""Say what changes hands when one division into grids gives way to another, and to whom.

Used by the impact sheet, its prints and `gridbeat plan impact`. Knows nothing of sentences.

People are posts, role titles and service numbers, never names. A grid that only changed its code is
followed by its posts; a post whose grid is gone is to be appointed anew, and stands in the checks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy.orm import Session

from data.analysis.impact_ground import GroundChange, ground_change
from data.analysis.impact_things import THINGS, grid_rows, seen_cases, things_of, with_numbers
from data.analysis.plan_figures import people_of
from data.analysis.plan_pieces import building_weights, share_out
from data.analysis.plan_posts import MEMBER, OFFICER, Covered, covered, read_posts
from data.config import DEFAULT_TZ
from data.repositories.people import duty_roster
from data.repositories.registers import buildings
from data.viewer import DisplayLevel, Viewer

IntArray = npt.NDArray[np.int64]

NOBODY: Final = -1
PEOPLE: Final = ("households", "residents")
SIDES: Final = ("before", "after")
CHECKS: Final = (
    "grid_without_officer",
    "grid_without_member",
    "post_without_grid",
    "community_without_grid",
    "thing_without_grid",
)
"""What must be settled before the new grids hold; nothing may be left orphaned."""


@dataclass(frozen=True, slots=True)
class ImpactSummary:
    """The figures of the one sentence: adjusted, added, retired, before → after.

    Attributes
    ----------
    adjusted
        Grids that keep their code and whose ground changed.
    renumbered
        Grids of the same ground under another code.
    renamed
        Grids of the same code under another name.
    """

    adjusted: int
    added: int
    retired: int
    renumbered: int
    renamed: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class PlanCheck:
    """One thing to settle.

    Attributes
    ----------
    code
        One of `CHECKS`.
    subject
        Grid, community, or the post's key as text; for things their kind.
    fields
        Facts: `place_code`, `title`, `position`, `heir` (the grid that took most of the ground),
        `n` (holders, or things); of grids `is_new`: they had somebody before, or were not there.
    """

    code: str
    subject: str
    fields: Mapping[str, str | int | bool | None]


@dataclass(frozen=True, eq=False)
class HandOver:
    """What one post gives and takes.

    Attributes
    ----------
    gives, takes
        Rows of `Impact.moves`.
    people_given, people_taken
        Rows of `Impact.people`.
    grids_before, grids_after
        Codes that the post looked after, and will look after.
    """

    post_id: int
    gives: pd.DataFrame
    takes: pd.DataFrame
    people_given: pd.DataFrame
    people_taken: pd.DataFrame
    grids_before: tuple[str, ...]
    grids_after: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Impact:
    """What changes hands.

    Attributes
    ----------
    ground
        How the one division became the other.
    grids
        One row for each changed grid: `change` (adjusted, added, retired, renumbered, renamed),
        `old_code`, `new_code`, `name`.
    moves
        One row for each thing that comes to another grid: `thing`, `id`, `external_id`, `kind`,
        `name`, `severity`, `due_at`, `is_stated` (it has no point), `from_grid`, `to_grid` (empty:
        none), and `from_officer`, `to_officer`, `from_member`, `to_member`: posts by key, <NA> for
        nobody.
    people
        One row for each piece of ground: the same from and to, `households`, `residents` (<NA>
        unknown), `is_estimated`.
    posts
        By `post_id`: role, position, title, place, `is_filled`, `holders`, `service_numbers`,
        `grids_before`, `grids_after` (tuples of codes), `change`: kept, adjusted (the same grids on
        other ground), changed, gone (to be appointed anew).
    """

    summary: ImpactSummary
    ground: GroundChange
    grids: pd.DataFrame
    moves: pd.DataFrame
    people: pd.DataFrame
    posts: pd.DataFrame
    checks: tuple[PlanCheck, ...]

    @cached_property
    def counts(self) -> pd.DataFrame:
        """Count by thing: how many come to another grid, another officer, another member."""
        rows = []
        for thing in THINGS:
            of_it = self.moves[self.moves["thing"] == thing]
            rows.append((thing, len(of_it), _changing(of_it, OFFICER), _changing(of_it, MEMBER)))
        return pd.DataFrame(rows, columns=["thing", "grids", "officers", "members"])

    def handover(self, post_id: int) -> HandOver:
        """Give what one post hands over and takes over.

        Raises
        ------
        KeyError
            No such post looks after grids.
        """
        row = self.posts.index.get_loc(post_id)
        role = str(self.posts["role"].iloc[row])
        both = (self.moves, self.people)
        given = [_one_way(table, role, post_id, "from", "to") for table in both]
        taken = [_one_way(table, role, post_id, "to", "from") for table in both]
        before, after = (tuple(self.posts[f"grids_{side}"].iloc[row]) for side in SIDES)
        return HandOver(post_id, given[0], taken[0], given[1], taken[1], before, after)

    def handovers(self) -> tuple[HandOver, ...]:
        """Give the lists of all posts that hand over or take over anything, by key."""
        named = [
            table[f"{side}_{role}"].dropna()
            for table in (self.moves, self.people)
            for side in ("from", "to")
            for role in (OFFICER, MEMBER)
        ]
        posts = self.posts.index.intersection(pd.Index(pd.concat(named).unique()))
        found = [self.handover(int(post_id)) for post_id in posts.sort_values()]
        return tuple(
            each
            for each in found
            if len(each.gives) + len(each.takes) + len(each.people_given) + len(each.people_taken)
        )


def impact_of(
    session: Session,
    viewer: Viewer,
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    *,
    as_of: date,
    tz: str = DEFAULT_TZ,
) -> Impact:
    """Work out what changes hands.

    Parameters
    ----------
    old, new
        `grid_code`, `name`, `parent_code`, `households`, `residents`, geometry in EPSG:4326.
    as_of
        Day of posts and of what is open.

    Raises
    ------
    AccessRefused
        `level_too_low`: single records and service numbers are for `INTERNAL` and above.
    """
    viewer.require_level(DisplayLevel.INTERNAL)
    ground = ground_change(old, new)
    posts = read_posts(session, viewer, as_of=as_of)
    before = covered(posts, old)
    after = covered(posts, new, ground.code_map)
    hands = _Hands(posts, (before, after), (old, new))
    things = things_of(session, viewer, seen_cases(session, viewer, today=as_of, tz=tz))
    moves, lost = _moves(things, (old, new), ground, hands)
    people = _people(session, viewer, (old, new), ground, hands)
    told = _posts(session, viewer, hands, ground, as_of)
    return Impact(
        summary=_summary(ground),
        ground=ground,
        grids=ground.table(),
        moves=with_numbers(session, viewer, moves),
        people=people,
        posts=told,
        checks=_checks(hands, told, ground, lost),
    )


class _Hands:
    """Which post looks after each grid, before and after."""

    def __init__(
        self,
        posts: gpd.GeoDataFrame,
        pairs: tuple[Covered, Covered],
        grids: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
    ) -> None:
        self.posts, self.pairs = posts, pairs
        self.codes = tuple(frame["grid_code"].astype(str).to_numpy(dtype=object) for frame in grids)
        self.keepers = {
            role: tuple(_keepers(posts, pair, len(frame), role)
                        for pair, frame in zip(pairs, grids, strict=True))
            for role in (OFFICER, MEMBER)
        }  # fmt: skip

    def changes(self, at: tuple[IntArray, IntArray], ground: GroundChange) -> npt.NDArray[np.bool_]:
        """Whether the grid, its officer or its member is another (rows of old and new grids)."""
        found = np.append(ground.same_row, NOBODY)[at[0]] != at[1]
        for keepers in self.keepers.values():
            before, after = (np.append(k, NOBODY)[r] for k, r in zip(keepers, at, strict=True))
            found |= before != after
        return np.asarray(found)

    def columns(self, at: tuple[IntArray, IntArray]) -> dict[str, Any]:
        """Give from and to of rows of old and new grids (-1 for none)."""
        ids = np.append(self.posts["post_id"].to_numpy(dtype=np.int64), 0)
        found: dict[str, Any] = {}
        for side, rows, codes in zip(("from", "to"), at, self.codes, strict=True):
            found[f"{side}_grid"] = np.append(codes, "")[rows]
        for role, keepers in self.keepers.items():
            for side, rows, keeper in zip(("from", "to"), at, keepers, strict=True):
                post = np.append(keeper, NOBODY)[rows]
                found[f"{side}_{role}"] = pd.arrays.IntegerArray(ids[post], post == NOBODY)
        return found


def _keepers(posts: gpd.GeoDataFrame, pairs: Covered, count: int, role: str) -> IntArray:
    """Give the row of the post that answers for each grid: filled before empty, then by key."""
    found = np.full(count, NOBODY, dtype=np.int64)
    is_role = (posts["role"] == role).to_numpy(dtype=bool)
    is_filled = posts["is_filled"].to_numpy(dtype=bool)
    is_own = (posts["place_level"] == "grid").to_numpy(dtype=bool)
    keys = posts["post_id"].to_numpy(dtype=np.int64)
    order = np.lexsort((keys[pairs.post], ~is_own[pairs.post], ~is_filled[pairs.post]))
    for k in order[::-1]:
        if is_role[pairs.post[k]]:
            found[pairs.grid[k]] = pairs.post[k]
    return found


def _moves(
    things: gpd.GeoDataFrame,
    frames: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
    ground: GroundChange,
    hands: _Hands,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """List what comes to another grid, and of it what comes to none."""
    at_old, at_new = (grid_rows(things, frame) for frame in frames)
    is_stated = np.asarray(things.geometry.isna() | things.geometry.is_empty)
    heirs = np.append(ground.heir, NOBODY)
    at_new = np.where(is_stated & (at_old >= 0), heirs[at_old], at_new)
    rows = np.flatnonzero(hands.changes((at_old, at_new), ground))
    table = pd.DataFrame(things.drop(columns=["geometry", "stated"]).iloc[rows])
    table = table.reset_index(drop=True).assign(is_stated=is_stated[rows])
    table = table.assign(**hands.columns((at_old[rows], at_new[rows])))
    return table, table[table["to_grid"] == ""]


def _people(
    session: Session,
    viewer: Viewer,
    frames: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
    ground: GroundChange,
    hands: _Hands,
) -> pd.DataFrame:
    """List the pieces of ground that come to another grid, with the people on them."""
    pieces = ground.pieces
    built, moved = buildings(session, viewer), hands.changes((pieces.old, pieces.new), ground)
    rows = np.flatnonzero(moved & (pieces.old >= 0))
    table = pd.DataFrame({"area_m2": pieces.area_m2[rows]})
    table = table.assign(**hands.columns((pieces.old[rows], pieces.new[rows])))
    for name in PEOPLE:
        lived = building_weights(pieces, *frames, built, name)
        shared = share_out(pieces, people_of(frames[0], name), lived)
        table[name] = pd.arrays.IntegerArray(shared.n[rows], ~shared.is_known[rows])
        table["is_estimated"] = shared.is_estimated[rows]
    return table


def _posts(
    session: Session, viewer: Viewer, hands: _Hands, ground: GroundChange, as_of: date
) -> pd.DataFrame:
    posts = hands.posts
    numbers: dict[int, list[str]] = {}
    for duty in duty_roster(session, viewer, as_of=as_of):
        if duty.holder_code is not None:
            numbers.setdefault(duty.post_id, []).append(duty.holder_code)
    told = ["role", "position", "title", "place_code", "place_level", "place_name", "is_filled",
            "holders"]  # fmt: skip
    table = pd.DataFrame({name: posts[name].to_numpy() for name in told})
    keys = posts["post_id"].to_numpy(dtype=np.int64)
    table["service_numbers"] = [tuple(numbers.get(int(key), ())) for key in keys]
    for name, pair, codes in zip(SIDES, hands.pairs, hands.codes, strict=True):
        starts = np.searchsorted(pair.post, np.arange(len(posts) + 1))
        own = [tuple(codes[pair.grid[a:b]]) for a, b in pairwise(starts)]
        table[f"grids_{name}"] = pd.Series(own, dtype=object)
    both = zip(table["grids_before"], table["grids_after"], strict=True)
    table["change"] = [_change(before, after, ground) for before, after in both]
    table.index = pd.Index(keys, name="post_id")
    return table


def _change(before: tuple[str, ...], after: tuple[str, ...], ground: GroundChange) -> str:
    """Say what becomes of a post: its grids are gone, others, the same on other ground, or kept."""
    if not after:
        return "gone" if before else "kept"
    into = {code: ground.code_map.get(code, code) for code in before}
    if set(into.values()) != set(after):
        return "changed"
    adjusted = set(ground.old_codes[ground.is_adjusted])
    return "adjusted" if adjusted.intersection(before) else "kept"


def _summary(ground: GroundChange) -> ImpactSummary:
    table = ground.table()
    count = {change: int((table["change"] == change).sum()) for change in ground.CHANGES}
    return ImpactSummary(**count, before=len(ground.same_row), after=len(ground.new_codes))


def _checks(
    hands: _Hands, posts: pd.DataFrame, ground: GroundChange, lost: pd.DataFrame
) -> tuple[PlanCheck, ...]:
    """List what is left to settle, grids first."""
    found = []
    for role, code in ((OFFICER, CHECKS[0]), (MEMBER, CHECKS[1])):
        before, after = (
            pair.filled(hands.posts, role, len(codes)) == 0
            for pair, codes in zip(hands.pairs, hands.codes, strict=True)
        )
        known = {ground.code_map.get(str(c), str(c)) for c in hands.codes[0][before]}
        bare = [str(grid) for grid in hands.codes[1][after]]
        found += [PlanCheck(code, grid, {"is_new": grid not in known}) for grid in bare]
    for post_id, post in posts[posts["change"] == "gone"].iterrows():
        is_grid = post["place_level"] == "grid"
        place = str(post["place_code"])
        fields: dict[str, str | int | bool | None] = {
            "place_code": place,
            "position": str(post["position"]),
            "title": str(post["title"]),
            "heir": ground.heir_of(place) if is_grid else None,
            "n": len(post["service_numbers"]),
        }
        found.append(PlanCheck(CHECKS[2 if is_grid else 3], str(post_id), fields))
    for thing, rows in lost.groupby("thing", sort=False):
        found.append(PlanCheck(CHECKS[4], str(thing), {"n": len(rows)}))
    return tuple(found)


def _changing(moves: pd.DataFrame, role: str) -> int:
    """Count the rows whose post of a role changes; from nobody to nobody is no change."""
    before, after = moves[f"from_{role}"].fillna(NOBODY), moves[f"to_{role}"].fillna(NOBODY)
    return int((before != after).sum())


def _one_way(table: pd.DataFrame, role: str, post_id: int, here: str, there: str) -> pd.DataFrame:
    own = table[f"{here}_{role}"].fillna(NOBODY) == post_id
    return table[own & (table[f"{there}_{role}"].fillna(NOBODY) != post_id)]
