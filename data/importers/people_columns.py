"""Know the fields of officers and appointments, their headers, and the words they hold.

Used by the importers of people and by the wizard's column suggestions.
Knows nothing of the store. Names of persons have no field: their columns are dropped.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

import pandas as pd

from data.errors import ImportRefused
from data.importers.columns import EXACT, Suggestion, match_columns
from data.importers.tables import TableOptions
from data.privacy import mask_value, person_columns, person_number
from data.vocabulary import HolderKind, Position

_Code = TypeVar("_Code", bound=StrEnum)


class PeopleLayer(StrEnum):
    """The tables of people in post: who, where, and who is away."""

    OFFICERS = "officers"
    APPOINTMENTS = "appointments"
    ABSENCES = "absences"


FIELDS: Final[dict[PeopleLayer, dict[str, tuple[str, ...]]]] = {
    PeopleLayer.OFFICERS: {
        "external_id": (
            "警号", "工号", "人员编号", "编号", "证号", "officer_id", "service_no",
            "service_number", "badge", "badge_no", "staff_id", "external_id", "id",
        ),
        "kind": ("人员类别", "人员类型", "身份", "类别", "kind", "holder_kind", "type"),
        "title": ("岗位", "职务", "岗位名称", "职务名称", "title", "role_title", "role"),
        "station": (
            "派出所编码", "所属派出所", "派出所", "单位编码", "station_code", "station",
            "police_station",
        ),
        "is_party_member": ("党员", "是否党员", "中共党员", "is_party_member", "party_member"),
        "office_phone": ("办公电话", "值班电话", "警务电话", "office_phone", "duty_phone"),
        "leave_since": ("休假开始", "请假开始", "离岗日期", "leave_since", "absent_since"),
        "leave_until": ("休假结束", "请假结束", "返岗日期", "leave_until", "absent_until"),
        "leave_reason": ("休假事由", "请假事由", "离岗原因", "leave_reason", "absence_reason"),
    },
    PeopleLayer.APPOINTMENTS: {
        "external_id": ("任职编号", "聘任编号", "appointment_id", "external_id", "id"),
        "officer": (
            "警号", "工号", "人员编号", "officer_id", "officer", "service_no", "holder_id",
            "badge",
        ),
        "place": (
            "社区编码", "网格编码", "社区代码", "网格代码", "单位编码", "地点编码", "place_code",
            "community_code", "grid_code", "unit_code", "place",
        ),
        "place_level": ("层级", "级别", "place_level", "level"),
        "position": ("岗位", "职务", "职位", "position", "role", "post"),
        "post_title": ("岗位名称", "席位名称", "post_title", "seat_title"),
        "since": ("任职日期", "聘任日期", "起始日期", "开始日期", "since", "from", "start_date",
                  "appointed_on"),
        "until": ("免职日期", "解聘日期", "截止日期", "结束日期", "until", "to", "end_date"),
        "substitutes": ("代替", "代理对象", "被代理人警号", "被代理人", "顶岗对象", "substitutes",
                        "substitute_for", "stands_in_for"),
        "is_part_time": ("兼职", "是否兼职", "is_part_time", "part_time"),
        "is_seat": ("席位制", "席位", "是否席位制", "is_seat", "seat"),
        "document_no": ("聘书编号", "文号", "任命文号", "document_no", "letter_no"),
        "reviewed_on": ("考察日期", "资格审查日期", "审查日期", "reviewed_on", "review_date"),
        "submitted_on": ("报批日期", "推荐日期", "上报日期", "submitted_on", "submission_date"),
        "decided_on": ("研究日期", "决定日期", "批准日期", "decided_on", "decision_date"),
        "filed_on": ("备案日期", "归档日期", "filed_on", "filing_date"),
        "criteria_met": ("符合条件数", "满足条件数", "criteria_met", "criteria"),
        "planned_count": ("编制数", "应配人数", "planned_count", "planned"),
        "lon": ("经度", "lon", "lng", "longitude"),
        "lat": ("纬度", "lat", "latitude"),
    },
    PeopleLayer.ABSENCES: {
        "officer": ("警号", "工号", "人员编号", "officer_id", "officer", "service_no",
                    "holder_id", "holder_ref", "badge"),
        "since": ("休假开始", "请假开始", "离岗日期", "开始日期", "起始日期", "since", "from",
                  "start_date", "leave_since"),
        "until": ("休假结束", "请假结束", "返岗日期", "结束日期", "截止日期", "until", "to",
                  "end_date", "leave_until"),
        "reason": ("休假事由", "请假事由", "离岗原因", "事由", "原因", "reason", "leave_reason"),
    },
}  # fmt: skip
"""Layer → field → headers under which it is known."""
REQUIRED: Final = {
    PeopleLayer.OFFICERS: ("external_id",),
    PeopleLayer.APPOINTMENTS: ("officer", "place", "position"),
    PeopleLayer.ABSENCES: ("officer", "since"),
}
"""Fields that a file must have."""
_POSITION_WORDS: Final[dict[Position, tuple[str, ...]]] = {
    Position.BEAT_OFFICER: ("社区民警", "片警", "驻村民警", "网格民警", "网格警员", "beat officer"),
    Position.BEAT_CHIEF: ("社区警长", "警长", "beat chief"),
    Position.DEPUTY_SECRETARY: ("兼职副书记", "社区副书记", "党组织副书记", "副书记"),
    Position.STATION_DIRECTOR: ("派出所所长", "所长"),
    Position.GRID_LEADER: ("网格长",),
    Position.PART_TIME_MEMBER: ("兼职网格员",),
    Position.FULL_TIME_MEMBER: ("专职网格员", "网格员"),
    Position.PROPERTY_COMPANY: ("物业公司", "物业服务企业", "物业"),
    Position.OWNERS_COMMITTEE: ("业主委员会", "业委会"),
    Position.RESIDENTS_COMMITTEE: ("居民委员会", "村民委员会", "居委会", "村委会"),
    Position.PARTY_BRANCH: ("党支部", "党组织"),
    Position.BUILDING_LEADER: ("楼栋长", "楼长", "单元长"),
    Position.VOLUNTEER: ("志愿者", "义务巡逻队"),
    Position.OTHER: ("其他",),
}
_HOLDER_WORDS: Final[dict[HolderKind, tuple[str, ...]]] = {
    HolderKind.AUXILIARY: ("辅警", "协警", "警务助理"),
    HolderKind.POLICE: ("社区民警", "民警", "警察", "police officer"),
    HolderKind.GRID_MEMBER: ("网格员", "网格长"),
    HolderKind.BUILDING_LEADER: ("楼栋长", "楼长"),
    HolderKind.VOLUNTEER: ("志愿者",),
    HolderKind.PARTNER: ("共建单位", "物业", "业委会", "居委会", "党支部"),
}
_YES: Final = frozenset({"1", "true", "yes", "y", "t", "是", "有", "√"})
_NO: Final = frozenset({"0", "false", "no", "n", "f", "否", "无", "×"})
_DAY: Final = re.compile(
    r"^(?P<y>(19|20)\d{2})(?:[-/.年])(?P<m>\d{1,2})(?:[-/.月])(?P<d>\d{1,2})日?"
    r"(?:[T ]00:00(?::00(?:\.0+)?)?)?$"
)
_PLAIN_DAY: Final = re.compile(r"^(?P<y>(19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})$")


@dataclass(frozen=True, slots=True)
class PeopleOptions:
    """How to read a table of officers or appointments.

    Parameters
    ----------
    layer
        Which of the two tables it is.
    mapping
        Field → column; what is left out is taken from known headers, and the report says so.
    source
        Name of the source; None takes the file's name.
    datum
        wgs84, cgcs2000, gcj02 or bd09 of the posts' points; needed when there are any.
    table
        Encoding, delimiter, sheet, size limit.
    """

    layer: PeopleLayer
    mapping: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    datum: str | None = None
    table: TableOptions = field(default_factory=TableOptions)

    def source_of(self, path: Path) -> str:
        """Name of the source: the stated one or the file's."""
        return self.source or path.stem

    def as_json(self, path: Path) -> dict[str, Any]:
        """Give what tells two imports of one file apart."""
        return {
            "mapping": dict(self.mapping),
            "source": self.source_of(path),
            "datum": self.datum,
            "sheet": self.table.sheet,
        }


