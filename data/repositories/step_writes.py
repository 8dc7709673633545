"""Write time lines of cases that came in a file: steps that are there already stay as they are.

Used by the loader of scenarios. Steps taken on a screen are written by `data.repositories`'
`case_writes`. Knows nothing of files.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from data.dialects import insert_for
from data.models import CaseStep


def put_steps(session: Session, source: str, steps: Sequence[Mapping[str, Any]]) -> int:
    """Insert the steps that are not there yet.

    Parameters
    ----------
    source
        Source of the cases; it stands as the actor too.
    steps
        Columns of `case_step` but for `source` and `actor`; `at` is aware.

    Returns
    -------
    int
        Steps of the file.
    """
    for step in steps:
        values = {**step, "source": source, "actor": source}
        statement = insert_for(session, CaseStep).values(**values)
        session.execute(statement.on_conflict_do_nothing())
    return len(steps)
