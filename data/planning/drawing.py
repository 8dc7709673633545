"""Apply an edit to a plan and log it in one transaction; undo, redo, put aside, take up, rebase.

Used by the planner's actions and the command line. A drawing that is refused is kept in the store.
Knows nothing of screens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy.orm import Session

from data.database import Database
from data.errors import DataError
from data.planning.opening import OpenPlan, edit_options, open_plan, reopened
from data.planning.states import (
    differing_codes,
    document_of,
    outcome_of,
    report_document,
    tiling_of,
    touched_codes,
)
from data.repositories.plan_bases import (
    LATEST,
    BaseSource,
    base_grids,
    borne_codes,
    changes_between,
    full_sight,
    grids_on,
    save_base,
)
from data.repositories.plan_notes import TOO_LATE, close_aside, set_aside
from data.repositories.plan_records import BaseKind, DrawnEdit, EditRecord, PlanRecord
from data.repositories.plan_writes import (
    Turn,
    add_edit,
    append_edit,
    leave_all,
    leave_undone,
    locked_plan,
    mark_changed,
    move_head,
    require_draft,
    require_same_ground,
    require_seen,
    save_snapshot,
)
from data.repositories.plans import base_changes, find_aside, find_plan, list_edits
from data.viewer import Viewer
from geo.edits.applying import apply
from geo.edits.refusal import EditRefused
from geo.edits.report import Applied, EditOptions, Report
from geo.edits.tiling import EditTiling
from geo.edits.values import Edit, Renumber, from_json, kind_of

SNAPSHOT_EVERY: Final = 50
"""Edits after which the grids of a plan are written down whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A plan after an edit, and what the edit did."""

    opened: OpenPlan
    report: Report


def draw(
    db: Database,
    viewer: Viewer,
    turn: Turn,
    edit: Edit,
    *,
    options: EditOptions | None = None,
    opened: OpenPlan | None = None,
) -> Drawn:
    """Apply an edit to the plan as the viewer saw it, and log it.

    Parameters
    ----------
    options
        How it is applied; None: as `edit_options` gives.
    opened
        The plan as it was opened before: spares reading it. None reads it.

    Raises
    ------
    PlanConflict
        `plan_changed`: somebody changed the plan first; both sides, and `aside`, the number under
        which the drawing is kept.
    EditRefused
        Those of `geo.edits.applying.apply`, with `aside` among the fields.
    DataError
        `plan_base_changed`, `plan_not_draft`, `plan_code_taken`, with `aside` among the fields.
    AccessRefused
        `plan_role_refused`.
    """
    document = document_of(edit)
    try:
        return _drawn(db, viewer, turn, edit, options=options, opened=opened)
    except EditRefused as refusal:
        _keep(db, viewer, turn, document, refusal)
        raise
    except DataError as fault:
        if fault.code in TOO_LATE or fault.code == "plan_code_taken":
            _keep(db, viewer, turn, document, fault)
        raise


def _keep(
    db: Database,
    viewer: Viewer,
    turn: Turn,
    document: Mapping[str, Any],
    fault: EditRefused | DataError,
) -> None:
    with db.write() as session:
        told = DataError(fault.code, **fault.fields)
        fault.fields["aside"] = set_aside(session, viewer, turn, document, told)


def _drawn(
    db: Database,
    viewer: Viewer,
    turn: Turn,
    edit: Edit,
    *,
    options: EditOptions | None,
    opened: OpenPlan | None,
) -> Drawn:
    with db.read() as session:
        require_seen(session, viewer, turn)
        at_hand = (
            reopened(session, viewer, opened)
            if opened is not None and opened.plan.id == turn.plan_id
            else open_plan(session, viewer, turn.plan_id)
        )
        how = options if options is not None else edit_options(session, viewer)
        _require_own_codes(session, viewer, at_hand, edit)
    applied = apply(at_hand.tiling, edit, how)
    with db.write() as session:
        plan = append_edit(session, viewer, turn, logged(at_hand.tiling, edit, applied))
        after = OpenPlan(plan, applied.tiling, at_hand.base)
        if plan.head % SNAPSHOT_EVERY == 0:
            _write_down(session, after)
    return Drawn(after, applied.report)


def write_all(
    db: Database,
    viewer: Viewer,
    turn: Turn,
    drawn: Sequence[DrawnEdit],
    after: EditTiling,
    *,
    opened: OpenPlan,
) -> OpenPlan:
    """Log edits that were applied elsewhere, in one transaction and one version: all, or none.

    Parameters
    ----------
    drawn
        One after the other, the first of them on the grids of `opened`; see `logged`.
    after
        The grids that they lead to.
    opened
        The plan as it was when they were drawn.

    Raises
    ------
    PlanConflict
        `plan_changed`: the turn saw another version than the store has.
    DataError
        `plan_base_changed`, `plan_not_draft`.
    AccessRefused
        `plan_role_refused`.
    """
    with db.write() as session:
        row = locked_plan(session, viewer, turn)
        require_draft(row)
        require_same_ground(session, viewer, row)
        leave_undone(session, row)
        for each in drawn:
            add_edit(session, row, each, author=viewer.name, at=turn.at)
        detail = {"edits": len(drawn), "position": row.head}
        plan = mark_changed(session, viewer, row, "propose", detail, turn.at)
        made = OpenPlan(plan, after, opened.base)
        if len(drawn) >= SNAPSHOT_EVERY:
            _write_down(session, made)
    return made


def logged(before: EditTiling, edit: Edit, applied: Applied) -> DrawnEdit:
    """Write down an edit and what it did, as the log keeps it."""
    codes = touched_codes(applied.report)
    return DrawnEdit(
        kind=kind_of(edit),
        codes=codes,
        edit=document_of(edit),
        inverse=document_of(applied.inverse),
        outcome=document_of(outcome_of(before, applied.tiling, codes)),
        report=report_document(applied.report),
    )


def _write_down(session: Session, opened: OpenPlan) -> None:
    codes = differing_codes(opened.base, opened.tiling)
    whole = document_of(outcome_of(opened.base, opened.tiling, codes))
    save_snapshot(session, opened.plan.id, opened.plan.head, whole)


def _require_own_codes(session: Session, viewer: Viewer, opened: OpenPlan, edit: Edit) -> None:
    """Refuse to give a grid the code of another one of the base: a code is never given again."""
    if not isinstance(edit, Renumber):
        return
    origins = origins_of(opened.base, structure_of(session, viewer, opened.plan))
    for was, new in edit.codes:
        if new in opened.base and origins.get(was) != new:
            raise DataError("plan_code_taken", plan=opened.plan.name, grid=new)


def structure_of(session: Session, viewer: Viewer, plan: PlanRecord) -> tuple[EditRecord, ...]:
    """Give the edits in force that make, end or rename codes."""
    kinds = ("renumber", "merge", "split", "restore")
    return list_edits(session, viewer, plan.id, until=plan.head, kinds=kinds)


def origins_of(base: EditTiling, edits: tuple[EditRecord, ...]) -> dict[str, str]:
    """Give, for each code of a plan, the code under which its base knows the same grid.

    A grid keeps its identity through moved borders, splits (the part that keeps the code), merges
    (the one whose code stays) and new numbers; codes that came by a split or a merge are absent.
    """
    origins = {code: code for code in base.codes}
    for edit in edits:
        after = {grid["code"] for grid in edit.outcome["grids"]}
        pairs = dict(edit.edit["codes"]) if edit.kind == "renumber" else {}
        carried = {new: origins[was] for was, new in pairs.items() if was in origins}
        gone = {*edit.outcome["removed"], *pairs}
        came = after & set(base.codes) - origins.keys() if edit.kind == "restore" else set()
        kept = {code: origin for code, origin in origins.items() if code not in gone}
        origins = kept | carried | {code: code for code in came}
    return origins


def undo(db: Database, viewer: Viewer, turn: Turn, *, steps: int = 1) -> OpenPlan:
    """Take the last edits back; they stay in the log.

    Raises
    ------
    PlanConflict, DataError
        As `move_head`.
    """
    return _moved(db, viewer, turn, -steps)


def redo(db: Database, viewer: Viewer, turn: Turn, *, steps: int = 1) -> OpenPlan:
    """Bring edits back that were undone.

    Raises
    ------
    PlanConflict, DataError
        As `move_head`.
    """
    return _moved(db, viewer, turn, steps)


def _moved(db: Database, viewer: Viewer, turn: Turn, steps: int) -> OpenPlan:
    with db.write() as session:
        move_head(session, viewer, turn, steps)
        return open_plan(session, viewer, turn.plan_id)


def take_up(
    db: Database, viewer: Viewer, aside_id: int, turn: Turn, *, options: EditOptions | None = None
) -> Drawn:
    """Apply a drawing that was set aside to the plan as it is now.

    Raises
    ------
    RecordNotFound
        `no_such_aside`.
    DataError
        `aside_is_closed`; those of `draw`: the drawing stays aside.
    """
    with db.read() as session:
        aside = find_aside(session, viewer, aside_id)
    if aside.state != "open":
        raise DataError("aside_is_closed", aside=aside_id, by="", state=aside.state)
    own = replace(turn, plan_id=aside.plan_id)
    drawn = _drawn(db, viewer, own, from_json(aside.edit), options=options, opened=None)
    with db.write() as session:
        close_aside(session, viewer, aside_id, state="applied", at=turn.at)
    return drawn


def dismiss(db: Database, viewer: Viewer, aside_id: int, turn: Turn) -> None:
    """Give up a drawing that was set aside; it stays in the store as dismissed.

    Raises
    ------
    RecordNotFound
        `no_such_aside`.
    DataError
        `aside_is_closed`.
    """
    with db.write() as session:
        close_aside(session, viewer, aside_id, state="dismissed", at=turn.at)


def rebase(
    db: Database, viewer: Viewer, turn: Turn, *, options: EditOptions | None = None
) -> OpenPlan:
    """Put a plan on the latest grids, where none that it touches has changed; its edits go along.

    The former log is kept as left; the edits keep their author and moment.

    Raises
    ------
    DataError
        `plan_rebase_blocked`: grids that the plan touches have changed (`codes`); `plan_not_draft`;
        `plan_rebase_refused`: an edit no longer fits (`number`, `why`).
    PlanConflict
        `plan_changed`.
    """
    with db.write() as session:
        row = locked_plan(session, viewer, turn)
        require_draft(row)
        plan = find_plan(session, viewer, turn.plan_id)
        edits = list_edits(session, viewer, plan.id, until=plan.head)
        changed = set(base_changes(session, viewer, plan.id).ground)
        blocked = sorted(changed & _touched_by(session, plan, edits))
        if blocked:
            raise DataError(
                "plan_rebase_blocked", plan=plan.name, codes=blocked[:20], count=len(blocked)
            )
        sight = full_sight(viewer)
        now = grids_on(session, sight, as_of=LATEST, scope_code=plan.scope_code)
        source = BaseSource(BaseKind.LATEST, turn.at.date(), plan.scope_code)
        former = save_base(session, source, now, at=turn.at)
        if plan.base_id == plan.former_id:
            retired = borne_codes(session).keys() - {grid.code for grid in now}
            how = options if options is not None else edit_options(session, viewer)
            drawn_again = _again(tiling_of(now, retired=retired), edits, how)
            leave_all(session, row)
            row.base_id = former.id
            for record, drawn in zip(edits, drawn_again, strict=True):
                add_edit(session, row, drawn, author=record.author, at=record.at)
        row.former_id = former.id
        mark_changed(session, viewer, row, "rebase", {"edits": len(edits)}, turn.at)
        return open_plan(session, viewer, plan.id)


def _touched_by(session: Session, plan: PlanRecord, edits: tuple[EditRecord, ...]) -> set[str]:
    touched = {code for edit in edits for code in edit.codes}
    if plan.base_id != plan.former_id:
        drawn_on, replaced = (base_grids(session, key) for key in (plan.base_id, plan.former_id))
        touched |= set(changes_between(replaced, drawn_on).ground)
    return touched


def _again(
    tiling: EditTiling, edits: tuple[EditRecord, ...], options: EditOptions
) -> list[DrawnEdit]:
    again = []
    for record in edits:
        edit = from_json(record.edit)
        try:
            applied = apply(tiling, edit, options)
        except EditRefused as refusal:
            raise DataError(
                "plan_rebase_refused",
                number=record.number,
                codes=refusal.codes or record.codes[:20],
                why=refusal.code,
            ) from refusal
        again.append(logged(tiling, edit, applied))
        tiling = applied.tiling
    return again
