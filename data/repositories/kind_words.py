"""Find incidents by what their source called them, for the rules that go by such words.

Used by the hotspot ground and the patrol ranking. Knows nothing of the rules.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.models import Incident


def kind_words(session: Session) -> tuple[str, ...]:
    """List the sources' own names of kinds of incidents, each once."""
    found = session.scalars(select(Incident.kind_source).distinct())
    return tuple(sorted(word for word in found if word))


def ids_of_words(session: Session, words: Sequence[str]) -> npt.NDArray[np.int64]:
    """Give the ids of incidents that the source called one of these, rising."""
    if not words:
        return np.empty(0, dtype=np.int64)
    found = select(Incident.id).where(Incident.kind_source.in_(words)).order_by(Incident.id)
    return np.array(session.scalars(found).all(), dtype=np.int64)
