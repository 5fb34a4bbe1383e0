"""Declares on each route what it requires of its caller: `@declare(READ)` stands below the route's decorator.

The layers before the router read it (`gate`, `access`, `compressing`), so that a request without a key is refused before its body is read.
A route without a declaration is refused when the application is built.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute
from starlette.types import Scope

from videomoments.services.api_keys import KeyScope

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_ATTRIBUTE = "__declaration__"
_IN_SCOPE = "videomoments.declaration"


class Quota(StrEnum):
    """What the quotas of a key limit. The values are part of keys in Redis."""

    REQUESTS = "requests"
    RUNS = "runs"


@dataclass(frozen=True, slots=True)
class Declaration:
    """`scope` is what a key must allow; None where no key is needed. `quotas` are those that a request counts against."""

    scope: KeyScope | None
    quotas: tuple[Quota, ...] = (Quota.REQUESTS,)
    # Whether methods that this path does not serve get a 405 without a key, too.
    other_methods_open: bool = False
    # The body may exceed a megabyte: the route reads it in pieces.
    long_body: bool = False
    compressed: bool = True

    @property
    def starts_run(self) -> bool:
        """Returns whether the route starts a run, which is what the quota of runs counts."""
        return Quota.RUNS in self.quotas


READ = Declaration(KeyScope.READ)
WRITE = Declaration(KeyScope.WRITE)
STARTS_RUN = Declaration(KeyScope.WRITE, (Quota.REQUESTS, Quota.RUNS))
ADMIN = Declaration(KeyScope.ADMIN)
# For load balancers, and for addresses whose signature serves as their key.
OPEN = Declaration(None, (), other_methods_open=True)
# For pages that a browser opens, because it sends no key.
PUBLIC_PAGE = Declaration(None, ())


class UndeclaredRoute(Exception):
    """A route does not declare who may call it."""


def declare(declaration: Declaration, *, long_body: bool = False, compressed: bool = True) -> Callable[[Endpoint], Endpoint]:
    """Returns a decorator that attaches a declaration to a route's function. It adds nothing to a request's work."""
    whole = replace(declaration, long_body=long_body, compressed=compressed)

    def attach(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _ATTRIBUTE, whole)
        return endpoint

    return attach


@dataclass(frozen=True, slots=True)
class DeclaredRoute:
    """A route with its declaration. `path` is its template, as in the OpenAPI document."""

    path: str
    methods: frozenset[str]
    pattern: re.Pattern[str]
    declaration: Declaration


class RouteTable:
    """All routes in the order in which the router tries them. Raises UndeclaredRoute."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = [
            DeclaredRoute(str(each.path_format), frozenset(each.methods or ()), each.path_regex, _declared(each.path, each.endpoint))
            for each in iter_route_contexts(routes)
        ]

    def __iter__(self) -> Iterator[DeclaredRoute]:
        return iter(self._routes)

    def of(self, scope: Scope) -> Declaration:
        """Returns the declaration of the route that will handle this HTTP request. It is looked up once per request."""
        found: Declaration | None = scope.get(_IN_SCOPE)
        if found is None:
            found = scope[_IN_SCOPE] = self._find(scope["method"], scope["path"])
        return found

    def _find(self, method: str, path: str) -> Declaration:
        of_other_methods: dict[str, Declaration] = {}
        for route in self._routes:
            if route.pattern.match(path):
                if method in route.methods:
                    return route.declaration
                of_other_methods |= dict.fromkeys(route.methods, route.declaration)
        return replace(_unanswered(method, path, of_other_methods), compressed=False)


def _declared(path: str | None, endpoint: Callable[..., Any] | None) -> Declaration:
    found = getattr(endpoint, _ATTRIBUTE, None)
    if not isinstance(found, Declaration):
        raise UndeclaredRoute(f"{path} does not say who may call it: put @declare(…) of videomoments.api.declarations on its function.")
    return found


def _unanswered(method: str, path: str, of_other_methods: dict[str, Declaration]) -> Declaration:
    """Returns what is required where no route answers (404, 405, and the web page's own addresses).

    No route exists that could declare it. A caller without a key must not learn which addresses exist, so an address of the API needs a key
    all the same.
    """
    if any(other.other_methods_open for other in of_other_methods.values()):
        return OPEN
    if method in SAFE_METHODS:
        if "GET" in of_other_methods:
            return of_other_methods["GET"]
        if not f"{path}/".startswith("/api/"):
            return PUBLIC_PAGE
    if path.startswith("/api/admin"):
        return ADMIN
    return READ if method in SAFE_METHODS else WRITE
