# API and workers. Build from the repository's root: docker build -f deploy/backend.Dockerfile .
FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/moments
COPY moments-backend/requirements.lock moments-backend/
RUN /opt/moments/bin/pip install --require-hashes --only-binary :all: --requirement moments-backend/requirements.lock
COPY moments-models/ moments-models/
COPY moments-backend/ moments-backend/
# The backend checks weights by their names and hashes, which the models' package holds.
RUN /opt/moments/bin/pip install --no-deps --no-build-isolation ./moments-models ./moments-backend

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --create-home --home-dir /var/lib/moments --shell /usr/sbin/nologin moments \
    && install -d -o moments -g moments /var/lib/moments/home /var/lib/moments/store
COPY --from=build /opt/moments /opt/moments
ENV PATH=/opt/moments/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Nothing that is imported calls home (quiet.env).
ENV ORT_DISABLE_TELEMETRY=1 DO_NOT_TRACK=1 HF_HUB_DISABLE_TELEMETRY=1 HF_HUB_DISABLE_UPDATE_CHECK=1 HF_HUB_DISABLE_XET=1 \
    NO_UPDATE_NOTIFIER=1 PIP_DISABLE_PIP_VERSION_CHECK=1
USER 10001:10001
WORKDIR /var/lib/moments
VOLUME /var/lib/moments
EXPOSE 7005
ENTRYPOINT ["moments"]
CMD ["api"]
