"""What is read out of a `DATABASE_URL`, and that a wrong one names its part and never its password."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from support.fakes.fronts import Authority
from videomoments.core.errors import InvalidInput
from videomoments.db.database_url import Address, parse_address

PASSWORD = "t0p%2Fsecret"


def test_scheme_driver_user_password_host_port_and_database() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+asyncpg", "POSTGRESQL"):
        address = parse_address(f"{scheme}://me%40corp:p%40ss%2Fw%3Ard%23%25@db.example.com:6000/my%20app")
        assert (address.user, address.password, address.database) == ("me@corp", "p@ss/w:rd#%", "my app")
        assert address.hosts == (("db.example.com", 6000),)
        assert str(address) == "db.example.com:6000"


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u:p@[2001:db8::1]:5433/d", (("2001:db8::1", 5433),)),
        ("postgresql://u:p@[::1]/d", (("::1", 5432),)),
        ("postgresql://u:p@a,b:5433/d", (("a", 5432), ("b", 5433))),
        ("postgresql://u:p@/d?host=a,b&port=1,2", (("a", 1), ("b", 2))),
        ("postgresql://u:p@/d?host=a,b&port=7", (("a", 7), ("b", 7))),
        ("postgresql://u:p@/d?host=/run/postgresql", (("/run/postgresql", 5432),)),
        ("postgresql://u:p@%2Fvar%2Frun:5433/d", (("/var/run", 5433),)),
        ("postgresql:///d", ()),
    ],
)
def test_hosts(url: str, hosts: tuple[tuple[str, int], ...]) -> None:
    assert parse_address(url).hosts == hosts


def test_a_socket_has_no_tls_whatever_is_asked_for() -> None:
    assert "ssl" not in parse_address("postgresql://u@/d?host=/run/postgresql&sslmode=require").arguments()


def test_settings_of_the_session_go_to_the_server() -> None:
    address = parse_address(
        "postgres://u:p@h/d?options=-c%20search_path%3Dx&application_name=mine&connect_timeout=7&statement_cache_size=0"
    )
    assert address.arguments(application_name="videomoments", work_mem="1MB")["server_settings"] == {
        "options": "-c search_path=x",
        "application_name": "mine",
        "work_mem": "1MB",
    }
    assert address.connect_seconds == 7
    assert address.arguments()["statement_cache_size"] == 0


def test_a_plus_sign_is_a_plus_sign() -> None:
    assert parse_address("postgres://u:a+b@h/d").password == "a+b"
    assert parse_address("postgres://u@h/d?password=a+b").password == "a+b"


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_modes_that_demand_tls(mode: str, tmp_path: Path) -> None:
    context = _context(parse_address(f"postgres://u:p@h/d?sslmode={mode}&sslrootcert={Authority.made(tmp_path).file}"))
    assert context.verify_mode is ssl.CERT_REQUIRED, "with a file of certificates the server's is verified, as libpq does"
    assert context.check_hostname is (mode == "verify-full")


def test_require_alone_believes_any_certificate_and_weaker_modes_fall_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert _context(parse_address("postgres://u:p@h/d?sslmode=require")).verify_mode is ssl.CERT_NONE
    assert parse_address("postgres://u:p@h/d?sslmode=prefer").arguments()["ssl"] == "prefer"
    assert parse_address("postgres://u:p@h/d?sslmode=disable").arguments()["ssl"] is False
    assert "ssl" not in parse_address("postgres://u:p@h/d").arguments()


@pytest.mark.parametrize(
    "query",
    [
        "sslmode=verify-full",
        "sslmode=verify-ca",
        "sslrootcert=system",
        "sslmode=require&channel_binding=require",
        "channel_binding=require",
    ],
)
def test_what_is_to_be_verified_without_a_file_is_verified_by_the_systems_authorities_and_by_name(
    query: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    context = _context(parse_address(f"postgres://u:p@h/d?{query}"))
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_file_of_certificates_without_a_mode_is_meant_to_be_used(tmp_path: Path) -> None:
    assert parse_address(f"postgres://u:p@h/d?sslrootcert={Authority.made(tmp_path).file}").tls.mode == "verify-ca"


def test_libpqs_variables_hold_where_the_url_is_silent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", str(Authority.made(tmp_path).file))
    assert parse_address("postgres://u:p@h/d").tls.mode == "verify-full"
    assert parse_address("postgres://u:p@h/d?sslmode=disable").tls.mode == "disable"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://u:{}@h/d", "not the address of a PostgreSQL database"),
        ("host=h user=u password={}", "not the address of a PostgreSQL database"),
        ("postgres://u:{}@h/d?sslmod=require", "not known here: sslmod. Is sslmode meant?"),
        ("postgres://u:{}@h/d?schema=public", "not known here: schema"),
        ("postgres://u:{}@h/d?sslmode=maybe", "an sslmode that does not exist"),
        ("postgres://u:{}@h/d?sslrootcert=/not/there.pem", "sslrootcert that is not there or can't be read: /not/there.pem"),
        ("postgres://u:{}@h/d?sslmode=require&sslrootcert=system", "weaker sslmode"),
        ("postgres://u:{}@h/d?sslcert=/etc/hostname", "only one of sslcert and sslkey"),
        ("postgres://u:{}@h/d?sslmode=disable&channel_binding=require", "channel_binding=require without TLS"),
        ("postgres://u:{}@h/d?gssencmode=require", "a gssencmode that is not to be had"),
        ("postgres://u:{}@h/d?target_session_attrs=standby", "takes no writes"),
        ("postgres://u:{}@h/d?pgbouncer=true", "a pooler in transaction mode (pgbouncer=true)"),
        ("postgres://u:{}@h/d?connect_timeout=soon", "connect_timeout that is no number"),
        ("postgres://u:{}@h:port/d", "a port that is no number"),
        ("postgres://u:{}@[::1/d", "IPv6 address that can't be read"),
        ("postgres://u:{}@::1/d", "an empty host"),
        ("postgres://u:{}@a,b/d?port=1,2,3", "another number of ports"),
        ("postgres://u:{}@h/d?sslmode", "a parameter without a value"),
        ("postgres://u:raw/{}@h/d", "the @ before the host stands too far behind"),
        ("postgres://u:raw?{}@h/d", "the @ before the host stands too far behind"),
    ],
)
def test_what_is_wrong_is_named_and_the_password_is_not(url: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_address(url.format(PASSWORD))
    assert refused.value.code == "invalid_database_url"
    assert says in refused.value.message
    assert refused.value.advice
    assert "secret" not in str(refused.value)
    assert "raw" not in str(refused.value)


def test_nothing_that_is_printed_holds_the_password() -> None:
    address = parse_address(f"postgres://u:{PASSWORD}@h/d?sslpassword=alsosecret&options=secret")
    assert "secret" not in f"{address} {address!r}"


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(InvalidInput, match="sslrootcert can't be used"):
        parse_address(f"postgres://u:p@h/d?sslmode=verify-full&sslrootcert={tmp_path / 'ca.pem'}").arguments()


def _context(address: Address) -> ssl.SSLContext:
    context = address.arguments()["ssl"]
    assert isinstance(context, ssl.SSLContext)
    return context
