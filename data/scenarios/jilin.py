"""Describe the sample of Jilin: five station areas of one county with fifty-one beats.

Used by the list of scenarios. Source: domain note 1.3 and 1.6 (S2). Names of the province, the
county and its five subdistricts are real; every outline, street, community and number is made up.
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
    (-2900.0, -1500.0), (-2450.0, -2150.0), (-1500.0, -2350.0), (-400.0, -2400.0), (700.0, -2300.0),
    (1800.0, -2250.0), (2650.0, -1850.0), (2850.0, -900.0), (2700.0, 200.0), (2750.0, 1150.0),
    (2300.0, 1850.0), (1400.0, 2150.0), (300.0, 2250.0), (-900.0, 2200.0), (-1900.0, 2050.0),
    (-2600.0, 1500.0), (-2850.0, 500.0), (-2800.0, -500.0),
)  # fmt: skip

_CROSS_CUT = (
    (-3300.0, 430.0), (-2000.0, 470.0), (-700.0, 420.0), (600.0, 470.0), (1900.0, 430.0),
    (3200.0, 480.0),
)  # fmt: skip
_NORTH_CUT = ((60.0, 380.0), (40.0, 1000.0), (90.0, 1700.0), (60.0, 2600.0))
_WEST_CUT = ((-960.0, 520.0), (-990.0, -300.0), (-930.0, -1300.0), (-960.0, -2700.0))
_EAST_CUT = ((930.0, 520.0), (960.0, -400.0), (900.0, -1400.0), (950.0, -2700.0))

_ROADS = (
    Road("铁路", "railway", (
        (-3200.0, -900.0), (-2000.0, -620.0), (-900.0, -480.0), (300.0, -560.0), (1500.0, -420.0),
        (2400.0, -250.0), (3200.0, 60.0),
    )),
    Road("春城大街", "main", (
        (-1950.0, 2500.0), (-1900.0, 1200.0), (-1960.0, 0.0), (-1900.0, -1200.0),
        (-1960.0, -2600.0),
    )),
    Road("普阳街", "main", (
        (1900.0, 2400.0), (1860.0, 1200.0), (1920.0, 0.0), (1870.0, -1200.0), (1920.0, -2600.0),
    )),
    Road("景阳大路", "main", (
        (-3100.0, 1270.0), (-1600.0, 1310.0), (-300.0, 1260.0), (1000.0, 1320.0), (2300.0, 1270.0),
        (3100.0, 1300.0),
    )),
    Road("西安大路", "main", (
        (-3200.0, -1450.0), (-1700.0, -1400.0), (-300.0, -1460.0), (1000.0, -1410.0),
        (2200.0, -1450.0), (3200.0, -1400.0),
    )),
    Road("和平大街", "main", (
        (-30.0, 500.0), (20.0, -500.0), (-40.0, -1460.0), (0.0, -2700.0),
    )),
)  # fmt: skip

_WORDS = (
    "富北", "春晓", "正阳", "普庆", "青荫", "铁建", "银杏", "白桦", "红松", "松江", "雪原", "北国",
    "绿园", "锦程", "车城", "解放", "东风", "新立", "同心", "迎宾", "康平", "永宁", "长青", "向阳",
    "朝晖", "春晖", "金秋", "丰收", "团结", "友谊", "和顺", "瑞祥", "祥和", "安居", "乐业", "光明",
    "文化", "育才", "明珠", "星光", "翠柳", "丁香", "百合", "云杉", "清泉", "月季", "海棠", "玉兰",
    "兴隆", "太平", "西新", "双丰", "大营", "跃进", "新农", "长山", "开源", "合心", "四季", "前进",
)  # fmt: skip
_TOWN = 41
_VILLAGES = tuple(f"{word}村" for word in _WORDS[_TOWN + 9 : _TOWN + 16])


def _named(first: int, count: int) -> tuple[str, ...]:
    return tuple(f"{word}社区" for word in _WORDS[first : first + count])


JILIN = ScenarioSpec(
    name="jilin_integration",
    seed=220_106,
    plane=Plane(125.324, 43.817),
    settlements=(
        Settlement(
            "county",
            _OUTLINE,
            _ROADS,
            zone_cuts=(_CROSS_CUT, _NORTH_CUT, _WEST_CUT, _EAST_CUT),
            block_m2=(38_000.0, 74_000.0),
            twist_deg=4.0,
            centre=(0.0, -500.0),
        ),
    ),
    units=Units(
        province=("22", "吉林省"),
        city=("2201", "长春市"),
        county=("220106", "绿园区"),
        subdistricts=(
            SubdistrictSpec(
                "001", "正阳街道", (("county", (-1500.0, 1300.0)),), _named(0, 10), ("正阳派出所",)
            ),
            SubdistrictSpec(
                "002", "普阳街道", (("county", (1500.0, 1300.0)),), _named(10, 10), ("普阳派出所",)
            ),
            SubdistrictSpec(
                "003", "铁西街道", (("county", (0.0, -1000.0)),), _named(20, 11), ("铁西派出所",)
            ),
            SubdistrictSpec(
                "004", "春城街道", (("county", (1800.0, -1000.0)),), _named(31, 10), ("春城派出所",)
            ),
            SubdistrictSpec(
                "101",
                "西新镇",
                (("county", (-1900.0, -1000.0)),),
                (*_named(_TOWN, 3), *_VILLAGES),
                ("西新派出所",),
                villages=_VILLAGES,
            ),
        ),
        grids_per_community=3,
        households=(250, 500),
        mean_households=368,
        residents_per_household=2.6,
        evenness=0.7,
    ),
    spans=Spans(as_of=date(2024, 5, 24), since=date(2023, 5, 24)),
    words=_WORDS,
    titles={"zh": "吉林警地融合与绿园样区", "en": "Jilin: police and localities together"},
)
CAMPAIGN_SINCE = date(2024, 2, 14)
"""First of the hundred days of home visits; the hundred and first is the day of the article."""
