"""${message}.

Rule: a released migration is never edited. Additive first; drop a column one release later.
GiST indexes stand under `if op.get_bind().dialect.name == "postgresql"`. Triggers are not made
here: `data.geopackage.sync` makes them all after every run.
"""

import sqlalchemy as sa
from alembic import op

${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move up."""
    ${upgrades if upgrades else "pass"}
