"""Add boundary plans, their log of edits, and the crosswalk of codes.

Rule: a released migration is never edited. Additive first; drop a column one release later.
Triggers are not made
here: `data.geopackage.sync` and `data.served_rules.sync` make them all after every run. Shapes of
plans carry no spatial index: they are read a whole base at a time.
"""

import sqlalchemy as sa
from alembic import op

from data.geometry import Geom, Utc
from data.models.base import JsonText

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move up."""
    op.create_table(
        "plan_base",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("base_on", sa.Date(), nullable=True),
        sa.Column("scope_code", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content_key", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("seen_revision", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_base")),
    )
    with op.batch_alter_table("plan_base", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_base_key"), ["key"], unique=False)

    op.create_table(
        "plan",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("is_template", sa.Boolean(), nullable=False),
        sa.Column("base_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "former_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "source_plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("head", sa.Integer(), nullable=False),
        sa.Column("log_head", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("changed_at", Utc(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("last_action", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", Utc(), nullable=True),
        sa.Column("published_by", sa.Text(), nullable=True),
        sa.Column("published_at", Utc(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status <> 'published' OR (effective_on IS NOT NULL AND published_by IS NOT NULL)",
            name=op.f("ck_plan_published"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'approved', 'published', 'withdrawn')", name=op.f("ck_plan_status")
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> author", name=op.f("ck_plan_second_person")
        ),
        sa.CheckConstraint("head >= 0 AND log_head >= head", name=op.f("ck_plan_head")),
        sa.ForeignKeyConstraint(["base_id"], ["plan_base.id"], name=op.f("fk_plan_base_id")),
        sa.ForeignKeyConstraint(["former_id"], ["plan_base.id"], name=op.f("fk_plan_former_id")),
        sa.ForeignKeyConstraint(
            ["source_plan_id"], ["plan.id"], name=op.f("fk_plan_source_plan_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
    )
    op.create_table(
        "plan_grid",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("base_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("household_count", sa.Integer(), nullable=True),
        sa.Column("resident_count", sa.Integer(), nullable=True),
        sa.Column("estimated", JsonText(), nullable=True),
        sa.Column("geom", Geom("MULTIPOLYGON"), nullable=True),
        sa.CheckConstraint(
            "geom IS NULL OR substr(geom, 1, 2) = X'4750'", name=op.f("ck_plan_grid_blob")
        ).ddl_if(dialect="sqlite"),
        sa.ForeignKeyConstraint(["base_id"], ["plan_base.id"], name=op.f("fk_plan_grid_base_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_grid")),
        sa.UniqueConstraint("base_id", "code", name=op.f("uq_plan_grid_base_id_code")),
    )
    op.create_table(
        "crosswalk",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("old_code", sa.Text(), nullable=False),
        sa.Column("new_code", sa.Text(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("area_share", sa.Double(), nullable=False),
        sa.Column("household_share", sa.Double(), nullable=True),
        sa.Column("is_estimated", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "area_share >= 0 AND area_share <= 1", name=op.f("ck_crosswalk_area_share")
        ),
        sa.CheckConstraint(
            "household_share IS NULL OR (household_share >= 0 AND household_share <= 1)",
            name=op.f("ck_crosswalk_household_share"),
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_crosswalk_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crosswalk")),
        sa.UniqueConstraint(
            "plan_id", "old_code", "new_code", name=op.f("uq_crosswalk_plan_id_old_code_new_code")
        ),
    )
    with op.batch_alter_table("crosswalk", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_crosswalk_effective_on"), ["effective_on"], unique=False
        )

    op.create_table(
        "plan_aside",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("edit", JsonText(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("fields", JsonText(), nullable=True),
        sa.Column("seen_version", sa.Integer(), nullable=False),
        sa.Column("current_version", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_at", Utc(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'applied', 'dismissed')", name=op.f("ck_plan_aside_state")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_aside_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_aside")),
    )
    with op.batch_alter_table("plan_aside", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_aside_plan_id"), ["plan_id"], unique=False)

    op.create_table(
        "plan_edit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_left", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("codes", JsonText(), nullable=False),
        sa.Column("edit", JsonText(), nullable=False),
        sa.Column("inverse", JsonText(), nullable=False),
        sa.Column("outcome", JsonText(), nullable=False),
        sa.Column("report", JsonText(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.CheckConstraint(
            "number > 0 AND position > 0 AND position <= number", name=op.f("ck_plan_edit_order")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_edit_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_edit")),
        sa.UniqueConstraint("plan_id", "number", name=op.f("uq_plan_edit_plan_id_number")),
    )
    with op.batch_alter_table("plan_edit", schema=None) as batch_op:
        batch_op.create_index(
            "uq_plan_edit_branch",
            ["plan_id", "position"],
            unique=True,
            sqlite_where=sa.text("NOT is_left"),
            postgresql_where=sa.text("NOT is_left"),
        )

    op.create_table(
        "plan_note",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_note_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_note")),
    )
    with op.batch_alter_table("plan_note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_note_plan_id"), ["plan_id"], unique=False)

    op.create_table(
        "plan_snapshot",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", JsonText(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_snapshot_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_snapshot")),
        sa.UniqueConstraint("plan_id", "number", name=op.f("uq_plan_snapshot_plan_id_number")),
    )
    with op.batch_alter_table("boundary", schema=None) as batch_op:
        batch_op.add_column(sa.Column("attributes", JsonText(), nullable=True))
