"""What is read out of a `REDIS_URL`, and real Valkey by way of it: with TLS of our own authority, and where it can't be used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from support.fakes.fronts import Authority, answering, plain_front, silent, tls_front
from support.stack import Stack
from videomoments.coordination.redis import check_redis, connect
from videomoments.coordination.redis_url import parse_redis
from videomoments.core.errors import InvalidInput, MomentsError

SECRET = "never-shown"


@pytest.fixture
def socket(stack: Stack) -> str:
    return urlsplit(stack.redis_url).path


@pytest.fixture
async def guarded(stack: Stack) -> AsyncIterator[Redis]:
    """The stack's Valkey with users of the test's, who are removed at its end."""
    redis = connect(stack.redis_url)
    await redis.execute_command("ACL", "SETUSER", "app", "on", f">{SECRET}", "~*", "+@all")
    await redis.execute_command("ACL", "SETUSER", "humble", "on", f">{SECRET}", "~*", "+@read")
    yield redis
    await redis.execute_command("ACL", "DELUSER", "app", "humble")
    await redis.aclose()


async def refusal(url: str) -> MomentsError:
    with pytest.raises(MomentsError) as refused:
        await check_redis(url)
    error = refused.value
    assert error.advice
    assert SECRET not in str(error)
    assert "\n" not in str(error)
    return error


def test_what_is_read_out_of_an_address() -> None:
    address = parse_redis("rediss://app:p%40ss@cache.example.com:6380/3?ssl_cert_reqs=CERT_NONE")
    assert str(address) == "cache.example.com:6380"
    assert (address.user, address.has_password, address.tls) == ("app", True, True)
    assert address.url == "rediss://app:p%40ss@cache.example.com:6380?ssl_cert_reqs=none&db=3"
    assert str(parse_redis("redis://[::1]")) == "[::1]:6379"
    assert str(parse_redis("unix:///run/valkey.sock?db=0")) == "/run/valkey.sock"
    assert "p%40ss" not in repr(address)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://:{}@h", "not the address of a Redis"),
        ("redis+sentinel://:{}@h:26379/mymaster/0", "Sentinel is not supported"),
        ("redis://:{}@a:1,b:2", "several hosts"),
        ("redis://:{}@h:port", "a port that is no number"),
        ("redis://:{}@h/queue", "a database that is no number"),
        ("redis://:{}@h?db=x", "a database that is no number"),
        ("redis://:{}@h?ssl_cert_reqs=none", "has ssl_cert_reqs, but no TLS"),
        ("rediss://:{}@h?ssl_cert_reqs=maybe", "an ssl_cert_reqs that does not exist"),
        ("rediss://:{}@h?ssl_ca_certs=/not/there", "ssl_ca_certs that is not there or can't be read: /not/there"),
        ("rediss://:{}@h?ssl_ca_cert=/x", "not known here: ssl_ca_cert. Is ssl_ca_certs meant?"),
        ("redis://:raw/{}@h", "the @ before the host stands too far behind"),
        ("unix://{}", "names no socket"),
    ],
)
def test_what_is_wrong_is_named_and_the_password_is_not(url: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_redis(url.format(SECRET))
    assert refused.value.code == "invalid_redis_url"
    assert says in str(refused.value)
    assert SECRET not in str(refused.value)
    assert "raw" not in str(refused.value)


@pytest.mark.usefixtures("guarded")
async def test_tls_user_and_password(socket: str, tmp_path: Path) -> None:
    authority = Authority.made(tmp_path)
    with tls_front(socket, authority.server("localhost")) as port:
        url = f"rediss://app:{SECRET}@localhost:{port}/0"
        assert (await check_redis(f"{url}?ssl_ca_certs={authority.file}")).startswith("valkey 9")
        assert (await check_redis(f"{url}?ssl_cert_reqs=none")).startswith("valkey 9")
        redis = connect(f"{url}?ssl_ca_certs={authority.file}")
        assert await redis.ping()
        await redis.aclose()
        unknown = await refusal(url)
        assert unknown.code == "redis_tls_ca"
        assert "ssl_ca_certs" in unknown.advice
        plain = await refusal(url.replace("rediss", "redis"))
        assert plain.code in ("redis_tls_needed", "redis_timeout")
        assert "TLS" in str(plain)


async def test_a_certificate_for_another_name(socket: str, tmp_path: Path) -> None:
    authority = Authority.made(tmp_path)
    with tls_front(socket, authority.server("cache.example.com")) as port:
        error = await refusal(f"rediss://localhost:{port}?ssl_ca_certs={authority.file}")
        assert error.code == "redis_tls_name"
        await check_redis(f"rediss://localhost:{port}?ssl_ca_certs={authority.file}&ssl_check_hostname=false")


async def test_tls_on_a_port_without() -> None:
    with answering(b"-ERR unknown command\r\n") as port:
        error = await refusal(f"rediss://:{SECRET}@localhost:{port}")
    assert error.code in ("redis_tls_missing", "redis_tls_failed")
    assert f"localhost:{port}" in str(error)


@pytest.mark.usefixtures("guarded")
async def test_a_wrong_password(socket: str) -> None:
    with plain_front(socket) as port:
        error = await refusal(f"redis://app:{SECRET}x@localhost:{port}")
    assert error.code == "redis_password"
    assert f"Redis at localhost:{port} (user app) does not accept the password" in str(error)


async def test_no_password_where_one_is_asked_for(socket: str, guarded: Redis) -> None:
    await guarded.execute_command("ACL", "SETUSER", "default", "resetpass", f">{SECRET}")
    try:
        with plain_front(socket) as port:
            error = await refusal(f"redis://localhost:{port}")
    finally:
        await guarded.execute_command("ACL", "SETUSER", "default", "nopass")
    assert error.code == "redis_password_needed"
    assert "asks for a password, and REDIS_URL has none" in str(error)


@pytest.mark.usefixtures("guarded")
async def test_a_user_that_may_not_ask_is_believed_where_it_may_work(socket: str) -> None:
    with plain_front(socket) as port:
        error = await refusal(f"redis://humble:{SECRET}@localhost:{port}")
    assert error.code == "redis_permission"


async def test_a_redis_that_evicts(socket: str, guarded: Redis) -> None:
    await guarded.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with plain_front(socket) as port:
            error = await refusal(f"redis://app:{SECRET}@localhost:{port}")
    finally:
        await guarded.config_set("maxmemory-policy", "noeviction")
    assert error.code == "redis_evicts"
    assert f"localhost:{port} may evict the queue (maxmemory-policy is allkeys-lru)" in str(error)


async def test_away_in_all_ways() -> None:
    assert (await refusal("redis://nowhere.invalid")).code == "redis_host_unknown"
    refused = await refusal(f"redis://:{SECRET}@localhost:1")
    assert (refused.code, "localhost:1 refuses connections" in str(refused)) == ("redis_refused", True)
    assert (await refusal("unix:///not/there.sock")).code == "redis_refused"
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert (await refusal(f"redis://localhost:{port}")).code == "redis_tls_needed"
    with silent() as port:
        assert (await refusal(f"redis://localhost:{port}")).code == "redis_timeout"
