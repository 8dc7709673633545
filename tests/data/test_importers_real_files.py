from datetime import UTC, date, datetime
from typing import ClassVar

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import func, select

from data.errors import ImportRefused
from data.importers.events import run
from data.importers.options import EventOptions
from data.importers.times import TimeRules
from data.models import Boundary, Incident, Place
from data.viewer import LOCAL_STEWARD
from data.vocabulary import EventLayer
from geo.crs import Datum

pytestmark = pytest.mark.shared
NOW = datetime(2026, 9, 1, tzinfo=UTC)
INCIDENTS = EventLayer.INCIDENTS


def stand(db, path, name_column):
    """Put a file's polygons into the store as base grids."""
    frame = gpd.read_file(path)
    with db.write() as session:
        for row, (name, shape) in enumerate(zip(frame[name_column], frame.geometry, strict=True)):
            place = Place(level="grid", kind="base", code=f"{row:02d}", name=name, source="t")
            session.add(place)
            session.flush()
            whole = shapely.make_valid(shapely.force_2d(shape), method="structure")
            polygons = [part for part in shapely.get_parts(whole) if part.area > 0]
            geom = shapely.MultiPolygon(polygons)
            session.add(Boundary(place_id=place.id, valid_from=date(2000, 1, 1), geom=geom))


def stored(db, *columns):
    with db.read() as session:
        return session.execute(select(*columns).order_by(Incident.id)).all()


def test_memphis_robberies(db, shared_data):
    stand(db, shared_data / "memphis" / "precincts.gpkg", "precinct")
    options = EventOptions(
        INCIDENTS,
        {"external_id": "uid", "lon": "longitude", "lat": "latitude", "occurred_at": "date",
         "kind": "offense_type"},
        datum=Datum.WGS84,
        times=TimeRules(tz="America/Chicago"),
    )  # fmt: skip
    report = run(
        db, shared_data / "memphis" / "robberies_2019.csv", options, LOCAL_STEWARD, now=NOW
    )
    assert (report.rows, report.inserted, report.rejected) == (2245, 2245, 0)
    assert (report.outside, report.unlocated) == (1, 0)
    first = stored(db, Incident.external_id, Incident.occurred_at, Incident.kind)[0]
    assert tuple(first) == ("15213800", datetime(2019, 1, 1, 7, 30, tzinfo=UTC), "10")


def test_vancouver_thefts(db, shared_data):
    folder = shared_data / "vancouver_thefts"
    stand(db, folder / "vancouver_neighbourhoods.geojson", "name")
    parts = {part: part.upper() for part in ("year", "month", "day", "hour", "minute")}
    options = EventOptions(
        INCIDENTS,
        {**parts, "lon": "X", "lat": "Y", "kind": "TYPE", "stated_unit": "NEIGHBOURHOOD"},
        crs="EPSG:32610",
        times=TimeRules(tz="America/Vancouver"),
    )
    report = run(db, folder / "thefts_2020.csv", options, LOCAL_STEWARD, now=NOW)
    assert (report.rows, report.inserted, report.outside) == (21918, 21918, 45)
    assert report.unmapped_columns == ("HUNDRED_BLOCK",)
    first = stored(db, Incident.occurred_at, Incident.stated_unit, Incident.src_x, Incident.geom)[0]
    assert tuple(first[:3]) == (datetime(2020, 1, 1, 8, tzinfo=UTC), "West End", 490320.299)
    assert first[3].x == pytest.approx(-123.13315, abs=1e-4)
    ids = stored(db, Incident.external_id)
    assert len({row.external_id for row in ids}) == 21918


