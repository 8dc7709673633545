"""Add registers of things and work, and the steps of cases.

Rule: a released migration is never edited. Additive first; drop a column one release later.
GiST indexes stand under `if op.get_bind().dialect.name == "postgresql"`. Triggers are not made
here: `data.geopackage.sync` makes them all after every run.
"""

import sqlalchemy as sa
from alembic import op

from data.geometry import Geom, Utc
from data.models.base import JsonText

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move up."""
    op.create_table(
        "case_step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("status_before", sa.Text(), nullable=True),
        sa.Column("status_after", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_step")),
        sa.UniqueConstraint(
            "layer",
            "source",
            "external_id",
            "sequence",
            name=op.f("uq_case_step_layer_source_external_id_sequence"),
        ),
    )
    op.create_table(
        "agreement",
        sa.Column("place_code", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("attributes", JsonText(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("until IS NULL OR until > since", name=op.f("ck_agreement_span")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_agreement_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_agreement_source_external_id")),
    )
    op.create_table(
        "appraisal",
        sa.Column("holder_ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("appraised_on", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("attributes", JsonText(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("score >= 0 AND score <= 100", name=op.f("ck_appraisal_score")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_appraisal_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appraisal")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_appraisal_source_external_id")),
    )
    op.create_table(
        "area_grade",
        sa.Column("place_code", sa.Text(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("indicators", JsonText(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("attributes", JsonText(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_area_grade_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_grade")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_area_grade_source_external_id")),
    )
    op.create_table(
        "building",
        sa.Column("compound_ref", sa.Text(), nullable=True),
        sa.Column("stairwell_count", sa.Integer(), nullable=True),
        sa.Column("floor_count", sa.Integer(), nullable=True),
        sa.Column("household_count", sa.Integer(), nullable=True),
        sa.Column("resident_count", sa.Integer(), nullable=True),
        sa.Column("is_unmanaged", sa.Boolean(), nullable=True),
        sa.Column("geom", Geom("GEOMETRY"), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place_code", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("attributes", JsonText(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "geom IS NULL OR substr(geom, 1, 2) = X'4750'", name=op.f("ck_building_blob")
        ).ddl_if(dialect="sqlite"),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_building_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_building")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_building_source_external_id")),
    )
    op.create_table(
        "campaign",
        sa.Column("place_code", sa.Text(), nullable=True),
        sa.Column("label_zh", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("attributes", JsonText(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("until > since", name=op.f("ck_campaign_span")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_campaign_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_campaign_source_external_id")),
    )
    op.create_table(
        "debrief",
        sa.Column("holder_ref", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("attributes", JsonText(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_debrief_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debrief")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_debrief_source_external_id")),
    )
    op.create_table(
        "device",
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("installed_on", sa.Date(), nullable=True),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("last_seen_at", Utc(), nullable=True),
        sa.Column("geom", Geom("POINT"), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place_code", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("attributes", JsonText(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "geom IS NULL OR substr(geom, 1, 2) = X'4750'", name=op.f("ck_device_blob")
        ).ddl_if(dialect="sqlite"),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_device_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_device_source_external_id")),
    )
    op.create_table(
        "duty_shift",
        sa.Column("place_code", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("holder_ref", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts_at", Utc(), nullable=False),
        sa.Column("ends_at", Utc(), nullable=False),
        sa.Column("minutes_in_community", sa.Integer(), nullable=True),
        sa.Column("contact_count", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("attributes", JsonText(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_duty_shift_span")),
        sa.CheckConstraint(
            "minutes_in_community IS NULL OR minutes_in_community >= 0",
            name=op.f("ck_duty_shift_minutes"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_duty_shift_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_shift")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_duty_shift_source_external_id")),
    )
    op.create_table(
        "meeting",
        sa.Column("place_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("parties", JsonText(), nullable=True),
        sa.Column("is_police_present", sa.Boolean(), nullable=True),
        sa.Column("hazard_ref", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("attributes", JsonText(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "planned_on IS NOT NULL OR held_on IS NOT NULL", name=op.f("ck_meeting_day")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_meeting_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_meeting_source_external_id")),
    )
    op.create_table(
        "patrol_stop",
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("target_ref", sa.Text(), nullable=True),
        sa.Column("arrived_at", Utc(), nullable=False),
        sa.Column("left_at", Utc(), nullable=True),
        sa.Column("is_police_led", sa.Boolean(), nullable=True),
        sa.Column("household_count", sa.Integer(), nullable=True),
        sa.Column("geom", Geom("POINT"), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place_code", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("attributes", JsonText(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "geom IS NULL OR substr(geom, 1, 2) = X'4750'", name=op.f("ck_patrol_stop_blob")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint(
            "left_at IS NULL OR left_at >= arrived_at", name=op.f("ck_patrol_stop_span")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_patrol_stop_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol_stop")),
        sa.UniqueConstraint(
            "source", "external_id", name=op.f("uq_patrol_stop_source_external_id")
        ),
    )
    op.create_table(
        "patrol_target",
        sa.Column("due_per_week", sa.Integer(), nullable=False),
        sa.Column("stay_minutes", sa.Integer(), nullable=True),
        sa.Column("length_m", sa.Double(), nullable=True),
        sa.Column("geom", Geom("GEOMETRY"), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place_code", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("attributes", JsonText(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "geom IS NULL OR substr(geom, 1, 2) = X'4750'", name=op.f("ck_patrol_target_blob")
        ).ddl_if(dialect="sqlite"),
        sa.CheckConstraint("due_per_week > 0", name=op.f("ck_patrol_target_due")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_patrol_target_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol_target")),
        sa.UniqueConstraint(
            "source", "external_id", name=op.f("uq_patrol_target_source_external_id")
        ),
    )
    op.create_table(
        "programme_item",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("label_zh", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("attributes", JsonText(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_programme_item_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme_item")),
        sa.UniqueConstraint(
            "source", "external_id", name=op.f("uq_programme_item_source_external_id")
        ),
    )
    op.create_table(
        "service_point",
        sa.Column("has_contact_card", sa.Boolean(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("office_phone", sa.Text(), nullable=True),
        sa.Column("geom", Geom("POINT"), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place_code", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("attributes", JsonText(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "geom IS NULL OR substr(geom, 1, 2) = X'4750'", name=op.f("ck_service_point_blob")
        ).ddl_if(dialect="sqlite"),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_service_point_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_point")),
        sa.UniqueConstraint(
            "source", "external_id", name=op.f("uq_service_point_source_external_id")
        ),
    )
    op.create_table(
        "talk",
        sa.Column("holder_ref", sa.Text(), nullable=False),
        sa.Column("place_code", sa.Text(), nullable=True),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("attributes", JsonText(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_talk_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talk")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_talk_source_external_id")),
    )
    op.create_table(
        "target",
        sa.Column("place_code", sa.Text(), nullable=True),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("label_zh", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("planned", sa.Double(), nullable=False),
        sa.Column("done", sa.Double(), nullable=True),
        sa.Column("base", sa.Double(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("attributes", JsonText(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("until > since", name=op.f("ck_target_span")),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_target_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_target_source_external_id")),
    )
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reviewed_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("submitted_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("decided_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("filed_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("criteria_met", sa.Integer(), nullable=True))

    with op.batch_alter_table("compound", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_old", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("is_unmanaged", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("safe_stars", sa.Integer(), nullable=True))

    with op.batch_alter_table("dispute", schema=None) as batch_op:
        batch_op.add_column(sa.Column("level", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("loop", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("filed_at", Utc(), nullable=True))
        batch_op.add_column(sa.Column("assigned_at", Utc(), nullable=True))
        batch_op.add_column(sa.Column("verified_at", Utc(), nullable=True))
        batch_op.add_column(sa.Column("suspended_at", Utc(), nullable=True))
        batch_op.add_column(sa.Column("suspended_minutes", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("limit_minutes", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("rework_count", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("dispatch_count", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("is_contacted", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("is_solved", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("is_satisfied", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("occurred_until", Utc(), nullable=True))
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))

    with op.batch_alter_table("hazard", schema=None) as batch_op:
        batch_op.add_column(sa.Column("level", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("loop", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("filed_at", Utc(), nullable=True))
        batch_op.add_column(sa.Column("assigned_at", Utc(), nullable=True))
        batch_op.add_column(sa.Column("verified_at", Utc(), nullable=True))
        batch_op.add_column(sa.Column("suspended_at", Utc(), nullable=True))
        batch_op.add_column(sa.Column("suspended_minutes", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("limit_minutes", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("rework_count", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("dispatch_count", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("is_contacted", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("is_solved", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("is_satisfied", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("occurred_until", Utc(), nullable=True))
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))

    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.add_column(sa.Column("occurred_until", Utc(), nullable=True))
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))

    if op.get_bind().dialect.name == "postgresql":
        for table in ("building", "device", "service_point", "patrol_target", "patrol_stop"):
            op.create_index(f"gix_{table}_geom", table, ["geom"], postgresql_using="gist")
