"""Hold what one visitor has chosen; the one place that touches the session state.

Used by `dashboard.app` and the screens. What can be shared (language, area, measure, period, kinds,
channels, grids of which day, selected unit) also stands in the address, as codes and dates, and is
checked when it is read back. Knows nothing of records.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard.text import LANGUAGES, Language, language_of
from dashboard.viewmodels.cases_wanted import CaseWanted, wanted_from
from dashboard.viewmodels.coverage_wanted import CoverageChoice, coverage_choice_from
from dashboard.viewmodels.hotspots_wanted import HotspotChoice, hotspot_choice_from
from dashboard.viewmodels.planner_wanted import PlanChoice, PlanDesk, plan_choice_from
from data.grids_of import plan_number
from data.vocabulary import ChannelGroup, IncidentKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dashboard.actions.uploads import Upload

MEASURES: Final = ("incidents", "incident_rate", "hazards", "disputes", "posts", "households")
PERIODS: Final = ("all", "7", "28", "365", "custom")
FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2100, 12, 31)
"""Days outside are nobody's choice: the address and the date fields refuse them."""
AS_OF_TODAY: Final = "today"
AS_OF_EVENT: Final = "event"
_KEY: Final = "gridbeat"
_CODE: Final = re.compile(r"[^\x00-\x1f\x7f<>]{1,80}")
_SHIFT: Final = re.compile(r"(\d{1,2})-(\d{1,2})(?:@(\d{4}-\d{2}-\d{2}))?")
_LAST_HOUR: Final = 23
_SPAN: Final = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True)
class Period:
    """A choice of days: a key of `PERIODS`; `custom` has both days, the last one included."""

    key: str = "365"
    since_on: date | None = None
    last_on: date | None = None

    def as_text(self) -> str:
        """Write for the address."""
        if self.key == "custom" and self.since_on and self.last_on:
            return f"{self.since_on.isoformat()}..{self.last_on.isoformat()}"
        return self.key

    @classmethod
    def from_text(cls, text: str) -> Period | None:
        """Read from the address; None for anything else."""
        span = _SPAN.fullmatch(text)
        if span is None:
            return cls(text) if text in PERIODS and text != "custom" else None
        since_on, last_on = (_day(part) for part in span.groups())
        if since_on is None or last_on is None or last_on < since_on:
            return None
        return cls("custom", since_on, last_on)


@dataclass(frozen=True)
class Wizard:
    """Where the import stands.

    Attributes
    ----------
    number
        Counts the files, so that no choice outlives its file.
    report
        JSON document of the last import's report; None before one.
    report_kind, report_file
        What that import was of, and the name of its file.
    """

    kind: str = "grids"
    number: int = 0
    upload: Upload | None = None
    report: Mapping[str, Any] | None = None
    report_kind: str = ""
    report_file: str = ""


@dataclass(frozen=True)
class PatrolChoice:
    """Which shift a patrol brief is for.

    Attributes
    ----------
    start_hour, end_hour
        Local hours, half-open; an end that is not after the start lies on the next day.
    day
        Day of the shift; None: today, or the day on which a scenario stands.
    kinds
        Incident kinds that rank; empty: those that patrols are for.
    """

    start_hour: int = 16
    end_hour: int = 24
    day: date | None = None
    kinds: tuple[str, ...] = ()

    def as_text(self) -> str:
        """Write for the address: `16-24`, `16-24@2023-03-02`."""
        day = f"@{self.day.isoformat()}" if self.day else ""
        return f"{self.start_hour}-{self.end_hour}{day}"

    @classmethod
    def from_text(cls, text: str) -> PatrolChoice:
        """Read from the address; what is no shift gives the first choice."""
        found = _SHIFT.fullmatch(text)
        if found is None or int(found[1]) > _LAST_HOUR or not 1 <= int(found[2]) <= _LAST_HOUR + 1:
            return cls()
        return cls(int(found[1]), int(found[2]), _day(found[3]) if found[3] else None)


