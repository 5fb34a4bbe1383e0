from __future__ import annotations

import pytest

from videomoments.core.errors import InvalidInput
from videomoments.sources import checked_url, label, title_of


def test_f69_spellings_of_one_address_are_equal() -> None:
    urls = ["HTTPS://Example.COM:443/a.mp4#t=3", "https://example.com/a.mp4", " https://example.com/a.mp4 "]
    assert {str(checked_url(url)) for url in urls} == {"https://example.com/a.mp4"}
    assert str(checked_url("http://example.com:8080/a%20b?x=1")) == "http://example.com:8080/a%20b?x=1"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://user:secret@example.com/a", "url_has_credentials"),
        ("http://user@example.com/a", "url_has_credentials"),
        ("http:///a", "invalid_url"),
        ("http://", "invalid_url"),
        ("http://example.com:99999/", "invalid_url"),
        ("http://example.com/a\r\nX: y", "invalid_url"),
        ("http://exa mple.com/", "invalid_url"),
        ("http://[::1/", "invalid_url"),
        ("javascript:alert(1)", "invalid_url"),
        ("http://example.com/" + "a" * 5000, "invalid_url"),
    ],
)
def test_bad_urls_are_refused_without_repeating_them(url: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        checked_url(url)
    assert caught.value.code == code
    assert "secret" not in str(caught.value)


def test_f80_names_are_labels() -> None:
    assert label("../../etc/passwd") == "passwd"
    assert label("C:\\videos\\My  talk.mp4") == "My talk.mp4"
    assert label("a\u202egpj.mp4\0\n\x1b[31m") == "agpj.mp4[31m"
    assert len(label("é" * 500)) == 200
    assert label("..") == ".."
    assert label("🎬 talk.mp4") == "🎬 talk.mp4"
    assert title_of("my_great_talk.mp4") == "my great talk"
    assert title_of("v1.2 final") == "v1.2 final"
    assert title_of(".mp4") == ".mp4"


def test_f95_a_name_of_nothing_to_see_is_no_title() -> None:
    assert label("\u3164\u2800") == ""
    assert title_of("\u3164.mp4") == "\u3164.mp4"
    assert title_of("हिन्दी_में.mp4") == "हिन्दी में"
    assert label("👩\u200d🔬 Cafe\u0301.mp4") == "👩\u200d🔬 Café.mp4"
