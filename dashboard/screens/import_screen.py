"""Lead a file through the door: choose, look, map columns, import, read the report."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import imports, uploads
from dashboard.actions.import_kinds import GROUPS, ImportKind
from dashboard.cache.uploads import looked_at
from dashboard.components.formats import whole
from dashboard.components.import_form import (
    Form,
    mapping_form,
    plan_form,
    table_options,
)
from dashboard.components.import_preview import (
    kind_label,
    missing_parts,
    show_preview,
    uploader_style,
)
from dashboard.components.import_report import show_report
from dashboard.components.notices import guard
from dashboard.components.plain import plain
from dashboard.components.repair_step import repair_step
from data.repositories.imports import list_rejected

if TYPE_CHECKING:
    from dashboard.actions.imports import Plan
    from dashboard.actions.uploads import Upload
    from dashboard.session import Session, Wizard
    from dashboard.text import Words

_HINTS: Final = {"one_column": "import.hint_one_column"}


def render(words: Words) -> None:
    """Draw the page."""
    with guard(words):
        session = visitor.load()
        wizard = _choose(words, session)
        if wizard.upload is not None:
            with guard(words, _HINTS):
                _import(words, wizard, wizard.upload)
        elif wizard.report is None:
            st.info(words("import.begin"))
        if wizard.report is not None and wizard.upload is None:
            _report(words, wizard)


def _choose(words: Words, session: Session) -> Wizard:
    wizard = session.wizard
    left, right = st.columns((1, 2.4), gap="medium")
    with left:
        visitor.seed("import_kind", wizard.kind)
        kind = st.selectbox(
            words("import.kind"),
            [kind.value for kinds in GROUPS.values() for kind in kinds],
            format_func=lambda name: kind_label(words, name),
            key="import_kind",
        )
        st.caption(words("import.order"))
    with right:
        st.html(uploader_style(words))
        given = st.file_uploader(
            words("import.file"), key=f"upload_{wizard.number}", help=words("import.file_help")
        )
        if given is None and wizard.upload is not None:
            st.caption(words("import.held", file=plain(wizard.upload.file_name)))
    if kind != wizard.kind:
        wizard = replace(wizard, kind=kind)
    if given is not None and (
        wizard.upload is None or (given.name, given.size) != _identity(wizard.upload)
    ):
        uploads.drop_upload(wizard.upload)
        wizard = replace(wizard, upload=uploads.keep_upload(given.name, given), report=None)
    visitor.update(wizard=wizard)
    return wizard


def _identity(upload: Upload) -> tuple[str, int]:
    return upload.file_name, upload.size_bytes


def _import(words: Words, wizard: Wizard, upload: Upload) -> None:
    form = Form(words, ImportKind(wizard.kind), wizard.number)
    table = table_options(form, cache.config().max_upload_bytes)
    found = looked_at(upload.path, form.kind, table, None)
    show_preview(words, found)
    st.subheader(words("import.columns"), anchor=False)
    mapping = mapping_form(form, found)
    found = looked_at(upload.path, form.kind, table, mapping)
    st.subheader(words("import.options"), anchor=False)
    plan = plan_form(form, found, mapping, table)
    missing = missing_parts(words, plan, found)
    for sentence in missing:
        st.caption(f":material/info: {sentence}")
    if not missing:
        repair_step(words, wizard, upload, plan)
    start, cancel = st.columns((1, 5), gap="small")
    if cancel.button(words("import.cancel"), key=form.key("cancel")):
        _finish(replace(wizard, report=None))
    if start.button(
        words("import.run"), type="primary", disabled=bool(missing), key=form.key("run"),
        width="stretch",
    ):  # fmt: skip
        _run(words, wizard, upload, plan)


def _run(words: Words, wizard: Wizard, upload: Upload, plan: Plan) -> None:
    bar = st.progress(0.0, text=words("import.running", file=plain(upload.file_name)))

    def shown(key: str, done: int, total: int | None) -> None:
        if total:
            text = words(key, done=whole(done), total=whole(total))
            bar.progress(min(done / total, 1.0), text=text)

    report = imports.run(
        cache.database(), cache.viewer(), upload.path, plan,
        partial(shown, "import.progress"), partial(shown, "import.checking"),
    )  # fmt: skip
    document = report.as_json()
    _finish(replace(wizard, report=document, report_kind=plan.kind.value,
                    report_file=upload.file_name))  # fmt: skip


def _finish(wizard: Wizard) -> None:
    """Remove the file and start afresh for the next one."""
    uploads.drop_upload(wizard.upload)
    visitor.update(wizard=replace(wizard, upload=None, number=wizard.number + 1))
    st.rerun()


def _report(words: Words, wizard: Wizard) -> None:
    document = wizard.report or {}
    kind = words(f"import_kind.{wizard.report_kind}")
    st.subheader(words("import.done", kind=kind, file=plain(wizard.report_file)), anchor=False)
    rejected: tuple[object, ...] = ()
    if document.get("batch_id") is not None and document.get("rejected"):
        with cache.database().read() as session:
            rejected = list_rejected(session, cache.viewer(), batch_id=document["batch_id"])
    show_report(words, document, rejected, kind=ImportKind(wizard.report_kind))
