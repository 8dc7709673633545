"""Mount the live map: the only Python that does.

Used by screens that show a map.
Knows nothing of what the layers mean; the scene is packed by `dashboard.maps.live`.

The component's script is served as a file under its own name and hash, so a message carries the
scene alone. Streamlit finds such files by a `pyproject.toml` inside an installed distribution;
ours are registered by the same call directly, which also holds for an editable install.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from dashboard.maps.layers import MapView
from dashboard.maps.live import pack_apart
from dashboard.maps.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dashboard.maps.layers import Basemap, MapScene
    from dashboard.maps.live import Packed

__all__ = ["MapEvent", "last_event", "map_panel", "mount_grounds", "mount_packed", "mounted"]

_PACKAGE = "gridbeat"
_COMPONENT = "livemap"
_NAME = f"{_PACKAGE}.{_COMPONENT}"
_LIVEMAP = Path(__file__).resolve().parent.parent / "livemap"


@dataclass(frozen=True, slots=True)
class MapEvent:
    """Say what the user did on the map.

    Attributes
    ----------
    selected
        Code of the selected area; None: none.
    view
        What the window shows, EPSG:4326. None until the zoom first reaches a cluster layer's
        `points_from_zoom`; told then after each move, and once more when it falls below.
    picked
        Record id of the point just clicked; None in every other run.
    place
        Longitude and latitude (EPSG:4326) of the last click, where the scene asks for a place.
    """

    selected: str | None = None
    view: MapView | None = None
    picked: str | None = None
    place: tuple[float, float] | None = None


def map_panel(scene: MapScene, *, key: str, height: int = 600) -> MapEvent:
    """Show a scene on the live map and give what the user did there.

    Parameters
    ----------
    scene
        What to show. The same key keeps view, selection and layer switches over every rerun.
    key
        Names this map in the page.
    height
        Pixels.
    """
    return mount_packed(pack_apart(scene, height_px=height), scene.basemap, key=key)


def mount_packed(packed: Packed, basemap: Basemap, *, key: str) -> MapEvent:
    """Show a scene that was packed before (`pack_apart`), as `map_panel` does."""
    mount_grounds(packed.grounds, key=key)
    result = mounted()(
        key=key,
        data=packed.scene,
        height="content",
        on_selected_change=_nothing,
        on_view_change=_nothing,
        on_picked_change=_nothing,
        on_placed_change=_nothing,
    )
    return _read(result, basemap)


def mount_grounds(grounds: Sequence[bytes], *, key: str) -> None:
    """Bring shapes into the page, unseen; Streamlit sends the same bytes once only."""
    with st.container(key=f"map_ground_{key}"):
        for name, ground in zip((key, f"{key}_edited"), grounds, strict=False):
            mounted()(key=f"{name}_ground", data=ground, height=1)


def last_event(key: str, basemap: Basemap) -> MapEvent:
    """Give what the user did on the map of this key, before it is mounted in this run.

    A screen that sends the points of the view asks here what the view is, builds the scene, and
    mounts it: so the points arrive in the same run that heard of the move.
    """
    # the panel's own state, under its own key; everything else goes through dashboard/session.py
    return _read(st.session_state.get(key), basemap)  # noqa: TID251


def _read(state: object, basemap: Basemap) -> MapEvent:
    """Read what the browser told; anything of another form counts as nothing."""
    if not isinstance(state, Mapping):
        return MapEvent()
    selected, picked, told = (state.get(name) for name in ("selected", "picked", "view"))
    view: MapView | None = None
    edges = ("west", "south", "east", "north", "zoom")
    if isinstance(told, Mapping) and all(
        isinstance(told.get(edge), int | float) and math.isfinite(told[edge]) for edge in edges
    ):
        view = Window(basemap).back(MapView(*(float(told[edge]) for edge in edges)))
    return MapEvent(
        selected=selected if isinstance(selected, str) else None,
        view=view,
        picked=picked if isinstance(picked, str) else None,
        place=_place(state.get("placed"), basemap),
    )


def _place(told: object, basemap: Basemap) -> tuple[float, float] | None:
    if not isinstance(told, list | tuple) or len(told) != 2:  # noqa: PLR2004 - longitude, latitude
        return None
    if not all(isinstance(v, int | float) and math.isfinite(v) for v in told):
        return None
    lon, lat = float(told[0]), float(told[1])
    there = Window(basemap).back(MapView(lon, lat, lon, lat, 0.0))
    return there.west, there.south


def mounted() -> Callable[..., Any]:
    """Make the component's files known to this runtime, and give its mounting command.

    Used here and by `dashboard.components.wall_mount`: the wall is drawn by the same files.
    """
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(_NAME) is None:
        parts = [ComponentConfig(name=_COMPONENT, asset_dir="dist")]
        manager.register_from_manifest(ComponentManifest(_PACKAGE, "1", parts), _LIVEMAP)
    return _declared()


@cache
def _declared() -> Callable[..., Any]:
    declared: Callable[..., Any] = st.components.v2.component(
        _NAME, js="livemap-*.js", isolate_styles=False
    )
    return declared


def _nothing() -> None:
    """Be the callback that Streamlit asks for to know a state by name."""
