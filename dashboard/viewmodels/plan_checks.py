"""List what stands against a plan: faults of its tiling, bands, posts and members, each in a place.

Used by the planner's list of checks and its publishing view. Knows nothing of languages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from data.planning.publishing import check_plan, plan_warnings
from geo.districting.balance import BandState
from geo.tiling import FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry
    from sqlalchemy.orm import Session

    from data.analysis.impact import Impact
    from data.analysis.impact import PlanCheck as ToSettle
    from data.analysis.plan_figures import PlanFigures
    from data.planning.opening import OpenPlan
    from data.viewer import Viewer

FAULTS: Final = tuple(kind.value for kind in FaultKind)
KINDS: Final = (
    *FAULTS,
    "households_under",
    "households_over",
    "load_under",
    "load_over",
    "grid_without_officer",
    "grid_without_member",
    "post_without_grid",
    "community_without_grid",
    "thing_without_grid",
)
"""Kinds of findings, in the order in which they are listed."""
_TOLD_ONLY: Final = frozenset({FaultKind.MULTIPART.value})


@dataclass(frozen=True, eq=False)
class Finding:
    """One thing that stands against a plan.

    Attributes
    ----------
    kind
        One of `KINDS`.
    is_new
        It was not there before the plan.
    is_refused
        Publishing is refused because of it.
    codes
        Grids concerned.
    place
        Where it is, EPSG:4326; None where it has no place.
    fields
        Facts: `area_m2`, `width_m` of faults; `value` of bands (households; share off the mean).
    settles
        What is to be settled about posts and things.
    """

    kind: str
    is_new: bool
    is_refused: bool
    codes: tuple[str, ...]
    place: BaseGeometry | None
    fields: Mapping[str, Any]
    settles: ToSettle | None = None


@dataclass(frozen=True, eq=False)
class PlanFindings:
    """All findings of a plan: new ones first, then by kind.

    Attributes
    ----------
    grids
        Of the plan, EPSG:4326.
    warnings
        Codes and fields of what publishing would tell, see `plan_warnings`.
    """

    findings: tuple[Finding, ...]
    grids: gpd.GeoDataFrame
    warnings: tuple[tuple[str, dict[str, object]], ...]
    is_publishable: bool

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Count by kind: all, and the new ones; kinds without a finding stand at 0."""
        found = dict.fromkeys(KINDS, (0, 0))
        for finding in self.findings:
            every, new = found[finding.kind]
            found[finding.kind] = (every + 1, new + int(finding.is_new))
        return found


def build_findings(
    session: Session,
    viewer: Viewer,
    opened: OpenPlan,
    figures: tuple[PlanFigures, PlanFigures],
    impact: Impact,
) -> PlanFindings:
    """Check a plan whole.

    Parameters
    ----------
    figures
        Of the grids that the plan replaces, and of its own.
    impact
        What it changes, see `data.analysis.impact`.
    """
    check = check_plan(session, viewer, opened)
    grids = opened.tiling.frame()
    shapes = dict(zip(grids["grid_code"], grids.geometry, strict=True))
    new = {_sign(row) for row in check.new.to_dict("records")}
    found = [
        Finding(
            kind=str(row["kind"]),
            is_new=_sign(row) in new,
            is_refused=_sign(row) in new and row["kind"] not in _TOLD_ONLY,
            codes=tuple(map(str, row["codes"])),
            place=_place(row["geometry"], row["codes"], shapes),
            fields={"area_m2": float(row["area_m2"]), "width_m": float(row["width_m"])},
        )
        for row in check.faults.frame.to_dict("records")
    ]
    found += _bands(figures, shapes)
    found += [_settled(each, shapes, impact) for each in impact.checks]
    order = {kind: rank for rank, kind in enumerate(KINDS)}
    found.sort(key=lambda each: (not each.is_refused, not each.is_new, order[each.kind]))
    return PlanFindings(
        findings=tuple(found),
        grids=grids,
        warnings=plan_warnings(session, viewer, opened, check),
        is_publishable=check.is_publishable,
    )


def _sign(row: Mapping[Any, Any]) -> tuple[str, tuple[str, ...], str]:
    shape = row["geometry"]
    at = "" if shape is None else shapely.to_wkt(shape, rounding_precision=9)
    return str(row["kind"]), tuple(row["codes"]), at


def _place(
    shape: BaseGeometry | None, codes: Iterable[str], shapes: Mapping[str, BaseGeometry]
) -> BaseGeometry | None:
    """Give the fault's own shape, or the first grid it concerns."""
    if shape is not None and not shape.is_empty:
        return shape
    return next((shapes[code] for code in codes if code in shapes), None)


def _bands(
    figures: tuple[PlanFigures, PlanFigures], shapes: Mapping[str, BaseGeometry]
) -> list[Finding]:
    """List the grids out of a band; new where the same code was not out of it on the same side."""
    before, after = figures
    found = []
    for name, column in (("households", "households"), ("load", "load_deviation")):
        states = after.columns[f"{name}_state"]
        known = dict(zip(before.codes, before.columns[f"{name}_state"], strict=True))
        for state in (BandState.UNDER, BandState.OVER):
            for row in np.flatnonzero(states == state).tolist():
                code = str(after.codes[row])
                found.append(
                    Finding(
                        kind=f"{name}_{state.value}",
                        is_new=known.get(code) != state,
                        is_refused=False,
                        codes=(code,),
                        place=shapes.get(code),
                        fields={"value": float(after.columns[column][row])},
                    )
                )
    return found


def _settled(check: ToSettle, shapes: Mapping[str, BaseGeometry], impact: Impact) -> Finding:
    """Put what is to be settled where the grid, its heir or its community lies."""
    if check.code.startswith("grid_without"):
        codes: tuple[str, ...] = (check.subject,)
        is_new = bool(check.fields["is_new"])
    elif check.code == "thing_without_grid":
        lost = impact.moves[
            (impact.moves["to_grid"] == "") & (impact.moves["thing"] == check.subject)
        ]
        codes, is_new = tuple(sorted({str(code) for code in lost["from_grid"] if code})), True
    else:
        heir = check.fields.get("heir")
        codes, is_new = ((str(heir),) if heir else ()), True
    place = next((shapes[code] for code in codes if code in shapes), None)
    return Finding(check.code, is_new, False, codes, place, dict(check.fields), check)
