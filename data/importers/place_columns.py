"""Read the rows of a file of places into drafts: codes as text, counts as numbers, kinds as codes.

Used by the importer and the check of places, and by the wizard's column suggestions.
Knows nothing of the store and of tilings.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any, Final

import pandas as pd
from shapely.geometry.base import BaseGeometry

from data.errors import ImportRefused
from data.importers.columns import Suggestion, match_columns
from data.importers.report import Caution, Rejection
from data.importers.tables import TableOptions
from data.privacy import mask_value, person_number
from data.vocabulary import CommunityKind, GridKind, PlaceLevel

FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "code": (
        "网格编码", "网格编号", "网格代码", "社区编码", "社区代码", "行政区划代码", "区划代码",
        "统计用区划代码", "编码", "编号", "代码", "grid_code", "code", "place_code", "code12",
        "adcode", "ward_code", "unit_code", "precinct", "mapid", "id",
    ),
    "name": (
        "网格名称", "社区名称", "街道名称", "名称", "网格名", "单位名称", "grid_name", "name",
        "place_name", "ward_name", "label",
    ),
    "parent": (
        "上级编码", "上级代码", "所属社区编码", "所属社区代码", "所属社区", "社区编码", "所属街道",
        "parent_code", "parent", "parent12", "community_code", "streetcode", "areacode",
    ),
    "station": (
        "派出所编码", "派出所代码", "所属派出所", "辖区派出所", "派出所", "station_code", "station",
        "police_station",
    ),
    "households": ("户数", "总户数", "家庭户数", "households", "household_count", "hh"),
    "residents": (
        "人口", "人口数", "常住人口", "实有人口", "居民数", "residents", "resident_count",
        "population", "pop",
    ),
    "office_phone": ("办公电话", "值班电话", "联系电话", "office_phone", "duty_phone"),
    "kind": ("类型", "类别", "性质", "kind", "type"),
}  # fmt: skip
"""Field → headers under which it is known."""
_SYNONYMS: Final = {"household_count": "households", "resident_count": "residents"}
_NUMBER_TEXT: Final = re.compile(r"^[+-]?\d+(\.\d+)?[eE][+-]?\d+$|^\d{6,}\.\d+$")
_COUNT_TEXT: Final = re.compile(r"^\d{1,3}([,，]\d{3})+$|^\d+$|^\d+\.0*$")
_COMMUNITY_KINDS: Final = {
    "社区": CommunityKind.COMMUNITY,
    "居委会": CommunityKind.COMMUNITY,
    "村": CommunityKind.VILLAGE,
    "村委会": CommunityKind.VILLAGE,
    "行政村": CommunityKind.VILLAGE,
    "搬迁社区": CommunityKind.RELOCATION,
    "易地搬迁社区": CommunityKind.RELOCATION,
    **{kind.value: kind for kind in CommunityKind},
}
_COMMUNITY_DIGITS, _STREET_DIGITS = 12, 9
_SHOWN_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class PlaceOptions:
    """How to read and place a file of places.

    Parameters
    ----------
    level
        `province` … `community`, `grid` or `station`.
    grid_kind
        `base`, `exclusive` or `micro`, for grids.
    code, name, parent, station
        Columns; only `code` is needed. Without `parent` the parent comes from the code's prefix,
        else from the largest overlap.
    mapping
        Further fields → columns: households, residents, office_phone, kind.
    keep
        Columns kept as attributes; all others that are not mapped are dropped and listed.
    crs, datum
        What the coordinates are, for a file that does not say.
    effective
        Day from which these boundaries hold; None: since ever.
    repair, gap_width_m
        Repair the tiling, closing gaps up to that width.
    revives
        A code whose place has ended may come back as a later version of that place.
    source
        Name written to the places; None takes the file's name.
    table
        Layer, encoding, delimiter, size limit.
    """

    level: str = PlaceLevel.GRID.value
    grid_kind: str = GridKind.BASE.value
    code: str | None = None
    name: str | None = None
    parent: str | None = None
    station: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    crs: str | None = None
    datum: str | None = None
    effective: date | None = None
    repair: bool = False
    gap_width_m: float = 1.0
    revives: bool = False
    source: str | None = None
    table: TableOptions = field(default_factory=TableOptions)

    def __post_init__(self) -> None:
        """Refuse levels and kinds that do not exist."""
        levels = [level.value for level in PlaceLevel]
        if self.level not in levels:
            raise ImportRefused("unknown_level", value=self.level, known=levels)
        kinds = [kind.value for kind in GridKind]
        if self.grid_kind not in kinds:
            raise ImportRefused("unknown_grid_kind", value=self.grid_kind, known=kinds)

    @property
    def is_tiling(self) -> bool:
        """Whether places of this kind must tile."""
        return self.level != PlaceLevel.GRID.value or self.grid_kind == GridKind.BASE.value

    def columns(self) -> dict[str, str]:
        """Give field → column of everything that is mapped.

        Raises
        ------
        ImportRefused
            ``unknown_field``.
        """
        named = {
            "code": self.code,
            "name": self.name,
            "parent": self.parent,
            "station": self.station,
        }
        found = {name: column for name, column in named.items() if column}
        for name, column in self.mapping.items():
            known = _SYNONYMS.get(name, name)
            if known not in FIELDS:
                raise ImportRefused("unknown_field", field=name, known=list(FIELDS))
            found[known] = column
        return found

    def as_json(self, path: Path) -> dict[str, Any]:
        """Give what tells two imports of one file apart."""
        return {
            "level": self.level,
            "grid_kind": self.grid_kind,
            "columns": self.columns(),
            "keep": sorted(self.keep),
            "crs": self.crs,
            "datum": self.datum,
            "layer": self.table.layer,
            "effective": self.effective.isoformat() if self.effective else None,
            "repair": self.repair,
            "gap_width_m": self.gap_width_m,
            "source": self.source_of(path),
        }

    def source_of(self, path: Path) -> str:
        """Name of the source: the stated one or the file's."""
        return self.source or path.stem


