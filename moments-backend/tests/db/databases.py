"""Addresses of the stack's PostgreSQL as others would write them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from support.stack import Stack
from videomoments.db.database_url import parse_address


@dataclass(frozen=True)
class Behind:
    """A real server that a front stands before: its socket, and who may sign in."""

    socket: str
    user: str
    password: str
    database: str

    @classmethod
    def of(cls, stack: Stack) -> Behind:
        address = parse_address(stack.database_url)
        folder, port = address.hosts[0]
        assert address.user is not None
        assert address.password is not None
        assert address.database is not None
        return cls(f"{folder}/.s.PGSQL.{port}", address.user, address.password, address.database)

    def url(self, port: int, query: str = "", *, scheme: str = "postgresql", host: str = "localhost", **other: str) -> str:
        """An address by way of a front's port. `other` replaces user, password or database."""
        who = {"user": self.user, "password": self.password, "database": self.database} | other
        login = f"{quote(who['user'], safe='')}:{quote(who['password'], safe='')}"
        return f"{scheme}://{login}@{host}:{port}/{who['database']}" + (f"?{query}" if query else "")
