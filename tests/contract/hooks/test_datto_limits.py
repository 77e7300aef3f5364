"""The limits and rights of the simulated Datto RMM: never tried out, told apart, waited out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from billing_providers.errors import BudgetExhausted, Forbidden, RateLimited
from billing_providers.hooks.datto_rmm import DattoRmmHook
from billing_providers.model.periods import BillingPeriod
from billing_providers.sandbox.server import SandboxServer
from tests.support.connections import set_connection
from tests.support.scripted_http import FrozenTime

OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "Europe/London")
USUAL = {"datto_reads_per_minute": 600, "datto_block_after": 50, "datto_page_max": 250}
HookMaker = Callable[..., DattoRmmHook]


@pytest.fixture
def hook_of(box: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[HookMaker]:
    """Return a maker of hooks whose waits move the clock of the sandbox too."""
    box.control.forget_requests()
    made: list[DattoRmmHook] = []

    def make(time: FrozenTime, **fields: Any) -> DattoRmmHook:
        def sleep(seconds: float) -> None:
            time.sleep(seconds)
            box.control.move_clock(advance_s=seconds)

        known = box.connections()["datto_rmm_default"]
        conn_id = set_connection(monkeypatch, f"datto_{len(made)}", **{**known, **fields})
        made.append(DattoRmmHook(conn_id, clocks=replace(time.clocks(), sleep=sleep)))
        return made[-1]

    yield make
    for hook in made:
        hook.client.close()
    box.control.change_settings(**USUAL)


def test_a_small_limit_is_waited_for_and_never_hit(hook_of: HookMaker, box: SandboxServer) -> None:
    """What the server tells of its limit is believed: not one read is refused, however many pages there are."""
    box.control.change_settings(datto_reads_per_minute=20, datto_page_max=100)
    time = FrozenTime()
    hook = hook_of(time)

    read = hook.read_usage(OCTOBER)

    assert read.complete is True
    assert hook.client.calls.total() > 20
    assert sum(time.slept) >= 60
    assert {row["status"] for row in box.control.requests()["requests"]} == {200}


def test_a_block_is_seen_once_and_waited_out(hook_of: HookMaker, box: SandboxServer) -> None:
    """Two requests tell that everything is refused; then none leaves for five minutes, and then reading works."""
    time = FrozenTime()
    hook = hook_of(time)
    hook.read_usage(OCTOBER)
    box.control.change_settings(datto_reads_per_minute=1, datto_block_after=0)
    sent = hook.client.calls.total()

    with pytest.raises(RateLimited, match="five minutes"):
        hook.read_usage(OCTOBER)
    with pytest.raises(BudgetExhausted, match="blocks this address for another 300 s"):
        hook.read_usage(OCTOBER)

    assert hook.client.calls.total() - sent == 2
    box.control.change_settings(**USUAL)
    time.now += 300
    box.control.move_clock(advance_s=301)
    assert hook.read_usage(OCTOBER).complete is True


@pytest.mark.parametrize(
    ("key", "path"),
    [("HMSPNODEVICES001", "/v2/account/devices"), ("HMSPNOFILTERS001", "/v2/filter/custom-filters")],
)
def test_a_missing_right_is_named_and_is_no_block(key: str, path: str, hook_of: HookMaker) -> None:
    """A person grants it; nobody waits five minutes for it."""
    hook = hook_of(FrozenTime(), login=key)

    with pytest.raises(Forbidden, match=f"the API key may not read {path}"):
        hook.read_usage(OCTOBER)

    works, told = hook.test_connection()
    assert (works, path in told) == (False, True)
