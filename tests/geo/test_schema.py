import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, Polygon, box

from geo.errors import FrameError
from geo.schema import GRIDS, POINTS, require


def grids(codes, shapes):
    return gpd.GeoDataFrame({"grid_code": codes}, geometry=shapes, crs="EPSG:4326")


def test_good_frames_pass_with_missing_shapes_and_extra_columns():
    frame = grids(["a", "b", "c"], [box(0, 0, 1, 1), None, Polygon()])
    require(frame.assign(name="x"), GRIDS)
    require(gpd.GeoDataFrame(geometry=[Point(1, 2)]), POINTS)


@pytest.mark.parametrize(
    ("frame", "contract", "code"),
    [
        (pd.DataFrame({"grid_code": ["a"]}), GRIDS, "no_geometry_column"),
        (gpd.GeoDataFrame({"grid_code": ["a"]}), GRIDS, "no_geometry_column"),
        (gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)]), GRIDS, "missing_columns"),
        (grids([None], [box(0, 0, 1, 1)]), GRIDS, "missing_codes"),
        (grids([632801], [box(0, 0, 1, 1)]), GRIDS, "wrong_dtype"),
        (grids(["a"], [LineString([(0, 0), (1, 1)])]), GRIDS, "wrong_geometry_type"),
        (gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)]), POINTS, "wrong_geometry_type"),
    ],
)
def test_bad_frames_are_refused_by_code(frame, contract, code):
    with pytest.raises(FrameError) as refused:
        require(frame, contract)
    assert refused.value.code == code
