"""Find the hazards that a dispute may have grown from: those around it, nearest first.

Used by `dashboard.cache.cases` for the page of a case. Knows nothing of languages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from data.repositories.cases import case_records
from data.vocabulary import UNCOUNTED_STATES, EventLayer
from geo.measure import lonlat_distance_m

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from data.counting import Placed
    from data.repositories.case_records import CaseRecord
    from data.viewer import Viewer

AROUND_M: Final = 1000.0
MOST: Final = 30
_LEAST_M_IN_DEGREE: Final = 110_000.0  # of latitude
_UNCOUNTED: Final = frozenset(map(str, UNCOUNTED_STATES))


def root_choices(
    session: Session, viewer: Viewer, hazards: Placed, dispute: CaseRecord
) -> tuple[tuple[CaseRecord, float], ...]:
    """Give hazards within 1 km of a located dispute with their metres; at most 30.

    Void and declined hazards are left out; ties go to the lower id.
    """
    if dispute.lon is None or dispute.lat is None:
        return ()
    events = hazards.events
    in_band = np.abs(events.lat - dispute.lat) <= AROUND_M / _LEAST_M_IN_DEGREE
    rows = np.flatnonzero(in_band & events.is_located & ~events.status.is_in(_UNCOUNTED))
    far_m = lonlat_distance_m(dispute.lon, dispute.lat, events.lon[rows], events.lat[rows])
    order = np.lexsort((events.ids[rows], far_m))[:MOST]
    near = [(int(events.ids[rows[k]]), float(far_m[k])) for k in order if far_m[k] <= AROUND_M]
    records = case_records(session, viewer, EventLayer.HAZARDS, [number for number, _ in near])
    return tuple((records[number], m) for number, m in near if number in records)
