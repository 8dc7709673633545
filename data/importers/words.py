"""Map the words of other systems (Chinese, English, numbers) to our kinds, channels and states.

Used by `data.importers.survey`. A word that nothing matches becomes "other" and is counted;
the source's own word is kept beside the code. Sources: domain note 2.5-2.10.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from data.vocabulary import (
    CHANNEL_GROUPS,
    CaseStatus,
    DisputeKind,
    EventLayer,
    HazardKind,
    IncidentKind,
    Severity,
)

Words = Mapping[str, Sequence[str]]

INCIDENT_WORDS: Final[Words] = {
    "11": ("电信诈骗", "网络诈骗", "电诈", "诈骗", "詐騙", "刷单", "冒充客服", "fraud", "scam"),
    "30": ("交通", "拥堵", "违停", "traffic", "collision", "parking", "vehicle accident"),
    "40": ("纠纷", "糾紛", "dispute", "quarrel"),
    "70": ("群体性", "聚集", "crowd", "protest", "riot"),
    "60": ("灾害", "災害", "火灾", "火警", "溺水", "坠落", "disaster", "fire", "accident"),
    "80": ("举报", "投诉", "检举", "tip", "complaint"),
    "50": ("求助", "走失", "开锁", "救助", "help", "assist", "welfare", "missing", "medical"),
    "20": (
        "治安", "殴打", "寻衅", "赌博", "扰民", "噪声", "噪音", "损毁", "public order", "disorder",
        "anti-social", "noise", "vandalism", "mischief", "nuisance", "disturbance", "gambling",
        "graffiti", "non-emergency police matter",
    ),
    "10": (
        "刑事", "盗窃", "竊盜", "盗", "竊", "偷", "抢", "搶", "伤害", "杀", "绑架", "强奸",
        "criminal",
        "robbery", "theft", "burglary", "assault", "homicide", "murder", "stolen", "larceny",
        "break and enter", "shooting", "weapon", "drug", "offence against a person", "rape",
    ),
    "90": ("其他", "其它", "无效", "误报", "咨询", "other", "invalid", "non-police"),
}  # fmt: skip
HAZARD_WORDS: Final[Words] = {
    "H11": ("电动自行车", "电动车", "飞线", "e-bike", "ebike"),
    "H30": ("燃气", "煤气", "瓶装气", "gas"),
    "H20": ("用电", "电气", "线路", "私拉", "配电", "electric", "wiring"),
    "H10": ("消防", "火", "堆物", "灭火", "烟感", "通道占用", "fire", "smoke"),
    "H40": ("建筑", "高空", "坠物", "外墙", "违建", "井盖", "building", "falling"),
    "H50": ("道路", "交通", "坑槽", "路灯", "road", "pothole", "street light"),
    "H60": (
        "地质",
        "自然",
        "滑坡",
        "积水",
        "内涝",
        "冰雪",
        "雷电",
        "natural",
        "flood",
        "landslide",
    ),
    "H70": ("治安", "监控", "照明", "围栏", "门禁", "security", "lighting", "fence"),
    "H80": ("公共设施", "设施", "电梯", "健身", "树木", "facility", "elevator", "tree"),
    "H90": ("其他", "其它", "other"),
}
DISPUTE_WORDS: Final[Words] = {
    "family": ("婚姻", "家庭", "family", "marriage"),
    "neighbour": ("邻里", "邻居", "相邻", "neighbour", "neighbor"),
    "property": ("物业", "property"),
    "demolition": ("征地", "拆迁", "征收", "demolition"),
    "housing": ("房屋", "宅基地", "housing", "house"),
    "land": ("山林", "土地", "草场", "草山", "land"),
    "labour": ("劳动", "欠薪", "工资", "labour", "labor", "wage"),
    "traffic": ("交通", "traffic"),
    "medical": ("医疗", "医患", "medical"),
    "damage": ("损害", "赔偿", "damage", "injury"),
    "contract": ("合同", "债务", "借贷", "contract", "debt"),
    "consumer": ("消费", "consumer"),
    "environment": ("环境", "污染", "environment", "pollution"),
    "campus": ("校园", "学校", "campus", "school"),
    "village_affairs": ("村务", "village"),
    "public_space": ("公共空间", "篮球场", "广场", "public space"),
    "other": ("其他", "其它", "other"),
}
CHANNEL_WORDS: Final[Words] = {
    "call_110": ("110", "报警电话", "emergency call", "911", "999"),
    "hotline_12345": ("12345", "热线", "hotline", "311", "phone"),
    "scan": ("扫码", "二维码", "小程序", "app", "mobile", "online", "web"),
    "media": ("媒体", "舆情", "media"),
    "tip": ("举报", "tip"),
    "special_survey": ("专项", "排查", "survey"),
    "grid_inspection": ("网格员", "巡查", "grid inspection", "inspection"),
    "police_visit": ("民警走访", "走访", "入户", "police visit"),
    "patrol": ("巡逻", "patrol"),
    "smoke_alarm": ("烟感", "smoke"),
    "video": ("视频", "监控", "video", "camera"),
    "sensor": ("物联", "传感", "sensor"),
    "superior": ("上级", "交办", "superior"),
    "department": ("移送", "移交", "部门", "department"),
    "visit_or_phone": ("上门", "来访", "电话", "visit", "walk-in", "counter"),
    "unknown": ("未知", "unknown", "other", "其他"),
}
STATUS_WORDS: Final[Words] = {
    "not_accepted": ("不予受理", "不受理", "not accepted"),
    "void": ("作废", "作廢", "撤销", "撤回", "void", "cancelled", "canceled", "unable to"),
    "rework": ("返工", "rework"),
    "returned": ("退回", "回退", "returned"),
    "extended": ("延期", "extended"),
    "suspended": ("挂账", "挂起", "suspended", "pending"),
    "verified": ("核查", "复查", "销号", "verified"),
    "closed": (
        "办结", "結案", "结案", "已结", "已关闭", "完成", "归档", "已化解", "已整改", "closed",
        "resolved", "settled", "done", "completed",
    ),
    "handled": ("已处置", "已处理", "反馈", "未化解", "handled"),
    "handling": (
        "处置中", "处理中", "办理中", "整改中", "调解中", "未整改", "处置", "handling",
        "in progress", "started",
    ),
    "dispatched": ("分拨", "派遣", "派单", "已派", "dispatched", "assigned"),
    "filed": ("立案", "filed"),
    "accepted": ("受理", "accepted"),
    "reported": ("上报", "待处理", "待办", "新增", "未处理", "登记", "reported", "open", "new"),
}  # fmt: skip
SEVERITY_WORDS: Final[Words] = {
    "major": ("重大", "特大", "红", "一级", "major", "red", "high", "critical"),
    "serious": ("较大", "橙", "二级", "serious", "orange"),
    "general": ("一般", "黄", "三级", "general", "yellow", "medium", "moderate"),
    "low": ("低", "蓝", "四级", "较小", "low", "blue", "minor"),
}
_KINDS: Final[Mapping[EventLayer, tuple[Words, frozenset[str], str]]] = {
    EventLayer.INCIDENTS: (INCIDENT_WORDS, frozenset(IncidentKind), IncidentKind.OTHER.value),
    EventLayer.HAZARDS: (HAZARD_WORDS, frozenset(HazardKind), HazardKind.OTHER.value),
    EventLayer.DISPUTES: (DISPUTE_WORDS, frozenset(DisputeKind), DisputeKind.OTHER.value),
}
_TRUE: Final = frozenset({"1", "true", "yes", "y", "t", "是", "重大", "有"})
_FALSE: Final = frozenset({"0", "false", "no", "n", "f", "否", "一般", "无", ""})


@dataclass(frozen=True, slots=True)
class Mapped:
    """A column of codes.

    Parameters
    ----------
    codes
        Our code of each row; none where the cell is empty and no default was given.
    source
        The file's word where it is not our code; none elsewhere.
    unmapped
        Words that nothing matched → rows.
    """

    codes: pd.Series
    source: pd.Series
    unmapped: Mapping[str, int]


def other_kind(layer: EventLayer) -> str:
    """Code of the kind "other" of a layer."""
    return _KINDS[layer][2]


def known_kinds(layer: EventLayer) -> frozenset[str]:
    """Codes that a kind of this layer may have."""
    return _KINDS[layer][1]


def map_kinds(texts: pd.Series, layer: EventLayer, default: str) -> Mapped:
    """Map a column of kinds; an empty cell gets `default`, an unknown word the layer's other."""
    words, known, other = _KINDS[layer]
    return _map(texts, (words, known), default=default, other=other)


