"""Map the words of registers, Chinese and English, to our codes.

Used by the importer of registers. Knows nothing of rows.
A word that nothing matches becomes the vocabulary's `other` and is counted, or, where there is
none because the code decides about a figure, keeps the row out. Sources: domain note 2.3-2.10.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from data.importers.people_columns import position_of
from data.vocabulary import Position


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one list of codes.

    Attributes
    ----------
    words
        Code → words; the longest word that a cell contains wins.
    default
        Code of an empty cell; none leaves it empty.
    other
        Code of an unknown word; none refuses the row for `reason`.
    """

    words: Mapping[str, tuple[str, ...]]
    reason: str
    default: str | None = None
    other: str | None = None

    def code_of(self, text: str) -> str | None:
        """Give the code of a filled cell; none for an unknown word."""
        plain = _plain(text)
        for code in self.words:
            if plain in (code, code.replace("_", " ")):
                return code
        listed = [(word, code) for code, words in self.words.items() for word in words]
        for word, code in sorted(listed, key=lambda pair: -len(pair[0])):
            if _holds(plain, word):
                return code
        return None


def _plain(text: str) -> str:
    return re.sub(r"[\s_]+", " ", unicodedata.normalize("NFKC", text).strip().lower())


def _holds(plain: str, word: str) -> bool:
    if not word.isascii():
        return word in plain
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}", plain) is not None


class _Positions(Vocabulary):
    """Positions, by the words that appointments are read with."""

    def code_of(self, text: str) -> str | None:
        found = position_of(text)
        return None if found is None else found.value


