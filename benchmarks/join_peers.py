"""Join points to polygons with the tools that users have.

Used by `join.py`.
Knows nothing of the index: each peer gets the same shapes and coordinates, prepared as far as it
can be, and gives pairs of point and polygon.
"""

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
ObjectArray = npt.NDArray[np.object_]
Pairs = tuple[IntArray, IntArray]
Peer = Callable[[], Pairs]

THREADED = ("sedonadb", "duckdb spatial")
_CRS = "EPSG:3857"
_SQL = (
    "SELECT pts.p AS p, polys.g AS g FROM pts JOIN polys ON ST_Intersects(polys.{geom}, pts.{geom})"
)


def peers(polygons: ObjectArray, x: FloatArray, y: FloatArray) -> dict[str, Peer]:
    """Prepare every peer that is installed."""
    points = shapely.points(x, y)
    grids = gpd.GeoDataFrame({"g": np.arange(len(polygons))}, geometry=polygons, crs=_CRS)
    places = gpd.GeoDataFrame({"p": np.arange(len(x))}, geometry=points, crs=_CRS)
    own = polygons.copy()
    shapely.prepare(own)
    tree, point_tree = shapely.STRtree(own), shapely.STRtree(points)
    found: dict[str, Peer] = {
        "geopandas.sjoin intersects": lambda: _sjoin(places, grids, "intersects"),
        "geopandas.sjoin within": lambda: _sjoin(places, grids, "within"),
        "STRtree bbox + intersects_xy": lambda: _by_box(tree, own, points, (x, y)),
        "STRtree(points).query contains": lambda: _by_polygon(point_tree, own),
    }
    if find_spec("sedonadb"):
        found["sedonadb"] = _sedona(places, grids)
    if find_spec("duckdb") and find_spec("duckdb_extension_spatial"):
        found["duckdb spatial"] = _duckdb(places, grids)
    return found


def _sjoin(places: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, predicate: str) -> Pairs:
    joined = gpd.sjoin(places, grids, predicate=predicate)
    return joined["p"].to_numpy(), joined["g"].to_numpy()


def _by_box(
    tree: shapely.STRtree, polygons: ObjectArray, points: ObjectArray, xy: tuple[FloatArray, ...]
) -> Pairs:
    point, grid = tree.query(points)
    holds = shapely.intersects_xy(polygons[grid], xy[0][point], xy[1][point])
    return point[holds], grid[holds]


def _by_polygon(tree: shapely.STRtree, polygons: ObjectArray) -> Pairs:
    grid, point = tree.query(polygons, predicate="contains")
    return point, grid


def _sedona(places: gpd.GeoDataFrame, grids: gpd.GeoDataFrame) -> Peer:
    import sedonadb

    session = sedonadb.connect()
    session.create_data_frame(places).to_memtable().to_view("pts")
    session.create_data_frame(grids).to_memtable().to_view("polys")

    def join() -> Pairs:
        table = session.sql(_SQL.format(geom="geometry")).to_arrow_table()
        return table["p"].to_numpy(), table["g"].to_numpy()

    return join


def _duckdb(places: gpd.GeoDataFrame, grids: gpd.GeoDataFrame) -> Peer:
    import duckdb
    import duckdb_extension_spatial as spatial
    import pandas as pd

    file = next(Path(spatial.__path__[0]).rglob("spatial.duckdb_extension"))
    session = duckdb.connect(config={"threads": str(os.cpu_count() or 1)})
    session.execute(f"LOAD '{file}'")
    for name, frame, key in (("pts", places, "p"), ("polys", grids, "g")):
        texts = pd.DataFrame({key: frame[key], "wkb": shapely.to_wkb(frame.geometry.to_numpy())})
        session.register("given", texts)
        session.execute(
            f"CREATE TABLE {name} AS SELECT {key}, ST_GeomFromWKB(wkb) AS geom FROM given"  # noqa: S608 - our own names
        )
        session.unregister("given")

    def join() -> Pairs:
        found = session.execute(_SQL.format(geom="geom")).fetchnumpy()
        return found["p"], found["g"]

    return join


def differences(pairs: Pairs, rows: npt.NDArray[np.int32]) -> int:
    """Count the pairs that are not ours, and ours that are missing."""
    point, grid = np.asarray(pairs[0]), np.asarray(pairs[1])
    ours = int((rows >= 0).sum())
    alike = int((rows[point] == grid).sum())
    return (len(point) - alike) + (ours - alike)
