"""Names of what is left on disk, and that it is a whole copy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videomoments.cli.output import folder_for, save_document, save_object, slug, whole
from videomoments.core.errors import NotFound
from videomoments.storage import open_store


@given(st.text())
def test_a_slug_is_one_short_plain_part_of_a_path(title: str) -> None:
    name = slug(title)
    assert name
    assert len(name.encode()) <= 150
    assert Path(name).name == name
    assert not name.startswith(("-", "."))
    assert not set(name) & set('/\\:*?"<>| \n\t\0')


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Why Lighthouses Are Striped!", "why-lighthouses-are-striped"),
        ("../../etc/passwd", "etc-passwd"),
        ("Überraschung im Café", "überraschung-im-café"),
        ("日本語の題", "日本語の題"),
        ("…", "video"),
        ("", "video"),
    ],
)
def test_slugs_are_readable(title: str, expected: str) -> None:
    assert slug(title) == expected


def test_where_output_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = "0123456789ab"
    assert folder_for(None, title="A Talk", request_id=run, several=False) == tmp_path / "moments-output" / "a-talk-01234567"
    assert folder_for(Path("out"), title="A Talk", request_id=run, several=False) == tmp_path / "out"
    assert folder_for(Path("out"), title="A Talk", request_id=run, several=True) == tmp_path / "out" / "a-talk-01234567"


async def test_an_output_is_a_copy_that_may_be_edited(tmp_path: Path) -> None:
    store = open_store((tmp_path / "store").as_uri(), signing_key="key", public_url=None)
    original = tmp_path / "clip.mp4"
    original.write_bytes(b"frames" * 1000)
    await store.put_file("videos/a/clips/b/clip.mp4", original, content_type="video/mp4")
    target = tmp_path / "out" / "clips" / "01.mp4"
    await save_object(store, "videos/a/clips/b/clip.mp4", target)
    with target.open("ab") as edited:
        edited.write(b"edited")
    assert (await store.head("videos/a/clips/b/clip.mp4")).size == original.stat().st_size
    assert [path.name for path in target.parent.iterdir()] == ["01.mp4"]


async def test_an_object_that_is_gone_leaves_no_half_file(tmp_path: Path) -> None:
    store = open_store((tmp_path / "store").as_uri(), signing_key="key", public_url=None)
    with pytest.raises(NotFound):
        await save_object(store, "videos/a/clips/b/clip.mp4", tmp_path / "out" / "01.mp4")
    assert list((tmp_path / "out").iterdir()) == []


def test_f95_a_path_that_is_no_utf8_stands_in_the_report(tmp_path: Path) -> None:
    path = save_document({"source": "caf\udce9.mp4"}, tmp_path)
    assert json.loads(path.read_bytes().decode("utf-8"))["source"] == "caf\udce9.mp4"


def test_the_report_is_written_whole_and_readable(tmp_path: Path) -> None:
    path = save_document({"title": "Café"}, tmp_path / "new" / "folder")
    assert json.loads(path.read_text("utf-8")) == {"title": "Café"}
    assert "Café" in path.read_text("utf-8")
    assert [entry.name for entry in path.parent.iterdir()] == ["moments.json"]


def test_a_file_that_was_not_finished_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "new" / "cut.edl"
    with whole(target) as partial:
        partial.write_text("old")
    assert target.read_text() == "old"

    def broken() -> None:
        with whole(target) as partial:
            partial.write_text("ne")
            raise OSError

    with pytest.raises(OSError):
        broken()
    assert ([entry.name for entry in target.parent.iterdir()], target.read_text()) == (["cut.edl"], "old")