VOCABULARIES: Final[dict[str, Vocabulary]] = {
    "building_kind": Vocabulary(
        {
            "residential": ("住宅", "居民楼", "居住", "宿舍", "公寓", "apartment", "housing"),
            "commercial": ("商业", "商铺", "商场", "商住", "市场", "shop", "retail"),
            "school": ("学校", "教学", "幼儿园", "校舍", "kindergarten"),
            "hospital": ("医院", "卫生院", "诊所", "医疗", "clinic"),
            "office": ("办公", "写字楼", "机关", "行政"),
            "other": ("其他", "其它"),
        },
        "unknown_kind", "other", "other",
    ),
    "device_kind": Vocabulary(
        {
            "smoke_alarm": ("烟感", "烟雾", "感烟", "smoke"),
            "gas_alarm": ("燃气", "煤气", "可燃气体", "一氧化碳", "gas"),
            "camera": ("摄像", "监控", "视频", "探头", "人脸", "卡口", "cctv", "video"),
            "charging_pile": ("充电", "charging", "charger"),
            "panic_button": ("一键报警", "报警柱", "报警按钮", "紧急求助", "panic", "emergency"),
            "other": ("其他", "其它"),
        },
        "unknown_kind", "other", "other",
    ),
    "device_status": Vocabulary(
        {
            "online": ("在线", "正常", "运行", "良好", "ok", "active"),
            "offline": ("离线", "不在线", "掉线", "断线", "停用", "down", "inactive"),
            "faulty": ("故障", "异常", "不正常", "损坏", "报修", "欠压", "fault", "broken"),
            "unknown": ("未知", "不详", "n/a"),
        },
        "unknown_device_status", "unknown",
    ),
    "service_point_kind": Vocabulary(
        {
            "service_window": ("综合服务窗口", "服务窗口", "窗口", "window"),
            "police_room": ("警务室", "警务站", "警务工作站", "police room", "police box"),
            "mediation_station": ("调解", "mediation"),
            "hospital_office": ("医院警务室", "驻院警务", "医院"),
            "self_service": ("自助", "self service", "self-service", "kiosk"),
            "quick_response": ("快反", "快速反应", "应急处置点", "最小应急", "quick response"),
            "community_office": ("社区办公", "居委会", "村委会", "党群服务", "community"),
            "school": ("学校", "校园", "护学岗"),
            "mall": ("商场", "超市", "市场", "shopping"),
            "other": ("其他", "其它"),
        },
        "unknown_kind", "other", "other",
    ),
    "patrol_target_kind": Vocabulary(
        {
            "must_point": ("必到点", "必巡点", "签到点", "打卡点", "点位", "点", "point"),
            "must_line": ("必巡线", "巡逻线", "线路", "路线", "线", "line", "route"),
        },
        "unknown_target_kind",
    ),
    "stop_kind": Vocabulary(
        {
            "patrol": ("巡逻", "巡防", "必到", "打卡"),
            "inspection": ("巡查", "检查", "排查", "inspect"),
            "visit": ("走访", "入户", "家访"),
            "recheck": ("复查", "回访", "回头看", "re-check", "second check"),
        },
        "unknown_stop_kind", "patrol",
    ),
    "duty_kind": Vocabulary(
        {
            "patrol": ("巡逻", "巡防"),
            "mediation": ("调解", "化解"),
            "hazard_survey": ("排查", "隐患", "检查", "survey"),
            "registration": ("登记", "信息采集", "人口管理", "register"),
            "party_building": ("党建", "party"),
            "joint_prevention": ("联防", "群防群治", "joint"),
            "civilised_city": ("文明", "创城", "civilized"),
            "reception": ("接待", "值班", "窗口", "desk"),
            "other": ("其他", "其它"),
        },
        "unknown_kind", "other", "other",
    ),
    "position": _Positions({}, "unknown_position", None, Position.OTHER.value),
    "meeting_kind": Vocabulary(
        {
            "joint": ("联席",),
            "weekly": ("每周", "周例会", "周会商", "会商", "week"),
            "two_committees": ("两委",),
            "residents": ("居民会议", "居民代表", "议事", "院坝会", "板凳会", "村民"),
            "other": ("其他", "其它"),
        },
        "unknown_kind", "other", "other",
    ),
    "meeting_party": Vocabulary(
        {
            "residents_committee": ("居民委员会", "居委会", "村委会", "村民委员会", "社区"),
            "party_branch": ("党支部", "党组织", "党委", "党总支"),
            "owners_committee": ("业主委员会", "业委会", "owners"),
            "property_company": ("物业", "property"),
            "police": ("公安", "派出所", "民警", "警务"),
            "subdistrict": ("街道", "乡镇", "镇政府", "street office"),
            "department": ("部门", "消防", "城管", "司法", "民政", "住建"),
            "partner": ("共建", "企业", "单位", "学校", "医院"),
        },
        "unknown_kind",
    ),
    "debrief_body": Vocabulary(
        {
            "city_police": ("市公安局", "公安局", "公安机关", "公安", "分局", "police"),
            "subdistrict_committee": ("街道", "街道党工委", "党工委", "乡镇党委", "subdistrict"),
        },
        "unknown_body",
    ),
    "appraisal_kind": Vocabulary(
        {
            "duty": ("履职", "副书记履职", "任职考核"),
            "professional": ("业务", "公安业务"),
            "community": ("社区评议", "社区评价", "群众评议", "群众评价", "社区"),
        },
        "unknown_appraisal_kind",
    ),
    "event_layer": Vocabulary(
        {
            "incidents": ("警情", "incident"),
            "hazards": ("隐患", "hazard"),
            "disputes": ("纠纷", "矛盾", "dispute"),
        },
        "unknown_event_layer",
    ),
    "programme_status": Vocabulary(
        {
            "not_started": ("未启动", "未开始", "未建", "待建", "待启动", "planned"),
            "in_build": ("建设中", "在建", "推进中", "进行中", "building", "in progress"),
            "in_place": ("已运行", "已建成", "建成", "完成", "投用", "运行", "done", "complete"),
        },
        "unknown_programme_status",
    ),
    "area_grade": Vocabulary(
        {
            "green": ("绿", "良好"),
            "blue": ("蓝", "安全"),
            "yellow": ("黄", "关注"),
            "red": ("红", "警告"),
            "black": ("黑", "严重"),
        },
        "unknown_grade",
    ),
    "target_unit": Vocabulary(
        {
            "share": ("比例", "百分比", "百分率", "率", "%", "percent", "ratio"),
            "count": ("个", "个数", "数量", "件", "次", "户", "人", "起", "处", "家", "number"),
        },
        "unknown_target_unit", "count",
    ),
}  # fmt: skip
"""Name of the list → its words."""
