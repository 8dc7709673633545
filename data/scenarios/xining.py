"""Describe the sample of Xining: two subdistricts on the Huangshui, a pilot and an old community.

Used by the list of scenarios. Source: domain note 1.2 and 1.6 (S1). Names of districts, of both
subdistricts and of two communities are real; every outline, street and number is made up.
"""

from datetime import date

from data.scenarios.spec import (
    Plane,
    Road,
    ScenarioSpec,
    Settlement,
    Spans,
    SubdistrictSpec,
    Units,
)

_OUTLINE = (
    (-2350.0, 120.0), (-2200.0, -420.0), (-1700.0, -690.0), (-1050.0, -820.0), (-350.0, -980.0),
    (350.0, -1060.0), (1000.0, -940.0), (1600.0, -760.0), (2150.0, -560.0), (2350.0, -60.0),
    (2180.0, 380.0), (1650.0, 560.0), (1050.0, 640.0), (400.0, 720.0), (-300.0, 760.0),
    (-950.0, 700.0), (-1600.0, 640.0), (-2150.0, 520.0),
)  # fmt: skip

_MIDDLE_CUT = (
    (-60.0, 900.0), (20.0, 300.0), (-40.0, -250.0), (60.0, -700.0), (20.0, -1200.0),
)  # fmt: skip

_ROADS = (
    Road("湟水河", "river", (
        (-2900.0, 640.0), (-2100.0, 760.0), (-1200.0, 880.0), (-300.0, 930.0), (600.0, 880.0),
        (1500.0, 760.0), (2300.0, 620.0), (2900.0, 480.0),
    )),
    Road("胜利路", "main", (
        (-2550.0, 220.0), (-1700.0, 260.0), (-800.0, 300.0), (0.0, 330.0),
    )),
    Road("古城大街", "main", (
        (-60.0, 330.0), (800.0, 290.0), (1600.0, 210.0), (2500.0, 130.0),
    )),
    Road("昆仑路", "main", (
        (-2350.0, -250.0), (-1500.0, -330.0), (-600.0, -390.0), (200.0, -440.0), (1000.0, -420.0),
        (1800.0, -330.0), (2500.0, -260.0),
    )),
    Road("西川路", "main", (
        (-1420.0, 860.0), (-1380.0, 300.0), (-1330.0, -300.0), (-1400.0, -900.0),
    )),
    Road("商业巷大街", "main", (
        (-720.0, 880.0), (-690.0, 310.0), (-640.0, -380.0), (-700.0, -1000.0),
    )),
    Road("前营街", "main", (
        (820.0, 840.0), (790.0, 290.0), (830.0, -420.0), (760.0, -1080.0),
    )),
    Road("东关路", "main", (
        (1580.0, 760.0), (1560.0, 220.0), (1610.0, -360.0), (1540.0, -900.0),
    )),
)  # fmt: skip

_WORDS = (
    "丁香", "夏都", "昆仑", "高原", "湟水", "北川", "南川", "西川", "新华", "文化", "育才", "康乐",
    "光明", "和平", "幸福", "朝阳", "友谊", "永安", "兴盛", "长青", "雪松", "云杉", "红柳", "清泉",
    "金穗", "丰收", "向阳", "团圆", "祥和", "平安", "吉祥", "锦绣", "翠湖", "银河", "北辰", "南苑",
    "东升", "西园", "中兴", "百合", "月牙", "阳光", "春晖", "秋实", "明珠", "安居", "乐业", "海棠",
)  # fmt: skip

PILOT = "北商巷社区"
"""Community where the first officer became deputy secretary, in July 2020."""
OLD = "前营街社区"
"""Community of old compounds, many of them without a property company."""

XINING = ScenarioSpec(
    name="xining_chengxi",
    seed=630_104,
    plane=Plane(101.778, 36.617),
    settlements=(
        Settlement(
            "city",
            _OUTLINE,
            _ROADS,
            zone_cuts=(_MIDDLE_CUT,),
            block_m2=(17_000.0, 34_000.0),
            twist_deg=5.0,
            centre=(-200.0, 0.0),
        ),
    ),
    units=Units(
        province=("63", "青海省"),
        city=("6301", "西宁市"),
        county=("630104", "城西区"),
        subdistricts=(
            SubdistrictSpec(
                code="005",
                name="胜利路街道",
                seeds=(("city", (-1000.0, 0.0)),),
                communities=(
                    "丁香社区", "昆仑社区", PILOT, "湟水社区", "新华社区", "育才社区",
                ),
                stations=("胜利路派出所",),
            ),
            SubdistrictSpec(
                code="002",
                name="仓门街街道",
                seeds=(("city", (1000.0, 0.0)),),
                communities=(
                    "文化社区", OLD, "和平社区", "友谊社区", "光明社区", "康乐社区",
                ),
                stations=("仓门街派出所",),
                county=("630103", "城中区"),
            ),
        ),
        grids_per_community=5,
        households=(300, 500),
        mean_households=404,
        residents_per_household=2.7,
        evenness=0.85,
    ),
    spans=Spans(
        as_of=date(2022, 10, 17), since=date(2021, 10, 17), base_since=date(2017, 10, 17)
    ),
    words=_WORDS,
    titles={"zh": "西宁城西胜利路与城中仓门街", "en": "Shengli Road and Cangmen, Xining"},
)  # fmt: skip
