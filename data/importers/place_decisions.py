"""Propose a repair for each boundary fault of a file or of the store, and write what was decided.

Used by the command line (`gridbeat repair grids --propose / --decide`) and the repair screens.
Knows nothing of screens, and writes no store: the repaired tiling is a file. The file's own CRS,
rows, ids and other attributes stay as they are (`geo.repairs`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from data.errors import ImportRefused
from data.frames import grids_frame, places_frame
from data.importers.boundaries import read_raw, shapes_crs
from data.importers.place_columns import PlaceOptions, count_of, suggest_columns
from data.importers.place_files import shape_options
from data.importers.place_repair import feature_codes, require_target, unpacked, write_features
from data.importers.report import Caution
from data.viewer import Viewer
from data.vocabulary import PlaceLevel
from geo.crs import require_crs
from geo.repairs import (
    Decision,
    RepairOptions,
    RepairOutcome,
    RepairProposal,
    Verdict,
    apply_repairs,
    propose_repairs,
)

COUNTS: Final = ("households", "residents")
_CODE: Final = "grid_code"


@dataclass(frozen=True)
class GridsToRepair:
    """A set of boundaries with a proposal for each of its faults.

    Attributes
    ----------
    name, layer
        Of the file; of the store ``grids``.
    grids
        `grid_code`, counts (whole numbers, None where unknown) and shapes in their own CRS.
    table
        Every attribute of every feature, as the file has it.
    columns
        Count → column of `table`.
    crs
        Of the file or declared; empty where only assumed, and then the new file states none either.
    """

    name: str
    layer: str
    grids: gpd.GeoDataFrame
    table: pd.DataFrame
    columns: Mapping[str, str]
    crs: str
    rules: RepairOptions
    proposals: tuple[RepairProposal, ...]
    warnings: tuple[Caution, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the document that `read_decisions` takes back with `decision` filled in."""
        return {
            "file": self.name,
            "features": len(self.grids),
            "crs": self.crs,
            "gap_width_m": self.rules.gap_width_m,
            "kinds": {},
            "proposals": [_proposal_json(one) for one in self.proposals],
            "warnings": [warning.as_json() for warning in self.warnings],
        }


def propose_file(
    path: Path, options: PlaceOptions | None = None, *, gap_width_m: float = 1.0
) -> GridsToRepair:
    """Read a file of grids and propose a repair for each fault; nothing is written.

    Codes, CRS and lone collections are read as by `repair_file`; codes may repeat.

    Raises
    ------
    ImportRefused
        Those of reading the file; ``unknown_column``.
    """
    chosen = options or PlaceOptions()
    raw = unpacked(read_raw(path, shape_options(chosen, is_trial=True)))
    warnings: list[Caution] = []
    crs = shapes_crs(raw, shape_options(chosen, is_trial=True), warnings)
    shapes = gpd.GeoSeries(shapely.force_2d(raw.shapes), crs=crs)
    columns = _count_columns(raw.table, chosen)
    counts = {
        name: pd.Series([count_of(cell)[0] for cell in raw.table[column]], dtype=object)
        for name, column in columns.items()
    }
    grids = gpd.GeoDataFrame({_CODE: feature_codes(raw, chosen), **counts}, geometry=shapes)
    rules = RepairOptions(gap_width_m=gap_width_m, counts=COUNTS)
    is_known = raw.stated_crs is not None or chosen.crs is not None
    return GridsToRepair(
        name=path.name,
        layer=raw.layer,
        grids=grids,
        table=raw.table.infer_objects(),
        columns=columns,
        crs=crs.to_string() if is_known else "",
        rules=rules,
        proposals=propose_repairs(grids, rules),
        warnings=tuple(warnings),
    )


def propose_store(
    session: Session, viewer: Viewer, *, as_of: date | None = None, gap_width_m: float = 1.0
) -> GridsToRepair:
    """Propose a repair for each fault of the store's base grids of a day, within communities.

    Parameters
    ----------
    as_of
        The day; None is today in Asia/Shanghai.
    """
    frame = grids_frame(session, viewer, as_of=as_of).reset_index(drop=True)
    upper = places_frame(session, viewer, level=PlaceLevel.COMMUNITY.value, as_of=as_of)
    own = upper.loc[~upper["is_derived"] & ~upper.geometry.isna(), ["code", "geometry"]]
    grids = frame[[_CODE, "parent_code", *COUNTS, frame.geometry.name]]
    named = grids["parent_code"].isin(own["code"]).all()
    parents = own.reset_index(drop=True) if len(own) and named else None
    rules = RepairOptions(gap_width_m=gap_width_m, counts=COUNTS, parents=parents)
    columns = [_CODE, "name", "parent_code", *COUNTS]
    return GridsToRepair(
        name="grids",
        layer="grids",
        grids=grids,
        table=pd.DataFrame(frame[columns]),
        columns={name: name for name in COUNTS},
        crs=require_crs(frame).to_string(),
        rules=rules,
        proposals=propose_repairs(grids, rules),
    )


def decide(found: GridsToRepair, decisions: Mapping[str, Decision]) -> RepairOutcome:
    """Carry out what was decided; writes nothing.

    Raises
    ------
    TilingError
        ``repairs_unknown``, ``repair_taker``.
    """
    return apply_repairs(found.grids, found.proposals, decisions, found.rules)


