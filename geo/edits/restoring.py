"""Make the inverse of an edit, and put former values back bit for bit.

Used by `geo.edits.applying`.
Knows nothing of what the edit was: it compares two tilings where they were touched.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256

import shapely

from geo.edits.keeping import Held, kept
from geo.edits.refusal import refused
from geo.edits.tiling import EditTiling
from geo.edits.values import GridState, Restore


def state_of(tiling: EditTiling, code: str) -> GridState:
    """Return everything a tiling holds of a grid."""
    return GridState(
        code=code,
        name=tiling.names.get(code, code),
        parent=tiling.parents.get(code, ""),
        shape=shapely.to_wkb(tiling.shape(code)),
        counts=tuple((m, own[code]) for m, own in sorted(tiling.counts.items()) if code in own),
        estimated=tuple(m for m in sorted(tiling.counts) if (m, code) in tiling.estimated),
        locked=code in tiling.locked,
    )


def inverse_of(before: EditTiling, after: EditTiling, touched: Iterable[str]) -> Restore:
    """Return the edit that leads from `after` back to `before`."""
    codes = sorted(touched)
    return Restore(
        grids=tuple(state_of(before, code) for code in codes if code in before),
        removed=tuple(code for code in codes if code not in before),
        seen=tuple((code, shape_digest(after.shape(code))) for code in codes if code in after),
        retired=tuple(sorted(before.retired - after.retired)),
        unretired=tuple(sorted(after.retired - before.retired)),
    )


def shape_digest(shape: shapely.Geometry) -> str:
    """Return 16 hexadecimal digits that stand for a shape bit for bit."""
    return sha256(shapely.to_wkb(shape)).hexdigest()[:16]


def restored(tiling: EditTiling, edit: Restore) -> tuple[EditTiling, set[str]]:
    """Put former values back; return the tiling and the codes touched.

    Raises
    ------
    EditRefused
        ``undo_out_of_turn``: a grid to be replaced is not what the edit left, or is missing, or
        one to be put back stands there already; ``edit_not_understood``: a shape cannot be read.
    """
    seen = dict(edit.seen)
    stale = [
        code for code, own in seen.items()
        if code not in tiling or shape_digest(tiling.shape(code)) != own
    ]  # fmt: skip
    stale += [code for code in edit.removed if code not in seen]
    stale += [state.code for state in edit.grids if state.code in tiling and state.code not in seen]
    if stale:
        raise refused("undo_out_of_turn", tuple(sorted(set(stale))))
    try:
        shapes = {state.code: shapely.from_wkb(state.shape) for state in edit.grids}
    except shapely.GEOSException as fault:
        raise refused("edit_not_understood", got="shape") from fault
    codes, rows, bounds = tiling.with_rows(shapes, edit.removed)
    touched = {*shapes, *edit.removed}
    return EditTiling(
        codes=codes,
        shapes=rows,
        bounds=bounds,
        names=_replaced(tiling.names, edit, {s.code: s.name for s in edit.grids}),
        parents=_replaced(tiling.parents, edit, {s.code: s.parent for s in edit.grids if s.parent}),
        counts={
            measure: _replaced(own, edit, {s.code: n for s in edit.grids for m, n in s.counts
                                           if m == measure})
            for measure, own in tiling.counts.items()
        },
        estimated=frozenset(pair for pair in tiling.estimated if pair[1] not in touched)
        | {(measure, state.code) for state in edit.grids for measure in state.estimated},
        locked=(tiling.locked - touched) | {state.code for state in edit.grids if state.locked},
        retired=(tiling.retired - set(edit.unretired)) | set(edit.retired),
    ), touched  # fmt: skip


def _replaced(
    own: Mapping[str, Held], edit: Restore, new: Mapping[str, Held]
) -> Mapping[str, Held]:
    gone = {*edit.removed, *(state.code for state in edit.grids)} - set(new)
    fresh = {code: value for code, value in new.items() if own.get(code) != value}
    return kept(own).changed(fresh, gone)
