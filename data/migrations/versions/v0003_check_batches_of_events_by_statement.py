"""Check the batches of events once for a statement in PostgreSQL, not once for every row.

Rule: a released migration is never edited. Triggers are not made here: `data.served_rules.sync`
makes them all after every run. A GeoPackage keeps its foreign keys: there they cost nothing.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move up."""
    if op.get_bind().dialect.name == "postgresql":
        for table in ("incident", "hazard", "dispute"):
            op.drop_constraint(f"fk_{table}_batch_id", table, type_="foreignkey")
