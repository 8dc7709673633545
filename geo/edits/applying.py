"""Apply an edit to a tiling: a new tiling, a report and the inverse; or a refusal with its place.

Used by the plans of data and by the planner's live figures.
Knows nothing of stores, screens and languages.

What an edit touches is checked here; the whole tiling is checked when it is opened and published
(`geo.edits.checking`).
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import STORED_CRS, crs_from, transform_xy, working_crs
from geo.edits.apportioning import Apportioned, share_counts
from geo.edits.drafting import Draft, Moved
from geo.edits.drawing import redraw, split, transfer
from geo.edits.grounds import moved_between
from geo.edits.keeping import kept
from geo.edits.moving import move_outer, move_vertices
from geo.edits.refusal import EditRefused, refused
from geo.edits.registering import lock, merge, rename, renumber
from geo.edits.report import Applied, Atoms, EditOptions, MovedArea, Report
from geo.edits.restoring import inverse_of, restored
from geo.edits.tiling import EditTiling
from geo.edits.values import (
    Edit,
    Lock,
    Merge,
    MoveOuter,
    MoveVertices,
    RedrawBorder,
    Rename,
    Renumber,
    Restore,
    Split,
    Transfer,
)
from geo.edits.verifying import require_room, verify

__all__ = ["Applied", "Atoms", "EditOptions", "EditRefused", "MovedArea", "Report", "apply"]

_DEFAULTS = EditOptions()


def apply(tiling: EditTiling, edit: Edit, options: EditOptions = _DEFAULTS) -> Applied:
    """Apply an edit, whole or not at all.

    Parameters
    ----------
    tiling
        Stays as it is.
    edit
        Any of `geo.edits.values`.
    options
        Snapping, what is allowed, communities, atoms, streets.

    Returns
    -------
    Applied
        Area is conserved unless the edit states that the outer edge moves; counts keep their sum;
        codes that go retire; the inverse leads back bit for bit.

    Raises
    ------
    EditRefused
        With `code`, `codes` and `place`: those of the kind (see its maker) and of
        `geo.edits.verifying.verify`.
    """
    if isinstance(edit, Restore):
        return _restore(tiling, edit)
    draft = _draft(tiling, edit, options)
    verify(tiling, draft, options)
    numbers = share_counts(tiling, draft, options.atoms)
    after = _committed(tiling, draft, numbers)
    touched = {*draft.shapes, *draft.removed, *draft.names, *draft.locks}
    touched |= {code for own in numbers.counts.values() for code in own}
    return Applied(
        tiling=after,
        report=_report(tiling, after, touched, draft, numbers),
        inverse=inverse_of(tiling, after, touched),
    )


def _draft(tiling: EditTiling, edit: Edit, options: EditOptions) -> Draft:  # noqa: PLR0911 - one way per kind
    match edit:
        case MoveVertices():
            return move_vertices(tiling, edit)
        case RedrawBorder():
            return redraw(tiling, edit, options)
        case Transfer():
            return transfer(tiling, edit, options)
        case Split():
            return split(tiling, edit, options)
        case Merge():
            return merge(tiling, edit, options)
        case MoveOuter():
            return move_outer(tiling, edit, options)
        case Renumber():
            return renumber(tiling, edit)
        case Rename():
            return rename(tiling, edit)
        case Lock():
            return lock(tiling, edit)
    raise refused("edit_not_understood", got=type(edit).__name__)


def _restore(tiling: EditTiling, edit: Restore) -> Applied:
    after, touched = restored(tiling, edit)
    shapes = {code: after.shape(code) for code in touched if code in after}
    if shapes:
        require_room(tiling, shapes, edit.removed)
    was = {code: tiling.shape(code) for code in touched if code in tiling}
    changed = {code for code in touched if was.get(code) != shapes.get(code)}
    is_renumbering = _bytes(was.values()) == _bytes(shapes.values())
    draft = Draft(shapes)
    if changed and not is_renumbering:
        draft.moved = moved_between(
            {code: was[code] for code in changed & set(was)},
            {code: shapes[code] for code in changed & set(shapes)},
        )
    numbers = Apportioned([{} for _ in draft.moved])
    report = _report(tiling, after, touched, draft, numbers)
    return Applied(tiling=after, report=report, inverse=inverse_of(tiling, after, touched))


def _bytes(shapes: Iterable[shapely.Geometry]) -> list[bytes]:
    return sorted(shapely.to_wkb(shape) for shape in shapes)


def _committed(tiling: EditTiling, draft: Draft, numbers: Apportioned) -> EditTiling:
    """Build the new tiling; only what changes is copied."""
    codes, shapes, bounds = tiling.with_rows(draft.shapes, draft.removed)
    gone = set(draft.removed)
    carried = draft.carried
    estimated = {pair for pair in tiling.estimated if pair[1] not in gone | set(carried)}
    estimated |= {(m, carried[code]) for m, code in tiling.estimated if code in carried}
    opened = {code for code, is_on in draft.locks.items() if not is_on}
    locked = {code for code, is_on in draft.locks.items() if is_on}
    counts = {}
    for measure, own in tiling.counts.items():
        new = {later: own[code] for code, later in carried.items() if code in own}
        gone_here = gone | (set(carried) - set(new))
        counts[measure] = kept(own).changed({**new, **numbers.counts.get(measure, {})}, gone_here)
    return EditTiling(
        codes=codes,
        shapes=shapes,
        bounds=bounds,
        names=kept(tiling.names).changed(draft.names, gone),
        parents=kept(tiling.parents).changed(
            draft.parents, gone | (set(carried) - set(draft.parents))
        ),
        counts=counts,
        estimated=frozenset(estimated | numbers.estimated),
        locked=(tiling.locked - opened) | locked,
        retired=tiling.retired | gone,
    )


def _report(
    tiling: EditTiling, after: EditTiling, touched: set[str], draft: Draft, numbers: Apportioned
) -> Report:
    areas = _areas_m2(draft.moved)
    moved = [
        MovedArea(giver, taker, float(area), dict(count), ground)
        for (giver, taker, ground), area, count in zip(
            draft.moved, areas, numbers.moved, strict=True
        )
    ]
    outer = sum((e.area_m2 for e in moved if not e.giver), 0.0)
    outer -= sum((e.area_m2 for e in moved if not e.taker), 0.0)
    return Report(
        touched=tuple(sorted(touched)),
        moved=tuple(sorted(moved, key=lambda e: (-e.area_m2, e.giver, e.taker))),
        outer_m2=outer,
        added=tuple(sorted(code for code in touched if code not in tiling)),
        removed=tuple(sorted(code for code in touched if code not in after)),
        estimated=tuple(sorted({code for _, code in numbers.estimated})),
        followed_street=draft.followed_street,
    )


def _areas_m2(moved: list[Moved]) -> npt.NDArray[np.float64]:
    """Measure as `geo.measure.area_m2` does, in the working CRS of all of them, without a frame."""
    if not moved:
        return np.zeros(0)
    shapes = np.array([ground for _, _, ground in moved], dtype=object)
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    metric = working_crs((west + east) / 2.0, (south + north) / 2.0)
    stored = crs_from(STORED_CRS)
    laid = shapely.transform(shapes, lambda xy: transform_xy(xy, stored, metric))
    return np.asarray(shapely.area(laid), dtype=np.float64)
