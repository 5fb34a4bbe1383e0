"""Ways that break are told in words, by a real client at real sockets."""

from __future__ import annotations

import errno
import socket
import threading

import httpx2
import pytest

from videomoments.inference.connection_failures import broken_way


def _told(url: str) -> str:
    with pytest.raises(httpx2.HTTPError) as caught:
        httpx2.get(url, timeout=60, trust_env=False)
    return broken_way(caught.value)


def test_a_closed_port() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert _told(f"http://127.0.0.1:{probe.getsockname()[1]}/") == "It refuses connections: nothing listens there."


def test_a_name_that_nobody_has() -> None:
    assert _told("http://nobody.invalid/") == "It has a host name that is not found."


@pytest.mark.parametrize(
    ("scheme", "answer", "told"),
    [
        ("http", b"", "It broke off the connection."),
        ("http", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "It broke off the connection."),
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "It does not speak TLS on that port."),
    ],
)
def test_a_server_that_breaks_off_or_speaks_no_tls(scheme: str, answer: bytes, told: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        assert _told(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/") == told
        thread.join()


def test_of_a_name_with_several_addresses_the_first_says_why() -> None:
    error = httpx2.ConnectError("All connection attempts failed")
    error.__cause__ = OSError("All connection attempts failed")
    error.__cause__.__cause__ = ExceptionGroup(
        "several", [ConnectionRefusedError(errno.ECONNREFUSED, "refused"), OSError(errno.EHOSTUNREACH, "no way")]
    )
    assert broken_way(error) == "It refuses connections: nothing listens there."
