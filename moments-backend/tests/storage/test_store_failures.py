"""What people are told when a store can't be used: a code, words and advice; never the text of the client, which names hosts."""

from __future__ import annotations

import asyncio

import pytest
from obstore.exceptions import BaseError, GenericError, PermissionDeniedError, UnauthenticatedError

from support.fakes.object_server import serving
from support.fakes.s3_server import S3
from support.stack import embedded_settings
from videomoments.core.errors import MomentsError
from videomoments.storage import check_store
from videomoments.storage.failures import store_failure


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (
            GenericError("PUT http://169.254.169.254/latest/api/token - error sending request"),
            "store_credentials_missing",
            "without credentials",
        ),
        (GenericError("GET http://metadata.google.internal/computeMetadata"), "store_credentials_missing", "without credentials"),
        (GenericError("403 Forbidden: <Code>InvalidAccessKeyId</Code>"), "store_credentials", "does not accept our credentials"),
        (UnauthenticatedError("no"), "store_credentials", "does not accept our credentials"),
        (PermissionDeniedError("host.example.com"), "store_permission", "does not allow us that"),
        (GenericError("404: <Code>NoSuchBucket</Code>"), "store_bucket_missing", "no such bucket"),
        (GenericError("301 <Code>PermanentRedirect</Code>"), "store_region", "another region"),
        (GenericError("error sending request: dns error"), "store_host_unknown", "not found"),
        (GenericError("error sending request: invalid peer certificate: UnknownIssuer"), "store_tls", "certificate"),
        (GenericError("error sending request: Connection refused"), "store_unreachable", "can't be reached"),
        (GenericError("host.example.com said something new"), "storage_error", "The object store failed."),
    ],
)
def test_each_failure_has_a_code_words_and_advice(error: BaseError, code: str, says: str) -> None:
    told = store_failure(error)
    assert told.code == code
    assert says in told.message
    assert told.advice
    assert told.retryable, "what an operator mends, a run waits for"
    assert "example.com" not in str(told)


async def test_an_address_without_tls_has_to_be_allowed(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    server = S3()
    settings = embedded_settings(tmp_path_factory.mktemp("home")).model_copy(update={"storage_url": "s3://bucket"})
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    with pytest.raises(MomentsError) as refused:
        await check_store(settings)
    assert refused.value.code == "store_plain_http"
    assert "AWS_ALLOW_HTTP" in refused.value.advice


def test_nothing_is_left_of_a_look(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(S3()) as server:
        settings = embedded_settings(tmp_path_factory.mktemp("home")).model_copy(update={"storage_url": "s3://bucket/below"})
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        asyncio.run(check_store(settings))
        assert server.objects == {}
        assert server.uploads == {}