def map_channels(texts: pd.Series) -> Mapped:
    """Map a column of channels; empty and unknown words become `unknown`."""
    return _map(
        texts, (CHANNEL_WORDS, frozenset(CHANNEL_GROUPS)), default="unknown", other="unknown"
    )


def map_statuses(texts: pd.Series) -> Mapped:
    """Map a column of states; empty stays none, an unknown word becomes `reported`."""
    known = frozenset(CaseStatus)
    return _map(texts, (STATUS_WORDS, known), default=None, other=CaseStatus.REPORTED.value)


def map_severities(texts: pd.Series) -> Mapped:
    """Map a column of grades; empty stays none, and so does an unknown word."""
    return _map(texts, (SEVERITY_WORDS, frozenset(Severity)), default=None, other=None)


def map_codes(texts: pd.Series, words: Words) -> Mapped:
    """Map a column of codes by their words; empty stays none, and so does an unknown word."""
    return _map(texts, (words, frozenset(words)), default=None, other=None)


def map_flags(texts: pd.Series) -> pd.Series:
    """Read yes and no in either language as 1 and 0; none for anything else."""
    found = {word: _flag(word) for word in texts.unique()}
    return texts.map(found).astype(object)


def _flag(word: str) -> int | None:
    plain = _plain(word)
    if plain in _TRUE:
        return 1
    return 0 if plain in _FALSE and plain else None


