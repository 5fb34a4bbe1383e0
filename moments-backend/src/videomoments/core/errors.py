"""Every error that VideoMoments raises on purpose.

::

    MomentsError                     code, status_code, retryable, advice
    ├── InvalidInput           422   what was given can never work (permanent)
    │   ├── UnsupportedMedia   422   the file can't be read, or is not media
    │   └── AddressRefused     422   a URL that leads to a non-public address
    ├── NotSignedIn            401   the API asks for a key
    ├── ScopeMissing           403   the key may not do that
    ├── NotFound               404
    ├── Conflict               409   a run is active, an identifier is taken
    ├── TooLarge               413
    ├── TooMany                429   queue cap or quota; `retry_after` seconds
    ├── SourceUnavailable      502   the source answered no, or not at all
    ├── ModelError             502   a model service failed or answered nonsense
    ├── StorageError           503   the object store failed
    ├── ServiceUnavailable     503   PostgreSQL, Redis or an embedded part is away
    ├── OutOfSpace             507   no disk space left
    └── Cancelled              409   the run was cancelled
        StaleAttempt           409   another worker has taken the run over

The media child adds codes on MomentsError itself: `media_failed`, `media_limit` and `media_crash` (permanent), `media_stalled`,
`media_killed` and `clip_check_failed` (retryable).

`code` is stable: programs may compare it. `retryable` tells the pipeline whether another try can help. `advice` is one sentence
that tells a person what to do.
"""

from __future__ import annotations


class MomentsError(Exception):
    """Base of every error raised on purpose.

    `message` says what is wrong in one line, without secrets, hosts of ours or paths of ours; `advice` what to do about it.
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
    ) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        if advice is not None:
            self.advice = advice
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class InvalidInput(MomentsError):
    code = "invalid_input"
    status_code = 422


class UnsupportedMedia(InvalidInput):
    """The file can't be read as audio or video. Codes: `empty_file`, `not_media`, `truncated`, `encrypted`, `unsupported_codec`,
    `too_many_pixels`, `too_short`, `damaged`."""

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
    code = "source_unavailable"
    status_code = 502
    retryable = True


class ModelError(MomentsError):
    """Codes: `model_unreachable`, `model_timeout`, `model_refused` (authentication), `model_bad_answer`, `model_overloaded`,
    `model_truncated`, `model_unknown`, `model_not_configured`, `model_blind` (found by a test). The way to a model behind SSH has its
    own: `tunnel_refused`, `tunnel_timeout`, `tunnel_no_host`, `tunnel_host_key`, `tunnel_authentication`, `tunnel_closed_port`,
    `tunnel_forbidden`, `tunnel_lost`, `tunnel_config`."""

    code = "model_error"
    status_code = 502
    retryable = True


class StorageError(MomentsError):
    code = "storage_error"
    status_code = 503
    retryable = True


class ServiceUnavailable(MomentsError):
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
    """This worker's claim on the run has lapsed and another holds it: nothing may be written any more."""

    code = "stale_attempt"