def test_nyc_requests(db, shared_data):
    options = EventOptions(
        INCIDENTS,
        {"external_id": "unique_key", "lon": "longitude", "lat": "latitude",
         "occurred_at": "created_date", "closed_at": "closed_date", "due_at": "due_date",
         "kind": "complaint_type", "status": "status", "channel": "open_data_channel_type",
         "stated_unit": "borough"},
        datum=Datum.WGS84,
        times=TimeRules(tz="America/New_York"),
    )  # fmt: skip
    path = shared_data / "nyc311_requests" / "requests_2018.csv"
    report = run(db, path, options, LOCAL_STEWARD, now=NOW)
    assert (report.rows, report.inserted, report.unlocated) == (1000, 1000, 107)
    assert report.time_flags["closed_before_created"] == 10
    assert sum(report.unlocated_by_stated_unit.values()) == 107
    with db.read() as session:
        open_rows = session.scalar(
            select(func.count()).select_from(Incident).where(Incident.closed_at.is_(None))
        )
        first = session.scalar(select(Incident).where(Incident.external_id == "39573567"))
    assert open_rows == 14
    assert first.occurred_at == datetime(2018, 6, 26, 14, 58, 54, tzinfo=UTC)
    assert first.closed_at == datetime(2018, 6, 26, 16, 50, 1, tzinfo=UTC)


class TestTaipei:
    MAPPING: ClassVar = {
        "external_id": "編號", "date": "發生日期", "clock": "發生時段", "kind": "案類",
    }  # fmt: skip

    def load(self, db, shared_data, name):
        options = EventOptions(
            INCIDENTS, self.MAPPING, keep=("發生地點",), times=TimeRules(tz="Asia/Taipei")
        )
        return run(db, shared_data / "taipei_theft" / name, options, LOCAL_STEWARD, now=NOW)

    def test_bicycles(self, db, shared_data):
        report = self.load(db, shared_data, "bicycle.csv")
        assert (report.rows, report.inserted, report.unlocated) == (3856, 3856, 3856)
        assert (report.encoding, report.datum) == ("cp950", "")
        assert "roc_calendar" in [warning.code for warning in report.warnings]
        first = stored(
            db, Incident.occurred_at, Incident.time_precision, Incident.kind, Incident.attributes
        )[0]
        assert first[0] == datetime(2015, 1, 1, 8, tzinfo=UTC)
        assert (first[1], first[2]) == ("band", "10")
        assert first[3]["clock"] == "16~18"
        assert first[3]["發生地點"].startswith("臺北市大安區")

    def test_the_empty_rows_of_the_cars_are_listed(self, db, shared_data):
        report = self.load(db, shared_data, "car.csv")
        assert report.rows == 3342
        assert report.inserted + report.rejected == 3342
        assert report.reasons == {"empty_row": 2705, "missing_id": 1}


def test_nottingham_months(db, shared_data):
    options = EventOptions(
        INCIDENTS,
        {"lon": "longitude", "lat": "latitude", "occurred_at": "month"},
        datum=Datum.WGS84,
        default_kind="10",
        times=TimeRules(tz="Europe/London"),
    )
    path = shared_data / "nottingham_burglary" / "burglary_2022.csv"
    report = run(db, path, options, LOCAL_STEWARD, now=NOW)
    assert (report.rows, report.inserted) == (1795, 1795)
    assert report.time_flags == {"month_only": 1795}
    assert {row.time_precision for row in stored(db, Incident.time_precision)} == {"month"}


def test_swapped_memphis_is_refused_by_its_precincts(db, shared_data):
    """Half of it lies below 90 west, so that degrees alone do not tell."""
    stand(db, shared_data / "memphis" / "precincts.gpkg", "precinct")
    mapping = {"lon": "latitude", "lat": "longitude", "occurred_at": "date"}
    options = EventOptions(INCIDENTS, mapping, datum=Datum.WGS84)
    with pytest.raises(ImportRefused) as refusal:
        run(db, shared_data / "memphis" / "robberies_2019.csv", options, LOCAL_STEWARD, now=NOW)
    assert refusal.value.code == "wrong_datum"
    assert refusal.value.fields["recommended"] == "wgs84_swapped"
    assert refusal.value.fields["share"] > 0.99