@dataclass(frozen=True)
class CaseDesk:
    """Where work on cases stands; nothing of it is in the address.

    Attributes
    ----------
    actor, role
        Service number and role under which the visitor acts; empty: the account itself.
    seen
        Key and version of the record as it was last shown: what a change is made against.
    done
        Counts saved changes, so that no form outlives what it was filled in for.
    told
        Key of the sentence to show once, with what it names.
    is_reporting
        Whether the form for a new case is open.
    chosen
        Key of the record that is chosen in list and map.
    picks
        Counts choices on the map: the table takes each over.
    """

    actor: str = ""
    role: str = ""
    seen: tuple[str, int] = ("", 0)
    done: int = 0
    told: tuple[str, str] = ("", "")
    is_reporting: bool = False
    chosen: str = ""
    picks: int = 0


@dataclass(frozen=True)
class PeopleDesk:
    """Where work on posts stands; nothing of it is in the address.

    Attributes
    ----------
    day
        Day that is shown; None: today, or the day on which a scenario stands.
    token
        State of the post that the form just sent was drawn with.
    done
        Counts saved changes, so that no form outlives what it was filled in for.
    told
        Key of the sentence to show once after a change.
    """

    day: date | None = None
    token: str = ""
    done: int = 0
    told: str = ""


@dataclass(frozen=True)
class RepairDesk:
    """Where a repair of boundaries stands; nothing of it is in the address.

    Attributes
    ----------
    source
        Which file, or which day of the store, the decisions are for.
    decisions
        Proposal id → verdict and the grid that gets the ground (empty: as proposed).
    chosen
        Id of the proposal that is looked at.
    picks
        Counts choices made outside the table: it takes each over.
    """

    source: str = ""
    decisions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    chosen: str = ""
    picks: int = 0


@dataclass(frozen=True)
class Session:
    """Everything one visitor has chosen.

    Attributes
    ----------
    area
        `level:code` of a subdistrict or community; empty: the whole store.
    as_of
        `today`, `event`, an ISO date or `plan:<number>`: on which grids things are counted.
    selected
        Code of the selected unit.
    map_said
        Selection that the map reported last; a new report wins over `selected`.
    hotspot_said
        Cell that the hotspot map reported last; a new report wins over `hotspots.cell`.
    plan_upload
        Boundary file that a plan is to begin with; None: none.
    follow
        Whether a wall's map goes to where an incident arrives (`follow=off` in the address: not).
    """

    language: Language = "zh"
    area: str = ""
    measure: str = "incidents"
    period: Period = Period()
    kinds: tuple[str, ...] = ()
    channel_groups: tuple[str, ...] = ()
    as_of: str = AS_OF_TODAY
    selected: str | None = None
    map_said: str | None = None
    wizard: Wizard = Wizard()
    patrol: PatrolChoice = PatrolChoice()
    cases: CaseWanted = field(default_factory=CaseWanted)
    case_desk: CaseDesk = CaseDesk()
    people: PeopleDesk = PeopleDesk()
    repair: RepairDesk = field(default_factory=RepairDesk)
    hotspots: HotspotChoice = field(default_factory=HotspotChoice)
    coverage: CoverageChoice = field(default_factory=CoverageChoice)
    plan: PlanChoice = field(default_factory=PlanChoice)
    plan_desk: PlanDesk = field(default_factory=PlanDesk)
    plan_upload: Upload | None = None
    hotspot_said: str | None = None
    follow: bool = True

    @property
    def held_as_of(self) -> str:
        """`as_of` for what only grids that hold or held can answer: today's in a plan's stead."""
        return self.as_of if plan_number(self.as_of) is None else AS_OF_TODAY


def load() -> Session:
    """Give the visitor's choices: those held, or those in the address for a newcomer."""
    held = st.session_state.get(_KEY)
    if isinstance(held, Session):
        return held
    session = from_address(dict(st.query_params), language_of(st.context.locale))
    st.session_state[_KEY] = session
    return session


def update(**changes: Any) -> Session:  # noqa: ANN401 - the fields of Session
    """Change some choices and give all of them."""
    session = replace(load(), **changes)
    st.session_state[_KEY] = session
    return session


def choose_hotspots(**changes: Any) -> Session:  # noqa: ANN401 - the fields of HotspotChoice
    """Change some of the hotspot choices and give all choices."""
    held = load()
    return update(hotspots=replace(held.hotspots, **changes))


def choose_plan(**changes: Any) -> Session:  # noqa: ANN401 - the fields of PlanChoice
    """Change which plan is open or how it is shown, and give all choices."""
    held = load()
    return update(plan=replace(held.plan, **changes))


