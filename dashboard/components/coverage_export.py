"""Offer an answer about reach as files: GeoPackage, workbook, a map that stands alone.

Used by the coverage screen.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import streamlit as st

from dashboard.actions.coverage_files import CoverageSheets
from dashboard.cache import coverage as kept
from dashboard.components.coverage_how import about_texts
from dashboard.components.coverage_tables import post_name
from dashboard.maps.folium_map import render_html
from geo.crs import STORED_CRS

if TYPE_CHECKING:
    from dashboard.components.coverage_map import Proposal
    from dashboard.maps.layers import MapScene
    from dashboard.text import Words
    from dashboard.viewmodels.coverage import CoverageView
    from dashboard.viewmodels.town import Town

MIMES: Final = {
    "gpkg": "application/geopackage+sqlite3",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MAP_NOTES: Final = 4
HEADINGS: Final = (
    "gaps", "posts", "sites", "rank", "code", "name", "incidents", "hazards", "households",
    "area_m2", "posts_reaching", "nearest_post", "nearest_m", "place", "position", "state",
    "is_derived", "source", "lon", "lat", "about",
)  # fmt: skip


def offer_files(words: Words, sheets: CoverageSheets, scene: MapScene, title: str) -> None:
    """Show the buttons; a file is written when its button is pressed."""
    with st.container(horizontal=True):
        for ending, mime in MIMES.items():
            st.download_button(
                words(f"cover.save_{ending}"),
                data=partial(_file, sheets, ending),
                file_name=f"{words('cover.file')}.{ending}",
                mime=mime,
                on_click="ignore",
                key=f"coverage_{ending}",
            )
        notes = _notes(words, sheets)
        st.download_button(
            words("overview.save_map"),
            data=lambda: render_html(replace(scene, selected=None), title=title, notes=notes),
            file_name=f"{words('cover.file')}.html",
            mime="text/html",
            on_click="ignore",
            help=words("overview.save_map_help"),
            key="coverage_html",
        )


def _notes(words: Words, sheets: CoverageSheets) -> tuple[str, ...]:
    """Say below a map's title the shares, and the first sentences of how they came about."""
    shares = [f"{name} {told}" for name, told in sheets.about.items() if not name.isdecimal()]
    lines = [told for name, told in sheets.about.items() if name.isdecimal()]
    return (words("cover.joint").join(shares), *lines[:_MAP_NOTES])


def _file(sheets: CoverageSheets, ending: str) -> bytes:
    return kept.file(sheets, ending, datetime.now(UTC))


def sheets_of(
    words: Words,
    town: Town,
    shown: CoverageView,
    counts: str,
    proposal: Proposal | None,
    how: list[str],
) -> CoverageSheets:
    """Lay gaps, posts, proposed sites and the reached area out as layers."""
    layers = {"gaps": _gaps(words, town, shown, counts), "posts": _posts(words, shown)}
    if proposal is not None:
        layers["sites"] = _sites(words, proposal)
        layers["reach_after"] = _area(proposal[1])
    layers["reach"] = _area(shown)
    return CoverageSheets(
        layers=layers,
        headings={name: words(f"cover_heading.{name}") for name in HEADINGS},
        about=about_texts(words, shown, how),
    )


def _gaps(words: Words, town: Town, shown: CoverageView, counts: str) -> gpd.GeoDataFrame:
    gaps = shown.ranked(counts)
    near = [shown.nearest.get(str(code)) for code in gaps["code"]]
    gaps["posts_reaching"] = [shown.answer.grid_posts.get(str(code), 0) for code in gaps["code"]]
    gaps["nearest_post"] = [None if one is None else post_name(words, *one[:2]) for one in near]
    gaps["nearest_m"] = [None if one is None else one[2] for one in near]
    shapes = dict(zip(map(str, town.units.index), town.units.geometry, strict=True))
    found = np.array([shapes.get(str(code)) for code in gaps["code"]], dtype=object)
    return gpd.GeoDataFrame(gaps, geometry=found, crs=STORED_CRS)


def _posts(words: Words, shown: CoverageView) -> gpd.GeoDataFrame:
    table = pd.DataFrame(
        [
            (
                spot.place_name, words.label("position", spot.position),
                words(f"cover_post.{spot.state}"), spot.is_derived, spot.lon, spot.lat,
            )
            for spot in shown.spots
        ],
        columns=["place", "position", "state", "is_derived", "lon", "lat"],
    )  # fmt: skip
    points = gpd.points_from_xy(table["lon"], table["lat"])
    return gpd.GeoDataFrame(table, geometry=points, crs=STORED_CRS)


def _sites(words: Words, proposal: Proposal) -> gpd.GeoDataFrame:
    table = pd.DataFrame(
        [
            (number, site.code, site.name, words(f"site.source_{site.source}"), site.lon, site.lat)
            for number, site in enumerate(proposal[0].chosen, 1)
        ],
        columns=["rank", "code", "name", "source", "lon", "lat"],
    )
    points = gpd.points_from_xy(table["lon"], table["lat"])
    return gpd.GeoDataFrame(table, geometry=points, crs=STORED_CRS)


def _area(shown: CoverageView) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[shown.shape], crs=STORED_CRS)
