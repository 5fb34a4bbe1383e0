"""When what has died is started again. Time is played."""

from __future__ import annotations

from typing import Any, cast

import pytest

from videomoments.cli.restarts import Backoff, FirstStart, Restarts, Revival
from videomoments.core.errors import ServiceUnavailable


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Mortal:
    """A child as `Restarts` knows it."""

    name, log = "worker", "/logs/worker-1.log"

    def __init__(self, clock: Time) -> None:
        self._clock = clock
        self.running = True
        self.killed = False
        self.started_at = clock.now
        self.starts = 0

    def tail(self, lines: int) -> str:
        return "the key is missing"[: 100 * lines]

    def start(self) -> None:
        self.running, self.started_at = True, self._clock.now
        self.starts += 1


def test_the_first_death_waits_for_nothing_and_the_next_ones_longer_and_longer() -> None:
    backoff = Backoff()
    assert [backoff.after(0.5) for _ in range(8)] == [0, 1, 2, 4, 8, 16, 30, 30]
    assert backoff.after(3600) == 0, "what lived long has started well"
    assert backoff.after(0.5) == 1


def test_a_dead_child_is_started_at_the_same_look_then_later_each_time() -> None:
    clock = Time()
    child = Mortal(clock)
    restarts = Restarts(cast(Any, child), clock)
    assert restarts.look() is None, "it lives"
    waited = []
    for _ in range(7):
        died, starts, child.running = clock.now, child.starts, False
        said = restarts.look()
        assert said is not None
        assert "/logs/worker-1.log" in said
        while child.starts == starts:
            clock.now += 0.5
            assert restarts.look() is None, "it is told once"
        waited.append(clock.now - died)
    assert waited == [0, 1, 2, 4, 8, 16, 30]


def test_a_child_that_lived_long_is_started_again_at_once() -> None:
    clock = Time()
    child = Mortal(clock)
    restarts = Restarts(cast(Any, child), clock)
    for lived in (1.0, 1.0, 3600.0):
        clock.now += lived
        child.running = False
        restarts.look()
        clock.now += 2.0
        restarts.look()
    starts, child.running = child.starts, False
    clock.now += 3600
    assert "it is started again" in (restarts.look() or "")
    assert child.starts == starts + 1


class Servers:
    """What `Revival` looks after."""

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self.revivals = 0
        self.trouble: str | None = None

    def ended(self) -> list[str]:
        return sorted(self.gone)

    def revive(self) -> None:
        self.revivals += 1
        if self.trouble:
            raise ServiceUnavailable(self.trouble)
        self.gone.clear()


def test_a_server_that_has_died_is_started_at_the_next_look_then_later_each_time() -> None:
    clock, servers = Time(), Servers()
    revival = Revival(servers.ended, servers.revive, every=5.0, clock=clock)
    assert revival.look() is None
    assert servers.revivals == 0, "all live, and it is not time to ask them"
    waited = []
    for _ in range(4):
        died = clock.now
        servers.gone = {"models"}
        while True:
            revival.look()
            if not servers.gone:
                break
            clock.now += 0.5
        waited.append(clock.now - died)
    assert waited == [0, 1, 2, 4]


def test_one_that_dies_again_and_again_holds_up_no_other() -> None:
    clock, servers = Time(), Servers()
    revival = Revival(servers.ended, servers.revive, every=5.0, clock=clock)
    for _ in range(5):
        servers.gone = {"models"}
        revival.look()
        clock.now += 8.0
        revival.look()
    servers.gone = {"models"}
    revival.look()
    assert servers.gone == {"models"}, "it waits"
    servers.gone = {"models", "postgres"}
    revival.look()
    assert not servers.gone


def test_servers_that_are_there_are_asked_every_few_seconds_and_trouble_is_told_once() -> None:
    clock, servers = Time(), Servers()
    revival = Revival(servers.ended, servers.revive, every=5.0, clock=clock)
    servers.trouble = "PostgreSQL\ndid not start."
    told = []
    for _ in range(31):
        told += [said for said in [revival.look()] if said]
        clock.now += 0.5
    assert servers.revivals == 3
    assert told == ["PostgreSQL did not start."]


def first_start(child: Mortal, servers: set[str], clock: Time) -> FirstStart:
    return FirstStart(cast(Any, child), lambda: servers, servers.clear, seconds=60, clock=clock)


def test_an_api_that_ends_by_itself_does_not_start_and_says_why() -> None:
    clock = Time()
    child = Mortal(clock)
    start = first_start(child, set(), clock)
    start.look()
    child.running = False
    with pytest.raises(ServiceUnavailable, match="The API does not start: the key is missing") as raised:
        start.look()
    assert raised.value.code == "api_died"
    assert child.starts == 0


def test_an_api_that_dies_with_a_server_while_it_starts_is_started_again_once() -> None:
    clock, servers = Time(), {"postgres"}
    child = Mortal(clock)
    start = first_start(child, servers, clock)
    start.look()
    assert not servers, "it has been started again"
    child.running = False
    start.look()
    assert (child.running, child.starts) == (True, 1)
    child.running = False
    with pytest.raises(ServiceUnavailable):
        start.look()


def test_an_api_that_is_killed_while_it_starts_is_started_again_and_has_all_its_time() -> None:
    clock = Time()
    child = Mortal(clock)
    start = first_start(child, set(), clock)
    for _ in range(3):
        clock.now += 50
        child.running, child.killed = False, True
        start.look()
    assert child.starts == 3
    clock.now += 61
    with pytest.raises(ServiceUnavailable):
        start.look()
