"""Repair the tiling of a file of grids into a new file, and report every area that moved.

Used by the command line (`gridbeat repair grids`) and `data.importers.place_decisions`.
Knows nothing of the store: the file's own CRS, rows, ids and attributes stay as they are; only
shapes change (`geo.repair`).
"""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from warnings import catch_warnings, simplefilter

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyogrio.errors import DataSourceError

from data.errors import ImportRefused
from data.importers.boundaries import RawShapes, read_raw, shapes_crs
from data.importers.numbers import parse_numbers
from data.importers.place_columns import PlaceOptions, code_text, suggest_columns
from data.importers.place_files import shape_options
from data.importers.report import Caution
from geo.repair import Repaired, repair

_DRIVERS: Final = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".json": "GeoJSON", ".fgb": "FlatGeobuf"}
ENDINGS: Final = (*_DRIVERS, ".parquet")
_CODE: Final = "grid_code"
_COUNTS: Final = ("households", "residents")


@dataclass(frozen=True)
class RepairReport:
    """What a repair did.

    Attributes
    ----------
    holes
        Square metres of each enclosed gap that was left because it is wide, largest first.
    area_change_m2
        Area after minus before, over all features.
    moved
        Features whose ground changed: `code`, `area_before_m2`, `area_after_m2`, `moved_m2`.
    sums
        Column of counts → its sum before and after; they are equal, for attributes stay.
    """

    features: int
    holes: tuple[float, ...]
    area_change_m2: float
    moved: tuple[Mapping[str, Any], ...]
    sums: Mapping[str, Mapping[str, float]]
    crs: str
    warnings: tuple[Caution, ...]

    def as_json(self) -> dict[str, Any]:
        """Give the report as one JSON document; every key is always there."""
        return {
            "features": self.features,
            "holes_left": len(self.holes),
            "holes": [{"area_m2": area_m2} for area_m2 in self.holes],
            "area_change_m2": self.area_change_m2,
            "moved": [dict(row) for row in self.moved],
            "sums": {name: dict(pair) for name, pair in self.sums.items()},
            "crs": self.crs,
            "warnings": [warning.as_json() for warning in self.warnings],
        }


def repair_file(
    path: Path, out: Path, options: PlaceOptions | None = None, *, gap_width_m: float = 1.0
) -> RepairReport:
    """Write a valid tiling of the file's features; same features, ids and attributes.

    Without a code column features are numbered from 1 in the report; the members of a lone
    collection become features. A file without CRS is read as degrees if its numbers can be degrees,
    else as metres (``crs_assumed``). The new file appears whole or not at all.

    Parameters
    ----------
    out
        `.gpkg`, `.geojson`, `.json`, `.fgb` or `.parquet`.
    gap_width_m
        Gaps at least this wide (diameter of the largest circle inside) are left and listed.

    Raises
    ------
    ImportRefused
        Those of reading the file; ``unknown_column``, ``repair_same_file``,
        ``unknown_file_type`` for the new file, ``repair_not_written``.
    TilingError
        ``duplicate_codes``.
    FrameError
        ``wrong_geometry_type``: a feature is no area.
    """
    require_target(path, out)
    chosen = options or PlaceOptions()
    raw = unpacked(read_raw(path, shape_options(chosen, is_trial=True)))
    warnings: list[Caution] = []
    crs = shapes_crs(raw, shape_options(chosen, is_trial=True), warnings)
    codes = feature_codes(raw, chosen)
    shapes = gpd.GeoSeries(shapely.force_2d(raw.shapes), crs=crs)
    grids = gpd.GeoDataFrame({_CODE: codes}, geometry=shapes, crs=crs)
    repaired = repair(grids, gap_width_m=gap_width_m)
    table = raw.table.infer_objects()
    frame = gpd.GeoDataFrame(table, geometry=repaired.frame.geometry, crs=crs)
    is_known = raw.stated_crs is not None or not crs.is_projected or chosen.crs is not None
    stated = crs if is_known else None
    bare = gpd.GeoDataFrame(table, geometry=frame.geometry.to_numpy())
    write_features(frame if is_known else bare, out, raw.layer)
    return _report(repaired, raw, frame, "" if stated is None else stated.to_string(), warnings)


