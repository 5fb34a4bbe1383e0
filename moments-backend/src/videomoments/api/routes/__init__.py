"""Lists all routers: one file per resource."""

from videomoments.api.routes import (
    admin,
    clips,
    docs,
    export,
    generate_moments,
    health,
    keys,
    me,
    metrics,
    moments,
    objects,
    pipeline,
    timeline,
    transcripts,
    uploads,
    videos,
)

ROUTERS = (
    # Before the videos: `/api/videos/{video_id}` also matches `/api/videos/upload`.
    uploads.router,
    videos.router,
    moments.router,
    transcripts.router,
    clips.router,
    timeline.router,
    export.router,
    pipeline.router,
    generate_moments.router,
    admin.router,
    keys.router,
    me.router,
    objects.router,
    docs.router,
    health.router,
    metrics.router,
)
