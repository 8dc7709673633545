"""Say how things on a map are drawn and explained: classes, kinds, lines, legends.

Used by `dashboard.maps.layers`, which hands the same names on, and by both renderers.
Knows nothing of geometries, Streamlit and folium.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dashboard.theme import NO_BASE_COLOUR, Shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["NO_BASE", "Classes", "Legend", "LegendEntry", "LineStyle", "PointKind", "WallLook"]

NO_BASE = -1  # class index of a shape whose measure has no base (NaN)


@dataclass(frozen=True, slots=True)
class Classes:
    """Divide a measure into shaded classes.

    Attributes
    ----------
    title
        What is measured, with its unit ("Incidents per 1,000 residents").
    breaks
        n + 1 rising edges of n classes. A class holds its lower edge and not its upper one; the
        last class holds both. Values outside the edges belong to the nearest class.
    colours
        n colours, "#rrggbb".
    labels
        n texts of the legend ("1–4").
    marks
        n letters, shown beside colours so that colour is never alone.
    has_zero
        True when the first class holds exactly the zeros: a positive value never falls into it.
    no_base_label, no_base_colour
        Text and colour of shapes whose measure has no base (NaN); they are hatched.
    """

    title: str
    breaks: tuple[float, ...]
    colours: tuple[str, ...]
    labels: tuple[str, ...]
    marks: tuple[str, ...]
    has_zero: bool
    no_base_label: str
    no_base_colour: str = NO_BASE_COLOUR

    def __post_init__(self) -> None:
        n = len(self.colours)
        if len(self.breaks) != n + 1 or len(self.labels) != n or len(self.marks) != n:
            raise ValueError("classes need n colours, labels and marks, and n + 1 breaks")
        if any(low >= high for low, high in zip(self.breaks, self.breaks[1:], strict=False)):
            raise ValueError("breaks must rise")

    def index(self, values: NDArray[np.float64]) -> NDArray[np.int8]:
        """Give the class of each value, `NO_BASE` (-1) for NaN."""
        edges = np.asarray(self.breaks, dtype=np.float64)
        found = np.searchsorted(edges, values, side="right") - 1
        found = np.clip(found, 0, len(self.colours) - 1)
        if self.has_zero and len(self.colours) > 1:
            found = np.where((values > 0) & (found == 0), 1, found)
        return np.where(np.isnan(values), NO_BASE, found).astype(np.int8)


@dataclass(frozen=True, slots=True)
class LineStyle:
    """Draw a line: "#rrggbb", width and dashes in screen pixels (no dashes: a full line)."""

    colour: str = "#8a8f98"
    width_px: float = 1.0
    dash_px: tuple[float, ...] = ()
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class PointKind:
    """Name one kind of point and how it is drawn."""

    label: str
    colour: str
    shape: Shape = Shape.CIRCLE


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """Explain one sign: its text, colour, shape ("fill", "hatch", "line" or a `Shape`) and mark."""

    label: str
    colour: str
    shape: str = "fill"
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Legend:
    """Explain the signs of one layer; shown while that layer is (`layer_id` empty: always)."""

    title: str
    entries: tuple[LegendEntry, ...]
    layer_id: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class WallLook:
    """Draw a map on a wall: no controls, light on dark, sizes in pixels of the wall's canvas.

    Attributes
    ----------
    ink, halo, edge
        Colours of texts, of what surrounds them, and of the borders of areas.
    text_px, edge_px, disc_px
        Height of texts, width of borders, radius of counted discs.
    fill_opacity
        How much of what lies below a shaded area hides, 0 to 1.
    scenes
        Scene of the wall's round → ids of the layers that it shows; layers of none always show.
    """

    ink: str
    halo: str
    edge: str
    text_px: int
    edge_px: int
    disc_px: int
    fill_opacity: float
    scenes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
