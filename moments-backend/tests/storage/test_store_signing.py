from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from videomoments.core.times import now
from videomoments.storage.signing import UrlSigner, Verdict

KEY = "videos/v1/source/a-1.mp4"


def test_only_exactly_what_was_signed_is_valid() -> None:
    signer = UrlSigner("k", "https://moments.example/")
    signed = signer.sign(KEY, expires_in=timedelta(minutes=1), download_name="ü.mp4")
    parts = urlsplit(signed.url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert (parts.netloc, parts.path) == ("moments.example", f"/api/objects/{KEY}")
    expires, signature = int(query["expires"]), query["signature"]
    assert signer.verify(KEY, expires=expires, signature=signature, download_name="ü.mp4") is Verdict.VALID
    for verdict in (
        signer.verify(KEY, expires=expires + 1, signature=signature, download_name="ü.mp4"),
        signer.verify(KEY, expires=expires, signature=signature),
        signer.verify(KEY, expires=expires, signature=signature, download_name="v.mp4"),
        signer.verify(KEY + "x", expires=expires, signature=signature, download_name="ü.mp4"),
        signer.verify(KEY, expires=expires, signature=signature, download_name="ü.mp4", method="PUT"),
        signer.verify(KEY, expires=expires, signature="ü", download_name="ü.mp4"),
        UrlSigner("other").verify(KEY, expires=expires, signature=signature, download_name="ü.mp4"),
    ):
        assert verdict is Verdict.TAMPERED


def test_an_old_one_has_expired() -> None:
    signer = UrlSigner("k")
    signed = signer.sign(KEY, expires_in=timedelta(seconds=-1))
    query = parse_qs(urlsplit(signed.url).query)
    assert signer.verify(KEY, expires=int(query["expires"][0]), signature=query["signature"][0]) is Verdict.EXPIRED


def at(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr("videomoments.storage.signing.time.time", lambda: seconds)


def test_an_address_works_until_the_second_of_its_expiry(monkeypatch: pytest.MonkeyPatch) -> None:
    signer = UrlSigner("k")
    at(monkeypatch, 1000.0)
    signed = signer.sign(KEY, expires_in=timedelta(seconds=30))
    assert signed.url.startswith(f"/api/objects/{KEY}?")
    assert signed.expires_at.timestamp() == 1030
    query = parse_qs(urlsplit(signed.url).query)
    assert query.keys() == {"expires", "signature"}
    signature = query["signature"][0]
    assert "=" not in signature
    for seconds, verdict in ((1029.9, Verdict.VALID), (1030.0, Verdict.EXPIRED), (1031.0, Verdict.EXPIRED)):
        at(monkeypatch, seconds)
        assert signer.verify(KEY, expires=1030, signature=signature) is verdict
    assert signer.verify(KEY, expires=1040, signature=signature) is Verdict.TAMPERED, "no age, but an edited expiry"


@pytest.mark.parametrize(
    ("moment", "lifetime", "expires"),
    [(1003.0, 120, 1130), (1000.0, 120, 1120), (1003.0, 119, 1122), (1003.0, 3600, 4800), (4800.0, 3600, 8400), (4801.0, 3600, 8700)],
)
def test_an_expiry_is_rounded_up_by_a_twelfth_of_the_lifetime(
    monkeypatch: pytest.MonkeyPatch, moment: float, lifetime: int, expires: int
) -> None:
    at(monkeypatch, moment)
    assert UrlSigner("k").sign(KEY, expires_in=timedelta(seconds=lifetime)).expires_at.timestamp() == expires


def test_an_address_stays_the_same_for_a_while() -> None:
    signer = UrlSigner("k")
    lifetime = timedelta(hours=1)
    urls, latest = set(), []
    for _ in range(200):
        signed = signer.sign(KEY, expires_in=lifetime)
        urls.add(signed.url)
        latest.append(signed.expires_at)
    assert len(urls) <= 2
    assert lifetime <= max(latest) - now() + timedelta(seconds=2)
    assert max(latest) - now() <= lifetime + timedelta(minutes=5)


def test_without_a_key_nothing_is_signed() -> None:
    with pytest.raises(ValueError):
        UrlSigner("")
