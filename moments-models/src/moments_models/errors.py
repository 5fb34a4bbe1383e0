"""Every error that this program raises on purpose.

::

    ServiceError                 status, code, type
    ├── InvalidRequest     400   the request can never work
    │   └── UnreadableMedia 422  the file is not media, or has no such stream
    ├── Unauthorized       401
    ├── Forbidden          403   a foreign Host or Origin
    ├── UnknownModel       404
    ├── TooLarge           413
    ├── Busy               429   the queue is full
    ├── WeightsMissing     424   the model is known, its weights are not on this machine
    ├── LibraryMissing     424   the model is known, the library that runs it is not installed
    └── ClientGone         499   the client has closed the connection

`code` is stable. Over HTTP each becomes `{"error": {"message", "type", "code"}}`, the form of OpenAI's API.
"""

from __future__ import annotations


class ServiceError(Exception):
    """Base; `message` is one line for a user."""

    status = 500
    code = "internal_error"
    type = "server_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class InvalidRequest(ServiceError):
    status = 400
    code = "invalid_request"
    type = "invalid_request_error"


class UnreadableMedia(InvalidRequest):
    status = 422
    code = "unreadable_media"


class Unauthorized(ServiceError):
    status = 401
    code = "invalid_api_key"
    type = "authentication_error"


class Forbidden(ServiceError):
    status = 403
    code = "forbidden"
    type = "permission_error"


class UnknownModel(ServiceError):
    status = 404
    code = "model_not_found"
    type = "invalid_request_error"


class TooLarge(InvalidRequest):
    status = 413
    code = "too_large"


class Busy(ServiceError):
    status = 429
    code = "queue_full"
    type = "rate_limit_error"


class WeightsMissing(ServiceError):
    # Not 503: clients try again on a 503, and here that does not help.
    status = 424
    code = "weights_missing"


class LibraryMissing(ServiceError):
    status = 424
    code = "library_missing"


class ClientGone(ServiceError):
    status = 499
    code = "client_closed_request"
    type = "invalid_request_error"
