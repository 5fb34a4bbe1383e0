"""Connection strings as managed services print them, against real PostgreSQL behind TLS with a certificate authority of our own."""

from __future__ import annotations

import ssl
from pathlib import Path

import asyncpg
import pytest
from databases import Behind
from sqlalchemy import text

from support.fakes.fronts import Authority, postgres_front, transaction_pooler
from support.stack import Stack
from videomoments.core.errors import MomentsError, ServiceUnavailable
from videomoments.db.examine import check_database
from videomoments.db.migrate import HEAD, current_revision, upgrade
from videomoments.db.session import Database, connect_arguments


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.made(tmp_path)


@pytest.fixture
def behind(stack: Stack) -> Behind:
    return Behind.of(stack)


async def all_ways(url: str) -> None:
    """Everything that connects: migrations, the look beforehand, the pool of API and worker, the connections of leases and slots."""
    await upgrade(url)
    assert await current_revision(url) == HEAD
    assert f"schema {HEAD}" in await check_database(url)
    database = Database(url)
    assert (await database.execute(text("SELECT 1"))).scalar() == 1
    await database.close()
    connection = await asyncpg.connect(**connect_arguments(url), timeout=60)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


async def refusal(url: str) -> MomentsError:
    with pytest.raises(MomentsError) as refused:
        await check_database(url)
    return refused.value


@pytest.mark.parametrize(
    "query",
    [
        "",
        "sslmode=require",
        "sslmode=prefer&application_name=mine",
        "sslmode=verify-ca&sslrootcert={ca}",
        "sslmode=verify-full&sslrootcert={ca}&connect_timeout=60&target_session_attrs=read-write",
        "sslmode=verify-full&sslrootcert={ca}&options=-c%20search_path%3Dpublic&statement_cache_size=0",
    ],
)
async def test_rds_and_azure_and_what_libpq_reads(query: str, behind: Behind, authority: Authority) -> None:
    with postgres_front(behind.socket, authority.server("localhost"), demand=True) as port:
        await all_ways(behind.url(port, query.format(ca=authority.file)))


async def test_neon_demands_channel_binding_which_a_verified_certificate_stands_in_for(
    behind: Behind, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_front(behind.socket, authority.server("localhost"), demand=True) as port:
        url = behind.url(port, "sslmode=require&channel_binding=require")
        assert (await refusal(url)).code == "database_tls_ca", "a certificate that nobody vouches for is not believed"
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))  # as if the machine knew the authority
        await all_ways(url)


async def test_heroku_and_render_and_supabases_session_mode(behind: Behind, authority: Authority) -> None:
    with postgres_front(behind.socket, authority.server("localhost"), demand=True) as port:
        await all_ways(behind.url(port, scheme="postgres"))
        await all_ways(behind.url(port, "sslmode=require", scheme="postgresql+asyncpg"))


async def test_cloud_sql_knows_clients_by_certificate(behind: Behind, authority: Authority) -> None:
    certificate, key = authority.issue("client")
    with postgres_front(behind.socket, authority.server("its-instance-name", demand_client=True)) as port:
        query = f"sslmode=verify-ca&sslrootcert={authority.file}&sslcert={certificate}&sslkey={key}"
        await all_ways(behind.url(port, query))
        assert (await refusal(behind.url(port, f"sslmode=verify-full&sslrootcert={authority.file}"))).code == "database_tls_name"


async def test_several_hosts_are_tried_in_order(behind: Behind, authority: Authority) -> None:
    with postgres_front(behind.socket, authority.server("localhost")) as port:
        url = behind.url(port, "sslmode=require").replace("@localhost", "@localhost:1,localhost")
        await all_ways(url)


async def test_a_socket_by_its_folder(stack: Stack, behind: Behind) -> None:
    folder = str(Path(behind.socket).parent)
    await all_ways(f"postgresql://{behind.user}:{behind.password}@/{behind.database}?host={folder}&sslmode=require")


async def test_a_pooler_in_transaction_mode_is_refused_in_words(behind: Behind) -> None:
    await upgrade(behind_url := f"postgresql://{behind.user}:{behind.password}@/{behind.database}?host={Path(behind.socket).parent}")
    with transaction_pooler(behind.socket) as port:
        error = await refusal(behind.url(port, "sslmode=disable"))
    assert error.code == "database_pooler"
    assert "keeps locks in its sessions" in str(error)
    assert "session mode" in error.advice
    await check_database(behind_url)


async def test_a_certificate_of_an_unknown_authority(behind: Behind, authority: Authority, tmp_path: Path) -> None:
    other = Authority.made(tmp_path, "another")
    with postgres_front(behind.socket, other.server("localhost")) as port:
        error = await refusal(behind.url(port, f"sslmode=verify-full&sslrootcert={authority.file}"))
    assert error.code == "database_tls_ca"
    assert f"localhost:{port} (user {behind.user}, database {behind.database}) shows a certificate that is not believed" in str(error)
    assert "sslrootcert" in error.advice


async def test_a_certificate_for_another_name(behind: Behind, authority: Authority) -> None:
    with postgres_front(behind.socket, authority.server("db.example.com")) as port:
        error = await refusal(behind.url(port, f"sslmode=verify-full&sslrootcert={authority.file}"))
    assert error.code == "database_tls_name"
    assert "certificate that is for another name" in str(error)


async def test_a_server_without_tls(behind: Behind) -> None:
    with postgres_front(behind.socket) as port:
        error = await refusal(behind.url(port, "sslmode=require"))
    assert error.code == "database_tls_missing"
    assert "takes no TLS, which DATABASE_URL demands" in str(error)


async def test_a_server_that_lets_nobody_in_without_tls(behind: Behind, authority: Authority) -> None:
    with postgres_front(behind.socket, authority.server("localhost"), demand=True) as port:
        error = await refusal(behind.url(port, "sslmode=disable"))
    assert error.code == "database_tls_needed"
    assert "sslmode=require" in error.advice


async def test_a_server_of_an_old_protocol(behind: Behind, authority: Authority) -> None:
    context = authority.server("localhost")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with postgres_front(behind.socket, context) as port:
        error = await refusal(behind.url(port, "sslmode=require&ssl_min_protocol_version=TLSv1.3"))
    # Some servers say why before they end the connection, some end it.
    assert error.code in ("database_tls_failed", "database_unavailable")
    assert "TLS" in str(error)


async def test_the_pool_says_who_and_where_to_the_operator_and_not_to_callers(behind: Behind) -> None:
    with postgres_front(behind.socket) as port:
        database = Database(behind.url(port, password="a wrong one"))
        with pytest.raises(ServiceUnavailable) as refused:
            await database.execute(text("SELECT 1"))
        await database.close()
    assert refused.value.code == "database_unavailable"
    assert refused.value.message == "PostgreSQL does not answer."
    assert f"localhost:{port} (user {behind.user}" in refused.value.operator_text
    assert "does not accept the password" in refused.value.operator_text
    assert "a wrong one" not in str(refused.value)
