"""Say in sentences how an answer about reach was worked out: every choice that was made by itself.

Used by the coverage screen and its files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboard.components.coverage_tiles import THINGS, base_text
from dashboard.components.formats import span_text, whole
from dashboard.viewmodels.overview import Span
from data.analysis.reach_shapes import STREET_SIDE_M

if TYPE_CHECKING:
    from dashboard.text import Words
    from dashboard.viewmodels.coverage import CoverageView
    from data.analysis.siting import SiteAnswer, SiteQuestion

_KM: Final = 1_000.0


def how_lines(words: Words, shown: CoverageView) -> list[str]:
    """Give the sentences of the reach, its records and its ranking."""
    answer, question = shown.answer, shown.answer.question
    way = words(f"cover_network.{question.network}")
    lines = [words("cover.how_reach", metres=f"{answer.reach_m:,.0f}", way=way)]
    if question.minutes is not None:
        facts = {"minutes": f"{question.minutes:g}", "speed": f"{question.speed_kmh:g}"}
        lines.append(words("cover.how_minutes", **facts))
    lines += [*_post_lines(words, shown), *_record_lines(words, shown)]
    if answer.area_error_m2 is not None:
        lines.append(words("cover.how_area", error=f"{answer.area_error_m2:.1g}"))
    lines += _street_lines(words, shown)
    lines += [words("cover.how_gaps"), words("cover.how_nearest"), words("cover.how_overlap")]
    lines.append(words("cover.how_crs", crs=answer.crs))
    return lines


def site_lines(words: Words, asked: SiteQuestion, found: SiteAnswer) -> list[str]:
    """Give the sentences of a proposal."""
    facts = {"sites": whole(found.site_rows), "demand": whole(found.demand_rows)}
    lines = [words("cover.how_sites", **facts), words(f"cover.how_goal_{asked.objective}")]
    if asked.solver == "exact":
        lines.append(words("cover.how_exact", seconds=f"{asked.time_limit_s:g}"))
    else:
        lines.append(words("cover.site_greedy"))
    return lines


def _post_lines(words: Words, shown: CoverageView) -> list[str]:
    posts, question = shown.answer.posts, shown.answer.question
    facts = {"day": question.as_of.isoformat(), "filled": whole(posts.filled),
             "total": whole(posts.total)}  # fmt: skip
    lines = [words("cover.how_posts", **facts)]
    if posts.on_shift is not None and question.on_duty_at is not None:
        at = question.on_duty_at.strftime("%Y-%m-%d %H:%M")
        lines.append(words("cover.how_shift", at=at, n=whole(posts.on_shift)))
    if posts.derived:
        lines.append(words("cover.how_derived", n=whole(posts.derived)))
    if posts.without_place:
        lines.append(words("cover.how_nowhere", n=whole(posts.without_place)))
    return lines


def _record_lines(words: Words, shown: CoverageView) -> list[str]:
    answer, question = shown.answer, shown.answer.question
    span = span_text(words, Span(question.since, question.until))
    groups = [words.label("channel_group", code) for code in question.channel_groups]
    joint = words("cover.joint")
    channels = joint.join(groups) if groups else words("cover.every_channel")
    kinds = joint.join(words.label("incident_kind", code) for code in question.kinds)
    facts = {"span": span, "channels": channels, "kinds": kinds or words("cover.every_kind")}
    lines = [words("cover.how_incidents", **facts), words("cover.how_hazards")]
    lines.append(words(f"cover.how_households_{answer.households.basis}"))
    for name in THINGS:
        share = getattr(answer, name)
        if share.unlocated:
            thing = words(f"cover_counts.{name}")
            lines.append(words("cover.how_unlocated", n=whole(share.unlocated), thing=thing))
    return lines


def _street_lines(words: Words, shown: CoverageView) -> list[str]:
    streets = shown.answer.streets
    if streets is None:
        return [words("cover.how_drawn")]
    facts = {"km": f"{streets['total_m'] / _KM:,.1f}", "parts": whole(streets["parts"])}
    return [
        words("cover.how_network", **facts),
        words("cover.how_off", off=whole(streets["off_street"]), cut=whole(streets["cut_off"]),
              posts=whole(streets["posts_off_street"])),
        words("cover.how_drawn_streets", metres=f"{STREET_SIDE_M:g}"),
    ]  # fmt: skip


def about_texts(words: Words, shown: CoverageView, how: list[str]) -> dict[str, str]:
    """Give what a file says of itself: shares with their bases, then every sentence."""
    found: dict[str, str] = {}
    for name in (*THINGS, "area"):
        share = getattr(shown.answer, name)
        if share is not None:
            found[words(f"cover.tile_{name}")] = base_text(words, share)
    return found | {f"{number}": line for number, line in enumerate(how, 1)}
