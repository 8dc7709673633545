"""Name why an edit is refused, and where.

Used by every module of `geo.edits`; `dashboard/text` turns the codes into sentences.
Knows nothing of languages and screens.
"""

from typing import Any

import shapely

from geo.errors import GeoError


class EditRefused(GeoError):  # noqa: N818 - the name says what happens to the edit
    """An edit that would break the tiling, or that means nothing on it.

    Attributes
    ----------
    code
        Machine word of the reason.
    fields
        Always `codes` (tuple of the grids concerned) and `place` (WKT in degrees, empty where
        there is none), and what the sentence of the code needs besides.
    """

    @property
    def codes(self) -> tuple[str, ...]:
        """The grids concerned."""
        return tuple(self.fields.get("codes", ()))

    @property
    def place(self) -> str:
        """Where it goes wrong: WKT in degrees, empty where there is no place."""
        return str(self.fields.get("place", ""))


def refused(
    code: str,
    codes: tuple[str, ...] = (),
    place: shapely.Geometry | None = None,
    **fields: Any,  # noqa: ANN401 - fields differ per code
) -> EditRefused:
    """Build a refusal with its grids and its place."""
    where = (
        ""
        if place is None or shapely.is_empty(place)
        else shapely.to_wkt(place, rounding_precision=8)
    )
    return EditRefused(code, codes=codes, place=where, **fields)
