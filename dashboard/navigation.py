"""List the pages of the dashboard in the order of their tabs.

Used by `dashboard.app`. Knows nothing of what a page shows.
"""

from dataclasses import dataclass

from streamlit.navigation.page import StreamlitPage

from dashboard import session as visitor
from dashboard.components import frame
from dashboard.screens import (
    bulletin,
    case,
    cases,
    coverage,
    handover,
    hotspots,
    import_screen,
    overview,
    patrol,
    people,
    planner,
    quality,
    wall,
)
from dashboard.text import Words


@dataclass(frozen=True, slots=True)
class Pages:
    """Every page, and the one without a header.

    Attributes
    ----------
    tabs
        In the order in which they are shown.
    wall
        Has no header, and asks the store by itself.
    """

    tabs: list[StreamlitPage]
    wall: StreamlitPage


def _cases(words: Words) -> None:
    """Show the list of cases, or the record that is open."""
    (case if visitor.load().cases.opened else cases).render(words)


def pages_of(words: Words) -> Pages:
    """Make the pages, named in the reader's language."""
    importing = frame.page(words, "import", lambda: import_screen.render(words))
    on_cases = frame.page(words, "cases", lambda: _cases(words))
    on_the_wall = frame.page(words, "wall", lambda: wall.render(words))
    tabs = [
        frame.page(words, "overview", lambda: overview.render(words, importing), default=True),
        frame.page(words, "patrol", lambda: patrol.render(words, on_cases)),
        frame.page(words, "hotspots", lambda: hotspots.render(words)),
        on_cases,
        frame.page(words, "handover", lambda: handover.render(words, on_cases)),
        frame.page(words, "people", lambda: people.render(words)),
        frame.page(words, "plan", lambda: planner.render(words)),
        frame.page(words, "coverage", lambda: coverage.render(words, importing)),
        frame.page(words, "bulletin", lambda: bulletin.render(words)),
        importing,
        frame.page(words, "quality", lambda: quality.render(words)),
        on_the_wall,
    ]
    return Pages(tabs, on_the_wall)
