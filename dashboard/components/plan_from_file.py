"""Begin a plan with an uploaded boundary file: read it, mend its faults, say what it would do.

Used by `dashboard.components.plan_list`. The store is not written before the plan is begun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard import session as visitor
from dashboard.actions import uploads
from dashboard.actions.imports import ImportKind, Plan
from dashboard.cache import plan_files as read
from dashboard.cache.uploads import looked_at
from dashboard.components.formats import whole
from dashboard.components.import_form import Form, datum_form, table_options
from dashboard.components.import_preview import missing_parts, show_preview, uploader_style
from dashboard.components.import_report import rejected_csv
from dashboard.components.notices import guard, warning_text
from dashboard.components.plain import plain
from dashboard.components.plan_words import codes_text
from dashboard.components.repair_step import upload_repairs
from dashboard.text.plan_files import row_lines
from data.importers.plan_files import FIELDS

if TYPE_CHECKING:
    from dashboard.actions.imports import Look
    from dashboard.actions.uploads import Upload
    from dashboard.text import Words
    from data.importers.plan_files import PlanFile

_TYPES: Final = ("geojson", "json", "gpkg", "zip", "fgb")
_LISTED: Final = 5
_CODES: Final = 8


def file_start(words: Words, scope: str) -> PlanFile | None:
    """Take a boundary file and show what it holds; None until it can begin a plan.

    Parameters
    ----------
    scope
        Code of the place that is planned; empty: the whole store.
    """
    found: PlanFile | None = None
    with st.container(border=True, key="plan_file"):
        st.markdown(f"**{words('plan_files.title')}**")
        upload = _uploaded(words)
        if upload is None:
            st.caption(words("plan_files.begin"))
            return None
        with guard(words):
            found = _read(words, upload, scope)
    return found


def drop() -> None:
    """Forget the file once the plan is begun."""
    uploads.drop_upload(visitor.load().plan_upload)
    visitor.update(plan_upload=None)


def _uploaded(words: Words) -> Upload | None:
    held = visitor.load().plan_upload
    st.html(uploader_style(words))
    given = st.file_uploader(
        words("import.file"), type=list(_TYPES), key=f"plan_upload_{_number()}",
        help=words("plan_files.file_help"),
    )  # fmt: skip
    if given is None:
        if held is not None:
            st.caption(words("import.held", file=plain(held.file_name)))
        return held
    if held is None or (given.name, given.size) != (held.file_name, held.size_bytes):
        uploads.drop_upload(held)
        held = uploads.keep_upload(given.name, given)
        visitor.update(plan_upload=held)
    return held


def _number() -> int:
    """Count the forms; below zero, where the import page counts none."""
    return -1 - visitor.load().plan_desk.done


def _read(words: Words, upload: Upload, scope: str) -> PlanFile | None:
    form = Form(words, ImportKind.GRIDS, _number())
    table = table_options(form, cache.config().max_upload_bytes)
    found = looked_at(upload.path, form.kind, table, None)
    show_preview(words, found)
    mapping = _columns(form, found)
    found = looked_at(upload.path, form.kind, table, mapping)
    datum, crs = datum_form(form, found)
    plan = Plan(form.kind, mapping=mapping, datum=datum, crs=crs, table=table)
    missing = missing_parts(words, plan, found)
    for sentence in missing:
        st.caption(f":material/info: {sentence}")
    if missing:
        return None
    upload_repairs(words, (upload, plan), f"plan_repairs_{form.number}", _keep)
    file = read.plan_file(upload.path, plan)
    _tell(words, file, scope)
    repeated = _repeated(file)
    if repeated:
        st.error(plain(words.error("plan_file_repeats_codes", {"codes": repeated})))
        return None
    return file


def _repeated(file: PlanFile) -> tuple[str, ...]:
    """Give codes that stand more than once: no plan can begin with them."""
    codes = file.frame["grid_code"]
    return tuple(sorted(set(codes[codes.duplicated()].astype(str))))[:_CODES]


def _keep(upload: Upload) -> None:
    visitor.update(plan_upload=upload)


def _columns(form: Form, found: Look) -> dict[str, str]:
    """Ask which column holds what a plan takes, with the guesses filled in."""
    chosen = {}
    for box, name in zip(st.columns(len(FIELDS), gap="small"), FIELDS, strict=True):
        key = form.key(f"map_{name}")
        guess = found.suggested.get(name)
        visitor.seed(key, guess.column if guess else "")
        mark = " *" if name in form.kind.required else ""
        chosen[name] = box.selectbox(
            form.words.label("field", name) + mark,
            ("", *found.columns),
            format_func=lambda column: column or form.words("import.no_column"),
            key=key,
            persist_state="session",
        )
    return {name: str(column) for name, column in chosen.items() if column}


def _tell(words: Words, file: PlanFile, scope: str) -> None:
    """Say what comes in, what it would change, and what is left out and why."""
    sums = words("joint.parts").join(
        words("plan_files.sum", field=words.label("field", name), n=whole(n))
        for name, n in file.sums().items()
    )
    key = "plan_files.taken" if sums else "plan_files.taken_bare"
    st.markdown(words(key, n=whole(len(file.frame)), sums=sums))
    codes = read.beside(file, scope)
    st.markdown(
        words(
            "plan_files.against",
            **{name: _listed(words, getattr(codes, name)) for name in ("same", "new", "gone")},
        )
    )
    if not codes.same:
        st.warning(words("plan_files.strange"))
    if file.left_out:
        st.caption(words("plan_files.left_out", columns=plain(", ".join(file.left_out))))
    if file.persons:
        st.caption(words("import.persons", columns=plain(", ".join(file.persons))))
    for caution in file.warnings:
        st.warning(warning_text(words, caution.code, caution.fields))
    if file.rejections:
        _rejected(words, file)


def _listed(words: Words, codes: tuple[str, ...]) -> str:
    if not codes:
        return whole(0)
    return words("plan_files.codes", n=whole(len(codes)), codes=plain(codes_text(codes, _CODES)))


def _rejected(words: Words, file: PlanFile) -> None:
    lines = [plain(line) for line in row_lines(words, file.rejections[:_LISTED])]
    more = len(file.rejections) - len(lines)
    if more:
        lines.append(words("plan_files.more_rows", n=whole(more)))
    head = words("plan_files.rejected", n=whole(len(file.rejections)))
    st.warning("\n\n".join([head, *lines]))
    st.download_button(
        words("import.download_rejected"),
        data=rejected_csv(words, file.rejections),
        file_name="rejected.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        key="plan_rejected",
    )
