"""Gather what a contact card says: numbers to call, where to go, outlines, what the code holds.

Used by `dashboard.cache.people` and `gridbeat contact-card`.
Knows nothing of languages and of paper. Cards are for everybody: role titles never show here, only
positions, what posts are called, and office phones.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from dashboard.printing.contact_card import MOST_LINES, ContactCard, ContactLine
from dashboard.printing.qr import address_content, phone_content
from dashboard.printing.sketch import Mark, Part
from data.errors import RecordNotFound
from data.frames import grids_frame, places_frame
from data.repositories.figures import settings
from data.repositories.people import list_posts
from data.repositories.places import list_places
from data.repositories.registers import service_points
from data.vocabulary import PlaceLevel, Position, ServicePointKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import geopandas as gpd
    from sqlalchemy.orm import Session

    from data.repositories.people import PostRecord
    from data.repositories.registers import ServicePointRecord
    from data.viewer import Viewer

QR_SETTING: Final = "contact_qr_address"
"""Setting with an address for the code (``{code}`` is the community's); empty: the phone."""
CARD_POSITIONS: Final = (
    Position.BEAT_CHIEF,
    Position.BEAT_OFFICER,
    Position.DEPUTY_SECRETARY,
)
_POINT_KINDS: Final = (
    ServicePointKind.POLICE_ROOM,
    ServicePointKind.SERVICE_WINDOW,
    ServicePointKind.COMMUNITY_OFFICE,
)
_TAIL: Final = re.compile(r"[^\d]*(\d{1,3})\D*$")


def build_cards(
    session: Session,
    viewer: Viewer,
    *,
    as_of: date,
    codes: Sequence[str] = (),
    address: str | None = None,
) -> tuple[ContactCard, ...]:
    """Gather the cards of communities, by code.

    Parameters
    ----------
    codes
        Codes of communities, or of a subdistrict whose communities are meant; empty: all.
    address
        What the QR code opens, with ``{code}``; None reads the setting, empty dials the phone.

    Raises
    ------
    RecordNotFound
        `unknown_unit`: a code is neither a community's nor a subdistrict's; `no_units`: there is
        no community on that day.
    ConfigError
        `bad_qr_address`.
    """
    communities = places_frame(session, viewer, level=PlaceLevel.COMMUNITY, as_of=as_of)
    if communities.empty:
        level = PlaceLevel.COMMUNITY.value
        raise RecordNotFound("no_units", level=level, as_of=as_of.isoformat())
    chosen = _chosen(communities, codes)
    grids = grids_frame(session, viewer, as_of=as_of)
    posts: dict[str, list[PostRecord]] = defaultdict(list)
    for post in list_posts(session, viewer, as_of=as_of):
        if post.place_level == PlaceLevel.COMMUNITY.value:
            posts[post.place_code].append(post)
    points: dict[str, list[ServicePointRecord]] = defaultdict(list)
    for point in service_points(session, viewer):
        points[str(point.place_code)].append(point)
    places = {(p.level, p.code): p for p in list_places(session, viewer, as_of=as_of)}
    template = str(settings(session).get(QR_SETTING) or "") if address is None else address
    outlines = dict(zip(map(str, communities.index), communities.geometry, strict=True))
    cards = []
    for code in chosen:
        row = communities.loc[code]
        station = places.get((PlaceLevel.STATION.value, str(row["station_code"])))
        above = places.get((PlaceLevel.SUBDISTRICT.value, str(row["subdistrict_code"])))
        own = places.get((PlaceLevel.COMMUNITY.value, code))
        lines = [*_officers(posts[code], own.office_phone if own else None)]
        lines += _points(points[code])
        if station is not None:
            level = PlaceLevel.STATION.value
            lines.append(ContactLine("level", level, station.name, station.office_phone))
        kept = (*lines[: MOST_LINES - 1], *lines[MOST_LINES - 1 :][-1:])
        cards.append(
            ContactCard(
                code=code,
                name=str(row["name"]),
                subdistrict=above.name if above else "",
                station=station.name if station else "",
                lines=kept,
                outline=outlines[code],
                grids=_parts(grids, code),
                marks=_marks(posts[code]),
                qr=address_content(template, code) if template else _phone(kept),
            )
        )
    return tuple(cards)


def without_phone(cards: Sequence[ContactCard]) -> tuple[str, ...]:
    """Name the communities whose card has no number at all: they leave lines to write on."""
    return tuple(card.name for card in cards if not any(line.office_phone for line in card.lines))


def _chosen(communities: gpd.GeoDataFrame, codes: Sequence[str]) -> list[str]:
    every = sorted(map(str, communities.index))
    if not codes:
        return every
    found: list[str] = []
    for code in codes:
        below = communities.index[communities["subdistrict_code"] == code]
        own = [code] if code in communities.index else sorted(map(str, below))
        if not own:
            raise RecordNotFound("unknown_unit", unit=code)
        found += [one for one in own if one not in found]
    return found


def _officers(posts: Sequence[PostRecord], community_phone: str | None) -> list[ContactLine]:
    """One line for each position in the order of `CARD_POSITIONS`."""
    lines = []
    for position in CARD_POSITIONS:
        for post in posts:
            if post.position == position.value:
                phone = post.office_phone or community_phone
                lines.append(ContactLine("position", post.position, post.title, phone))
                break
    return lines


def _points(points: Sequence[ServicePointRecord]) -> list[ContactLine]:
    return [
        ContactLine("service_point_kind", point.kind, point.name or "", point.office_phone)
        for kind in _POINT_KINDS
        for point in points
        if point.kind == kind.value
    ]


def _parts(grids: gpd.GeoDataFrame, community: str) -> tuple[Part, ...]:
    own = grids[grids["community_code"] == community]
    return tuple(
        Part(_short(str(name), str(code)), shape)
        for code, name, shape in zip(own.index, own["name"], own.geometry, strict=True)
        if shape is not None and not shape.is_empty
    )


def _short(name: str, code: str) -> str:
    """Give the number at the end of a grid's name or code; the name where there is none."""
    for text in (name, code):
        found = _TAIL.match(text) or re.search(r"(\d{1,3})\D*$", text)
        if found:
            return found.group(1).lstrip("0") or "0"
    return name[:6]


def _marks(posts: Sequence[PostRecord]) -> tuple[Mark, ...]:
    for position in CARD_POSITIONS:
        for post in posts:
            if post.position == position.value and post.point is not None:
                at = post.point.representative_point()
                return (Mark(post.title, at.x, at.y),)
    return ()


def _phone(lines: Sequence[ContactLine]) -> str:
    return next((told for line in lines if (told := phone_content(line.office_phone))), "")
