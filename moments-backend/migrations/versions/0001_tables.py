"""The eight tables, stages, models and workers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _model_configs()
    _prompts()
    _videos()
    _workers()
    _transcripts()
    _generation_configs()
    _pipeline_history()
    _indexes_of_pipeline_history()
    _moments()
    _pipeline_stages()
    _clips()
    _thumbnails()


def _model_configs() -> None:
    op.create_table(
        "model_configs",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_model_configs")),
    )


def _prompts() -> None:
    op.create_table(
        "prompts",
        sa.Column("user_prompt", sa.String(), nullable=False),
        sa.Column("system_prompt", sa.String(), nullable=False),
        sa.Column("prompt_hash", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompts")),
        sa.UniqueConstraint("prompt_hash", name=op.f("uq_prompts_prompt_hash")),
    )


def _videos() -> None:
    op.create_table(
        "videos",
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("source_url", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("cloud_url", sa.String(), nullable=True),
        sa.Column("audio_url", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("duration", sa.Double(), nullable=True),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("content_type", sa.String(), nullable=True),
        sa.Column("media_info", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_videos")),
        sa.UniqueConstraint("identifier", name=op.f("uq_videos_identifier")),
    )
    op.create_index("ix_videos_created_at_id", "videos", ["created_at", "id"], unique=False)
    op.create_index("uq_videos_source_key", "videos", ["source_key"], unique=True, postgresql_where=sa.text("deleted_at IS NULL"))


def _workers() -> None:
    op.create_table(
        "workers",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )


def _transcripts() -> None:
    op.create_table(
        "transcripts",
        sa.Column("video_id", sa.BigInteger(), nullable=False),
        sa.Column("full_text", sa.String(), nullable=False),
        sa.Column("word_timestamps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("segment_timestamps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("engine", sa.String(), nullable=True),
        sa.Column("word_count", sa.BigInteger(), nullable=False),
        sa.Column("processing_time", sa.Double(), nullable=True),
        sa.Column("input_hash", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_transcripts_video_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcripts")),
        sa.UniqueConstraint("video_id", name=op.f("uq_transcripts_video_id")),
    )


def _generation_configs() -> None:
    op.create_table(
        "generation_configs",
        sa.Column("prompt_id", sa.BigInteger(), nullable=False),
        sa.Column("transcript_id", sa.BigInteger(), nullable=True),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("temperature", sa.Double(), nullable=True),
        sa.Column("top_p", sa.Double(), nullable=True),
        sa.Column("top_k", sa.BigInteger(), nullable=True),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("config_hash", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name=op.f("fk_generation_configs_prompt_id")),
        sa.ForeignKeyConstraint(
            ["transcript_id"], ["transcripts.id"], name=op.f("fk_generation_configs_transcript_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generation_configs")),
        sa.UniqueConstraint("config_hash", name=op.f("uq_generation_configs_config_hash")),
    )
    op.create_index("ix_generation_configs_transcript_id", "generation_configs", ["transcript_id"], unique=False)


def _pipeline_history() -> None:
    op.create_table(
        "pipeline_history",
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("video_id", sa.BigInteger(), nullable=False),
        sa.Column("gen_config_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_seconds", sa.Double(), nullable=True),
        sa.Column("error_stage", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("attempt", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("crashes", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stream_entry", sa.String(), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.Column("error_advice", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL)", name=op.f("ck_pipeline_history_ended")
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')", name=op.f("ck_pipeline_history_status")
        ),
        sa.ForeignKeyConstraint(["gen_config_id"], ["generation_configs.id"], name=op.f("fk_pipeline_history_gen_config_id")),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_pipeline_history_video_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_history")),
        sa.UniqueConstraint("identifier", name=op.f("uq_pipeline_history_identifier")),
    )


def _indexes_of_pipeline_history() -> None:
    op.create_index(
        "ix_pipeline_history_active",
        "pipeline_history",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('queued', 'processing')"),
    )
    op.create_index("ix_pipeline_history_created_at_id", "pipeline_history", ["created_at", "id"], unique=False)
    op.create_index("ix_pipeline_history_gen_config_id", "pipeline_history", ["gen_config_id"], unique=False)
    op.create_index("ix_pipeline_history_video_id_created_at", "pipeline_history", ["video_id", "created_at"], unique=False)
    op.create_index(
        "uq_pipeline_history_active",
        "pipeline_history",
        ["video_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('queued', 'processing') AND kind <> 'clips'"),
    )
    op.create_index("uq_pipeline_history_idempotency_key", "pipeline_history", ["idempotency_key"], unique=True)


def _moments() -> None:
    op.create_table(
        "moments",
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("video_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("gen_config_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("start_time", sa.Double(), nullable=False),
        sa.Column("end_time", sa.Double(), nullable=False),
        sa.Column("is_refined", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("engine", sa.String(), nullable=True),
        sa.Column("review", sa.String(), server_default="new", nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("review IN ('new', 'kept', 'rejected')", name=op.f("ck_moments_review")),
        sa.CheckConstraint("is_refined = (parent_id IS NOT NULL)", name=op.f("ck_moments_refined_has_parent")),
        sa.CheckConstraint("score IS NULL OR (score >= 0 AND score <= 1)", name=op.f("ck_moments_score")),
        sa.CheckConstraint("start_time >= 0 AND end_time > start_time", name=op.f("ck_moments_times")),
        sa.ForeignKeyConstraint(["gen_config_id"], ["generation_configs.id"], name=op.f("fk_moments_gen_config_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["moments.id"], name=op.f("fk_moments_parent_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["pipeline_history.id"], name=op.f("fk_moments_run_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_moments_video_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moments")),
        sa.UniqueConstraint("identifier", name=op.f("uq_moments_identifier")),
    )
    op.create_index("ix_moments_gen_config_id", "moments", ["gen_config_id"], unique=False)
    op.create_index("ix_moments_video_id_start_time", "moments", ["video_id", "start_time"], unique=False)
    op.create_index("uq_moments_parent_run", "moments", ["parent_id", "run_id"], unique=True)
    op.create_index(
        "uq_moments_run_position", "moments", ["run_id", "position"], unique=True, postgresql_where=sa.text("parent_id IS NULL")
    )


def _pipeline_stages() -> None:
    op.create_table(
        "pipeline_stages",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("progress", sa.Double(), nullable=True),
        sa.Column("executions", sa.BigInteger(), nullable=False),
        sa.Column("input_hash", sa.String(), nullable=True),
        sa.Column("checkpoint", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'processing', 'completed', 'skipped', 'failed', 'cancelled')", name=op.f("ck_pipeline_stages_status")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["pipeline_history.id"], name=op.f("fk_pipeline_stages_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_pipeline_stages")),
    )


def _clips() -> None:
    op.create_table(
        "clips",
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("moment_id", sa.BigInteger(), nullable=False),
        sa.Column("video_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("cloud_url", sa.String(), nullable=False),
        sa.Column("start_time", sa.Double(), nullable=False),
        sa.Column("end_time", sa.Double(), nullable=False),
        sa.Column("padding_left", sa.Double(), nullable=False),
        sa.Column("padding_right", sa.Double(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('input', 'delivered')", name=op.f("ck_clips_kind")),
        sa.CheckConstraint("end_time > start_time", name=op.f("ck_clips_times")),
        sa.ForeignKeyConstraint(["moment_id"], ["moments.id"], name=op.f("fk_clips_moment_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["pipeline_history.id"], name=op.f("fk_clips_run_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_clips_video_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clips")),
        sa.UniqueConstraint("identifier", name=op.f("uq_clips_identifier")),
    )
    op.create_index("ix_clips_video_id", "clips", ["video_id"], unique=False)
    op.create_index("uq_clips_moment_id_kind", "clips", ["moment_id", "kind"], unique=True)


def _thumbnails() -> None:
    op.create_table(
        "thumbnails",
        sa.Column("video_id", sa.BigInteger(), nullable=False),
        sa.Column("clip_id", sa.BigInteger(), nullable=True),
        sa.Column("cloud_url", sa.String(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name=op.f("fk_thumbnails_clip_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], name=op.f("fk_thumbnails_video_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thumbnails")),
    )
    op.create_index("uq_thumbnails_clip", "thumbnails", ["clip_id"], unique=True, postgresql_where=sa.text("clip_id IS NOT NULL"))
    op.create_index("uq_thumbnails_video", "thumbnails", ["video_id"], unique=True, postgresql_where=sa.text("clip_id IS NULL"))


def downgrade() -> None:

    op.drop_index("uq_thumbnails_video", table_name="thumbnails", postgresql_where=sa.text("clip_id IS NULL"))
    op.drop_index("uq_thumbnails_clip", table_name="thumbnails", postgresql_where=sa.text("clip_id IS NOT NULL"))
    op.drop_table("thumbnails")
    op.drop_index("uq_clips_moment_id_kind", table_name="clips")
    op.drop_index("ix_clips_video_id", table_name="clips")
    op.drop_table("clips")
    op.drop_table("pipeline_stages")
    op.drop_index("uq_moments_run_position", table_name="moments", postgresql_where=sa.text("parent_id IS NULL"))
    op.drop_index("uq_moments_parent_run", table_name="moments")
    op.drop_index("ix_moments_video_id_start_time", table_name="moments")
    op.drop_index("ix_moments_gen_config_id", table_name="moments")
    op.drop_table("moments")
    op.drop_index("uq_pipeline_history_idempotency_key", table_name="pipeline_history")
    op.drop_index(
        "uq_pipeline_history_active",
        table_name="pipeline_history",
        postgresql_where=sa.text("status IN ('queued', 'processing') AND kind <> 'clips'"),
    )
    op.drop_index("ix_pipeline_history_video_id_created_at", table_name="pipeline_history")
    op.drop_index("ix_pipeline_history_gen_config_id", table_name="pipeline_history")
    op.drop_index("ix_pipeline_history_created_at_id", table_name="pipeline_history")
    op.drop_index(
        "ix_pipeline_history_active", table_name="pipeline_history", postgresql_where=sa.text("status IN ('queued', 'processing')")
    )
    op.drop_table("pipeline_history")
    op.drop_index("ix_generation_configs_transcript_id", table_name="generation_configs")
    op.drop_table("generation_configs")
    op.drop_table("transcripts")
    op.drop_table("workers")
    op.drop_index("uq_videos_source_key", table_name="videos", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index("ix_videos_created_at_id", table_name="videos")
    op.drop_table("videos")
    op.drop_table("prompts")
    op.drop_table("model_configs")
