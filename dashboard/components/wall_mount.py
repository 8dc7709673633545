"""Mount the wall: its board and its map, both drawn over the whole page by the live map's files.

Used by the wall screen.
Knows nothing of what stands on the board. The browser keeps one wall for a page, whatever Streamlit
does with the two mounts, so that neither a rerun nor a restart of the server makes it flicker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard.components.map_panel import mount_grounds, mounted
from dashboard.maps.live import pack_apart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboard.maps.layers import MapScene
    from dashboard.maps.live import Packed

BOARD_KEY: Final = "wall_board"
MAP_KEY: Final = "wall_map"
_STYLE: Final = """<style>
header, [data-testid="stHeader"], [data-testid="stSidebar"], [data-testid="stToolbar"],
[data-testid="stStatusWidget"], [data-testid="stDecoration"] {display: none !important}
.stApp, body {background: #04101f}
.stMainBlockContainer {padding: 0; max-width: none}
html, body, [data-testid="stMain"] {overflow: hidden}
#root {visibility: hidden}
</style>"""


def strip_page() -> None:
    """Take everything off the page that is not the wall."""
    st.html(_STYLE)


def packed(scene: MapScene) -> Packed:
    """Pack a scene once; the same bytes are sent at every beat, and sent again only if changed."""
    return pack_apart(scene)


def mount_board(value: Mapping[str, Any]) -> None:
    """Show a board's value (`dashboard.components.wall_board`)."""
    mounted()(key=BOARD_KEY, data={"board": dict(value)}, height=1)


def mount_map(scene: Packed) -> None:
    """Show a packed scene in the wall's middle; only one with a wall's look is drawn there."""
    mount_grounds(scene.grounds, key=MAP_KEY)
    mounted()(key=MAP_KEY, data=scene.scene, height=1)
