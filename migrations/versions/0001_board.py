"""The board: projects, worker types, tickets, comments, workers, events.

Revision: 0001, after nothing
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    now = _now()
    op.create_table(
        "projects",
        sa.Column("repository_name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("short_description", sa.Text(), nullable=True),
        sa.Column("rules", sa.Text(), server_default="", nullable=False),
        sa.Column("patterns", sa.Text(), server_default="", nullable=False),
        sa.Column("ticket_prefix", sa.Text(), nullable=True),
        sa.Column("last_ticket_number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.CheckConstraint("last_ticket_number >= 0", name=op.f("ck_projects_last_ticket_number")),
        sa.PrimaryKeyConstraint("repository_name", name=op.f("pk_projects")),
        sa.UniqueConstraint("ticket_prefix", name=op.f("uq_projects_ticket_prefix")),
    )

    op.create_table(
        "worker_types",
        sa.Column("id", BigId, nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("worker_type", sa.Text(), nullable=False),
        sa.Column("short_description", sa.Text(), nullable=True),
        sa.Column("system_prompt", sa.Text(), server_default="", nullable=False),
        sa.Column("performed_by", sa.Text(), server_default="agent", nullable=False),
        sa.Column("lease_seconds", sa.Integer(), server_default="300", nullable=False),
        sa.Column("max_attempts", sa.Integer(), server_default="3", nullable=False),
        sa.Column("prompt_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.CheckConstraint(
            "performed_by IN ('agent', 'person')", name=op.f("ck_worker_types_performed_by")
        ),
        sa.CheckConstraint(
            "lease_seconds BETWEEN 10 AND 86400", name=op.f("ck_worker_types_lease_seconds")
        ),
        sa.CheckConstraint(
            "max_attempts BETWEEN 1 AND 100", name=op.f("ck_worker_types_max_attempts")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.repository_name"],
            name=op.f("fk_worker_types_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker_types")),
        sa.UniqueConstraint(
            "project_id", "worker_type", name=op.f("uq_worker_types_project_id_worker_type")
        ),
    )

    op.create_table(
        "prompt_versions",
        sa.Column("id", BigId, nullable=False),
        sa.Column("worker_type_id", BigId, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("system_prompt", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.ForeignKeyConstraint(
            ["worker_type_id"],
            ["worker_types.id"],
            name=op.f("fk_prompt_versions_worker_type_id_worker_types"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompt_versions")),
        sa.UniqueConstraint(
            "worker_type_id", "version", name=op.f("uq_prompt_versions_worker_type_id_version")
        ),
    )

    op.create_table(
        "plan_templates",
        sa.Column("id", BigId, nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.repository_name"],
            name=op.f("fk_plan_templates_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_templates")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_plan_templates_project_id_name")),
    )

    op.create_table(
        "workers",
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("worker_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="spawning", nullable=False),
        sa.Column("pid", sa.Integer(), nullable=True),
        sa.Column("queue_name", sa.Text(), server_default="", nullable=False),
        sa.Column("hostname", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("last_activity", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("expected_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('spawning', 'active', 'idle', 'finished', 'failed')",
            name=op.f("ck_workers_status"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.repository_name"],
            name=op.f("fk_workers_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_workers")),
    )
    op.create_index(op.f("ix_workers_last_activity"), "workers", ["last_activity"], unique=False)
    op.create_index(
        op.f("ix_workers_project_id_worker_type_status"),
        "workers",
        ["project_id", "worker_type", "status"],
        unique=False,
    )
    op.create_index(
        op.f("ix_workers_status_expected_by"), "workers", ["status", "expected_by"], unique=False
    )

    op.create_table(
        "tickets",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("execution_plan", sa.JSON(), nullable=False),
        sa.Column("completed_stages", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_completed_stage", sa.Text(), server_default="Planned", nullable=False),
        sa.Column(
            "current_stage",
            sa.Text(),
            sa.Computed("execution_plan ->> completed_stages", persisted=True),
            nullable=True,
        ),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), server_default="2", nullable=False),
        sa.Column("open_blockers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed_attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("ready_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("submission_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (resolution IS NOT NULL)",
            name=op.f("ck_tickets_closed"),
        ),
        sa.CheckConstraint("claimed_by IS NULL OR state = 'open'", name=op.f("ck_tickets_claimed")),
        sa.CheckConstraint(
            "resolution IN ('completed', 'stopped')", name=op.f("ck_tickets_resolution")
        ),
        sa.CheckConstraint("state IN ('open', 'on_hold', 'closed')", name=op.f("ck_tickets_state")),
        sa.CheckConstraint(
            "completed_stages BETWEEN 0 AND json_array_length(execution_plan)",
            name=op.f("ck_tickets_position"),
        ),
        sa.CheckConstraint("open_blockers >= 0", name=op.f("ck_tickets_open_blockers")),
        sa.CheckConstraint("priority BETWEEN 0 AND 3", name=op.f("ck_tickets_priority")),
        sa.ForeignKeyConstraint(
            ["claimed_by"],
            ["workers.worker_id"],
            name=op.f("fk_tickets_claimed_by_workers"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["tickets.ticket_id"],
            name=op.f("fk_tickets_parent_id_tickets"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.repository_name"],
            name=op.f("fk_tickets_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("external_ref", name=op.f("uq_tickets_external_ref")),
        sa.UniqueConstraint("submission_id", name=op.f("uq_tickets_submission_id")),
    )
    op.create_index(op.f("ix_tickets_claimed_by"), "tickets", ["claimed_by"], unique=False)
    op.create_index(
        op.f("ix_tickets_created_at_ticket_id"),
        "tickets",
        ["created_at", "ticket_id"],
        unique=False,
    )
    op.create_index(op.f("ix_tickets_parent_id"), "tickets", ["parent_id"], unique=False)
    op.create_index(
        op.f("ix_tickets_project_id_state_updated_at"),
        "tickets",
        ["project_id", "state", "updated_at"],
        unique=False,
    )
    op.create_index(
        "ix_tickets_queue",
        "tickets",
        ["project_id", "current_stage", "priority", "created_at", "ticket_id", "ready_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open' AND claimed_by IS NULL AND open_blockers = 0"),
        postgresql_where=sa.text("state = 'open' AND claimed_by IS NULL AND open_blockers = 0"),
    )
    op.create_index(
        op.f("ix_tickets_state_closed_at"), "tickets", ["state", "closed_at"], unique=False
    )
    op.create_index(
        op.f("ix_tickets_state_updated_at_ticket_id"),
        "tickets",
        ["state", "updated_at", "ticket_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_tickets_updated_at_ticket_id"),
        "tickets",
        ["updated_at", "ticket_id"],
        unique=False,
    )

    op.create_table(
        "ticket_dependencies",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("blocked_by_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.CheckConstraint(
            "ticket_id <> blocked_by_id", name=op.f("ck_ticket_dependencies_not_itself")
        ),
        sa.ForeignKeyConstraint(
            ["blocked_by_id"],
            ["tickets.ticket_id"],
            name=op.f("fk_ticket_dependencies_blocked_by_id_tickets"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.ticket_id"],
            name=op.f("fk_ticket_dependencies_ticket_id_tickets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("ticket_id", "blocked_by_id", name=op.f("pk_ticket_dependencies")),
    )
    op.create_index(
        op.f("ix_ticket_dependencies_blocked_by_id"),
        "ticket_dependencies",
        ["blocked_by_id"],
        unique=False,
    )

    op.create_table(
        "ticket_labels",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.ticket_id"],
            name=op.f("fk_ticket_labels_ticket_id_tickets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("ticket_id", "label", name=op.f("pk_ticket_labels")),
    )
    op.create_index(
        op.f("ix_ticket_labels_label_ticket_id"),
        "ticket_labels",
        ["label", "ticket_id"],
        unique=False,
    )

    op.create_table(
        "stage_runs",
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("stage_number", sa.Integer(), nullable=False),
        sa.Column("worker_type", sa.Text(), nullable=False),
        sa.Column("worker_id", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="1", nullable=False),
        sa.Column("prompt_version", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('completed', 'returned', 'attention', 'failed', 'expired', 'released')",
            name=op.f("ck_stage_runs_outcome"),
        ),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (outcome IS NULL)", name=op.f("ck_stage_runs_finished")
        ),
        sa.CheckConstraint("attempt >= 1", name=op.f("ck_stage_runs_attempt")),
        sa.CheckConstraint("stage_number >= 1", name=op.f("ck_stage_runs_stage_number")),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.ticket_id"],
            name=op.f("fk_stage_runs_ticket_id_tickets"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["worker_id"],
            ["workers.worker_id"],
            name=op.f("fk_stage_runs_worker_id_workers"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_stage_runs")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_stage_runs_finished_at"), "stage_runs", ["finished_at"], unique=False)
    op.create_index(
        "ix_stage_runs_overdue",
        "stage_runs",
        ["lease_expires_at"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index(
        op.f("ix_stage_runs_ticket_id_run_id"), "stage_runs", ["ticket_id", "run_id"], unique=False
    )
    op.create_index(
        op.f("ix_stage_runs_worker_id_run_id"), "stage_runs", ["worker_id", "run_id"], unique=False
    )
    op.create_index(
        "uq_stage_runs_unfinished_ticket_id",
        "stage_runs",
        ["ticket_id"],
        unique=True,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index(
        "uq_stage_runs_unfinished_worker_id",
        "stage_runs",
        ["worker_id"],
        unique=True,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )

    op.create_table(
        "comments",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("worker_type", sa.Text(), nullable=True),
        sa.Column("worker_id", sa.Text(), nullable=True),
        sa.Column("stage_number", sa.Integer(), nullable=True),
        sa.Column("run_id", BigId, nullable=True),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.CheckConstraint("stage_number >= 1", name=op.f("ck_comments_stage_number")),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["stage_runs.run_id"],
            name=op.f("fk_comments_run_id_stage_runs"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.ticket_id"],
            name=op.f("fk_comments_ticket_id_tickets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        sa.UniqueConstraint("submission_id", name=op.f("uq_comments_submission_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_comments_run_id"), "comments", ["run_id"], unique=False)
    op.create_index(op.f("ix_comments_ticket_id_id"), "comments", ["ticket_id", "id"], unique=False)

    op.create_table(
        "events",
        sa.Column("id", BigId, nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.Text(), nullable=True),
        sa.Column("worker_id", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("needs_attention", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("processed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("processed_by", sa.Text(), nullable=True),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution_summary", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "event_type IN ('ticket_created', 'ticket_stage_started', 'ticket_stage_completed', 'ticket_stage_returned', 'ticket_stage_failed', 'ticket_stage_released', 'ticket_attention_requested', 'ticket_held', 'ticket_resumed', 'ticket_closed', 'ticket_reopened', 'ticket_plan_changed', 'ticket_edited', 'ticket_dependency_changed', 'ticket_report_refused', 'worker_started', 'worker_stopped')",
            name=op.f("ck_events_event_type"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_events_inbox",
        "events",
        ["id"],
        unique=False,
        sqlite_where=sa.text("needs_attention AND NOT processed"),
        postgresql_where=sa.text("needs_attention AND NOT processed"),
    )
    op.create_index(op.f("ix_events_event_type_id"), "events", ["event_type", "id"], unique=False)
    op.create_index(op.f("ix_events_project_id_id"), "events", ["project_id", "id"], unique=False)
    op.create_index(op.f("ix_events_ticket_id_id"), "events", ["ticket_id", "id"], unique=False)
    op.create_index(op.f("ix_events_worker_id_id"), "events", ["worker_id", "id"], unique=False)


def _now() -> sa.TextClause:
    """The database's own time; on SQLite with a fraction, so that times sort as text."""
    if op.get_bind().dialect.name == "sqlite":
        return sa.text("(strftime('%Y-%m-%d %H:%M:%f000', 'now'))")
    return sa.text("CURRENT_TIMESTAMP")


def downgrade() -> None:
    op.drop_table("events")
    op.drop_table("comments")
    op.drop_table("stage_runs")
    op.drop_table("ticket_labels")
    op.drop_table("ticket_dependencies")
    op.drop_table("tickets")
    op.drop_table("workers")
    op.drop_table("plan_templates")
    op.drop_table("prompt_versions")
    op.drop_table("worker_types")
    op.drop_table("projects")
