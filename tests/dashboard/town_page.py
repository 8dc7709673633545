"""The page that the browser tests open: the made-up town on the live map."""

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).resolve().parent))

import town_scene

from dashboard.components.map_panel import last_event, map_panel
from dashboard.maps.layers import Basemap

st.set_page_config(layout="wide")
upper = st.container()  # the map stands above its controls, whole in the window
language = "zh" if st.query_params.get("lang") == "zh" else "en"
if st.toggle("Chinese"):
    language = "zh"
method = st.radio("method", ["quantile", "equal"], horizontal=True)
pick = st.text_input("pick a grid") or None
is_shown = st.checkbox("map", value=True)
st.button("again")
if is_shown:
    before = last_event("town", Basemap())
    with upper:
        town = town_scene.scene(method, language, before.view, pick)
        event = map_panel(town, key="town", height=560)
    upper.text(
        f"selected={event.selected} picked={event.picked} zoom={event.view and event.view.zoom}"
    )
