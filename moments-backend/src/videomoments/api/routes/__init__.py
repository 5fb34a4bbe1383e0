"""All routes, one file per noun."""

from videomoments.api.routes import admin, clips, generate_moments, health, moments, objects, pipeline, transcripts, videos

ROUTERS = (
    videos.router,
    moments.router,
    transcripts.router,
    clips.router,
    pipeline.router,
    generate_moments.router,
    admin.router,
    objects.router,
    health.router,
)
