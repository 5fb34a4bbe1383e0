"""Describes why an object store could not be used. The text of its client's errors may hold hosts and signed addresses: it is only
searched, never shown."""

from __future__ import annotations

from dataclasses import dataclass

from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

from videomoments.core.errors import StorageError


@dataclass(frozen=True, slots=True)
class _Sign:
    """A `code`, the pieces of text that identify it, and the words and advice that users read."""

    code: str
    signs: tuple[str, ...]
    words: str
    advice: str


_CREDENTIALS = "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or GOOGLE_APPLICATION_CREDENTIALS."
_SIGNS = (
    _Sign("store_bucket_missing", ("NoSuchBucket", "The specified bucket does not exist"), "has no such bucket", "Check STORAGE_URL."),
    _Sign(
        "store_credentials_missing",
        ("169.254.169.254", "169.254.170.2", "metadata.google.internal", "computeMetadata"),
        "is asked without credentials, and this machine has no identity in the cloud",
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or GOOGLE_APPLICATION_CREDENTIALS.",
    ),
    _Sign(
        "store_credentials",
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "invalid_grant", "401 Unauthorized"),
        "does not accept our credentials",
        _CREDENTIALS,
    ),
    _Sign(
        "store_region",
        ("PermanentRedirect", "AuthorizationHeaderMalformed", "redirect without LOCATION", "301 Moved"),
        "keeps that bucket in another region",
        "Set AWS_REGION to the bucket's region.",
    ),
    _Sign(
        "store_plain_http",
        ("scheme is not allowed", "BadScheme", "HTTP error: builder error"),
        "is named by an address without TLS",
        "Name an https:// address in AWS_ENDPOINT_URL, or set AWS_ALLOW_HTTP=true.",
    ),
    _Sign(
        "store_host_unknown",
        ("dns error", "failed to lookup", "Name or service not known"),
        "has a host name that is not found",
        "Check AWS_ENDPOINT_URL, and this machine's name service.",
    ),
    _Sign(
        "store_tls",
        ("certificate", "UnknownIssuer", "CaUsedAsEndEntity"),
        "shows a certificate that is not believed",
        "Add its authority to this machine's certificates.",
    ),
    _Sign(
        "store_unreachable",
        ("Connection refused", "error sending request", "timed out", "operation timed out"),
        "can't be reached",
        "Check AWS_ENDPOINT_URL and the network.",
    ),
)


def store_failure(error: BaseException) -> StorageError:
    """Returns `error` of obstore as one line, with a stable code (`store_…`, else `storage_error`)."""
    text = str(error)
    found = next((sign for sign in _SIGNS if any(part in text for part in sign.signs)), None)
    if found is not None:
        return StorageError(f"The object store {found.words}.", code=found.code, advice=found.advice)
    if isinstance(error, UnauthenticatedError):
        return StorageError("The object store does not accept our credentials.", code="store_credentials", advice=_CREDENTIALS)
    if isinstance(error, PermissionDeniedError) or "403 Forbidden" in text or "AccessDenied" in text:
        return StorageError(
            "The object store does not allow us that.",
            code="store_permission",
            advice="Allow reading, writing, listing and deleting objects of the bucket.",
        )
    return StorageError("The object store failed.", advice="Try again; if it stays, check STORAGE_URL.")
