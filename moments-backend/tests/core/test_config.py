"""What follows from the settings."""

from __future__ import annotations

import pytest

from videomoments.core.config import Settings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, False),
        ("http://localhost:8080", False),
        ("http://127.0.0.1:7005", False),
        ("http://[::1]:7005", False),
        ("https://moments.example.com", True),
        ("http://10.1.2.3:8080", True),
    ],
)
def test_a_model_in_another_container_is_sent_no_address_of_this_one(url: str | None, expected: bool) -> None:
    assert Settings(public_url=url).reached_from_elsewhere is expected
