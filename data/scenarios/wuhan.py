"""Describe the sample of Wuhan: one large community and two small ones, kilometres apart.

Used by the list of scenarios. Source: domain note 1.4 and 1.6 (S3). Names of districts, of two
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

_LARGE = (
    (-1250.0, 900.0), (-1150.0, 420.0), (-700.0, 300.0), (-100.0, 250.0), (450.0, 330.0),
    (780.0, 560.0), (860.0, 1050.0), (740.0, 1560.0), (250.0, 1760.0), (-350.0, 1780.0),
    (-900.0, 1640.0), (-1200.0, 1340.0),
)  # fmt: skip
_LARGE_ROADS = (
    Road("百步亭大道", "main", (
        (-1450.0, 980.0), (-700.0, 1010.0), (0.0, 960.0), (600.0, 1000.0), (1100.0, 960.0),
    )),
    Road("温馨路", "main", (
        (-520.0, 150.0), (-480.0, 620.0), (-530.0, 1000.0), (-480.0, 1500.0), (-540.0, 1950.0),
    )),
    Road("江大路", "main", (
        (240.0, 150.0), (210.0, 650.0), (260.0, 1000.0), (220.0, 1450.0), (270.0, 1950.0),
    )),
    Road("黄孝河", "river", (
        (-1600.0, 120.0), (-900.0, 90.0), (-100.0, 60.0), (700.0, 130.0), (1400.0, 260.0),
    )),
)  # fmt: skip
_DORMITORY = (
    (560.0, -1750.0), (980.0, -1800.0), (1210.0, -1690.0), (1230.0, -1340.0), (1080.0, -1160.0),
    (700.0, -1180.0), (530.0, -1380.0),
)  # fmt: skip
_LANES = (
    (-1500.0, -1620.0), (-1130.0, -1720.0), (-830.0, -1600.0), (-780.0, -1250.0),
    (-980.0, -1040.0), (-1330.0, -1060.0), (-1530.0, -1280.0),
)  # fmt: skip

_WORDS = (
    "百步", "温馨", "怡康", "怡和", "幸福", "文卉", "景兰", "安居", "现代", "龙庭", "江岸", "汉水",
    "长江", "东湖", "南湖", "梧桐", "香樟", "桂花", "梅园", "荷塘", "柳岸", "芳草", "紫薇", "木兰",
    "光明", "和平", "新华", "朝阳", "友谊", "文化", "育才", "康乐", "永安", "长青", "清泉", "金穗",
    "向阳", "团圆", "祥和", "平安", "吉祥", "锦绣", "翠湖", "银河", "北辰", "南苑", "东升", "西园",
)  # fmt: skip

LARGE, DORMITORY = "百步亭社区", "宏基社区"
"""The large community with nine officers; the old dormitory with 132 smoke alarms."""

WUHAN = ScenarioSpec(
    name="wuhan_baibuting",
    seed=420_102,
    plane=Plane(114.305, 30.593),
    settlements=(
        Settlement(
            "large",
            _LARGE,
            _LARGE_ROADS,
            block_m2=(13_000.0, 24_000.0),
            twist_deg=4.0,
            centre=(-150.0, 1000.0),
        ),
        Settlement(
            "dormitory",
            _DORMITORY,
            (Road("紫阳东路", "main", ((400.0, -1480.0), (880.0, -1450.0), (1400.0, -1500.0))),),
            block_m2=(8_000.0, 10_000.0),
            twist_deg=3.0,
            centre=(880.0, -1480.0),
        ),
        Settlement(
            "lanes",
            _LANES,
            (Road("梧桐街", "main", ((-1170.0, -1850.0), (-1150.0, -1380.0), (-1190.0, -900.0))),),
            block_m2=(8_000.0, 10_000.0),
            twist_deg=6.0,
            centre=(-1150.0, -1380.0),
        ),
    ),
    units=Units(
        province=("42", "湖北省"),
        city=("4201", "武汉市"),
        county=("420102", "江岸区"),
        subdistricts=(
            SubdistrictSpec(
                "013", "后湖街道", (("large", (-150.0, 1000.0)),), (LARGE,), ("百步亭派出所",),
                grids=(28,),
            ),
            SubdistrictSpec(
                "005", "紫阳街道", (("dormitory", (880.0, -1480.0)),), (DORMITORY,),
                ("紫阳派出所",), grids=(6,), county=("420106", "武昌区"),
            ),
            SubdistrictSpec(
                "008", "中南路街道", (("lanes", (-1150.0, -1380.0)),), ("梧桐社区",),
                ("中南路派出所",), grids=(6,), county=("420106", "武昌区"),
            ),
        ),
        grids_per_community=6,
        households=(300, 500),
        mean_households=405,
        residents_per_household=2.6,
        evenness=0.8,
    ),
    spans=Spans(as_of=date(2022, 9, 5), since=date(2021, 9, 5), base_since=date(2013, 1, 1)),
    words=_WORDS,
    titles={"zh": "武汉百步亭与两处老社区", "en": "Baibuting and two old communities, Wuhan"},
)  # fmt: skip
