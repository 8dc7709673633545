"""Offer the contact cards of communities as one PDF.

Used by the people screen.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import cache
from dashboard.cache import people as kept
from dashboard.components.formats import whole
from dashboard.components.plain import plain
from dashboard.printing.contact_card import CardPrint, contact_cards_pdf
from dashboard.text import LANGUAGES, Words
from dashboard.viewmodels.contact import without_phone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.printing.contact_card import ContactCard
    from dashboard.printing.page import PaperName

BOTH: Final = "both"
_MOST_NAMES: Final = 6
_PAPERS: Final[tuple[PaperName, ...]] = ("A5", "A4")


def show_cards(words: Words, day: date) -> None:
    """Choose communities, paper, language and code; download."""
    st.caption(words("cards.text"))
    every = kept.cards(day, (), "")
    names = {card.code: card.name for card in every}
    left, right = st.columns((1, 1), gap="medium")
    with left:
        chosen = st.multiselect(
            words("cards.which"),
            list(names),
            format_func=lambda code: names[code],
            placeholder=words("cards.which_all", n=whole(len(names))),
            key="cards_which",
        )
        paper = st.segmented_control(
            words("cards.paper"), _PAPERS, required=True, default=_PAPERS[0], key="cards_paper"
        )
        language = st.segmented_control(
            words("cards.language"),
            (*LANGUAGES, BOTH),
            required=True,
            default=BOTH,
            format_func=lambda code: words(f"cards.language_{code}"),
            key="cards_language",
        )
    with right:
        address = _address(words)
        cards = kept.cards(day, tuple(chosen), address)
        _blank(words, cards)
        how = CardPrint(
            words=_languages(words, str(language)),
            as_of=day,
            made_at=datetime.now(UTC),
            paper=paper or _PAPERS[0],
            scenario=_scenario(words),
        )
        st.download_button(
            words("cards.download", n=whole(len(cards))),
            data=lambda: contact_cards_pdf(cards, how),
            file_name=words("cards.file"),
            mime="application/pdf",
            on_click="ignore",
            type="primary",
            key="cards_download",
        )


def _address(words: Words) -> str:
    """Ask what the code does: dial (empty) or open an address."""
    code = st.segmented_control(
        words("cards.code"),
        ("phone", "page"),
        required=True,
        default="phone",
        format_func=lambda name: words(f"cards.code_{name}"),
        key="cards_code",
    )
    if code != "page":
        return ""
    return str(
        st.text_input(
            words("cards.address", code="{code}"),
            placeholder="https://",
            max_chars=200,
            key="cards_address",
        )
    )


def _languages(words: Words, chosen: str) -> Sequence[Words]:
    if chosen != BOTH:
        return [Words(language) for language in LANGUAGES if language == chosen]
    return [Words(words.language), *(Words(one) for one in LANGUAGES if one != words.language)]


def _blank(words: Words, cards: Sequence[ContactCard]) -> None:
    missing = without_phone(cards)
    if missing:
        joint = words("joint.items")
        more = joint + "…" if len(missing) > _MOST_NAMES else ""
        named = joint.join(plain(name) for name in missing[:_MOST_NAMES]) + more
        st.info(words("cards.no_phone", n=whole(len(missing)), names=named))


def _scenario(words: Words) -> str:
    name = cache.facts().scenario
    return words.label("scenario", name) if name else ""
