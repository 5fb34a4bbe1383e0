"""Every error that VideoMoments raises on purpose.

::

    MomentsError                     code, status_code, retryable, advice
    ├── InvalidInput           422   what was given can never work (permanent)
    │   ├── UnsupportedMedia   422   the file can't be read, or is not media
    │   └── AddressRefused     422   a URL that leads to a non-public address
    ├── NotSignedIn            401   the API asks for a key
    ├── ScopeMissing           403   the key may not do that
    ├── NotFound               404
    ├── Conflict               409   an identifier is taken, a run has ended
    │   └── RunActive          409   another run of this video is active; `request_id` and `run_status` say which
    ├── TooLarge               413
    ├── TooMany                429   queue cap or quota; `retry_after` seconds
    ├── SourceUnavailable      502   the source answered no, or not at all
    ├── ModelError             502   a model service failed or answered nonsense
    ├── StorageError           503   the object store failed
    ├── ServiceUnavailable     503   PostgreSQL, Redis or an embedded part is away
    ├── OutOfSpace             507   no disk space left
    └── Cancelled              409   the run was cancelled
        ├── StaleAttempt       409   another worker has taken the run over
        └── Deferred           409   the run waits for a service, and is tried again later

The media child adds codes on MomentsError itself: `media_failed`, `media_limit`, `media_crash` and `clip_check_failed` (permanent),
`media_stalled` and `media_killed` (retryable).

`code` is stable: programs may compare it. `retryable` tells the pipeline whether another try can help. `advice` is one sentence
that tells a user what to do.
"""

from __future__ import annotations


class MomentsError(Exception):
    """Base of every error raised on purpose.

    `message` says what is wrong in one line, without secrets, hosts of ours or paths of ours; `advice` what to do about it. `operator`
    is the message for those who run this installation, with host, port, user and cause but no password: the command line and the logs
    show it (`str(error)`, `operator_text`), HTTP never does.
    """

    code = "internal_error"
    status_code = 500
    retryable = False
    advice = ""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        advice: str | None = None,
        retryable: bool | None = None,
        operator: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.operator_text = operator or message
        if code is not None:
            self.code = code
        if advice is not None:
            self.advice = advice
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        return f"{self.operator_text} {self.advice}".strip()


class InvalidInput(MomentsError):
    code = "invalid_input"
    status_code = 422


class UnsupportedMedia(InvalidInput):
    """Raised for a file that can't be read as audio or video. Codes: `empty_file`, `not_media`, `truncated`, `encrypted`,
    `unsupported_codec`, `too_many_pixels`, `too_short`, `damaged`, `no_such_audio_track`, `audio_track_undecodable`."""

    code = "not_media"


class AddressRefused(InvalidInput):
    code = "address_refused"


class NotSignedIn(MomentsError):
    code = "key_needed"
    status_code = 401


class ScopeMissing(MomentsError):
    code = "scope_missing"
    status_code = 403


class NotFound(MomentsError):
    code = "not_found"
    status_code = 404


class Conflict(MomentsError):
    code = "conflict"
    status_code = 409


class RunActive(Conflict):
    """Raised where another run of the video is active and the request has to wait for it."""

    code = "run_active"

    def __init__(self, request_id: str, run_status: str, *, message: str | None = None, advice: str | None = None) -> None:
        super().__init__(
            message or f"A run of this video is active: {request_id}, {run_status}.",
            advice="Wait for it to end, or cancel it, then start again." if advice is None else advice,
        )
        self.request_id = request_id
        self.run_status = run_status


class TooLarge(MomentsError):
    code = "too_large"
    status_code = 413


class TooMany(MomentsError):
    code = "too_many"
    status_code = 429
    retryable = True

    def __init__(self, message: str, *, retry_after: int = 30, advice: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self.retry_after = retry_after


class SourceUnavailable(MomentsError):
    """`retry_after` is the number of seconds after which the source's server wants to be asked again, where it says so. Further codes:
    `source_refused`, `too_many_redirects`, `source_too_slow`, `source_endless`, `source_compressed`, `not_http` (all permanent)."""

    code = "source_unavailable"
    status_code = 502
    retryable = True
    retry_after: float | None = None


class ModelError(MomentsError):
    """Codes: `model_unreachable`, `model_timeout`, `model_refused` (authentication), `model_bad_answer`, `model_overloaded`,
    `model_truncated`, `model_declined` (it will not answer), `model_filtered` (its server's content filter), `model_unknown`,
    `model_not_configured`, `model_blind` (found by a test). The way to a model behind SSH has its own: `tunnel_refused`,
    `tunnel_timeout`, `tunnel_no_host`, `tunnel_host_key`, `tunnel_authentication`, `tunnel_closed_port`, `tunnel_forbidden`,
    `tunnel_lost`, `tunnel_config`."""

    code = "model_error"
    status_code = 502
    retryable = True


class StorageError(MomentsError):
    """Codes: `storage_error`, and where it is known `store_` and one of `bucket_missing`, `credentials_missing`, `credentials`,
    `permission`, `region`, `plain_http`, `host_unknown`, `tls`, `unreachable`, `not_writable`."""

    code = "storage_error"
    status_code = 503
    retryable = True


class ServiceUnavailable(MomentsError):
    """Codes of PostgreSQL: `database_` and one of `unavailable`, `host_unknown`, `refused`, `unreachable`, `timeout`, `starting`, `full`,
    `password`, `user`, `missing`, `not_allowed`, `permission`, `read_only`, `pooler`, `tls_needed`, `tls_missing`, `tls_ca`, `tls_name`,
    `tls_failed`; of its schema `empty`, `old`, `newer`. Of Redis: `redis_` and one of `unavailable`, `host_unknown`, `refused`,
    `unreachable`, `timeout`, `full`, `password`, `password_needed`, `permission`, `missing`, `read_only`, `tls_needed`, `tls_missing`,
    `tls_ca`, `tls_name`, `tls_failed`, `evicts`. Also `migration_failed`, `port_taken`."""

    code = "service_unavailable"
    status_code = 503
    retryable = True


class OutOfSpace(MomentsError):
    code = "no_space_left"
    status_code = 507
    retryable = True
    advice = "Free some disk space, then start the run again."


class Cancelled(MomentsError):
    code = "cancelled"
    status_code = 409


class StaleAttempt(Cancelled):
    """This worker's claim on the run has lapsed and another worker holds it, so nothing may be written any more."""

    code = "stale_attempt"


class Deferred(Cancelled):
    """The run waits for something that is away. This worker hands it back, to be taken again after `seconds`. Nothing has failed."""

    code = "deferred"

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds
