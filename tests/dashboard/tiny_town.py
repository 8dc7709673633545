"""A town of four grids built through the importers, small enough to check in the head.

Grids A1 A2 (community W) and B1 B2 (community E) are squares of 0.01 degree in one row. Eleven
incidents of 2026: three in A1, two in A2, three in B1, none in B2, one outside, one unlocated that
states E, one on the border of A1 and A2 (it belongs to A2); one of 2025 in A1; one row has no
time. Names and texts are hostile on purpose.
"""

import json
import shutil
from datetime import date

from dashboard.viewmodels.town import load_town
from data.counting import place_events
from data.database import Database, bump_revision
from data.importers import events, people, places
from data.importers.options import EventOptions
from data.importers.people import PeopleLayer, PeopleOptions
from data.importers.places import PlaceOptions
from data.repositories.figures import save_setting
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from geo.crs import Datum

TODAY = date(2026, 6, 1)
"""A day after all of its records."""
WEST, SOUTH, STEP = 94.90, 36.40, 0.01
HOSTILE = "<script>window.hit=1</script>![x](http://evil.invalid/x.png)"
GRIDS = {"A1": ("W", 0), "A2": ("W", 1), "B1": ("E", 2), "B2": ("E", 3)}
INCIDENTS = """编号,发生时间,类别,渠道,经度,纬度,所属社区,描述
i01,2026-03-01 08:00,盗窃,110,94.905,36.405,,
i02,2026-03-02 09:00,盗窃,110,94.906,36.405,,
i03,2026-03-03 10:00,纠纷,巡逻,94.907,36.405,,
i04,2026-03-04 11:00,盗窃,110,94.915,36.405,,
i05,2026-03-05 12:00,求助,110,94.916,36.405,,
i06,2026-03-06 13:00,盗窃,110,94.925,36.405,,
i07,2026-03-07 14:00,盗窃,110,94.926,36.405,,
i08,2026-03-08 15:00,盗窃,110,94.927,36.405,,
i09,2026-03-09 16:00,盗窃,110,95.500,36.405,,
i10,2026-03-10 17:00,盗窃,110,,,E,
i11,2026-03-10 18:00,盗窃,110,94.910,36.405,,
i12,2025-03-01 08:00,盗窃,110,94.905,36.405,,
i13,not a time,盗窃,110,94.905,36.405,,
"""
HAZARDS = f"""编号,发现时间,类别,状态,经度,纬度,描述
h1,2026-02-01 08:00,消防,处置中,94.905,36.405,{HOSTILE} 电话13912345678
h2,2026-02-02 08:00,燃气,已办结,94.905,36.405,
h3,2026-02-03 08:00,用电,处置中,94.925,36.405,
"""
DISPUTES = """编号,发生时间,类别,状态,经度,纬度
d1,2026-02-01 08:00,邻里,处置中,94.905,36.405
"""
OFFICERS = """警号,人员类别,岗位
p1,民警,社区民警一
p2,民警,社区民警二
"""
APPOINTMENTS = """任职编号,警号,地点编码,层级,岗位,经度,纬度
a1,p1,W,community,社区民警,94.905,36.406
a2,p2,A1,grid,专职网格员,,
"""
EVENT_COLUMNS = {
    "external_id": "编号",
    "kind": "类别",
    "lon": "经度",
    "lat": "纬度",
}


def box(column, width=1):
    x, y = WEST + column * STEP, SOUTH
    right, top = round(x + width * STEP, 6), round(y + STEP, 6)
    x = round(x, 6)
    return [[[x, y], [right, y], [right, top], [x, top], [x, y]]]


def features(rows):
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": properties,
                    "geometry": {"type": "Polygon", "coordinates": rings},
                }
                for properties, rings in rows
            ],
        },
        ensure_ascii=False,
    )


def grids_text():
    return features(
        (
            {
                "网格编码": code,
                "网格名称": f"网格{code}" + (HOSTILE if code == "A1" else ""),
                "上级编码": community,
                "户数": 100,
                "人口": 300 if code != "B2" else None,
            },
            box(column),
        )
        for code, (community, column) in GRIDS.items()
    )


def communities_text():
    return features(
        ({"code": code, "name": name}, box(column, 2))
        for code, name, column in (("W", "西社区", 0), ("E", "东社区", 2))
    )


def write_files(folder):
    texts = {
        "communities.geojson": communities_text(),
        "grids.geojson": grids_text(),
        "incidents.csv": INCIDENTS,
        "hazards.csv": HAZARDS,
        "disputes.csv": DISPUTES,
        "officers.csv": OFFICERS,
        "appointments.csv": APPOINTMENTS,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return {name.split(".", 1)[0]: folder / name for name in texts}


def event_options(layer, **more):
    time = "发现时间" if layer is EventLayer.HAZARDS else "发生时间"
    mapping = {**EVENT_COLUMNS, "occurred_at": time, **more}
    return EventOptions(layer, mapping, datum=Datum.WGS84)


def build(folder):
    """Build the store in `folder`; give the open database."""
    files = write_files(folder)
    database = Database(str(folder / "tiny.gpkg"))
    database.create_or_migrate()
    steward = LOCAL_STEWARD
    communities = PlaceOptions(level="community", code="code", name="name", datum="wgs84")
    places.run(database, files["communities"], communities, steward)
    grids = PlaceOptions(
        code="网格编码",
        name="网格名称",
        parent="上级编码",
        mapping={"households": "户数", "residents": "人口"},
        datum="wgs84",
    )
    places.run(database, files["grids"], grids, steward)
    stated = {"stated_unit": "所属社区", "channel": "渠道"}
    events.run(database, files["incidents"], event_options(EventLayer.INCIDENTS, **stated), steward)
    more = {"status": "状态", "description": "描述"}
    events.run(database, files["hazards"], event_options(EventLayer.HAZARDS, **more), steward)
    events.run(
        database, files["disputes"], event_options(EventLayer.DISPUTES, status="状态"), steward
    )
    people.run(database, files["officers"], PeopleOptions(PeopleLayer.OFFICERS), steward)
    told = PeopleOptions(PeopleLayer.APPOINTMENTS, mapping={"place": "地点编码"}, datum="wgs84")
    people.run(database, files["appointments"], told, steward)
    return database


def read(database, **asked):
    """The places of `TODAY`, and the events of every layer on them (`asked`: of `place_events`)."""
    with database.read() as session:
        town = load_town(session, LOCAL_STEWARD, as_of=TODAY)
        placed = {
            layer: place_events(session, LOCAL_STEWARD, layer, today=TODAY, **asked)
            for layer in EventLayer
        }
    return town, placed


def stand_still(database):
    """Make it a scenario whose records end with the day before 12 March 2026."""
    held = {
        "scenario": "golmud_hexi",
        "scenario_as_of": "2026-03-12",
        "period_since": "2026-03-01",
        "period_until": "2026-03-12",
        "tz": "Asia/Shanghai",
    }
    with database.write() as session:
        for key, value in held.items():
            save_setting(session, key, value)
        bump_revision(session, "settings")


def copied(store, folder):
    """A copy of a closed store in another folder."""
    target = folder / "copy.gpkg"
    shutil.copy(store, target)
    return target
