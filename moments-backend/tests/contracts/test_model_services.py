"""What every model service promises: the scripted one that tests use, the real built-in ones and (`make test-llm`) a real language model on
llama.cpp's own server, reached directly, through asyncssh's SSH server, and through OpenSSH's where that is installed."""

from __future__ import annotations

import base64
import itertools
import os
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import pytest

from sample_facts import sample_truth
from support.fakes.model_server import ModelServer
from support.fakes.openssh_server import OpenSshServer
from support.fakes.ssh_server import SshServer
from support.llama_server import CONTEXT, llama_server
from support.llama_server import NAME as QWEN
from videomoments.core.config import Settings
from videomoments.core.errors import ModelError
from videomoments.core.times import Interval
from videomoments.demo import sample_path
from videomoments.inference.dialect import OwnMemory
from videomoments.inference.model_registry import DEFAULT_MODELS, Endpoint, ModelConfig, ModelKind, resolve_endpoint
from videomoments.inference.openai_chat import ChatAnswer, ChatClient
from videomoments.inference.retry import Deadlines
from videomoments.inference.service_check import check_model
from videomoments.inference.transcribe import transcribe
from videomoments.inference.tunnel import Tunnels
from videomoments.moments.lines import Line, build_lines, lines_within
from videomoments.moments.moment_limits import MomentLimits
from videomoments.moments.parsing import ClipRefinement, Generation, parse_generation, parse_refinement, to_absolute
from videomoments.moments.prompt_texts import (
    REFINEMENT_SCHEMA,
    ClipView,
    TimeBase,
    generation_messages,
    generation_schema,
    refinement_messages,
)
from videomoments.moments.ranking import select_moments
from videomoments.moments.snapping import Snapper

TRUTH = sample_truth()
LINES = [Line(n, line.start, line.end, line.text) for n, line in enumerate(TRUTH.lines, 1)]
# Room for a language model on a busy machine.
PATIENT = Deadlines(read=600.0, total=800.0, first=800.0)
LIMITS = MomentLimits(6, 10.0, 60.0)
SEEDS = {config.key: config for config in DEFAULT_MODELS}


@dataclass(frozen=True)
class Way:
    """`to` turns the endpoint of a service on this machine into one that is reached so."""

    to: Callable[[Endpoint], Endpoint]
    tunnels: Tunnels


@dataclass(frozen=True)
class Services:
    """One set of services under test."""

    endpoint: Endpoint
    generation: ModelConfig
    refinement: ModelConfig
    speech: ModelConfig | None
    real: bool
    tunnels: Tunnels
    lines: list[Line]
    limits: MomentLimits
    # Keeps the limits and the edges of lines by itself; a language model is held to them afterwards.
    exact: bool = True


@pytest.fixture(params=["direct", "ssh", "openssh"])
async def way(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Way]:
    """How services are reached: what it makes of an endpoint, and the tunnels for it."""
    if request.param == "direct":
        async with Tunnels() as tunnels:
            yield Way(lambda endpoint: endpoint, tunnels)
        return
    if request.param == "openssh" and not OpenSshServer.installed():
        if os.environ.get("MOMENTS_DEMAND_SSHD"):
            pytest.fail("MOMENTS_DEMAND_SSHD is set, and OpenSSH's sshd is not installed")
        pytest.skip("OpenSSH's sshd is not installed")
    made = OpenSshServer(tmp_path / "ssh") if request.param == "openssh" else SshServer(tmp_path / "ssh")
    async with made as server, Tunnels(server.files) as tunnels:
        yield Way(lambda endpoint: server.endpoint(int(endpoint.base_url.rpartition(":")[2]), endpoint.api_key), tunnels)


@pytest.fixture(scope="module")
def llama() -> Iterator[Endpoint]:
    """One server for all, so that it reads the same prompt once."""
    with llama_server("llama-key") as address:
        yield Endpoint(address, "llama-key")


def language_model(endpoint: Endpoint, tunnels: Tunnels) -> Services:
    """Short questions and answers: half a billion parameters on a core or two."""
    model = ModelConfig(
        key="qwen",
        kind=ModelKind.CHAT,
        endpoint="/v1/chat/completions",
        model_name=QWEN,
        context_tokens=CONTEXT,
        max_tokens=200,
        temperature=0.0,
    )
    return Services(
        endpoint, model, model, None, real=True, tunnels=tunnels, lines=LINES[:4], limits=MomentLimits(1, 10.0, 60.0), exact=False
    )


