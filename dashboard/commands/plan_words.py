"""Put figures and balances of plans into rows, documents and lines.

Used by the other `plan_*` files of `dashboard/commands`. Knows nothing of the store.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from dashboard.commands.base import words


def rows_of(table: Any, key: str | None = "key") -> list[dict[str, Any]]:  # noqa: ANN401 - DataFrame
    """Give the rows of a frame as plain values; unknown ones as None.

    Parameters
    ----------
    key
        Name under which the index stands in each row; None leaves it out.
    """
    import pandas as pd

    plain = table.astype(object).where(table.notna(), None)
    rows: list[dict[str, Any]] = [dict(row) for row in plain.to_dict("records")]
    for row in rows:
        for name, value in row.items():
            if isinstance(value, pd.Timestamp):
                row[name] = value.isoformat()
            elif isinstance(value, tuple):
                row[name] = list(value)
    if key is None:
        return rows
    return [{key: index, **row} for index, row in zip(plain.index, rows, strict=True)]


def balances_document(found: Sequence[Any]) -> list[dict[str, Any]]:
    """Give balances without the values of single grids."""
    names = ("mean", "max_deviation", "variation", "max_over_min", "share_within")
    return [{"measure": b.name, **{name: getattr(b, name) for name in names}} for b in found]


def balance_lines(found: Sequence[Any]) -> list[str]:
    """Give balances as lines for people."""
    return [
        words(
            "plan_cli.balance",
            measure=words.label("plan_balance", b.name),
            mean=_number(b.mean),
            deviation=_share(b.max_deviation),
            variation=_share(b.variation),
        )
        for b in found
    ]


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:,.1f}"


def _share(value: float | None) -> str:
    return "—" if value is None else f"{100 * value:.1f} %"


def figures_document(found: Any) -> dict[str, Any]:  # noqa: ANN401 - PlanFigures
    """Give all figures of a division."""
    return {
        "grids": rows_of(found.grids, key="code"),
        "officers": rows_of(found.officers[found.officers["grids"] > 0], key="post"),
        "balances": balances_document(found.balances),
        "officer_balances": balances_document(found.officer_balances),
        "totals": [
            {"layer": layer, "period": period, "inside": t.inside, "outside": t.outside,
             "unlocated": t.unlocated, "imprecise": t.imprecise, "total": t.total}
            for (layer, period), t in found.totals.items()
        ],
        "weeks": found.weeks,
        "weights": asdict(found.weights),
        "bands": {"households": list(found.bands.households), "load": found.bands.load},
        "without_officer": list(found.without_officer),
        "without_member": list(found.without_member),
    }  # fmt: skip