@dataclass(frozen=True, slots=True)
class PeopleColumns:
    """What becomes of each column of a file."""

    mapped: Mapping[str, str]
    guessed: Mapping[str, str]
    dropped: tuple[str, ...]
    unmapped: tuple[str, ...]

    @property
    def of_places(self) -> list[str]:
        """Columns that hold codes of places."""
        return [self.mapped[name] for name in ("place", "station") if name in self.mapped]


def suggest_columns(columns: Sequence[str], layer: PeopleLayer) -> dict[str, Suggestion]:
    """Guess field → column by header."""
    return match_columns(columns, FIELDS[layer])


def choose_columns(frame: pd.DataFrame, options: PeopleOptions) -> PeopleColumns:
    """Settle which column holds which field; columns with names of persons are dropped.

    Raises
    ------
    ImportRefused
        ``unknown_field``, ``unknown_column``, ``column_required`` (fields `field`, `columns`),
        ``datum_required`` where points come without a datum.
    """
    columns = [str(c) for c in frame.columns]
    known = FIELDS[options.layer]
    for name, column in options.mapping.items():
        if name not in known:
            raise ImportRefused("unknown_field", field=name, known=list(known))
        if column not in columns:
            raise ImportRefused("unknown_column", column=column, columns=columns)
    taken = set(options.mapping.values())
    rest = [c for c in columns if c not in taken]
    guessed = {
        name: found.column
        for name, found in suggest_columns(rest, options.layer).items()
        if found.confidence >= EXACT and name not in options.mapping
    }
    mapped = {**guessed, **options.mapping}
    for name in REQUIRED[options.layer]:
        if name not in mapped:
            raise ImportRefused("column_required", field=name, suggested="", columns=columns)
    if "lon" in mapped and "lat" in mapped and options.datum is None:
        raise ImportRefused("datum_required", recommended="", layer=options.layer.value)
    others = [c for c in columns if c not in mapped.values()]
    persons = {found.column for found in person_columns(frame, others)}
    return PeopleColumns(
        mapped,
        guessed,
        tuple(c for c in others if c in persons),
        tuple(c for c in others if c not in persons),
    )