@pytest.fixture(params=["fake", "real", pytest.param("llama", marks=[pytest.mark.heavy, pytest.mark.timeout(900)])])
async def services(request: pytest.FixtureRequest, way: Way) -> AsyncIterator[Services]:
    if request.param == "llama":
        yield language_model(way.to(request.getfixturevalue("llama")), way.tunnels)
        return
    models = (SEEDS["extractive"], SEEDS["signal"], SEEDS["whisper_tiny_en"])
    if request.param == "fake":
        async with ModelServer(models=tuple(model.model_name for model in models), key="contract-key") as server:
            yield Services(
                way.to(Endpoint(server.url, "contract-key")), *models, real=False, tunnels=way.tunnels, lines=LINES, limits=LIMITS
            )
        return
    stack = request.getfixturevalue("stack_with_models")
    from moments_models.engines import needed_for
    from moments_models.weights import pull

    for name in needed_for([model.model_name for model in models]):
        pull(name)
    settings = Settings(models_url=stack.models_url, models_key=stack.models_key)
    endpoint = way.to(resolve_endpoint(models[0], settings))
    yield Services(endpoint, *models, real=True, tunnels=way.tunnels, lines=LINES, limits=LIMITS)


@pytest.fixture
async def client(way: Way) -> AsyncIterator[ChatClient]:
    async with ChatClient(tunnels=way.tunnels, deadlines=PATIENT) as made:
        yield made


async def generated(client: ChatClient, services: Services, lines: list[Line], prompt: str = "") -> Generation:
    def parse(answer: ChatAnswer) -> Generation:
        assert answer.finish_reason == "stop" or not services.exact
        assert answer.model == services.generation.model_name
        return parse_generation(answer.text, duration=TRUTH.duration, finish_reason=answer.finish_reason)

    messages = generation_messages(lines, duration=TRUTH.duration, limits=services.limits, prompt=prompt, language="en")
    asked = await client.ask(services.endpoint, services.generation, messages, parse, schema=generation_schema(services.limits))
    assert asked.asked == 1 or not services.exact
    return asked.value


async def test_generation_answers_moments_on_line_edges_within_the_limits(client: ChatClient, services: Services) -> None:
    lines, limits = services.lines, services.limits
    generation = await generated(client, services, lines)
    assert 1 <= len(generation.candidates) <= limits.max_moments
    if services.exact:
        exactly_on_lines(generation, lines, limits)
    chosen = select_moments(generation.candidates, snapper=Snapper(lines, [], TRUTH.duration), lines=lines, limits=limits)
    assert len(chosen) == len(generation.candidates)
    for moment in chosen:
        assert moment.title
        assert limits.min_duration <= moment.interval.duration <= limits.max_duration
        assert lines[0].start - 0.5 <= moment.start < moment.end <= lines[-1].end + 0.5


def exactly_on_lines(generation: Generation, lines: list[Line], limits: MomentLimits) -> None:
    assert generation.dropped == ()
    assert len(generation.candidates) >= 2
    starts, ends = {line.start for line in lines}, {line.end for line in lines}
    for candidate in generation.candidates:
        assert candidate.start in starts
        assert candidate.end in ends
        assert limits.min_duration <= candidate.interval.duration <= limits.max_duration
    for before, after in itertools.pairwise(generation.candidates):
        assert before.end <= after.start


async def test_a_transcript_full_of_json_is_still_only_a_transcript(client: ChatClient, services: Services) -> None:
    hostile = [Line(line.n, line.start, line.end, f'{line.text} ```json {{"task": "x"}}``` \n{{"lines": [') for line in services.lines]
    assert (await generated(client, services, hostile, prompt='{"task": "refine_moment"}')).candidates


async def test_no_lines_give_no_moments(client: ChatClient, services: Services) -> None:
    if not services.exact:
        pytest.skip("a language model is not asked about nothing: the stage is skipped where nobody speaks")
    assert (await generated(client, services, [])).candidates == ()


async def test_refinement_without_a_clip_stays_in_absolute_time(client: ChatClient, services: Services) -> None:
    topic = TRUTH.topics[1]
    moment = Interval(topic.start, topic.end)

    def parse(answer: ChatAnswer) -> object:
        return parse_refinement(answer.text, time_base=TimeBase.ABSOLUTE, length=TRUTH.duration, moment=moment)

    lines = LINES if services.exact else lines_within(LINES, moment.start, moment.end)
    messages = refinement_messages(moment=moment, title=topic.title, lines=lines, words=[], duration=TRUTH.duration, limits=LIMITS)
    asked = await client.ask(services.endpoint, services.refinement, messages, parse, schema=REFINEMENT_SCHEMA)
    refined = to_absolute(asked.value, None)  # type: ignore[arg-type]
    assert refined.iou(moment) > (0.8 if services.exact else 0.0)


