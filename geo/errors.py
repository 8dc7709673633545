"""Name what is wrong with a frame, a CRS, a tiling or a datum, in codes and fields.

Used by every module of geo; `dashboard/text` turns the codes into sentences.
Knows nothing of languages, files or screens.
"""

from typing import Any


class GeoError(Exception):
    """An expected fault of the input.

    Parameters
    ----------
    code
        Machine word of the fault, such as ``"no_crs"``; the text catalogue has one sentence for it.
    **fields
        What the sentence needs: counts, codes, names of columns, both sides of a mismatch.
    """

    def __init__(self, code: str, **fields: Any) -> None:  # noqa: ANN401 - fields differ per code
        super().__init__(code)
        self.code = code
        self.fields = fields

    def __str__(self) -> str:
        """Code and fields, for logs and test output; never shown to a user."""
        listed = ", ".join(f"{name}={value!r}" for name, value in self.fields.items())
        return f"{self.code} ({listed})" if listed else self.code

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling, as worker processes need."""
        return (type(self), (self.code,), {"fields": self.fields})


class FrameError(GeoError):
    """A frame breaks its schema: missing columns, wrong types, no coordinates."""


class CrsError(GeoError):
    """A CRS is missing or is not the expected one; fields `expected` and `got`."""

    @property
    def expected(self) -> str:
        """The CRS that was asked for."""
        return str(self.fields.get("expected", ""))

    @property
    def got(self) -> str:
        """The CRS that came; empty where none was stated."""
        return str(self.fields.get("got", ""))


class TilingError(GeoError):
    """A set of grids cannot be worked on as a tiling."""


class DatumError(GeoError):
    """A datum cannot be converted or audited."""
