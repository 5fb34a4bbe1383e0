"""The registry's entries: strict patterns (F77), the seeds of the overview, ways in, defaults."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from support.fakes.model_server import ModelServer
from videomoments.core.config import Settings
from videomoments.core.errors import ModelError
from videomoments.inference import model_registry
from videomoments.inference.model_registry import (
    DEFAULT_MODELS,
    DefaultModels,
    Endpoint,
    ModelConfig,
    ModelKind,
    Sampling,
    Transport,
    default_models,
    resolve_endpoint,
    to_redis_hash,
)
from videomoments.inference.service_check import check_model

SEEDS = {config.key: config for config in DEFAULT_MODELS}
HOSTILE = [
    "-oProxyCommand=touch x",
    "--",
    "-",
    "a b",
    "a\nb",
    "a\n",
    "a;b",
    "a`b`",
    "$(id)",
    "a|b",
    "a&b",
    "a'b",
    'a"b',
    "",
    " a",
    "a%00",
    "ä",
    "a\0b",
    "../a",
    "a" * 300,
]


def chat(**fields: Any) -> ModelConfig:
    return ModelConfig.model_validate({"key": "m", "kind": "chat", "endpoint": "/v1/chat/completions", "model_name": "m"} | fields)


def settings(**fields: Any) -> Settings:
    return Settings(**fields)


@pytest.mark.parametrize("field", ["key", "ssh_host", "ssh_user", "remote_host", "endpoint", "model_name", "api_key_env", "base_url"])
@pytest.mark.parametrize("value", HOSTILE)
def test_f77_hostile_text_is_refused_everywhere(field: str, value: str) -> None:
    with pytest.raises(ValidationError):
        chat(**{field: value})


@pytest.mark.parametrize("host", ["gpu", "gpu-1.example.org", "85.10.0.146", "2001:db8::1", "worker_7"])
def test_f77_hosts_that_exist_are_taken(host: str) -> None:
    assert chat(ssh_host=host, ssh_user="naresh", remote_host=host).ssh_host == host
    with pytest.raises(ValidationError):
        chat(ssh_host=f"naresh@{host}")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a",
        "//a",
        "a:80",
        "http://",
        "http://u:p@a",
        "http://a?x=1",
        "http://a#x",
        "http://-a",
        "http://a:0",
        "http://a:99999",
        "file:///x",
    ],
)
def test_f77_addresses_are_plain(url: str) -> None:
    with pytest.raises(ValidationError):
        chat(base_url=url)


def test_an_address_may_end_in_v1_or_have_a_path() -> None:
    assert chat(base_url="https://api.example.com/v1/").base_url == "https://api.example.com"
    assert chat(base_url="http://10.0.0.7:8000/llm").base_url == "http://10.0.0.7:8000/llm"


@pytest.mark.parametrize("name", ["DATABASE_URL", "MOMENTS_SIGNING_KEY", "AWS_SECRET_ACCESS_KEY", "PATH", "HOME"])
def test_only_a_services_own_key_can_be_named(name: str) -> None:
    with pytest.raises(ValidationError):
        chat(api_key_env=name)


@pytest.mark.parametrize(
    ("key", "local", "remote", "host", "endpoint", "video"),
    [
        ("parakeet", 6106, 8006, "worker-7", "/transcribe", False),
        ("minimax", 8007, 7104, "worker-7", "/v1/chat/completions", False),
        ("qwen3_omni", 7101, 8002, "worker-9", "/v1/chat/completions", False),
        ("qwen3_vl_fp8", 6010, 8010, "worker-16", "/v1/chat/completions", True),
    ],
)
def test_the_overviews_models_are_seeded(key: str, local: int, remote: int, host: str, endpoint: str, video: bool) -> None:
    seed = SEEDS[key]
    assert (seed.local_port, seed.remote_port, seed.remote_host) == (local, remote, host)
    assert (seed.endpoint, seed.supports_video, seed.transport) == (endpoint, video, Transport.SSH)
    assert seed.ssh_host is None
    assert seed.ssh_user is None
    assert not seed.configured


def test_the_built_in_models_are_seeded() -> None:
    builtin = {key: (seed.kind, seed.supports_video) for key, seed in SEEDS.items() if seed.builtin}
    able = {key: (seed.supports_generation, seed.supports_refinement) for key, seed in SEEDS.items() if seed.kind is ModelKind.CHAT}
    assert {key: value for key, value in able.items() if value != (True, True)} == {"extractive": (True, False), "signal": (False, True)}
    # A GPU's memory holds one refinement; what is built in uses none.
    assert {seed.max_refinements for seed in SEEDS.values() if not seed.builtin} == {1}
    assert builtin == {
        "whisper_base": (ModelKind.ASR, False),
        "whisper_tiny_en": (ModelKind.ASR, False),
        "extractive": (ModelKind.CHAT, False),
        "signal": (ModelKind.CHAT, True),
    }


def test_defaults_follow_what_is_configured() -> None:
    assert default_models(DEFAULT_MODELS) == DefaultModels("whisper_base", "extractive", "signal")
    direct = {"transport": Transport.DIRECT, "base_url": "http://gpu:8000"}
    edited = [
        ModelConfig.model_validate(seed.model_dump() | direct) if seed.key in ("parakeet", "qwen3_vl_fp8") else seed
        for seed in DEFAULT_MODELS
    ]
    assert default_models(edited) == DefaultModels("parakeet", "qwen3_vl_fp8", "qwen3_vl_fp8")
    finds_only = [seed.model_copy(update={"supports_refinement": False}) for seed in edited]
    assert default_models(finds_only) == DefaultModels("parakeet", "qwen3_vl_fp8", "signal")


def test_which_models_are_defaults_is_said_beside_the_seeds_not_by_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = [seed.model_copy(update={"ssh_host": "gpu"}) for seed in DEFAULT_MODELS]
    seeds = [
        model_registry._Seed(seed.config, ("generation", *seed.default_for)) if seed.config.key == "minimax" else seed
        for seed in model_registry._SEEDS
    ]
    monkeypatch.setattr(model_registry, "_SEEDS", tuple(seeds))
    assert default_models(reached) == DefaultModels("parakeet", "minimax", "qwen3_vl_fp8")
    assert default_models(DEFAULT_MODELS) == DefaultModels("whisper_base", "extractive", "signal")


def test_the_way_to_a_built_in_model_is_the_embedded_server() -> None:
    made = settings(models_url="http://127.0.0.1:5555/", models_key=SecretStr("k-1"))
    endpoint = resolve_endpoint(SEEDS["signal"], made)
    assert (endpoint.base_url, endpoint.api_key, endpoint.loopback) == ("http://127.0.0.1:5555", "k-1", True)
    assert "k-1" not in repr(endpoint)


def test_a_missing_way_in_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTHER_API_KEY", raising=False)
    for config in (SEEDS["qwen3_vl_fp8"], SEEDS["signal"], chat(), chat(base_url="http://a", api_key_env="OTHER_API_KEY")):
        with pytest.raises(ModelError) as caught:
            resolve_endpoint(config, settings(models_url=None))
        assert caught.value.code == "model_not_configured"
        assert caught.value.advice.startswith("Set ")
        assert not caught.value.retryable


def test_an_address_that_is_none_says_what_to_do() -> None:
    with pytest.raises(ModelError, match="http") as caught:
        resolve_endpoint(SEEDS["signal"], settings(models_url="127.0.0.1:5555"))
    assert (caught.value.code, caught.value.retryable) == ("model_not_configured", False)
    assert caught.value.advice.startswith("Set MOMENTS_MODELS_URL")


def test_a_key_comes_from_the_environment_and_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_API_KEY", " sk-secret \n")
    config = chat(base_url="https://api.example.com", api_key_env="OTHER_API_KEY")
    assert resolve_endpoint(config, settings()) == Endpoint("https://api.example.com", "sk-secret")
    assert "sk-secret" not in repr(config) + str(to_redis_hash(config)) + config.model_dump_json()


@pytest.mark.parametrize("key", ["sk-\N{EN DASH}123", "ключ", "sk-a\nb", "sk\x07"])
def test_a_key_that_no_header_can_hold_is_refused_with_what_to_do(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_API_KEY", key)
    config = chat(base_url="https://api.example.com", api_key_env="OTHER_API_KEY")
    with pytest.raises(ModelError, match="no request can carry") as caught:
        resolve_endpoint(config, settings())
    assert (caught.value.code, caught.value.retryable) == ("model_not_configured", False)
    assert key not in str(caught.value)


def test_the_redis_hash_is_text_with_the_overviews_fields() -> None:
    fields = to_redis_hash(SEEDS["qwen3_vl_fp8"])
    assert all(isinstance(value, str) for value in fields.values())
    expected = {"ssh_host": "", "ssh_user": "", "local_port": "6010", "remote_port": "8010", "supports_video": "true"}
    assert expected.items() <= fields.items()
    assert (fields["max_concurrency"], fields["max_refinements"], fields["supports_refinement"]) == ("2", "1", "true")
    assert to_redis_hash(SEEDS["parakeet"])["endpoint"] == "/transcribe"


def test_sampling_falls_back_to_the_entry() -> None:
    sampled = chat(temperature=0.3, top_k=20).sampled(Sampling(temperature=0.0, top_p=0.9))
    assert sampled == Sampling(temperature=0.0, top_p=0.9, top_k=20, max_tokens=4096)


# check_model


async def test_a_service_that_is_what_it_should_be() -> None:
    async with ModelServer(models=("m",)) as server:
        steps = await check_model(chat(), Endpoint(server.url))
    assert [(step.name, step.ok) for step in steps] == [("reachable", True), ("identity", True)]
    assert all(step.milliseconds >= 0 for step in steps)


async def test_a_service_that_serves_another_model_or_refuses_the_key() -> None:
    async with ModelServer(models=("other",)) as server:
        _, identity = await check_model(chat(), Endpoint(server.url))
        assert not identity.ok
        assert "other" in identity.detail
        server.key = "right-key"
        _, identity = await check_model(chat(), Endpoint(server.url, "wrong-key"))
        assert not identity.ok
        assert "refused the key" in identity.detail
        assert "wrong-key" not in identity.detail


async def test_nobody_there() -> None:
    async with ModelServer() as gone:
        url = gone.url
    (step,) = await check_model(chat(), Endpoint(url))
    assert (step.name, step.ok) == ("reachable", False)
    assert url not in step.detail
