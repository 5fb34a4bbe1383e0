"""Reads all configuration from the environment and from no file. A `.env` in the working folder would let whoever wrote that folder choose
the database, the store and the models of a command that runs in it (docs/decisions/0038-no-env-file.md). compose.yaml reads its own.

`DATABASE_URL`, `REDIS_URL` and `STORAGE_URL` each replace one embedded part; all other names begin with `MOMENTS_`.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Limits(BaseSettings):
    """How much one worker does at once (the overview's section 8)."""

    model_config = SettingsConfigDict(env_prefix="MOMENTS_LIMIT_")

    pipelines: int = Field(2, ge=1)
    audio: int = Field(2, ge=1)
    transcription: int = Field(2, ge=1)
    generation: int = Field(2, ge=1)
    clips: int = Field(4, ge=1)
    refinement: int = Field(1, ge=1)


class Settings(BaseSettings):
    """The configuration of one process. Durations are in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(env_prefix="MOMENTS_", populate_by_name=True, extra="ignore")

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("videomoments", appauthor=False)))
    database_url: str | None = Field(None, validation_alias="DATABASE_URL")
    redis_url: str | None = Field(None, validation_alias="REDIS_URL")
    storage_url: str | None = Field(None, validation_alias="STORAGE_URL")
    # Where the built-in models (whisper_base, extractive, signal) are served. Unset: the embedded stack sets it.
    models_url: str | None = None
    models_key: SecretStr | None = None
    # OpenSSH files for models behind SSH. Unset: ~/.ssh/config, ~/.ssh/known_hosts, the agent and ~/.ssh/id_*.
    ssh_config: Path | None = None
    ssh_known_hosts: Path | None = None
    ssh_key: Path | None = None
    ssh_idle_seconds: float = Field(60.0, ge=0)
    # Signs the URLs of a local store. Unset: made once and stored in the data folder.
    signing_key: SecretStr | None = None

    host: str = "127.0.0.1"
    port: int = 7005
    public_url: str | None = None
    # Ask for API keys on loopback too, as behind a proxy on the same machine. On any other address the API always asks for them.
    require_keys: bool = False
    # Further host names that the API accepts, comma-separated.
    allowed_hosts: str = ""
    # How long a request's head may take to arrive, and each part of `body_rate` times `body_seconds` bytes of its body.
    head_seconds: float = Field(10.0, gt=0)
    body_seconds: float = Field(30.0, gt=0)
    body_rate: int = Field(1000, ge=1)
    # How long a connection may be idle between two requests.
    keep_alive_seconds: int = Field(15, ge=1)
    # The most connections that one address may have at once. 0: any number, as behind a proxy, whose address all clients share.
    connections_per_address: int = Field(1000, ge=0)

    lease_seconds: float = Field(60.0, gt=0)
    # The pause between two checks for runs that are missing from the stream. With the second that a new run is given, it is noticed within
    # five.
    reconcile_seconds: float = Field(2.5, gt=0)
    # How often one of the workers lists the whole object store for objects that no row names.
    sweep_seconds: float = Field(3600.0, gt=0)
    max_crashes: int = Field(3, ge=1)
    drain_seconds: float = Field(20.0, gt=0)
    queue_cap: int = Field(1000, ge=1)
    # How long a run waits for a model service, or another part, that has answered before and is away. 0: not at all.
    model_wait_seconds: float = Field(600.0, ge=0)
    # For how much of that time a worker holds the run. Then it is handed back, so that others go on, and taken again after the retry time.
    model_hold_seconds: float = Field(30.0, ge=0)
    model_retry_seconds: float = Field(15.0, gt=0)
    # The longest that a chat model may take: for an answer in one body, for the first token of a streamed answer, and silent within one. A
    # model's entry may set its own.
    model_answer_seconds: float = Field(600.0, gt=0)
    model_first_token_seconds: float = Field(300.0, gt=0)
    model_silence_seconds: float = Field(120.0, gt=0)

    max_source_bytes: int = Field(20 * 1024**3, gt=0)
    min_free_bytes: int = Field(512 * 1024**2, ge=0)
    # The most that the temporary files of all runs may take on one machine when another stage begins.
    temp_quota_bytes: int = Field(200 * 1024**3, gt=0)
    # Days that a video's extracted audio stays in the store; a later transcription extracts it again. 0: as long as the video.
    audio_days: int = Field(30, ge=0)
    download_timeout: float = Field(6 * 3600.0, gt=0)
    # The least bytes per second of a download in each period of so many seconds (0: any speed), and how long one of unknown length may
    # last. So neither a slow server nor one without an end holds a worker's place for hours.
    download_min_rate: int = Field(2000, ge=0)
    download_rate_seconds: float = Field(60.0, gt=0)
    download_open_ended_timeout: float = Field(2 * 3600.0, gt=0)
    # How long a run waits for a source that has sent bytes before, then broke off, and can't be reached. 0: not at all.
    source_wait_seconds: float = Field(600.0, ge=0)
    # Hosts or networks in private address space that downloads may reach, comma-separated (`10.1.2.3`, `10.0.0.0/8`, `media.local`).
    allow_private: str = ""
    # Buckets that gs:// and s3:// sources may name, comma-separated (`gs://talks`, `s3://media/public`). Empty: none, so that no user reads
    # what only this installation's identity may read.
    source_buckets: str = ""
    # A cookie file (Netscape format) that yt-dlp sends to sites, for videos that only members can watch. Unset: none.
    ytdlp_cookies: Path | None = None

    log_level: str = "INFO"
    log_json: bool = False
    limits: Limits = Field(default_factory=Limits)

    @property
    def keys_required(self) -> bool:
        """Returns whether the API asks for keys: always where other machines can reach it."""
        return self.require_keys or not is_loopback(self.host)

    @property
    def reached_from_elsewhere(self) -> bool:
        """Returns whether other machines and containers reach the API by `public_url`. For them a loopback name means themselves."""
        host = urlsplit(self.public_url or "").hostname
        return host is not None and not is_loopback(host)

    @property
    def work_folder(self) -> Path:
        """Returns the folder of temporary files of runs, with one folder per request id."""
        return self.home / "work"

    @property
    def store_folder(self) -> Path:
        """Returns the folder of the local object store."""
        return self.home / "store"


def is_loopback(host: str) -> bool:
    """Returns whether only this machine reaches an address. A name other than localhost may lead anywhere."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@lru_cache
def settings() -> Settings:
    """Returns the process's settings, read once."""
    return Settings()