def _plain(word: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", word).strip().lower())


def _map(
    texts: pd.Series,
    vocabulary: tuple[Words, frozenset[str]],
    *,
    default: str | None,
    other: str | None,
) -> Mapped:
    labels, words = pd.factorize(texts)
    found = [_code(str(word), *vocabulary) for word in words]
    counts = np.bincount(labels[labels >= 0], minlength=len(words))
    codes = np.empty(len(words), dtype=object)
    source = np.empty(len(words), dtype=object)
    unmapped: dict[str, int] = {}
    for place, (word, code) in enumerate(zip(words, found, strict=True)):
        text = str(word).strip()
        codes[place] = default if not text else code if code is not None else other
        source[place] = text if text and text != codes[place] else None
        if text and code is None:
            unmapped[text] = int(counts[place])
    return Mapped(
        pd.Series(codes[labels], index=texts.index, dtype=object),
        pd.Series(source[labels], index=texts.index, dtype=object),
        unmapped,
    )


def _code(word: str, words: Words, known: frozenset[str]) -> str | None:
    """Give the code of one word: our own codes, then whole words, then parts in their order."""
    plain = _plain(word)
    for code in known:
        if plain == code.lower() or plain.startswith(f"{code.lower()} "):
            return code
    for code, listed in words.items():
        if plain in listed:
            return code
    for code, listed in words.items():
        if any(_holds(plain, entry) for entry in listed):
            return code
    return None


def _holds(plain: str, entry: str) -> bool:
    """Whether a text contains an entry: anywhere in Chinese, at a word's start in English."""
    if not entry.isascii():
        return entry in plain
    return re.search(rf"(?<![a-z0-9]){re.escape(entry)}", plain) is not None
