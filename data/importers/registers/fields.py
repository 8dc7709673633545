"""Name the fields of each register: what its cells hold and the headers they stand under.

Used by the importer of registers, the command line's `--fields` and the wizard.
Knows nothing of rows. Every field is also known under its own name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from data.importers.columns import Suggestion, match_columns
from data.vocabulary import RegisterLayer


class Cell(StrEnum):
    """What the cells of a field hold."""

    ID = "id"
    PLACE = "place"
    HOLDER = "holder"
    REF = "ref"
    TEXT = "text"
    PHONE = "phone"
    CODE = "code"
    CODES = "codes"
    DAY = "day"
    MONTH = "month"
    MOMENT = "moment"
    CLOCK_DAY = "clock_day"
    COUNT = "count"
    DUE = "due"
    NUMBER = "number"
    SCORE = "score"
    FLAG = "flag"
    PAIRS = "pairs"
    LON = "lon"
    LAT = "lat"
    WKT = "wkt"


SITE_CELLS: Final = frozenset({Cell.LON, Cell.LAT, Cell.WKT})
"""Cells that say where a row lies."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a register; `vocabulary` names the words of a code (`words.VOCABULARIES`).

    A moment with a `day_field` may stand as a bare clock, on the day of that field of its row; with
    `after` it lies on the next day where its clock is earlier than that moment.
    """

    name: str
    cell: Cell
    headers: tuple[str, ...] = ()
    is_required: bool = False
    vocabulary: str = ""
    day_field: str = ""
    after: str = ""


_PLACE: Final = (
    "网格编码", "社区编码", "网格代码", "社区代码", "地点编码", "单位编码", "区域编码", "所属网格",
    "所属社区", "社区", "网格", "grid_code", "community_code", "unit_code", "place",
)  # fmt: skip
_HOLDER: Final = (
    "警号", "工号", "人员编号", "service_no", "service_number", "officer_id", "badge", "holder_id",
)  # fmt: skip
_SINCE: Final = ("开始日期", "起始日期", "生效日期", "开始时间", "start_date", "from")
_UNTIL: Final = ("结束日期", "截止日期", "到期日期", "失效日期", "结束时间", "end_date", "to")
_UPDATED: Final = Field(
    "updated_at", Cell.MOMENT, ("更新时间", "修改时间", "update_time", "last_modified")
)
_SITES: Final = (
    Field("lon", Cell.LON, ("经度", "东经", "lng", "longitude", "x", "x坐标")),
    Field("lat", Cell.LAT, ("纬度", "北纬", "latitude", "y", "y坐标")),
)
_WKT: Final = Field("wkt", Cell.WKT, ("图形", "几何", "坐标串", "geom_wkt", "geometry_wkt"))


def _id(*headers: str) -> Field:
    return Field("external_id", Cell.ID, (*headers, "编号", "序号", "id"))


def _place(*, is_required: bool = False) -> Field:
    return Field("place_code", Cell.PLACE, _PLACE, is_required)


def _holder(*, is_required: bool = True) -> Field:
    return Field("holder_ref", Cell.HOLDER, _HOLDER, is_required)


def _code(name: str, vocabulary: str, *headers: str, is_required: bool = False) -> Field:
    return Field(name, Cell.CODE, headers, is_required, vocabulary)


def _labels(*, is_required: bool = True) -> tuple[Field, ...]:
    return (
        Field(
            "label_zh", Cell.TEXT, ("名称", "中文名称", "标题", "label", "name", "title"),
            is_required,
        ),
        Field("label_en", Cell.TEXT, ("英文名称", "name_en")),
    )  # fmt: skip


def _span(*, needs_end: bool = True) -> tuple[Field, ...]:
    return (
        Field("since", Cell.DAY, _SINCE, is_required=True),
        Field("until", Cell.DAY, _UNTIL, needs_end),
    )


FIELDS: Final[dict[RegisterLayer, tuple[Field, ...]]] = {
    RegisterLayer.BUILDINGS: (
        _id("楼栋编号", "楼栋编码", "楼号", "building_id"),
        Field("name", Cell.TEXT, ("楼栋名称", "楼名", "名称", "building_name")),
        _code("kind", "building_kind", "楼栋类型", "建筑类型", "用途", "类型", "类别", "type"),
        _place(),
        Field("compound_ref", Cell.REF, ("小区编号", "所属小区", "小区", "compound_id")),
        Field("stairwell_count", Cell.COUNT, ("单元数", "stairwells", "entrances")),
        Field("floor_count", Cell.COUNT, ("层数", "楼层数", "地上层数", "floors", "storeys")),
        Field("household_count", Cell.COUNT, ("户数", "总户数", "households")),
        Field("resident_count", Cell.COUNT, ("人口数", "居民数", "人口", "residents")),
        Field("is_unmanaged", Cell.FLAG, ("三无楼栋", "无物业", "无人管理", "unmanaged")),
        *_SITES, _WKT, _UPDATED,
    ),
    RegisterLayer.DEVICES: (
        _id("设备编号", "设备编码", "device_id", "device_no", "imei"),
        Field("name", Cell.TEXT, ("设备名称", "名称", "device_name")),
        _code("kind", "device_kind", "设备类型", "设备种类", "类型", "类别", "type", "device_type"),
        _code("status", "device_status", "设备状态", "在线状态", "状态", "state"),
        _place(),
        Field("installed_on", Cell.DAY, ("安装日期", "安装时间", "installed", "install_date")),
        Field("checked_on", Cell.DAY, ("检查日期", "巡检日期", "最近巡检", "check_date")),
        Field("last_seen_at", Cell.MOMENT, ("最后在线", "最后在线时间", "最近上线时间", "last_seen",
                                            "last_online")),
        *_SITES, _UPDATED,
    ),
    RegisterLayer.SERVICE_POINTS: (
        _id("服务点编号", "点位编号", "service_point_id"),
        Field("name", Cell.TEXT, ("服务点名称", "点位名称", "名称")),
        _code("kind", "service_point_kind", "服务点类型", "点位类型", "类型", "类别", "type"),
        _place(),
        Field("has_contact_card", Cell.FLAG, ("联系牌", "警民联系牌", "公示牌", "是否上墙",
                                              "contact_card")),
        Field("opened_on", Cell.DAY, ("启用日期", "建成日期", "opened", "open_date")),
        Field("office_phone", Cell.PHONE, ("办公电话", "值班电话", "服务电话", "duty_phone")),
        *_SITES, _UPDATED,
    ),
    RegisterLayer.PATROL_TARGETS: (
        _id("必到点编号", "必巡线编号", "点位编号", "线路编号", "target_id"),
        Field("name", Cell.TEXT, ("必到点名称", "点位名称", "线路名称", "名称", "target_name")),
        _code("kind", "patrol_target_kind", "点线类型", "类型", "类别", "type"),
        _place(),
        Field("due_per_week", Cell.DUE, ("每周次数", "每周应到次数", "巡逻频次", "频次",
                                         "times_per_week"), is_required=True),
        Field("stay_minutes", Cell.COUNT, ("停留分钟", "驻留分钟", "停留时长", "stay")),
        *_SITES, _WKT, _UPDATED,
    ),
    RegisterLayer.PATROL_STOPS: (
        _id("记录编号", "打卡编号", "stop_id", "record_id"),
        Field("name", Cell.TEXT, ("到点名称", "地点名称", "名称")),
        _code("kind", "stop_kind", "到点类型", "任务类型", "类型", "类别", "type"),
        _place(),
        Field("team", Cell.TEXT, ("巡组", "巡逻组", "队伍", "班组", "单位", "unit")),
        Field("target_ref", Cell.REF, ("必到点编号", "必巡线编号", "点位编号", "target_id")),
        Field("arrived_at", Cell.MOMENT, ("到达时间", "到点时间", "打卡时间", "签到时间", "arrived",
                                          "arrival"), is_required=True),
        Field("left_at", Cell.MOMENT, ("离开时间", "签退时间", "left", "departure")),
        Field("is_police_led", Cell.FLAG, ("民警带队", "是否民警带队", "police_led")),
        Field("household_count", Cell.COUNT, ("走访户数", "户数", "households")),
        *_SITES, _UPDATED,
    ),
    RegisterLayer.DUTY_SHIFTS: (
        _id("班次编号", "勤务编号", "shift_id"),
        _place(is_required=True),
        _code("position", "position", "岗位", "职务", "role"),
        _holder(is_required=False),
        _code("kind", "duty_kind", "勤务类型", "勤务种类", "任务类型", "类型", "类别", "type"),
        Field("date", Cell.CLOCK_DAY, ("日期", "勤务日期", "值班日期", "上岗日期", "排班日期",
                                       "shift_date", "duty_date")),
        Field("starts_at", Cell.MOMENT, ("开始时间", "上岗时间", "起始时间", "开始时刻", "上岗时刻",
                                         "start", "start_time", "start_clock"),
              is_required=True, day_field="date"),
        Field("ends_at", Cell.MOMENT, ("结束时间", "下岗时间", "终止时间", "结束时刻", "下岗时刻",
                                       "end_time", "end_clock"),
              is_required=True, day_field="date", after="starts_at"),
        Field("minutes_in_community", Cell.COUNT, ("在社区分钟", "沉入社区分钟", "在社区时长",
                                                   "community_minutes")),
        Field("contact_count", Cell.COUNT, ("接触群众数", "联系群众数", "走访人次", "contacts")),
        _UPDATED,
    ),
    RegisterLayer.MEETINGS: (
        _id("会议编号", "meeting_id"),
        _place(is_required=True),
        _code("kind", "meeting_kind", "会议类型", "会议种类", "类型", "类别", "type"),
        Field("planned_on", Cell.DAY, ("计划日期", "应开日期", "planned", "planned_date")),
        Field("held_on", Cell.DAY, ("召开日期", "会议日期", "实开日期", "held", "held_date")),
        Field("parties", Cell.CODES, ("参会方", "参会单位", "参加单位", "attending_bodies"),
              vocabulary="meeting_party"),
        Field("is_police_present", Cell.FLAG, ("民警参会", "公安参会", "民警是否参会",
                                               "police_present")),
        Field("hazard_ref", Cell.REF, ("关联隐患", "隐患编号", "关联隐患编号", "hazard_id")),
        Field("subject", Cell.TEXT, ("议题", "会议主题", "主题", "topic")),
        _UPDATED,
    ),
    RegisterLayer.TALKS: (
        _id("谈话编号", "talk_id"),
        _holder(),
        _place(),
        Field("held_on", Cell.DAY, ("谈话日期", "日期", "date"), is_required=True),
        _UPDATED,
    ),
    RegisterLayer.DEBRIEFS: (
        _id("述职编号", "debrief_id"),
        _holder(),
        _code("body", "debrief_body", "述职对象", "述职单位", "听取单位", is_required=True),
        Field("period", Cell.TEXT, ("述职周期", "周期", "年度", "期间"), is_required=True),
        Field("held_on", Cell.DAY, ("述职日期", "日期", "date")),
        _UPDATED,
    ),
    RegisterLayer.APPRAISALS: (
        _id("考核编号", "appraisal_id"),
        _holder(),
        _code("kind", "appraisal_kind", "考核类型", "考核种类", "类型", "类别", "type",
              is_required=True),
        Field("period", Cell.TEXT, ("考核周期", "周期", "年度", "期间"), is_required=True),
        Field("score", Cell.SCORE, ("得分", "分数", "考核得分", "成绩"), is_required=True),
        Field("appraised_on", Cell.DAY, ("考核日期", "日期", "date")),
        _UPDATED,
    ),
    RegisterLayer.AGREEMENTS: (
        _id("协议编号", "agreement_id"),
        _place(is_required=True),
        Field("partner", Cell.TEXT, ("共建单位", "合作单位", "签约单位", "partner_organisation"),
              is_required=True),
        Field("subject", Cell.TEXT, ("协议内容", "共建内容", "主题", "topic")),
        Field("signed_on", Cell.DAY, ("签订日期", "签约日期", "signed", "signed_date")),
        *_span(needs_end=False), _UPDATED,
    ),
    RegisterLayer.TARGETS: (
        _id("目标编号", "target_id"),
        _place(),
        Field("measure", Cell.REF, ("指标代码", "指标编码", "指标", "kpi"), is_required=True),
        *_labels(is_required=False),
        Field("planned", Cell.NUMBER, ("目标值", "计划值", "计划", "plan"), is_required=True),
        Field("done", Cell.NUMBER, ("完成值", "实际值", "已完成", "actual")),
        Field("base", Cell.NUMBER, ("基数", "分母", "denominator")),
        _code("unit", "target_unit", "计量单位", "单位"),
        *_span(), _UPDATED,
    ),
    RegisterLayer.CAMPAIGNS: (
        _id("行动编号", "campaign_id"),
        _place(),
        *_labels(),
        _code("layer", "event_layer", "对象", "事项类型", "类型", "类别", is_required=True),
        *_span(), _UPDATED,
    ),
    RegisterLayer.PROGRAMMES: (
        _id("项目编号", "item_id"),
        Field("programme", Cell.TEXT, ("工程", "工程名称", "项目群", "board"), is_required=True),
        Field("sequence", Cell.COUNT, ("顺序", "排序", "次序", "order"), is_required=True),
        *_labels(),
        _code("status", "programme_status", "建设状态", "进度", "状态", "state", is_required=True),
        Field("measure", Cell.REF, ("指标代码", "指标", "kpi")),
        _UPDATED,
    ),
    RegisterLayer.AREA_GRADES: (
        _id("评级编号", "grade_id"),
        _place(is_required=True),
        Field("month_on", Cell.MONTH, ("月份", "评级月份", "月", "month"), is_required=True),
        _code("grade", "area_grade", "等级", "评级", "颜色", "colour", "color", is_required=True),
        Field("score", Cell.SCORE, ("得分", "分数", "综合得分")),
        Field("indicators", Cell.PAIRS, ("指标明细", "分项", "指标得分")),
        _UPDATED,
    ),
}  # fmt: skip
"""Register → its fields, in the order of the wizard."""
LOCATED: Final = frozenset(
    layer for layer, fields in FIELDS.items() if any(field.cell in SITE_CELLS for field in fields)
)
"""Registers whose rows may lie somewhere."""


def field_names(layer: RegisterLayer) -> tuple[str, ...]:
    """Name the fields that a column may be mapped to."""
    return tuple(field.name for field in FIELDS[layer])


def required_names(layer: RegisterLayer) -> tuple[str, ...]:
    """Name the fields that a file must have."""
    return tuple(field.name for field in FIELDS[layer] if field.is_required)


def headers_of(layer: RegisterLayer) -> Mapping[str, tuple[str, ...]]:
    """Give the headers under which each field is known, its own name first."""
    return {field.name: (field.name, *field.headers) for field in FIELDS[layer]}


def suggest_columns(columns: Sequence[str], layer: RegisterLayer) -> dict[str, Suggestion]:
    """Guess field → column by header; only whole headers are taken without asking."""
    return match_columns(columns, headers_of(layer))
