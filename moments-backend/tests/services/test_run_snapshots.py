"""What a run's row holds of its options and models is read by workers of the version before, which refuse fields that they do not know."""

from __future__ import annotations

from typing import Any

import pytest

from videomoments.inference.model_registry import DEFAULT_MODELS, ModelConfig
from videomoments.services.options import RunOptions, RunSnapshot

# As version 0.1 declares them, with `extra="forbid"`.
OPTIONS = {
    "generation_model",
    "refinement_model",
    "transcription_model",
    "prompt",
    "max_moments",
    "min_duration",
    "max_duration",
    "temperature",
    "top_p",
    "top_k",
    "language",
    "refresh",
    "clips",
}
MODEL = {
    "key",
    "kind",
    "transport",
    "ssh_host",
    "ssh_port",
    "ssh_user",
    "local_port",
    "remote_host",
    "remote_port",
    "base_url",
    "endpoint",
    "model_name",
    "supports_video",
    "context_tokens",
    "max_concurrency",
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "api_key_env",
    "builtin",
}
JOBS = ("transcription", "generation", "refinement")


def snapshot(**options: Any) -> RunSnapshot:
    seeded = {model.key: model for model in DEFAULT_MODELS}
    refining = seeded["signal"].model_copy(update={"max_refinements": 3, "stream": False, "tokens_field": "max_completion_tokens"})
    return RunSnapshot(
        options=RunOptions(**options), transcription=seeded["whisper_base"], generation=seeded["extractive"], refinement=refining
    )


def test_an_older_worker_finds_no_field_that_it_refuses() -> None:
    stored = snapshot().to_json()
    assert set(stored["options"]) == OPTIONS
    assert [set(stored[job]) for job in JOBS] == [MODEL] * 3


def test_all_that_was_configured_is_read_back() -> None:
    assert RunSnapshot.model_validate(snapshot().to_json()) == snapshot()
    assert set(ModelConfig.model_fields) == MODEL | set(snapshot().to_json()["newer"]["refinement"])


def test_an_option_that_an_older_worker_can_not_follow_is_in_its_way() -> None:
    wanted = snapshot(audio_track=2)
    assert wanted.to_json()["options"]["audio_track"] == 2
    assert RunSnapshot.model_validate(wanted.to_json()) == wanted


def test_a_run_that_refines_another_is_refused_by_an_older_worker() -> None:
    """It would pass over the name of the other run, and refine nothing."""
    wanted = snapshot().model_copy(update={"refines": "run-a", "moments": ("m-1",)})
    assert "newer" not in wanted.to_json()
    assert set(wanted.to_json()["refinement"]) > MODEL
    assert RunSnapshot.model_validate(wanted.to_json()) == wanted


def test_fields_of_a_later_version_are_passed_over() -> None:
    stored = snapshot().to_json()
    stored["newer"]["refinement"]["of_a_later_version"] = 7
    assert RunSnapshot.model_validate(stored) == snapshot()


@pytest.mark.parametrize("newer", [{}, {"newer": {}}, {"newer": {"refinement": "x"}}, {"newer": 1}])
def test_rows_of_other_versions_are_read(newer: dict[str, Any]) -> None:
    whole = snapshot().model_dump(mode="json") | newer
    assert RunSnapshot.model_validate(whole) == snapshot()


def test_a_row_of_an_older_version_has_what_is_usual_for_what_it_does_not_say() -> None:
    stored = snapshot().to_json()
    del stored["newer"]
    read = RunSnapshot.model_validate(stored)
    assert (read.refinement.max_refinements, read.refinement.stream, read.options.audio_track) == (1, None, None)
