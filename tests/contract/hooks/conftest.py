"""Hooks that speak to a real HTTP server: the sandbox, with its state, its audit log and faults on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from billing_providers.hooks.http.repeats import Limits
from billing_providers.model.psa import QuantityWrite
from billing_providers.registry import SYSTEMS, system
from billing_providers.sandbox.server import SandboxServer
from tests.support.connections import set_connection
from tests.support.psa_cases import PSA_CASES, PsaCase, needs_of
from tests.support.psa_tenant import DAYS, Tenant, changeable_line, usable
from tests.support.scripted_http import FrozenTime


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    """One sandbox for the tests of a module."""
    with SandboxServer() as box:
        yield box


@pytest.fixture
def box(server: SandboxServer) -> SandboxServer:
    """The sandbox as it was at the start: state, logs, faults and settings."""
    server.control.clear_faults()
    server.control.reset(
        shape="line_api",
        latency_ms=0,
        atria_complete=True,
        atria_empty=False,
        atria_malformed_row=False,
        atria_conflicting_duplicate=False,
        atria_other_period_row=False,
    )
    return server


@pytest.fixture
def time() -> FrozenTime:
    """The clock of the hooks: waits cost nothing and are kept."""
    return FrozenTime()


HookMaker = Callable[..., Any]


@pytest.fixture
def hook_of(box: SandboxServer, time: FrozenTime, monkeypatch: pytest.MonkeyPatch) -> Iterator[HookMaker]:
    """Return a maker of hooks that are connected to the sandbox; keyword arguments are connection fields."""
    made: list[Any] = []

    def make(key: str, limits: Limits | None = None, **fields: Any) -> Any:
        known = box.connections()[f"{key}_default"]
        extra = {**known.get("extra", {}), **fields.pop("extra", {})}
        conn_id = set_connection(monkeypatch, f"conformance_{len(made)}", **{**known, **fields, "extra": extra})
        role = "psa" if hasattr(_hook_class(key), "write_line") else "source"
        hook = system(key, role).hook_class()(conn_id, limits=limits or Limits(), clocks=time.clocks())
        made.append(hook)
        return hook

    yield make
    for hook in made:
        hook.client.close()


@pytest.fixture(params=[key for key, entry in SYSTEMS.items() if entry.role == "psa"])
def case(request: pytest.FixtureRequest) -> PsaCase:
    """One PSA of the registry; one without a case fails here by name. A test that needs what it lacks is skipped."""
    found = PSA_CASES[request.param]
    lacking = needs_of(request.function) & found.lacks
    if lacking:
        pytest.skip(f"{found.key} lacks: {', '.join(sorted(lacking))}")
    return found


@pytest.fixture
def tenant(case: PsaCase, box: SandboxServer, hook_of: HookMaker) -> Tenant:
    """A writable tenant that was read once; the request log starts after that."""
    box.control.reset(**case.shapes["writes"])
    hook = hook_of(case.key, extra=case.extra)
    assert hook.capabilities().quantity_write is not QuantityWrite.NONE
    directory = hook.read_directory(contract_type=case.contract_type)
    contracts = usable(directory, case)[:3]
    line = changeable_line(hook.read_lines(contracts, directory.services, days=DAYS), contracts)
    box.control.forget_requests()
    return Tenant(case, box, hook, directory, line)


def _hook_class(key: str) -> Any:
    return SYSTEMS[key].hook_class()
