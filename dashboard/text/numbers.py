"""Write numbers the way both languages read them.

Used by components and printed pages.
"""

DASH = "—"


def whole(value: float | None) -> str:
    """Write a count with thousands apart; a dash where there is none."""
    return DASH if value is None else f"{value:,.0f}"


def percent(share: float | None, *, signed: bool = False) -> str:
    """Write a share (1 = 100 %) as a percentage; what rounds to nothing has no minus."""
    if share is None:
        return DASH
    text = f"{100 * share:+.1f}" if signed else f"{100 * share:.1f}"
    return f"{'0.0' if text == '-0.0' else text.replace('-', '−')}%"