def position_of(text: str) -> Position | None:
    """Read a position in Chinese or by code; None for an unknown word."""
    return _word(text, _POSITION_WORDS)


def holder_kind_of(text: str) -> HolderKind | None:
    """Read a kind of office-holder; empty means police, None an unknown word."""
    return HolderKind.POLICE if not text.strip() else _word(text, _HOLDER_WORDS)


def day_of(text: str) -> tuple[date | None, bool]:
    """Read a day (2024-03-01, 2024/3/1, 2024.3.1, 2024年3月1日, 20240301) and whether it is bad."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        return None, False
    match = _DAY.match(plain) or _PLAIN_DAY.match(plain)
    if match is None:
        return None, True
    try:
        return date(int(match["y"]), int(match["m"]), int(match["d"])), False
    except ValueError:
        return None, True


def flag_of(text: str) -> bool | None:
    """Read yes or no in either language; None for anything else."""
    plain = text.strip().lower()
    return True if plain in _YES else False if plain in _NO else None


def safe_text(text: str) -> str | None:
    """Give free text with person numbers masked; None where empty."""
    return mask_value(text.strip()) or None


def office_phone_of(text: str) -> str | None:
    """Keep an office's number; a mobile is a person's and stops at the door."""
    plain = text.strip()
    return None if not plain or person_number(plain) is not None else plain


def _word(text: str, words: Mapping[_Code, Sequence[str]]) -> _Code | None:
    plain = re.sub(r"[\s_]+", " ", unicodedata.normalize("NFKC", text).strip().lower())
    for code in words:
        if plain in (code.value, code.value.replace("_", " ")):
            return code
    listed = [(word, code) for code, known in words.items() for word in known]
    for word, code in sorted(listed, key=lambda pair: -len(pair[0])):
        if word in plain:
            return code
    return None
