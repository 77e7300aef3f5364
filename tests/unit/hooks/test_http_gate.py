"""Bounds of single endpoints: entered around each exchange, repeats included, and left whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread

import pytest
from requests import PreparedRequest
from requests.exceptions import ConnectTimeout

from billing_providers.errors import BudgetExhausted, NotSent, Unreachable
from billing_providers.hooks.http.gate import EndpointGate
from billing_providers.hooks.http.leaving import asked_before_leaving
from tests.support.scripted_http import FrozenTime, Reply, ScriptedServer, client_of, reply


class Door:
    """A gate that remembers who went in and out."""

    def __init__(self, closed: BudgetExhausted | None = None) -> None:
        self.seen: list[str] = []
        self.closed = closed

    @contextmanager
    def slot(self, endpoint: str) -> Iterator[None]:
        if self.closed is not None:
            raise self.closed
        self.seen.append(f"in {endpoint}")
        try:
            yield
        finally:
            self.seen.append("out")


def test_each_attempt_goes_through_the_gate_and_leaves_it() -> None:
    """Also one that failed; nobody waits inside for the next attempt."""
    client = client_of(ScriptedServer([reply({}, 503), ConnectTimeout("away"), reply({"ok": 1})]))
    client.gate = door = Door()

    client.call("GET", "/things/{thing}", values={"thing": "5"})

    assert door.seen == ["in GET /things/{thing}", "out"] * 3


def test_a_hook_names_what_the_server_counts_by() -> None:
    """A page and a count of one entity share its slots."""
    client = client_of(ScriptedServer([reply({}), reply({})]))
    client.gate = door = Door()

    client.call("GET", "/things", place="things")
    client.call("GET", "/things/count", place="things")

    assert door.seen == ["in things", "out", "in things", "out"]


def test_a_gate_that_stays_closed_lets_nothing_leave() -> None:
    """Its error is handed on at once: nothing was sent, and trying again is not the client's business."""
    server = ScriptedServer([])
    client = client_of(server)
    client.gate = Door(closed=BudgetExhausted("used up"))

    with pytest.raises(BudgetExhausted, match="used up"):
        client.call("GET", "/things")

    assert server.requests == []
    assert client.calls == {}


def test_the_gate_is_left_after_an_error() -> None:
    """A slot that is lost would be missed for ever."""
    client = client_of(ScriptedServer([ConnectTimeout("away")]), attempts_max=1)
    client.gate = door = Door()

    with pytest.raises(Unreachable):
        client.call("POST", "/things")

    assert door.seen == ["in POST /things", "out"]


def test_an_endpoint_has_so_many_slots_and_others_have_their_own() -> None:
    """Two requests to one endpoint are on the wire at most, whatever the number of threads."""
    lock, together, full = Lock(), {"a": 0, "b": 0}, Event()
    most = {"a": 0, "b": 0}

    def answer(request: PreparedRequest) -> Reply:
        place = (request.url or "")[-1]
        with lock:
            together[place] += 1
            most[place] = max(most[place], together[place])
            if together == {"a": 2, "b": 2}:
                full.set()
        full.wait(timeout=10)
        with lock:
            together[place] -= 1
        return reply({})

    client = client_of(ScriptedServer(answer), requests_in_flight_max=8)
    client.gate = EndpointGate(2)
    threads = [Thread(target=client.call, args=("GET", f"/{place}")) for place in "aaaabbbb"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert full.is_set()
    assert most == {"a": 2, "b": 2}
    assert client.calls == {"GET /a": 4, "GET /b": 4}


def test_a_call_may_go_to_another_base_url() -> None:
    """A system that tells its own address is spoken to there, by the same client."""
    server = ScriptedServer([reply({"ok": 1}), reply({"ok": 2})])
    client = client_of(server)

    client.call("GET", "/things", base_url="https://zone.example/rest")
    client.call("GET", "/things")

    assert [request.url for request in server.requests] == [
        "https://zone.example/rest/things",
        "https://psa.example/things",
    ]


def test_a_write_is_asked_about_when_its_turn_has_come_each_time() -> None:
    """Law 7: what waits for a slot, or after a 429, leaves long after its journal row; its writer is asked."""
    time, asked = FrozenTime(), []
    server = ScriptedServer([reply({}, 429, Retry_After="60"), reply({})])
    client = client_of(server, time)
    client.gate = door = Door()

    with asked_before_leaving(lambda: asked.append((time.now, len(server.requests), door.seen[-1]))):
        client.call("POST", "/things")

    assert asked == [(1000.0, 0, "in POST /things"), (1060.0, 1, "in POST /things")]


@pytest.mark.parametrize("repeatable", [None, True])
def test_a_write_that_must_not_leave_stays_and_its_slot_is_free_again(repeatable: bool | None) -> None:
    """The answer may be no: then nothing was sent, be it one that may be repeated."""

    def refuse() -> None:
        raise NotSent("the lock is lost")

    server = ScriptedServer([])
    client = client_of(server)
    client.gate = door = Door()

    with asked_before_leaving(refuse), pytest.raises(NotSent, match="the lock is lost"):
        client.call("PATCH", "/things/5", repeatable=repeatable)

    assert server.requests == []
    assert client.calls == {}
    assert door.seen == ["in PATCH /things/5", "out"]


def test_reads_are_not_asked_about_nor_writes_of_others() -> None:
    """A question costs a query; it ends with the block, and other threads have their own."""
    client = client_of(ScriptedServer([reply({})] * 4))
    asked: list[str] = []

    with asked_before_leaving(lambda: asked.append("no")):
        client.call("GET", "/things")
        client.call("POST", "/things/query", repeatable=True)
        elsewhere = Thread(target=client.call, args=("POST", "/things"))
        elsewhere.start()
        elsewhere.join(timeout=20)
    client.call("POST", "/things")

    assert asked == []
