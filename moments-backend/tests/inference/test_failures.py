"""What a service's error means, by its status and its words."""

from __future__ import annotations

import json

import pytest

from videomoments.inference.failures import MediaNotFetched, RequestRefused, failure

ADDRESS = "https://store.example/a/clip.mp4?" + "X-Amz-Signature=0123456789&" * 20


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, f"403, message='Forbidden', url='{ADDRESS}'"),
        (400, f"400, message='Bad Request', url=URL('{ADDRESS}')"),
        (400, f"403 Client Error: Forbidden for url: {ADDRESS}"),
        (400, f"Client error '403 Forbidden' for url '{ADDRESS}'"),
        (422, f"Failed to fetch {ADDRESS}: HTTP 403"),
        (400, "Could not download the video (403)."),
        (500, f"aiohttp.client_exceptions.ClientResponseError: 403, message='Forbidden', url='{ADDRESS}'"),
        (400, "Request has expired"),
    ],
)
def test_f55_a_clip_that_the_service_was_refused_is_an_error_of_its_own(status: int, words: str) -> None:
    error = failure("m", status, json.dumps({"error": {"message": words}}))
    assert isinstance(error, MediaNotFetched)
    assert (error.code, error.retryable) == ("model_could_not_fetch", False)
    assert "Signature" not in error.message


@pytest.mark.parametrize("words", ["the clip's URL answered 403", "the clip's URL can't be reached", "the clip broke off"])
def test_f55_our_own_model_service_says_so_by_a_code(words: str) -> None:
    body = {"error": {"message": words, "type": "invalid_request_error", "code": "video_unavailable"}}
    assert isinstance(failure("m", 424, json.dumps(body)), MediaNotFetched)
    assert isinstance(failure("m", 424, json.dumps(body, separators=(",", ":"))), MediaNotFetched)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("m needs weights that are not here: moments-models pull m", "weights_missing"),
        ("m needs a library that is not here: pip install 'moments-models[m]'", "library_missing"),
    ],
)
def test_what_is_missing_at_our_own_model_service_is_not_taken_for_it(words: str, code: str) -> None:
    error = failure("m", 424, json.dumps({"error": {"message": words, "type": "server_error", "code": code}}))
    assert not isinstance(error, MediaNotFetched)
    assert not error.retryable


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 4003 tokens.",
        "Bad Request: response_format is not supported",
        "Invalid image_url in messages[1]",
        "max_tokens must be at least 1, got 0 (400)",
        "At most 1 video may be provided in one request.",
    ],
)
def test_other_faults_of_a_request_are_not_taken_for_it(words: str) -> None:
    assert isinstance(failure("m", 400, json.dumps({"error": {"message": words}})), RequestRefused)


def test_a_refused_key_is_not_taken_for_it() -> None:
    assert failure("m", 403, "403 Forbidden for url /v1/chat/completions").code == "model_refused"
