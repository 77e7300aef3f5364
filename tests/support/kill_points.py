"""The steps of a push at which a fault can be injected, reached from outside: the product knows nothing of them.

Only in a process of its own: what is wrapped here stays wrapped until the process ends.
"""

from __future__ import annotations

import http.client
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from billing_providers.hooks.http import client, leaving
from billing_providers.ledger.journal import Journal
from billing_providers.ledger.locks import Locks
from billing_providers.ledger.store import Store
from billing_providers.model.journal import JournalState
from billing_providers.registry import system
from tests.support.mortal_postgres import fill_disk, kill_tree

#: Steps of the push task, in the order in which one line meets them.
PUSH_POINTS = (
    "before intent",
    "after intent",
    "row durable",  # as sent; the request has not left
    "leaving",  # the last question was answered, the request has not left
    "request left",  # all of it; its answer was not read
    "answered",  # before the answer's row
    "answer durable",
    "before renewal",  # of the lock
    "after renewal",
)
#: Steps of the task that reads everything back.
VERIFY_POINTS = ("before read-back", "read back", "read-back durable")


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at the n-th passing of a point.

    :param deed: ``die``: this process is killed; ``stop``: it stands still until it is continued; ``kill``: another one
        is killed with its children; ``fill``: the disk is full for another one, or with ``pid`` 0 for this one;
        ``jump``: the clock jumps by ``seconds``.
    """

    point: str
    deed: str
    nth: int = 1
    pid: int = 0
    seconds: float = 0.0


_writing = threading.Lock()


def plant(fault: Fault, psa: str, task: str, shift: Callable[[float], None]) -> None:
    """Have a fault happen in this process.

    :param task: ``push`` or ``verify``.
    :param shift: moves this process's wall clock by seconds.
    """
    passed, gate = 0, threading.Lock()

    def reach(point: str) -> None:
        nonlocal passed
        with gate:
            passed += point == fault.point
            due = point == fault.point and passed == fault.nth
        if due:
            _do(fault, shift)

    if fault.deed == "stop":
        _one_writer_at_a_time()
    hook = system(psa, "psa").hook_class()
    _around(Locks, "renew", lambda _: reach("before renewal"), lambda _: reach("after renewal"))
    if task == "push":
        _around(Journal, "append", lambda entries: _before_row(entries, reach), lambda entries: _row(entries, reach))
        _around(hook, "write_line", lambda _: None, lambda _: reach("answered"))
        _watch_requests(reach)
    else:
        _around(Journal, "append", lambda _: None, lambda _: reach("read-back durable"))
        _around(hook, "reread_lines", lambda _: reach("before read-back"), lambda _: reach("read back"))


def _do(fault: Fault, shift: Callable[[float], None]) -> None:
    if fault.deed == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault.deed == "stop":
        with _writing:  # whoever stands still inside a transaction keeps everybody else waiting, which is another story
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(0.01)
    elif fault.deed == "kill":
        kill_tree(fault.pid)
        time.sleep(0.02)  # until the kernel has cut the connections
    elif fault.deed == "fill" and fault.pid:
        fill_disk(fault.pid)
    elif fault.deed == "fill":
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    else:
        shift(fault.seconds)


def _around(owner: Any, name: str, before: Callable[[Any], None], after: Callable[[Any], None]) -> None:
    real = getattr(owner, name)

    def wrapped(self: Any, first: Any, *arguments: Any, **named: Any) -> Any:
        before(first)
        done = real(self, first, *arguments, **named)
        after(first)
        return done

    setattr(owner, name, wrapped)


def _one_writer_at_a_time() -> None:
    real = Store.writing

    @contextmanager
    def writing(self: Store, purpose: str) -> Iterator[Any]:
        with _writing, real(self, purpose) as transaction:
            yield transaction

    Store.writing = writing  # type: ignore[method-assign]


def _before_row(entries: Any, reach: Callable[[str], None]) -> None:
    if any(entry.state is JournalState.INTENDED for entry in entries):
        reach("before intent")


def _row(entries: Any, reach: Callable[[str], None]) -> None:
    states = {entry.state for entry in entries}
    if JournalState.INTENDED in states:
        reach("after intent")
    elif JournalState.SENT in states:
        reach("row durable")
    elif states:
        reach("answer durable")


def _watch_requests(reach: Callable[[str], None]) -> None:
    """Tell a request that changes something: it is asked about before it leaves, in the thread that sends it."""
    here = threading.local()
    ask, answer = client.ask_before_leaving, http.client.HTTPConnection.getresponse

    def asked() -> None:
        ask()
        if leaving._question.get() is not None:
            reach("leaving")
            here.left = True

    def getresponse(self: Any) -> Any:
        if getattr(here, "left", False):
            here.left = False
            reach("request left")
        return answer(self)

    client.ask_before_leaving = asked
    http.client.HTTPConnection.getresponse = getresponse  # type: ignore[method-assign]