@dataclass(frozen=True, slots=True)
class PlaceDraft:
    """One row of the file, read but not yet placed; None where the file says nothing."""

    line: int
    code: str
    name: str | None
    kind: str | None
    parent: str | None
    station: str | None
    households: int | None
    residents: int | None
    office_phone: str | None
    attributes: Mapping[str, Any]
    geometry: BaseGeometry | None


@dataclass(frozen=True, slots=True)
class Drafts:
    """What the rows of a file say."""

    rows: tuple[PlaceDraft, ...]
    rejections: tuple[Rejection, ...]
    warnings: tuple[Caution, ...]


def suggest_columns(columns: Sequence[str]) -> dict[str, Suggestion]:
    """Guess field → column for the wizard; nothing is imported on a guess alone."""
    return match_columns(columns, FIELDS)


def require_columns(columns: Sequence[str], options: PlaceOptions) -> dict[str, str]:
    """Give the mapping, checked against the file.

    Raises
    ------
    ImportRefused
        ``column_required`` (field `suggested`), ``unknown_column``, ``unknown_field``.
    """
    chosen = options.columns()
    if "code" not in chosen:
        guess = suggest_columns(columns).get("code")
        raise ImportRefused(
            "column_required",
            field="code",
            suggested=guess.column if guess else "",
            columns=list(columns),
        )
    for column in (*chosen.values(), *options.keep):
        if column not in columns:
            raise ImportRefused("unknown_column", column=column, columns=list(columns))
    return chosen


def read_drafts(
    table: pd.DataFrame,
    lines: Sequence[int],
    shapes: Sequence[BaseGeometry | None],
    options: PlaceOptions,
) -> Drafts:
    """Read every row; rows without a usable code are rejected, bad counts are left out and listed.

    Parameters
    ----------
    table
        Attribute columns as the file types them (text for delimited files).
    lines
        Line or feature number of each row.
    shapes
        Shape of each row in EPSG:4326, None where there is none.
    """
    chosen = require_columns([str(c) for c in table.columns], options)
    rows: list[PlaceDraft] = []
    rejections: list[Rejection] = []
    bad_numbers: list[dict[str, Any]] = []
    cells = {name: table[column].tolist() for name, column in chosen.items()}
    kept = {column: table[column].tolist() for column in options.keep}
    raws = table.astype(object).to_dict("records")
    for k, line in enumerate(lines):
        value = {name: column[k] for name, column in cells.items()}
        code, reason = code_text(value["code"])
        if reason:
            raw = {str(name): cell_text(cell) for name, cell in raws[k].items()}
            rejections.append(
                Rejection(line, chosen["code"], cell_text(value["code"]), reason, raw)
            )
            continue
        counts: dict[str, int | None] = {}
        for name in ("households", "residents"):
            counts[name], is_bad = count_of(value.get(name))
            if is_bad:
                bad_numbers.append(
                    {"line": line, "column": chosen[name], "value": cell_text(value[name])}
                )
        attributes = {name: _masked(column[k]) for name, column in kept.items()}
        rows.append(_draft(line, code, value, counts, attributes, shapes[k]))
    return Drafts(tuple(rows), tuple(rejections), _notes(bad_numbers, cells["code"]))