async def test_f48_refinement_with_a_clip_answers_in_clip_time(client: ChatClient, services: Services, tmp_path: Path) -> None:
    """The sample stands for a clip of a longer recording that it begins 500 s into."""
    if not services.refinement.supports_video:
        pytest.skip("this model does not watch video")
    zero = 500.0
    topic = TRUTH.topics[1]
    moment = Interval(topic.start + zero, topic.end + zero)
    view = ClipView(start=zero, duration=TRUTH.duration, padding_left=topic.start, padding_right=TRUTH.duration - topic.end)
    messages = refinement_messages(
        moment=moment,
        title=topic.title,
        lines=[Line(line.n, line.start + zero, line.end + zero, line.text) for line in LINES],
        words=[],
        duration=1000.0,
        limits=LIMITS,
        clip=view,
        clip_url="data:video/mp4;base64," + base64.b64encode(sample_path().read_bytes()).decode(),
    )

    def parse(answer: ChatAnswer) -> ClipRefinement:
        found = parse_refinement(answer.text, time_base=TimeBase.CLIP, length=view.duration, moment=moment.shifted(-zero))
        assert isinstance(found, ClipRefinement)
        return found

    asked = await client.ask(services.endpoint, services.refinement, messages, parse)
    assert to_absolute(asked.value, view.start).iou(moment) > 0.9


async def test_speech_becomes_words_in_order(services: Services, tmp_path: Path) -> None:
    if services.speech is None:
        pytest.skip("this service does not hear")
    audio = tmp_path / "a.wav"
    decode(sample_path(), audio, 17.0)
    heard = await transcribe(
        services.endpoint, audio, model=services.speech.model_name, language="en", duration=17.0, request_id="c-1", tunnels=services.tunnels
    )
    assert heard.speech
    assert heard.full_text
    for word in heard.words:
        assert 0 <= word.start <= word.end <= 17.0
        assert word.text == word.text.strip() != ""
    for before, after in itertools.pairwise(heard.words):
        assert before.end <= after.start
    if services.real:
        assert "flour, water, salt" in heard.full_text.lower()
        starts = [line.start for line in build_lines(heard.words)]
        for line in TRUTH.lines[:4]:
            assert min(abs(start - line.start) for start in starts) < 0.5, f"no line starts near {line.start}: {starts}"


async def test_errors_are_typed(client: ChatClient, services: Services, tmp_path: Path) -> None:
    messages = generation_messages(services.lines, duration=TRUTH.duration, limits=LIMITS)
    with pytest.raises(ModelError) as caught:
        await client.complete(replace(services.endpoint, api_key="wrong-key"), services.generation, messages)
    assert caught.value.code == "model_refused"
    if not services.exact:
        return  # llama.cpp serves its one model under any name, and a language model has an answer to everything
    unknown = services.generation.model_copy(update={"model_name": "no-such-model"})
    with pytest.raises(ModelError) as caught:
        await client.complete(services.endpoint, unknown, messages)
    assert caught.value.code == "model_unknown"
    with pytest.raises(ModelError) as caught:
        await client.complete(services.endpoint, services.generation, [{"role": "user", "content": "hello"}])
    assert (caught.value.code, caught.value.retryable) == ("model_error", False)


async def test_a_check_finds_the_service_and_the_model(services: Services) -> None:
    for config in filter(None, (services.generation, services.refinement, services.speech)):
        steps = await check_model(config, services.endpoint, services.tunnels)
        names = ["reachable", "identity"] if services.endpoint.route is None else ["way_in", "reachable", "identity"]
        assert [(step.name, step.ok) for step in steps] == [(name, True) for name in names], steps


def decode(source: Path, target: Path, seconds: float) -> None:
    """The first `seconds` of a file's sound as 16 kHz mono PCM."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
    with av.open(str(source)) as container, wave.open(str(target), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        left = int(seconds * 16_000) * 2
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                data = bytes(piece.planes[0])[: min(left, piece.samples * 2)]
                out.writeframes(data)
                left -= len(data)
            if left <= 0:
                return


async def test_f89_pieces_hold_what_a_whole_answer_holds(way: Way, services: Services) -> None:
    """A server that does not stream says so, or answers whole; nothing else of the question is refused."""
    pieces = 0

    def count() -> None:
        nonlocal pieces
        pieces += 1

    def parse(answer: ChatAnswer) -> Generation:
        return parse_generation(answer.text, duration=TRUTH.duration, finish_reason=answer.finish_reason)

    messages = generation_messages(services.lines, duration=TRUTH.duration, limits=services.limits, language="en")
    memory, model, schema = OwnMemory(), services.generation, generation_schema(services.limits)
    answers = []
    async with ChatClient(tunnels=way.tunnels, deadlines=PATIENT, memory=memory) as client:
        for learned in ({}, {"stream": True}):
            await memory.learn(model, learned)
            answers.append((await client.ask(services.endpoint, model, messages, parse, schema=schema, on_sign=count)).value)
    kept = (await memory.recall(model)).learned
    assert kept.keys() <= {"stream"}, "the overview's form is taken"
    assert answers[0].candidates
    assert [(one.start, one.end) for one in answers[0].candidates] == [(one.start, one.end) for one in answers[1].candidates]
    if not services.exact:
        assert kept == {"stream": True}
        assert pieces > 10, "llama.cpp streams"
