"""What stands before a managed database: TLS with a certificate authority of the test's own, and a pooler that shares sessions.

The servers behind are real (the stack's, by their sockets). A front runs on an event loop in a thread of its own, so that commands in
other processes reach it too.
"""

from __future__ import annotations

import asyncio
import datetime
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_NEON_SAYS = "connection is insecure (try using `sslmode=require`)"


@dataclass(frozen=True)
class Authority:
    """A certificate authority; `file` is its certificate, as `sslrootcert` names it."""

    file: Path
    _key: ec.EllipticCurvePrivateKey
    _certificate: x509.Certificate

    @classmethod
    def made(cls, folder: Path, name: str = "authority") -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(name, key, name, key, [x509.BasicConstraints(ca=True, path_length=None)])
        file = folder / f"{name}.pem"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return cls(file, key, certificate)

    def issue(self, *names: str) -> tuple[Path, Path]:
        """Files of a certificate for these names or addresses and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names]
        issuer = self.file.stem
        certificate = _signed(names[0], key, issuer, self._key, [x509.SubjectAlternativeName(alternatives)])
        stem = self.file.parent / f"{issuer}-{names[0]}"
        files = stem.with_name(f"{stem.name}.crt"), stem.with_name(f"{stem.name}.key")
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        no_password = serialization.NoEncryption()
        files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password))
        return files

    def server(self, *names: str, demand_client: bool = False) -> ssl.SSLContext:
        """A server's context with a certificate for these names; `demand_client`: clients need one of this authority's too."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(*names))
        context.set_alpn_protocols(["postgresql"])
        if demand_client:
            context.load_verify_locations(cafile=self.file)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def _signed(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    extensions: Sequence[x509.ExtensionType],
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]),
        issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - datetime.timedelta(days=1),
        not_valid_after=now + datetime.timedelta(days=1),
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(issuer_key, hashes.SHA256())


@contextmanager
def postgres_front(socket: str, context: ssl.SSLContext | None = None, *, demand: bool = False) -> Iterator[int]:
    """A port before PostgreSQL's `socket`. Asked for TLS it gives `context`, or says that it has none. `demand`: without TLS nobody is
    let in, in Neon's words."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(8)
        if first == _SSL_REQUEST:
            writer.write(b"S" if context else b"N")
            await writer.drain()
            if context is not None:
                await writer.start_tls(context)
            first = await reader.readexactly(8)
        elif demand:
            writer.write(_error("28000", _NEON_SAYS))
            return
        behind = await asyncio.open_unix_connection(socket)
        behind[1].write(first)
        await _both_ways((reader, writer), behind)

    with _listening(handle) as port:
        yield port


@contextmanager
def tls_front(socket: str, context: ssl.SSLContext) -> Iterator[int]:
    """A port that speaks TLS from the first byte, before a server's `socket`, as `rediss://` wants it."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _both_ways((reader, writer), await asyncio.open_unix_connection(socket))

    with _listening(handle, context) as port:
        yield port


@contextmanager
def plain_front(socket: str) -> Iterator[int]:
    """A port before a server's `socket`."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _both_ways((reader, writer), await asyncio.open_unix_connection(socket))

    with _listening(handle) as port:
        yield port


@contextmanager
def answering(says: bytes) -> Iterator[int]:
    """A port where something says `says` to whatever comes, and ends the connection."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(says)

    with _listening(handle) as port:
        yield port


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes connections and never answers."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del writer
        await reader.read()

    with _listening(handle) as port:
        yield port


@contextmanager
def transaction_pooler(socket: str) -> Iterator[int]:
    """A pooler in transaction mode: every client signs in at the server itself, then all share one session, a transaction at a time."""
    pool = _Pool(socket)
    with _listening(pool.handle) as port:
        yield port


class _Pool:
    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._session: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn: asyncio.Lock | None = None

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._turn = self._turn or asyncio.Lock()
        first = await reader.readexactly(8)
        if first == _SSL_REQUEST:
            writer.write(b"N")
            first = await reader.readexactly(8)
        own = await asyncio.open_unix_connection(self._socket)
        own[1].write(first + await reader.readexactly(struct.unpack("!i", first[:4])[0] - 8))
        await self._sign_in((reader, writer), own)
        if self._session is None:
            self._session = own
        else:
            own[1].close()
        asked = asyncio.create_task(_message(reader))
        try:
            while (message := await asked)[:1] != b"X":
                asked = asyncio.create_task(_message(reader))
                async with self._turn:
                    asked = await self._transaction(message, asked, reader, writer)
        finally:
            asked.cancel()

    async def _sign_in(
        self, client: tuple[asyncio.StreamReader, asyncio.StreamWriter], server: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    ) -> None:
        while True:
            answer = await _message(server[0])
            # The number of the server's process is not the client's to know, which may get another one each time.
            client[1].write(answer if answer[:1] != b"K" else answer[:5] + b"\0" * 8)
            if answer[:1] == b"Z":
                return
            # An authentication that asks something: 10, 11 (SASL) and others, not 0 (done) and 12 (its end).
            if answer[:1] == b"R" and struct.unpack("!i", answer[5:9])[0] not in (0, 12):
                server[1].write(await _message(client[0]))

    async def _transaction(
        self, message: bytes, asked: asyncio.Task[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> asyncio.Task[bytes]:
        """Hands on both ways until the server is out of a transaction; the client's next message, which may be long in coming."""
        assert self._session is not None
        from_server, to_server = self._session

        async def answers() -> None:
            while (answer := await _message(from_server))[:1] != b"Z" or answer[5:6] != b"I":
                writer.write(answer)
            writer.write(answer)

        to_server.write(message)
        answered = asyncio.create_task(answers())
        while not answered.done():
            await asyncio.wait({answered, asked}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done() and not answered.done():
                to_server.write(await asked)
                asked = asyncio.create_task(_message(reader))
        return asked


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(5)
    return head + await reader.readexactly(struct.unpack("!i", head[1:])[0] - 4)


def _error(state: str, words: str) -> bytes:
    body = b"".join(f"{kind}{text}".encode() + b"\0" for kind, text in (("S", "FATAL"), ("C", state), ("M", words))) + b"\0"
    return b"E" + struct.pack("!i", len(body) + 4) + body


async def _both_ways(
    client: tuple[asyncio.StreamReader, asyncio.StreamWriter], server: tuple[asyncio.StreamReader, asyncio.StreamWriter]
) -> None:
    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    await asyncio.gather(pump(client[0], server[1]), pump(server[0], client[1]))


@contextmanager
def _listening(handle: Handler, context: ssl.SSLContext | None = None) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    # What clients of wrong set-ups do to us is the test's point, no news.
    loop.set_exception_handler(lambda _loop, _context: None)

    async def safely(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, EOFError, ssl.SSLError):
                await handle(reader, writer)
        finally:
            writer.close()

    async def begin() -> asyncio.Server:
        return await asyncio.start_server(safely, "127.0.0.1", 0, ssl=context)

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = _run(loop, begin())
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:

        async def end() -> None:
            server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        _run(loop, end())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=120)
        loop.close()


def _run(loop: asyncio.AbstractEventLoop, work: Awaitable[Any]) -> Any:
    return asyncio.run_coroutine_threadsafe(_awaited(work), loop).result(timeout=120)


async def _awaited(work: Awaitable[Any]) -> Any:
    return await work