def _draft(
    line: int,
    code: str,
    value: Mapping[str, Any],
    counts: Mapping[str, int | None],
    attributes: Mapping[str, Any],
    shape: BaseGeometry | None,
) -> PlaceDraft:
    return PlaceDraft(
        line=line,
        code=code,
        name=_masked(value.get("name")),
        kind=_text(value.get("kind")),
        parent=code_text(value.get("parent"))[0] or None,
        station=code_text(value.get("station"))[0] or None,
        households=counts["households"],
        residents=counts["residents"],
        office_phone=_office_phone(value.get("office_phone")),
        attributes=attributes,
        geometry=shape,
    )


def code_text(value: Any) -> tuple[str, str]:  # noqa: ANN401 - a cell of any type
    """Give a code as text exactly as in the file, and a reason where it cannot be one.

    Only blanks around it are cut. A code that a program turned into a floating number
    (6.3270100100E+11) has lost digits: ``code_read_as_number``. Missing: ``missing_code``.
    """
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return "", "missing_code"
    if isinstance(value, float):
        return "", "code_read_as_number"
    text = str(value).strip()
    if not text:
        return "", "missing_code"
    if _NUMBER_TEXT.match(text):
        return "", "code_read_as_number"
    return text, ""


def kind_of(draft: PlaceDraft, options: PlaceOptions) -> str:
    """Give the kind code: the grid kind, the stated one, or what the code's digits say.

    Of a 12-digit community code the last three digits, of a street code the third three say what
    it is (GB/T 10114; domain note 2.2).
    """
    level, stated = options.level, (draft.kind or "").strip()
    if level == PlaceLevel.GRID.value:
        return options.grid_kind
    digits = draft.code if draft.code.isdigit() else ""
    if level == PlaceLevel.COMMUNITY.value:
        if stated in _COMMUNITY_KINDS:
            return _COMMUNITY_KINDS[stated].value
        is_village = len(digits) == _COMMUNITY_DIGITS and digits[9] in "23"
        return (CommunityKind.VILLAGE if is_village else CommunityKind.COMMUNITY).value
    if level == PlaceLevel.SUBDISTRICT.value:
        if stated in ("subdistrict", "town", "township"):
            return stated
        sort = digits[6] if len(digits) >= _STREET_DIGITS else "0"
        return {"1": "town", "2": "township", "3": "township"}.get(sort, "subdistrict")
    return level


def cell_text(value: Any) -> str:  # noqa: ANN401 - a cell of any type
    """Write a cell for the quarantine."""
    return "" if value is None or (isinstance(value, float) and not isfinite(value)) else str(value)


def _text(value: Any) -> str | None:  # noqa: ANN401 - a cell of any type
    return cell_text(value).strip() or None


def _masked(value: Any) -> str | None:  # noqa: ANN401 - a cell of any type
    text = _text(value)
    return mask_value(text) if text is not None else None


def _office_phone(value: Any) -> str | None:  # noqa: ANN401 - a cell of any type
    """Keep the number of an office; a mobile is a person's and stops at the door."""
    text = _text(value)
    return None if text is None or person_number(text) is not None else text


def count_of(value: Any) -> tuple[int | None, bool]:  # noqa: ANN401 - a cell of any type
    """Read a whole number of households or residents, and whether the cell is bad."""
    text = cell_text(value).strip()
    if not text:
        return None, False
    if not _COUNT_TEXT.match(text):
        return None, True
    return int(text.replace(",", "").replace("，", "").split(".")[0]), False


def _notes(bad_numbers: list[dict[str, Any]], codes: Sequence[Any]) -> tuple[Caution, ...]:
    notes = []
    if bad_numbers:
        fields = {"count": len(bad_numbers), "cells": bad_numbers[:_SHOWN_LINES]}
        notes.append(Caution("counts_left_out", fields))
    if any(isinstance(value, int) for value in codes):
        notes.append(Caution("code_column_is_number", {"count": len(codes)}))
    return tuple(notes)
