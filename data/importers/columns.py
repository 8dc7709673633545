"""Know the fields of each layer of events and guess which column of a file holds which.

Used by the wizard's preview, the command line's `--fields` and the importers.
Knows nothing of rows: headers only.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from data.vocabulary import EventLayer

EXACT, PARTIAL = 1.0, 0.6

_SHARED: Final[dict[str, tuple[str, ...]]] = {
    "external_id": (
        "序号", "编号", "編號", "警情编号", "接警编号", "接警单编号", "案件编号", "案号",
        "事件编号", "工单编号", "工单号", "隐患编号", "纠纷编号", "记录编号", "流水号",
        "id", "uid", "uuid", "unique_key", "key", "external_id", "incident_id",
        "case_id", "case_number", "case_no",
        "event_id", "record_id", "report_id", "crime_id", "objectid", "request_id",
    ),
    "lon": (
        "经度", "經度", "东经", "x坐标", "坐标x", "x", "lng", "lon", "long", "longitude", "point_x",
        "gps_lon", "gps_lng", "easting", "wgs84_lon", "x_coord", "xcoord",
    ),
    "lat": (
        "纬度", "緯度", "北纬", "y坐标", "坐标y", "y", "lat", "latitude", "point_y", "gps_lat",
        "northing", "wgs84_lat", "y_coord", "ycoord",
    ),
    "occurred_at": (
        "发生时间", "發生時間", "发案时间", "案发时间", "事发时间", "发现时间", "上报时间",
        "occurred_at", "occurred", "datetime", "date_time", "timestamp", "time", "incident_time",
        "created_date", "created_at", "found_at", "event_time",
    ),
    "date": (
        "日期", "发生日期", "發生日期", "发案日期", "案发日期", "报警日期", "发现日期", "date",
        "occurred_on", "incident_date", "event_date", "date_occurred",
    ),
    "clock": (
        "时刻", "時刻", "时段", "發生時段", "发生时段", "发生时刻", "钟点", "clock", "hour_band",
        "time_of_day", "incident_clock",
    ),
    "year": ("年", "年份", "year"),
    "month": ("月", "月份", "month"),
    "day": ("日", "day"),
    "hour": ("时", "時", "小时", "hour"),
    "minute": ("分", "分钟", "minute"),
    "kind": (
        "类别", "類別", "案類", "案类", "类型", "種類", "种类", "警情类别", "警情类型", "报警类别",
        "案件类别", "案由", "隐患类别", "隐患类型", "纠纷类型", "纠纷类别", "事件类型", "kind",
        "type", "category", "offense_type", "offence_type", "crime_type", "complaint_type",
        "incident_type", "hazard_type", "dispute_type",
    ),
    "channel": (
        "渠道", "来源", "發現渠道", "发现渠道", "上报渠道", "报警方式", "受理渠道", "来源渠道",
        "channel", "open_data_channel_type", "intake", "report_channel",
    ),
    "status": ("状态", "狀態", "办理状态", "处置状态", "当前状态", "status", "state"),
    "outcome": ("结果", "結果", "处理结果", "处警结果", "处置结果", "调解结果", "outcome", "result",
                "resolution"),
    "stated_unit": (
        "所属社区", "所属网格", "所属辖区", "社区", "社区名称", "辖区", "网格", "网格编码",
        "网格编号", "网格名称", "社区编码", "派出所", "管辖单位", "辖区派出所", "行政區", "行政区",
        "stated_unit", "grid_code", "grid", "community", "neighbourhood", "neighborhood",
        "precinct", "district", "ward", "beat", "borough", "unit",
    ),
    "description": (
        "描述", "简要案情", "简要情况", "案情", "警情内容", "内容", "简述", "情况说明", "备注",
        "报警内容",
        "隐患描述", "纠纷描述", "description", "descriptor", "narrative", "remarks", "notes",
        "summary", "details",
    ),
    "reported_at": ("接警时间", "报警时间", "報案時間", "报案时间", "reported_at", "reported_date",
                    "received_at", "call_time"),
    "accepted_at": ("受理时间", "accepted_at", "accepted_date", "立案时间", "filed_at"),
    "handled_at": ("处置时间", "处警时间", "到场时间", "处理时间", "整改时间", "handled_at",
                   "handled_date"),
    "closed_at": ("办结时间", "结案时间", "結案時間", "关闭时间", "销号时间", "化解时间",
                  "closed_at", "closed_date", "closed"),
    "due_at": ("时限", "截止时间", "办理期限", "整改期限", "到期时间", "due_at", "due_date",
               "deadline"),
    "updated_at": ("更新时间", "修改时间", "updated_at", "update_time", "last_modified",
                   "resolution_action_updated_date"),
}  # fmt: skip
_SEVERITY: Final = ("等级", "級別", "级别", "风险等级", "隐患等级", "严重程度", "severity", "level",
                    "risk_level", "grade")  # fmt: skip
_CASES: Final[dict[str, tuple[str, ...]]] = {
    "filed_at": ("立案时间", "filed_at", "filed_date"),
    "assigned_at": ("派遣时间", "分拨时间", "交办时间", "assigned_at", "dispatched_at"),
    "verified_at": ("核查时间", "复查时间", "核实时间", "verified_at", "checked_at"),
    "level": ("办理层级", "处置层级", "办结层级", "case_level", "handling_level"),
    "loop": ("闭环", "闭环类型", "办理闭环", "loop"),
    "limit_minutes": ("限时分钟", "办理时限分钟", "limit_minutes"),
    "suspended_minutes": ("挂账分钟", "暂停分钟", "suspended_minutes"),
    "rework_count": ("返工次数", "rework_count", "reworks"),
    "dispatch_count": ("派遣次数", "dispatch_count", "dispatches"),
    "is_contacted": ("是否联系", "已联系", "是否响应", "is_contacted", "contacted"),
    "is_solved": ("是否解决", "已解决", "is_solved", "solved"),
    "is_satisfied": ("是否满意", "满意", "is_satisfied", "satisfied"),
}  # fmt: skip
_OF_LAYER: Final[dict[EventLayer, dict[str, tuple[str, ...]]]] = {
    EventLayer.INCIDENTS: {},
    EventLayer.HAZARDS: {
        "severity": _SEVERITY,
        **_CASES,
        "is_major": ("是否重大", "重大隐患", "is_major", "major"),
    },
    EventLayer.DISPUTES: {
        "severity": _SEVERITY,
        **_CASES,
        "root_hazard_ref": ("关联隐患", "根源隐患", "关联隐患编号", "根源隐患编号",
                            "root_hazard_ref", "root_hazard", "hazard_id"),
    },
}  # fmt: skip
TIME_FIELDS: Final = ("reported_at", "accepted_at", "handled_at", "closed_at", "due_at",
                      "updated_at", "filed_at", "assigned_at", "verified_at")  # fmt: skip
CASE_FIELDS: Final = tuple(_CASES)
"""Fields of the stages of a case; incidents have none of them."""
TIME_PARTS: Final = ("year", "month", "day", "hour", "minute")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A guess: the column, and how sure (1 the header is a known word, less for a part of it)."""

    column: str
    confidence: float


