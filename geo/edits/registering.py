"""Make the changes of edits that draw nothing: merge, renumber, rename, lock.

Used by `geo.edits.applying`.
Knows nothing of counts and of what is done with the changes.
"""

from collections import Counter

import shapely

from geo.edits.cutting import joined
from geo.edits.drafting import Draft, require_known, require_new, require_open
from geo.edits.outlines import edge_set
from geo.edits.refusal import refused
from geo.edits.report import EditOptions
from geo.edits.tiling import EditTiling
from geo.edits.values import Lock, Merge, Rename, Renumber


def merge(tiling: EditTiling, edit: Merge, options: EditOptions) -> Draft:
    """Make one grid of several.

    Raises
    ------
    EditRefused
        ``grid_unknown``, ``grid_locked``, ``same_grid`` (fewer than two, or one twice),
        ``code_empty``, ``code_taken``, ``code_retired``, ``not_neighbours``,
        ``across_communities``.
    """
    if len(set(edit.codes)) < 2 or len(set(edit.codes)) != len(edit.codes):  # noqa: PLR2004
        raise refused("same_grid", tuple(edit.codes))
    require_known(tiling, edit.codes)
    require_open(tiling, edit.codes)
    require_new(tiling, edit.into, leaving=edit.codes)
    shapes = {code: tiling.shape(code) for code in edit.codes}
    stranger = _stranger(shapes)
    if stranger and not options.allow_parts:
        raise refused("not_neighbours", (edit.codes[0], stranger), shapes[stranger])
    parents = {tiling.parents.get(code, "") for code in edit.codes}
    if len(parents) > 1 and not options.across_parents:
        raise refused("across_communities", tuple(edit.codes), parents=sorted(parents))
    first = edit.into if edit.into in shapes else edit.codes[0]
    draft = Draft({edit.into: joined(shapes.values())})
    draft.removed = tuple(code for code in edit.codes if code != edit.into)
    draft.moved = [(code, edit.into, shapes[code]) for code in draft.removed]
    draft.names[edit.into] = edit.name or tiling.names.get(first, first)
    if first in tiling.parents:
        draft.parents[edit.into] = tiling.parents[first]
    return draft


def _stranger(shapes: dict[str, shapely.Geometry]) -> str:
    """Name a grid that has no way to the first over common edges; empty where all have one."""
    edges = {code: edge_set([shape]) for code, shape in shapes.items()}
    waiting = list(shapes)
    reached = edges.pop(waiting.pop(0))
    while waiting:
        near = next((code for code in waiting if edges[code] & reached), "")
        if not near:
            return waiting[0]
        waiting.remove(near)
        reached = reached | edges[near]
    return ""


def renumber(tiling: EditTiling, edit: Renumber) -> Draft:
    """Give grids other codes.

    Raises
    ------
    EditRefused
        ``grid_unknown``, ``grid_locked``, ``code_empty``, ``code_taken``, ``code_retired``.
    """
    former = [was for was, _ in edit.codes]
    require_known(tiling, former)
    require_open(tiling, former)
    doubled = [new for new, times in Counter(new for _, new in edit.codes).items() if times > 1]
    doubled += [was for was, times in Counter(former).items() if times > 1]
    if doubled:
        raise refused("code_taken", tuple(doubled))
    leaving = set(former)
    for _, new in edit.codes:
        require_new(tiling, new, leaving=leaving)
    draft = Draft(carried=dict(edit.codes))
    kept = {new for _, new in edit.codes}
    draft.removed = tuple(was for was in former if was not in kept)
    for was, new in edit.codes:
        draft.shapes[new] = tiling.shape(was)
        name = tiling.names.get(was, was)
        draft.names[new] = new if name == was else name
        if was in tiling.parents:
            draft.parents[new] = tiling.parents[was]
    return draft


def rename(tiling: EditTiling, edit: Rename) -> Draft:
    """Give a grid another name.

    Raises
    ------
    EditRefused
        ``grid_unknown``, ``grid_locked``, ``name_empty``.
    """
    require_known(tiling, (edit.code,))
    require_open(tiling, (edit.code,))
    if not edit.name.strip():
        raise refused("name_empty", (edit.code,))
    return Draft(names={edit.code: edit.name.strip()})


def lock(tiling: EditTiling, edit: Lock) -> Draft:
    """Lock or open grids.

    Raises
    ------
    EditRefused
        ``grid_unknown``.
    """
    require_known(tiling, edit.codes)
    return Draft(locks=dict.fromkeys(edit.codes, edit.on))
