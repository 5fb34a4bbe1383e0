"""What is learned of a chat server is kept outside the runs, for all workers, until the model's entry is edited (F89)."""

from __future__ import annotations

import pytest

from pipeline.scripted import Recording, scripted_model, start, workers
from support.fakes.chat_dialects import all_at_once
from support.fakes.model_server import ModelServer
from support.workers import end_of, stage_of
from videomoments.core.errors import NotFound
from videomoments.core.names import RunKind, RunStatus, StageName
from videomoments.inference.dialect import Dialect
from videomoments.inference.model_registry import ModelConfig, ModelKind
from videomoments.inference.retry import RetryPolicy
from videomoments.pipeline.run_kinds import stages_of
from videomoments.services.options import RunOptions
from videomoments.services.wiring import Services

MODEL = ModelConfig(
    key="mine", kind=ModelKind.CHAT, endpoint="/v1/chat/completions", model_name="m", base_url="http://127.0.0.1:9", context_tokens=8192
)
LINES = tuple((n * 10.0, n * 10.0 + 9.0, f"This is sentence {n}, and it says something.") for n in range(30))
TALK = Recording(300.0, LINES)
QUICK = RetryPolicy(overloaded=2, unreachable=2, failed=1, first_wait=0.01, longest_wait=0.05)


async def test_f89_what_is_learned_adds_up_and_is_the_servers(services: Services) -> None:
    dialects = services.model_dialects
    await services.models.add(MODEL)
    assert await dialects.recall(MODEL) == Dialect()
    assert await dialects.learn(MODEL, {"temperature": "not_sent"})
    assert await dialects.learn(MODEL, {"tokens_field": "max_completion_tokens"})
    assert await dialects.recall(MODEL) == Dialect(temperature="not_sent", tokens_field="max_completion_tokens")
    assert await dialects.learn(MODEL, {"tokens_field": "none"})
    assert (await dialects.recall(MODEL)).tokens_field == "none"
    assert (await dialects.recall_all(await services.models.list()))["mine"] == await dialects.recall(MODEL)
    assert (await dialects.recall_all(await services.models.list()))["extractive"] == Dialect()
    for other in ({"base_url": "http://127.0.0.1:10"}, {"model_name": "n"}, {"model_name": None}):
        assert await dialects.recall(MODEL.model_copy(update=other)) == Dialect(), "another place, another model"


async def test_f89_an_edit_forgets_and_a_test_replaces(services: Services) -> None:
    dialects = services.model_dialects
    await services.models.add(MODEL)
    await dialects.learn(MODEL, {"temperature": "not_sent", "stream": True})
    await dialects.replace(MODEL, Dialect(stream=False))
    assert await dialects.recall(MODEL) == Dialect(stream=False)
    await services.models.put(MODEL)
    assert await dialects.recall(MODEL) == Dialect()
    # A run that goes by the entry as it was teaches the present one nothing.
    before = MODEL.model_copy(update={"base_url": "http://127.0.0.1:10"})
    assert await dialects.learn(before, {"temperature": "not_sent"})
    assert await dialects.recall(MODEL) == Dialect()
    await services.models.remove("mine")
    assert not await dialects.learn(MODEL, {"temperature": "not_sent"})
    with pytest.raises(NotFound):
        await services.models.get("mine")


async def test_f89_what_another_version_kept_is_no_crash() -> None:
    assert Dialect.read({"stream": True, "new": 1}) == Dialect(stream=True)
    assert Dialect.read({"tokens_field": "max_output_tokens"}) == Dialect()
    assert Dialect.read([]) == Dialect()


async def test_f89_a_run_on_a_server_of_many_wishes_completes_and_says_what_was_not_sent(services: Services) -> None:
    async with ModelServer() as server:
        server.refusals, server.streams = all_at_once(), True
        model = scripted_model(server)
        run = await start(services, [model], max_moments=3, temperature=0.5)
        async with workers(services, TALK, policy=QUICK):
            ended = await end_of(services, run.request_id)
            assert (ended.status, ended.error) == (RunStatus.COMPLETED, None)
            first = len(server.requests)
            again = await start_again(services, model)
            done = await end_of(services, again)
    assert done.status is RunStatus.COMPLETED
    answers = 1 + 3
    assert first == len(server.requests[:first]) == answers + len(all_at_once()), "each thing is refused once"
    assert len(server.requests) == first + answers, "and never again, whichever run asks"
    for stage in (StageName.MOMENT_GENERATION, StageName.MOMENT_REFINEMENT):
        assert stage_of(ended, stage).reason == "temperature 0.5 was not sent: the server of scripted takes its own alone"
    calls = await services.model_calls.of_run(ended.run_id)
    assert len(calls) == first, "refusals are among the calls"
    assert [bool(call.answer) for call in calls[: len(all_at_once())]] == [False] * len(all_at_once())
    assert "Asked again" in (calls[0].problem or "")
    assert (ended.attempt, ended.crashes) == (1, 0)


async def start_again(services: Services, model: ModelConfig) -> str:
    """A run by the same entry, which nobody edits."""
    video, _ = await services.videos.register_url("https://example.com/again.mp4")
    options = RunOptions(generation_model=model.key, refinement_model=model.key, clips="none", max_moments=3, temperature=0.5)
    return (await services.runs.accept(video.identifier, await services.models.snapshot(options))).request_id


async def test_f89_a_run_whose_model_refused_shows_that_it_was_asked(services: Services) -> None:
    async with ModelServer() as server:
        server.refusals = [lambda _: (400, {"error": {"message": "The account has no money"}})]
        run = await start(services, [scripted_model(server)])
        async with workers(services, TALK, policy=QUICK):
            ended = await end_of(services, run.request_id)
    assert ended.error is not None
    assert "no money" in ended.error.message
    assert "moments models test scripted" in (ended.error.advice or "")
    [call] = await services.model_calls.of_run(ended.run_id)
    assert ("no money" in (call.problem or ""), call.answer) == (True, "")


async def test_f89_a_slow_models_silence_is_not_the_stages(services: Services) -> None:
    await services.models.add(MODEL.model_copy(update={"answer_seconds": 7200}))
    snapshot = await services.models.snapshot(RunOptions(generation_model="mine", refinement_model="signal"), asked=())
    silences = {stage.name: stage.longest_silence(snapshot, services.settings) for stage in stages_of(RunKind.PIPELINE)}
    assert silences[StageName.MOMENT_GENERATION] > 7200
    assert silences[StageName.MOMENT_REFINEMENT] == 900.0
