# The built-in models. Weights are not in the image: they come on first use, checked by hash, into the volume.
# Build from the repository's root: docker build -f deploy/models.Dockerfile .
FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/moments && /opt/moments/bin/pip install "hatchling>=1.27"
COPY moments-models/requirements.lock moments-models/
RUN /opt/moments/bin/pip install --require-hashes --only-binary :all: --requirement moments-models/requirements.lock
COPY moments-models/ moments-models/
RUN /opt/moments/bin/pip install --no-deps --no-build-isolation ./moments-models

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --create-home --home-dir /var/lib/moments --shell /usr/sbin/nologin moments \
    && install -d -o moments -g moments /var/lib/moments/weights
COPY --from=build /opt/moments /opt/moments
ENV PATH=/opt/moments/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MOMENTS_WEIGHTS=/var/lib/moments/weights
# Nothing that is imported calls home (quiet.env).
ENV ORT_DISABLE_TELEMETRY=1 DO_NOT_TRACK=1 HF_HUB_DISABLE_TELEMETRY=1 HF_HUB_DISABLE_UPDATE_CHECK=1 HF_HUB_DISABLE_XET=1 \
    NO_UPDATE_NOTIFIER=1 PIP_DISABLE_PIP_VERSION_CHECK=1
USER 10001:10001
WORKDIR /var/lib/moments
VOLUME /var/lib/moments
EXPOSE 8006
ENTRYPOINT ["moments-models"]
CMD ["serve", "--all"]
