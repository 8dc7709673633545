"""Frames of grids and places satisfy the contract of `geo` and derive what is not stated."""

from datetime import date

import pandas as pd
import pytest
import shapely

from data.frames import (
    GRID_COLUMNS,
    PLACE_COLUMNS,
    compounds_frame,
    grids_frame,
    places_frame,
    streets_frame,
)
from data.repositories.place_writes import PlaceChange, PlaceWriter
from data.repositories.places import find_place
from data.viewer import LOCAL_STEWARD, DisplayLevel, Role, Viewer
from geo.assign import assign_lonlat
from geo.schema import GRIDS, require


@pytest.fixture
def town(db):
    """A community without a shape over two base grids and one micro grid."""
    with db.write() as session:
        PlaceWriter(session, level="subdistrict", effective=None, source="t").write(
            PlaceChange("630102001", "subdistrict")
        )
        above = find_place(session, LOCAL_STEWARD, level="subdistrict", code="630102001").id
        PlaceWriter(session, level="community", effective=None, source="t").write(
            PlaceChange("630102001001", "community", parent_id=above)
        )
        parent = find_place(session, LOCAL_STEWARD, level="community", code="630102001001").id
        grids = PlaceWriter(session, level="grid", effective=None, source="t")
        for k, households in enumerate((300, 420)):
            shape = shapely.box(101 + k, 36, 102 + k, 37)
            grids.write(
                PlaceChange(
                    f"63010200100100{k}",
                    "base",
                    parent_id=parent,
                    geometry=shape,
                    household_count=households,
                )
            )
        grids.write(PlaceChange("bare", "base", parent_id=parent))
        grids.write(PlaceChange("m1", "micro", geometry=shapely.box(101, 36, 101.1, 36.1)))
    return db


def test_grids_satisfy_the_contract_and_carry_the_codes_above(town):
    with town.read() as session:
        frame = grids_frame(session, LOCAL_STEWARD)
    require(frame, GRIDS)
    assert list(frame.columns) == [*GRID_COLUMNS, "geometry"]
    assert list(frame.index) == ["630102001001000", "630102001001001", "bare"]
    assert frame.index.is_unique
    assert str(frame.crs) == "EPSG:4326"
    assert set(frame["subdistrict_code"]) == {"630102001"}
    assert frame["households"].tolist() == [300, 420, pd.NA]
    assert frame.geometry["bare"] is None


def test_points_can_be_assigned_to_the_frame_as_it_comes(town):
    with town.read() as session:
        frame = grids_frame(session, LOCAL_STEWARD)
    found = assign_lonlat([101.5, 102.0, 90.0], [36.5, 36.5, 36.5], frame)
    assert [frame.index[k] if k >= 0 else None for k in found.grid] == [
        "630102001001000",
        "630102001001001",
        None,
    ]


def test_a_community_without_a_shape_gets_the_union_of_its_grids(town):
    with town.read() as session:
        frame = places_frame(session, LOCAL_STEWARD, level="community")
    assert list(frame.columns) == [*PLACE_COLUMNS, "geometry"]
    assert frame["is_derived"].tolist() == [True]
    assert frame.geometry.iloc[0].bounds == (101.0, 36.0, 103.0, 37.0)
    assert frame["households"].isna().all()  # one of its grids states none


def test_other_kinds_are_apart_and_empty_frames_keep_their_columns(town):
    with town.read() as session:
        micro = grids_frame(session, LOCAL_STEWARD, kind="micro")
        none = grids_frame(session, LOCAL_STEWARD, kind="exclusive")
        streets = streets_frame(session, LOCAL_STEWARD)
        compounds = compounds_frame(session, LOCAL_STEWARD)
    assert micro["grid_code"].tolist() == ["m1"]
    assert list(none.columns) == list(micro.columns)
    assert len(none) == 0
    assert str(streets.crs) == str(compounds.crs) == "EPSG:4326"


def test_areas_limit_the_grids(town):
    viewer = Viewer("x", Role.GRID_MEMBER, DisplayLevel.INTERNAL, ("630102001001001",))
    with town.read() as session:
        assert list(grids_frame(session, viewer).index) == ["630102001001001"]
        above = places_frame(session, viewer, level="community")
    assert above["code"].tolist() == ["630102001001"]


def test_nothing_holds_before_it_begins(town):
    with town.write() as session:
        PlaceWriter(session, level="grid", effective=date(2025, 1, 1), source="t").write(
            PlaceChange("late", "base", geometry=shapely.box(110, 36, 111, 37))
        )
    with town.read() as session:
        assert "late" not in grids_frame(session, LOCAL_STEWARD, as_of=date(2024, 12, 31)).index
        assert "late" in grids_frame(session, LOCAL_STEWARD, as_of=date(2025, 1, 1)).index
