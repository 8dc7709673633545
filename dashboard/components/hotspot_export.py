"""Offer a hotspot answer as a GeoPackage, as one printed page and as a picture.

Used by the hotspot screen. Each file is made when it is asked for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dashboard import cache
from dashboard.actions.hotspot_files import hotspot_file
from dashboard.cache import hotspots as answers
from dashboard.components.formats import moment
from dashboard.components.hotspot_map import shades_of
from dashboard.components.hotspot_proof import proof_lines
from dashboard.components.hotspot_words import (
    heading,
    left_apart,
    report_lines,
    table_columns,
    table_rows,
    warning_lines,
)
from dashboard.maps.layers import NO_BASE
from dashboard.printing.hotspot_picture import PictureText, hotspot_png
from dashboard.printing.hotspot_sheet import MOST_ROWS, CellMap, HotspotSheet, hotspot_sheet
from dashboard.printing.page import Imprint
from dashboard.viewmodels.hotspots_why import proved_method
from data.analysis.hotspots import FILE_COLUMNS
from data.errors import DataError
from geo.errors import GeoError
from geo.proof.backtest import COUNT

if TYPE_CHECKING:
    from dashboard.printing.page import Colour
    from dashboard.text import Words
    from dashboard.viewmodels.hotspots import HotspotView
    from dashboard.viewmodels.town import Town


def export_buttons(words: Words, town: Town, view: HotspotView) -> None:
    """Show the three buttons."""
    name = words("hotspot.file")
    st.download_button(
        words("hotspot.save_gpkg"),
        data=lambda: gpkg_of(view),
        file_name=f"{name}.gpkg",
        mime="application/geopackage+sqlite3",
        on_click="ignore",
        key="hotspot_gpkg",
    )
    st.download_button(
        words("hotspot.save_pdf"),
        data=lambda: pdf_of(words, town, view),
        file_name=f"{name}.pdf",
        mime="application/pdf",
        on_click="ignore",
        key="hotspot_pdf",
    )
    st.download_button(
        words("hotspot.save_png"),
        data=lambda: png_of(words, town, view),
        file_name=f"{name}.png",
        mime="image/png",
        on_click="ignore",
        key="hotspot_png",
    )


def gpkg_of(view: HotspotView) -> bytes:
    """Write every cell, EPSG:4326, with the method's columns and the report; log it."""
    cells = view.answer.degrees()
    kept = [name for name in FILE_COLUMNS if name in cells.columns]
    cells = cells[["cell_id", "name", *kept, "geometry"]]
    now = datetime.now(UTC)
    return hotspot_file(cache.database(), cache.viewer(), cells, view.answer.report, now)


def pdf_of(words: Words, town: Town, view: HotspotView) -> bytes:
    """Write the printed page."""
    return hotspot_sheet(sheet_of(words, town, view), _imprint(words))


def png_of(words: Words, town: Town, view: HotspotView) -> bytes:
    """Draw the map."""
    title = words(f"hotspot_method.{view.method.value}")
    text = PictureText(title, heading(words, view.answer), _foot(words))
    return hotspot_png(cell_map(words, town, view), text)


def sheet_of(words: Words, town: Town, view: HotspotView) -> HotspotSheet:
    """Put an answer into the words of its printed page."""
    columns = table_columns(view)
    answer = view.answer
    apart = (left_apart(words, answer), *warning_lines(words, answer.report["warnings"]))
    method = view.method.value
    return HotspotSheet(
        title=words(f"hotspot_method.{method}"),
        heading=heading(words, answer),
        line=words(f"hotspot_method_line.{method}"),
        map=cell_map(words, town, view),
        table_title=words("hotspot.table_title"),
        headers=tuple(words(f"column.{name}") for name in columns),
        rows=tuple(
            tuple(str(row[name]) for name in columns) for row in table_rows(words, view, MOST_ROWS)
        ),
        proof=tuple(line for line in (*apart, *_proof(words, view)) if line),
        how=words("hotspot.how"),
        report=(words("hotspot.description"), *report_lines(words, answer.report)),
    )


def _proof(words: Words, view: HotspotView) -> tuple[str, ...]:
    """Tell how the ranking would have done, or why nobody can say."""
    method = proved_method(view.method).value
    try:
        found = answers.proof(view.answer.question, tuple(dict.fromkeys((method, COUNT))))
    except (DataError, GeoError) as error:
        return (words("hotspot_proof.none", why=words.error(error.code, error.fields)),)
    return proof_lines(words, found, method)


def cell_map(words: Words, town: Town, view: HotspotView) -> CellMap:
    """Give the drawn cells in their colours: the lowest first, so that the highest lie on top."""
    shades = shades_of(view, words)
    classes = shades.classes
    index = classes.index(shades.at)
    colours = [_rgb(colour) for colour in classes.colours]
    bare = _rgb(classes.no_base_colour)
    shapes = view.shapes(view.drawn)
    cells = [
        (shape, bare if at == NO_BASE else colours[at])
        for shape, at in zip(shapes, index.tolist(), strict=True)
    ]
    legend = list(zip(classes.labels, colours, strict=True))
    if bool(np.any(index == NO_BASE)):
        legend.append((classes.no_base_label, bare))
    area = town.area(view.answer.question.area)
    units = () if town.is_empty else tuple(town.units.geometry.to_numpy()[town.in_area(area)])
    return CellMap(tuple(reversed(cells)), units, tuple(legend), classes.title)


def _imprint(words: Words) -> Imprint:
    return Imprint(
        title=words("page.hotspots"),
        language=words.language,
        foot=_foot(words),
        page_text=words("hotspot.page_of", page="{page}", pages="{pages}"),
        made_at=datetime.now(UTC),
    )


def _foot(words: Words) -> str:
    about = cache.facts()
    made = moment(datetime.now(UTC), about.tz)
    return words("hotspot.foot", store=about.store, made=made)


def _rgb(colour: str) -> Colour:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