def at_plan_desk(**changes: Any) -> Session:  # noqa: ANN401 - the fields of PlanDesk
    """Change where work on a plan stands, and give all choices."""
    held = load()
    return update(plan_desk=replace(held.plan_desk, **changes))


def note_token(token: str) -> None:
    """Keep what a form was drawn with, at the moment it is sent: before anything is read anew."""
    update(people=replace(load().people, token=token))


def share(session: Session) -> None:
    """Write what can be shared into the address, when it differs from what stands there."""
    wanted = to_address(session)
    if dict(st.query_params) != wanted:
        st.query_params.from_dict(wanted)


def change_language() -> None:
    """Take over the language that was just chosen in the page's switch."""
    chosen = st.session_state.get("language")
    update(language=next((name for name in LANGUAGES if name == chosen), load().language))
    _send_choices_anew()


def _send_choices_anew() -> None:
    """Put every choice again: a list answers with the words it shows, which are of one language."""
    for key, held in list(st.session_state.items()):
        many = held if isinstance(held, list) else [held]
        if many and all(
            isinstance(one, str | float | int) and not isinstance(one, bool) for one in many
        ):
            st.session_state[str(key)] = held


def seed(key: str, value: object) -> None:
    """Give a widget its value before it is first drawn; a widget that is there keeps its own."""
    if key not in st.session_state:
        st.session_state[key] = value


def put(key: str, value: object) -> None:
    """Give a widget a value that wins over its own; only before it is drawn in this run."""
    st.session_state[key] = value


def value(key: str) -> object:
    """Give what a widget holds; None before it was first drawn."""
    held: object = st.session_state.get(key)
    return held


def to_address(session: Session) -> dict[str, str]:
    """Write a session as query parameters; what is as at the beginning is left out."""
    start = Session()
    pairs = {
        "lang": session.language,
        "area": session.area,
        "measure": session.measure if session.measure != start.measure else "",
        "period": session.period.as_text() if session.period != start.period else "",
        "kinds": ",".join(session.kinds),
        "channels": ",".join(session.channel_groups),
        "asof": session.as_of if session.as_of != start.as_of else "",
        "unit": session.selected or "",
        "shift": session.patrol.as_text() if session.patrol != start.patrol else "",
        "follow": "" if session.follow else "off",
        **session.cases.to_params(),
        **session.hotspots.to_params(),
        **session.coverage.to_params(),
        **session.plan.to_params(),
    }
    return {name: value for name, value in pairs.items() if value}


def from_address(params: Mapping[str, str], browser_language: Language) -> Session:
    """Read query parameters; whatever is not a known code, an id or a date is left out."""
    start = Session()
    language = next((name for name in LANGUAGES if name == params.get("lang")), browser_language)
    measure = params.get("measure", "")
    return Session(
        language=language,
        area=_code(params.get("area", "")),
        measure=measure if measure in MEASURES else start.measure,
        period=Period.from_text(params.get("period", "")) or start.period,
        kinds=_known(params.get("kinds", ""), IncidentKind),
        channel_groups=_known(params.get("channels", ""), ChannelGroup),
        as_of=_as_of(params.get("asof", "")),
        selected=_code(params.get("unit", "")) or None,
        cases=wanted_from(params),
        patrol=PatrolChoice.from_text(params.get("shift", "")),
        hotspots=hotspot_choice_from(params),
        coverage=coverage_choice_from(params),
        plan=plan_choice_from(params),
        follow=params.get("follow") != "off",
    )


def _code(text: str) -> str:
    return text if _CODE.fullmatch(text) else ""


def _known(text: str, codes: Iterable[str]) -> tuple[str, ...]:
    """Read a comma list of codes, each once; unknown ones are left out."""
    known = {str(code) for code in codes}
    return tuple(dict.fromkeys(part for part in text.split(",") if part in known))


def _as_of(text: str) -> str:
    if text == AS_OF_EVENT or _day(text) is not None or plan_number(text) is not None:
        return text
    return AS_OF_TODAY


def _day(text: str) -> date | None:
    """Read a day; None for what is none, or lies outside `FIRST_DAY` to `LAST_DAY`."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None
