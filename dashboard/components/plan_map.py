"""Mount the live map in its edit mode, and give what was drawn on it.

Used by the planner's screen.
Knows nothing of plans and of the store; the scene is packed by `dashboard.maps.live`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.components.map_panel import last_event, mount_grounds, mounted
from dashboard.maps.drawing import read_drawing
from dashboard.maps.live import pack_apart

if TYPE_CHECKING:
    from dashboard.maps.drawing import Drawn
    from dashboard.maps.layers import MapScene, MapView
    from dashboard.text import Words

__all__ = ["PlanEvent", "editor_words", "last_drawn", "plan_map"]

_KEYS: Final = (
    "toolbar",
    "select",
    "move",
    "border",
    "transfer",
    "split",
    "merge",
    "lock",
    "outer",
    "undo",
    "redo",
    "finish",
    "cancel",
    "again",
    "discard",
    "tip_select",
    "tip_move",
    "tip_border",
    "tip_transfer",
    "tip_split",
    "tip_merge",
    "tip_lock",
    "tip_outer",
    "tip_undo",
    "tip_redo",
    "hint_look",
    "hint_select",
    "hint_move",
    "hint_zoom",
    "hint_outer",
    "hint_locked",
    "hint_unsent",
    "hint_border",
    "hint_outer_line",
    "hint_split",
    "hint_line",
    "hint_transfer",
    "hint_lasso",
    "hint_taker",
    "hint_merge",
    "hint_merge_now",
    "hint_lock",
    "handle_of",
    "points_drawn",
    "pieces_picked",
    "grids_picked",
    "taker_is",
    "waiting",
    "said_done",
    "refused_changed",
    "refused_silence",
    "refused_no_pair",
    "refused_no_grid",
    "refused_one_grid",
)


@dataclass(frozen=True, slots=True)
class PlanEvent:
    """Say what the user did on the map.

    Attributes
    ----------
    selected, view, picked
        As of `map_panel.MapEvent`.
    drawn
        What was drawn and sent just now; None in every other run.
    """

    selected: str | None = None
    view: MapView | None = None
    picked: str | None = None
    drawn: Drawn | None = None


def editor_words(words: Words) -> dict[str, str]:
    """Give the texts of the edit tools, for `dashboard.maps.editing.Editor`."""
    return {key: words(f"plan_map.{key}") for key in _KEYS}


def plan_map(scene: MapScene, *, key: str, height: int = 640) -> PlanEvent:
    """Show a scene with an `editor` on the live map and give what the user did there.

    Parameters
    ----------
    scene
        What to show. The same key keeps view, selection, tool and unfinished drawings over reruns.
    key
        Names this map in the page.
    height
        Pixels.
    """
    packed = pack_apart(scene, height_px=height)
    mount_grounds(packed.grounds, key=key)
    mounted()(
        key=key,
        data=packed.scene,
        height="content",
        on_selected_change=_nothing,
        on_view_change=_nothing,
        on_picked_change=_nothing,
        on_placed_change=_nothing,
        on_edited_change=_nothing,
    )
    told = last_event(key, scene.basemap)
    return PlanEvent(told.selected, told.view, told.picked, last_drawn(key))


def last_drawn(key: str) -> Drawn | None:
    """Give what was just drawn on the map of this key, before it is mounted in this run.

    So the edit is applied first and the map is mounted once, with its result.
    """
    # the panel's own state, under its own key; everything else goes through dashboard/session.py
    state = st.session_state.get(key)  # noqa: TID251
    return read_drawing(state.get("edited")) if isinstance(state, Mapping) else None


def _nothing() -> None:
    """Be the callback that Streamlit asks for to know a state by name."""