def require_target(path: Path, out: Path) -> None:
    """Refuse a new file that could not be written, or that is the old one.

    Raises
    ------
    ImportRefused
        ``unknown_file_type``, ``repair_same_file``.
    """
    if out.suffix.lower() not in ENDINGS:
        raise ImportRefused(
            "unknown_file_type", file=out.name, ending=out.suffix, known=list(ENDINGS)
        )
    if out.exists() and path.exists() and out.samefile(path):
        raise ImportRefused("repair_same_file", file=path.name)


def unpacked(raw: RawShapes) -> RawShapes:
    """Take a lone collection apart; a bare one has no attributes of its own worth keeping."""
    if len(raw.shapes) != 1 or shapely.get_type_id(raw.shapes)[0] != 7:  # noqa: PLR2004 - GEOS: GeometryCollection
        return raw
    members = shapely.get_parts(raw.shapes[0])
    table = pd.DataFrame(index=pd.RangeIndex(len(members)))
    return RawShapes(table, members, raw.stated_crs, raw.layer, raw.encoding)


def feature_codes(raw: RawShapes, options: PlaceOptions) -> "pd.Series[str]":
    """Give the code of each feature; its number where the file has none.

    Raises
    ------
    ImportRefused
        ``unknown_column``.
    """
    columns = [str(column) for column in raw.table.columns]
    if options.code is not None and options.code not in columns:
        raise ImportRefused("unknown_column", column=options.code, columns=columns)
    guess = suggest_columns(columns).get("code")
    column = options.code or (guess.column if guess is not None else None)
    told = [code_text(value)[0] for value in raw.table[column]] if column else []
    numbers = [str(k + 1) for k in range(len(raw.shapes))]
    codes = [code or number for code, number in zip(told or numbers, numbers, strict=True)]
    return pd.Series(codes, dtype=object)


def write_features(frame: gpd.GeoDataFrame, out: Path, layer: str) -> None:
    """Write features as the name's ending says; the file appears whole or not at all.

    Raises
    ------
    ImportRefused
        ``repair_not_written``.
    """
    ending = out.suffix.lower()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".gridbeat-") as folder:
        made = Path(folder) / out.name
        try:
            if ending == ".parquet":
                frame.to_parquet(made)
            else:
                further: dict[str, Any] = {"layer": layer or out.stem}
                if ending == ".fgb":
                    further["SPATIAL_INDEX"] = "NO"  # an index allows no empty shape
                elif ending != ".gpkg":
                    further["COORDINATE_PRECISION"] = 15
                with catch_warnings():
                    simplefilter("ignore", UserWarning)  # a file without CRS stays one
                    frame.to_file(made, driver=_DRIVERS[ending], engine="pyogrio", **further)
        except (DataSourceError, OSError, ValueError, RuntimeError) as error:
            raise ImportRefused("repair_not_written", file=out.name) from error
        os.replace(made, out)  # noqa: PTH105 - Path.replace says the same


def _report(
    repaired: Repaired,
    raw: RawShapes,
    frame: gpd.GeoDataFrame,
    crs: str,
    warnings: list[Caution],
) -> RepairReport:
    moved = repaired.moved
    change_m2 = float((moved["area_after_m2"] - moved["area_before_m2"]).sum())
    rows = tuple(
        {
            "code": row["grid_code"],
            **{
                name: round(float(row[name]), 4)
                for name in ("area_before_m2", "area_after_m2", "moved_m2")
            },
        }
        for row in moved.sort_values("moved_m2", ascending=False).to_dict("records")
    )
    found = suggest_columns([str(column) for column in raw.table.columns])
    named = {name: found[name].column for name in _COUNTS if name in found}
    sums = {
        column: {"before": _sum(raw.table[column]), "after": _sum(frame[column])}
        for column in named.values()
    }
    holes = tuple(round(float(m2), 4) for m2 in sorted(repaired.holes["area_m2"], reverse=True))
    return RepairReport(len(frame), holes, round(change_m2, 4), rows, sums, crs, tuple(warnings))


def _sum(column: "pd.Series[Any]") -> float:
    numbers = parse_numbers(pd.Series(column.astype(object).fillna("").astype(str), dtype="str"))
    return float(np.nansum(numbers))
