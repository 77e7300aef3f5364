"""One task of a run in a process of its own, started anew and quickly, with a fault planted in it.

The operators are the shipped ones. The processes come from a server that has imported everything once.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing.connection import Connection
from typing import Any

import psutil
import time_machine

from billing_providers.ledger.locks import Locks
from billing_providers.model.settings import IntegrationSettings
from billing_providers.steps import kept_lock, push_job, taken_lock
from tests.support.kill_points import Fault, plant
from tests.support.pipeline import Pipeline

LIFE_S = 120


@dataclass(frozen=True, slots=True)
class Wish:
    """Which task of which run.

    :param task: a step of :class:`~tests.support.pipeline.Pipeline`.
    :param ahead_s: by how much this process's wall clock is ahead.
    :param clock_is_wrong: only this machine's clock is ahead; else so much time passed for the ledger's server too.
    :param renew_always: the lock is renewed whenever it may be, in place of every few seconds.
    :param beat_s: seconds between two signs of life of a lock's holder; it is watched for four of them.
    :param params: of the run.
    """

    environment: dict[str, str]
    settings: IntegrationSettings
    run_id: str
    run: Any
    diff: Any
    task: str = "push"
    fault: Fault | None = None
    ahead_s: float = 0.0
    clock_is_wrong: bool = False
    renew_always: bool = False
    beat_s: float = 0.3
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: killed, failed (with what it told) or done (with its result)."""

    killed: bool
    failed: str
    result: Any = None

    @property
    def done(self) -> bool:
        return not self.killed and not self.failed


class Task:
    """A process that was started."""

    def __init__(self, wish: Wish) -> None:
        self._hears, said = _context().Pipe(duplex=False)
        self.process = _context().Process(target=_work, args=(wish, said))
        self.process.start()
        said.close()

    def wait_until_it_stands_still(self) -> None:
        """Wait until the process has stopped itself."""
        assert self.process.pid is not None
        deadline = time.monotonic() + LIFE_S
        while psutil.Process(self.process.pid).status() != psutil.STATUS_STOPPED:
            assert self.process.is_alive() and time.monotonic() < deadline, "it did not come to its point"
            time.sleep(0.01)

    def go_on(self) -> None:
        """Continue a process that stands still."""
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGCONT)

    def end(self) -> Ended:
        """Wait for the end and tell it."""
        try:
            if not self._hears.poll(LIFE_S):
                raise AssertionError("the task does not end")
            failed, result = self._hears.recv()
        except EOFError:
            self.process.join()
            assert self.process.exitcode in {-signal.SIGKILL, 255}, f"the task broke: {self.process.exitcode}"
            return Ended(killed=True, failed="")
        finally:
            if self.process.is_alive():
                self.process.join(5)
            if self.process.is_alive():
                self.process.kill()
            self.process.join()
        return Ended(killed=False, failed=failed, result=result)


def run_task(wish: Wish) -> Ended:
    """Run one task to its end."""
    return Task(wish).end()


@cache
def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _work(wish: Wish, said: Connection) -> None:
    os.environ.update(wish.environment)
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=wish.ahead_s)) as clock:
        push_job.RENEW_EVERY_S = 0.0 if wish.renew_always else wish.beat_s
        kept_lock.ASK_EVERY_S, taken_lock.WATCH_S = wish.beat_s, 4 * wish.beat_s
        if not wish.clock_is_wrong:
            Locks.clock_off_s = lambda *_: 0.0  # type: ignore[method-assign]
        if wish.fault is not None:
            plant(wish.fault, wish.settings.psa, wish.task, _shift(clock))
        task = Pipeline(wish.settings, run_id=wish.run_id, **wish.params)
        task.run, task.diff = wish.run, wish.diff
        try:
            result = getattr(task, wish.task)()
        except Exception as error:
            said.send((f"{type(error).__name__}: {error}", None))
        else:
            said.send(("", result))


def _shift(clock: Any) -> Callable[[float], None]:
    return lambda seconds: clock.shift(timedelta(seconds=seconds))