def fields(layer: EventLayer) -> tuple[str, ...]:
    """Name the fields that a column may be mapped to, in the order of the wizard."""
    return (*_SHARED, *_OF_LAYER[layer])


def aliases(layer: EventLayer) -> dict[str, tuple[str, ...]]:
    """Give the headers, Chinese and English, under which each field is known."""
    return {**_SHARED, **_OF_LAYER[layer]}


def normal_header(header: str) -> str:
    """Write a header so that spellings meet: NFKC, lower case, no units in brackets, one `_`."""
    text = unicodedata.normalize("NFKC", header).strip().lower().lstrip("\ufeff")
    text = re.sub(r"[(\[【].*?[)\]】]", "", text)
    return re.sub(r"[\s\-_./:]+", "_", text).strip("_")


def match_columns(
    columns: Sequence[str], known: Mapping[str, Sequence[str]]
) -> dict[str, Suggestion]:
    """Give each field at most one column and each column to at most one field.

    Exact headers first (a field's earlier alias wins), then Chinese headers that contain an alias
    of two characters or more.

    Parameters
    ----------
    columns
        Headers as the file spells them.
    known
        Field → aliases, the likeliest first.
    """
    found: dict[str, Suggestion] = {}
    normal = {column: normal_header(column) for column in columns}
    taken: set[str] = set()
    ranked = [
        (rank, place, name, normal_header(alias))
        for place, (name, words) in enumerate(known.items())
        for rank, alias in enumerate(words)
    ]
    for _rank, _place, name, alias in sorted(ranked):
        for column in columns:
            if name not in found and column not in taken and normal[column] == alias:
                found[name] = Suggestion(column, EXACT)
                taken.add(column)
    for _rank, _place, name, alias in sorted(ranked, key=lambda item: (-len(item[3]), item)):
        if name in found or len(alias) < 2 or alias.isascii():  # noqa: PLR2004 - one sign says nothing
            continue
        for column in columns:
            if name not in found and column not in taken and alias in normal[column]:
                found[name] = Suggestion(column, PARTIAL)
                taken.add(column)
    return found


def suggest(columns: Sequence[str], layer: EventLayer) -> dict[str, Suggestion]:
    """Guess a mapping field → column for the wizard; nothing is imported on a guess alone.

    Year and month columns together win over a single time column; a lone part is left out, except
    that a lone month (or the reported time) stands in where no time of occurrence is there.
    """
    found = match_columns(columns, aliases(layer))
    if "year" in found and "month" in found:
        found.pop("occurred_at", None)
        found.pop("date", None)
        found.pop("clock", None)
        return found
    month = found.get("month")
    for part in TIME_PARTS:
        found.pop(part, None)
    if "occurred_at" in found and "clock" in found and "date" not in found:
        found["date"] = found.pop("occurred_at")
    if "date" in found and "clock" not in found:
        day = found.pop("date")
        found.setdefault("occurred_at", day)
    if "occurred_at" not in found and "date" not in found:
        stand_in = found.get("reported_at") or month
        if stand_in is not None:
            found["occurred_at"] = Suggestion(stand_in.column, PARTIAL)
    return found
