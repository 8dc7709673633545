"""The page that the tests of the edit mode open: a made-up plan, its edits kept in the session.

Edits are applied by `geo.edits` where the drawing moves vertices, merges, splits, transfers or
redraws; `?refuse=1` refuses every second one; `?slow=1` answers late; `?size=30x20` is a city.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import shapely
import streamlit as st

sys.path.insert(0, str(Path(__file__).resolve().parent))

import geopandas as gpd
import plan_scene

from dashboard.components.plan_map import editor_words, last_drawn, plan_map
from dashboard.maps.drawing import Ground, edit_of
from dashboard.maps.editing import Refusal, shared_vertices
from dashboard.maps.layers import Basemap
from dashboard.text import Words
from geo.edits.applying import EditRefused, apply
from geo.edits.tiling import open_tiling
from geo.edits.values import to_json

st.set_page_config(layout="wide")
told = st.query_params
language = "zh" if told.get("lang") == "zh" else "en"
columns, rows = map(int, told.get("size", "6x4").split("x"))
steps = int(told.get("steps", str(plan_scene.SIDE)))
held = st.session_state  # noqa: TID251 - the test's own page
if "tiling" not in held:
    codes, shapes = plan_scene.town(columns, rows, steps)
    names = [f"Grid {code}" for code in codes]
    columns_of = {"grid_code": codes, "name": names, "parent_code": ["P"] * len(codes)}
    held.tiling = open_tiling(gpd.GeoDataFrame(columns_of, geometry=shapes, crs=4326))
    held.log, held.undone, held.answered, held.refused, held.said = [], [], 0, None, ""
    held.points = plan_scene.counted(4000, columns, rows) if columns < 10 else None
basemap = Basemap()
pieces = plan_scene.compounds(columns, rows) if told.get("pieces") else None


def act(drawn, ground):
    edit = edit_of(drawn, ground, lambda code: (f"{code}-2", f"{code} new"))
    if edit is not None:
        held.said = json.dumps(to_json(edit))
        if told.get("refuse") and len(held.log) % 2 == int(told["refuse"]) - 1:
            held.log.append(None)
            return Refusal(drawn.seq, "No: the house says no." if language == "en" else "不行。")
        done = apply(held.tiling, edit)
        held.log.append(held.tiling)
        held.undone.clear()
        held.tiling = done.tiling
    elif drawn.op == "undo" and held.log:
        held.undone.append(held.tiling)
        held.tiling = held.log.pop()
    elif drawn.op == "redo" and held.undone:
        held.log.append(held.tiling)
        held.tiling = held.undone.pop()
    return None


drawn = last_drawn("plan")
if drawn is not None and drawn.seq > held.answered:
    vertices = shared_vertices(held.tiling.codes, held.tiling.shapes)
    named = dict(zip(*pieces, strict=True)) if pieces else {}
    try:
        held.refused = act(drawn, Ground(vertices, basemap, named))
    except EditRefused as fault:
        held.refused = Refusal(drawn.seq, f"{fault.code} {fault.codes}")
    held.answered = drawn.seq
    time.sleep(float(told.get("slow", "0")))
started = time.perf_counter()
event = plan_map(
    plan_scene.scene(
        held.tiling.codes,
        list(held.tiling.shapes),
        editor_words(Words(language)),
        language,
        locked=held.tiling.locked,
        answered=held.answered,
        refused=held.refused,
        size=(columns, rows),
        points=held.points,
        pieces=pieces,
        basemap=basemap,
    ),
    key="plan",
    height=620,
)
total = shapely.area(np.asarray(held.tiling.shapes)).sum()
st.text(f"selected={event.selected} grids={len(held.tiling.codes)} area={total:.15e}")
st.text(f"answered={held.answered} refused={held.refused and held.refused.text}")
st.text(f"said={held.said}")
st.text(f"locked={','.join(sorted(held.tiling.locked))}")
st.text(f"packed_s={time.perf_counter() - started:.3f}")
st.button("again")
