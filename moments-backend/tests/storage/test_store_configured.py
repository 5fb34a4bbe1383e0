from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from videomoments.core.config import Settings
from videomoments.core.errors import StorageError
from videomoments.storage import configured_store, open_store
from videomoments.storage.cloud import CloudStore
from videomoments.storage.configured import signing_key


def settings(home: Path, **given: object) -> Settings:
    return Settings.model_validate({"home": home, "storage_url": None, "signing_key": None, "public_url": None} | given)


def test_all_processes_of_a_data_folder_have_one_private_key(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: signing_key(settings(home)), range(32)))
    assert len(keys) == 1
    assert len(keys.pop()) > 30
    assert [path.name for path in home.iterdir()] == ["signing.key"]
    assert stat.S_IMODE((home / "signing.key").stat().st_mode) == 0o600
    assert signing_key(settings(tmp_path / "other")) != signing_key(settings(home))


def test_a_configured_key_comes_first(tmp_path: Path) -> None:
    assert signing_key(settings(tmp_path, signing_key=SecretStr("mine"))) == "mine"
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as caught:
        signing_key(settings(tmp_path / "file"))
    assert str(tmp_path) not in str(caught.value)


async def test_the_default_store_is_below_the_data_folder(tmp_path: Path) -> None:
    store = configured_store(settings(tmp_path / "a folder", public_url="https://moments.example"))
    assert (tmp_path / "a folder" / "store").is_dir()
    signed = await store.signed_url("videos/v/source/x-1.mp4", expires_in=timedelta(minutes=1))
    assert signed.url.startswith("https://moments.example/api/objects/videos/")


@pytest.mark.parametrize(("endpoint", "unsigned"), [(None, True), ("https://s3.example", True), ("http://s3.example", False)])
def test_a_body_goes_without_a_hash_in_its_signature_over_tls_alone(
    endpoint: str | None, unsigned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_UNSIGNED_PAYLOAD"):
        monkeypatch.delenv(name, raising=False)
    if endpoint is not None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    store = open_store("s3://bucket/folder", signing_key="k", public_url=None)
    assert isinstance(store, CloudStore)
    assert (str(store._backend.config.get("unsigned_payload")).lower() == "true") is unsigned  # type: ignore[union-attr]