def write_decided(found: GridsToRepair, outcome: RepairOutcome, out: Path) -> None:
    """Write the same features with their new shapes and counts.

    Raises
    ------
    ImportRefused
        ``unknown_file_type``, ``repair_not_written``.
    """
    require_target(Path(found.name), out)
    table = found.table.copy()
    for name, column in found.columns.items():
        before, after = found.grids[name].tolist(), outcome.frame[name].tolist()
        cells = table[column].copy()
        for row, (old, new) in enumerate(zip(before, after, strict=True)):
            if str(old) != str(new):
                cells.iloc[row] = str(new) if isinstance(cells.iloc[row], str) else int(new)
        table[column] = cells
    crs = outcome.frame.crs if found.crs else None
    shapes = gpd.GeoSeries(outcome.frame.geometry.to_numpy(), index=table.index, crs=crs)
    write_features(gpd.GeoDataFrame(table, geometry=shapes), out, found.layer)


def outcome_json(found: GridsToRepair, outcome: RepairOutcome) -> dict[str, Any]:
    """Report a repair by decisions: the keys of `RepairReport` and what the decisions did."""
    changed = outcome.changed
    holes = [one.area_m2 for one in found.proposals if one.why == "large_hole"
             and one.id not in outcome.applied]  # fmt: skip
    change_m2 = float((changed["area_after_m2"] - changed["area_before_m2"]).sum())
    return {
        "features": len(outcome.frame),
        "holes_left": len(holes),
        "holes": [{"area_m2": round(area_m2, 4)} for area_m2 in sorted(holes, reverse=True)],
        "area_change_m2": round(change_m2, 4),
        "moved": [_changed_json(row) for row in changed.to_dict("records")],
        "sums": {
            found.columns[name]: {"before": pair[0], "after": pair[1]}
            for name, pair in outcome.sums.items()
        },
        "crs": found.crs,
        "warnings": [warning.as_json() for warning in found.warnings],
        "pieces": [
            {
                "id": piece.proposal_id,
                "giver": piece.giver or None,
                "taker": piece.taker,
                "area_m2": round(piece.area_m2, 6),
                "counts": dict(piece.counts),
            }
            for piece in outcome.moved
        ],
        "applied": list(outcome.applied),
        "refused": list(outcome.refused),
        "failed": dict(outcome.failed),
        "dropped": list(outcome.dropped),
        "faults": outcome.faults.counts(),
        "valid_coverage": outcome.faults.is_valid_coverage,
    }


def read_decisions(path: Path, proposals: Sequence[RepairProposal]) -> dict[str, Decision]:
    """Read decisions from the document of `--propose`, filled in by a person or a program.

    ``proposals[].decision`` is ``accept``, ``change`` (with ``taker``), ``refuse`` or null;
    ``kinds`` decides the undecided ones of a kind: ``{"sliver": "accept"}``. What nobody decides
    is not carried out.

    Raises
    ------
    ImportRefused
        ``file_missing``, ``decisions_unreadable``, ``decision_unknown``.
    """
    if not path.is_file():
        raise ImportRefused("file_missing", file=str(path))
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        listed = {str(row["id"]): row for row in document["proposals"]}
        kinds = dict(document.get("kinds") or {})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ImportRefused("decisions_unreadable", file=path.name) from error
    known = {one.id: one for one in proposals}
    told = {name: (row.get("decision"), row.get("taker")) for name, row in listed.items()}
    for name, one in known.items():
        if told.get(name, (None, None))[0] is None and one.kind.value in kinds:
            told[name] = (kinds[one.kind.value], None)
    return {
        name: _decision(name, str(verdict), taker)
        for name, (verdict, taker) in told.items()
        if verdict is not None
    }


def _decision(name: str, verdict: str, taker: object) -> Decision:
    known = [one.value for one in Verdict]
    if verdict not in known:
        raise ImportRefused("decision_unknown", decision=verdict, id=name, known=known)
    is_change = verdict == Verdict.CHANGE.value
    return Decision(Verdict(verdict), str(taker or "") if is_change else "")


def _count_columns(table: pd.DataFrame, options: PlaceOptions) -> dict[str, str]:
    guessed = suggest_columns([str(column) for column in table.columns])
    found = {name: guessed[name].column for name in COUNTS if name in guessed}
    named = {name: options.mapping[name] for name in COUNTS if options.mapping.get(name)}
    return {name: column for name, column in (found | named).items() if column in table.columns}


def _proposal_json(one: RepairProposal) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind.value,
        "codes": list(one.codes),
        "action": one.action.value,
        "giver": one.giver or None,
        "taker": one.taker or None,
        "alternatives": list(one.alternatives),
        "area_m2": round(one.area_m2, 6),
        "width_m": round(one.width_m, 6),
        "why": one.why,
        "detail": one.detail,
        "geometry": None if one.geometry is None else json.loads(shapely.to_geojson(one.geometry)),
        "decision": None,
    }


def _changed_json(row: Mapping[Any, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"code": row[_CODE]}
    for name, value in row.items():
        if str(name).endswith("_m2"):
            told[str(name)] = round(float(value), 4)
        elif name != _CODE:
            told[str(name)] = None if value is None or value is pd.NA else int(np.int64(value))
    return told
