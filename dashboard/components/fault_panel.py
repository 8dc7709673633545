"""Show boundary faults on a map and in a table.

Used by the data-quality screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard.components.fault_map import fault_scene
from dashboard.components.formats import whole
from dashboard.components.map_panel import map_panel
from dashboard.components.overview_map import basemap_of
from dashboard.components.quality_rows import fault_rows
from dashboard.components.repair_step import store_repairs
from dashboard.components.tables import table

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.quality import BoundaryFaults
    from dashboard.viewmodels.town import Town

MAP_PX: Final = 500


def show_faults(words: Words, town: Town, found: BoundaryFaults) -> None:
    """Show the faults of a day's base grids."""
    if found.frame.empty:
        st.success(words("quality.no_faults", n=whole(found.features)))
        return
    st.caption(words("quality.faults", n=whole(len(found.frame)), features=whole(found.features)))
    left, right = st.columns((1.2, 1), gap="medium")
    with right:
        rows = fault_rows(words, found.frame)
        table(words, rows, ("fault", "codes", "area_m2", "detail"), key="quality_faults")
    with left:
        scene = fault_scene(town, found, words, basemap_of(cache.config()))
        map_panel(scene, key="fault_map", height=MAP_PX)
    st.caption(words("quality.faults_note"))
    store_repairs(words, town.as_of)
