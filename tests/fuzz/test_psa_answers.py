"""Every PSA of the registry reads every answer: a changed one gives a result or an error by name; it writes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.model.periods import BillingPeriod
from billing_providers.model.psa import LinesAgain
from billing_providers.registry import SYSTEMS
from billing_providers.sandbox.server import SandboxServer
from tests.fuzz.budget import examples
from tests.fuzz.hostile import byte_changes, json_changes
from tests.fuzz.tape import Key, Tape
from tests.fuzz.told import result_or_error
from tests.fuzz.usage import check_storable
from tests.support.psa_cases import PSA_CASES
from tests.support.psa_tenant import DAYS, usable

PSAS = sorted(key for key, entry in SYSTEMS.items() if entry.role == "psa")
OCTOBER = BillingPeriod(date(2026, 10, 1), date(2026, 11, 1), "Europe/London")
CONTRACTS = 3


class Played:
    """A PSA whose valid answers are on a tape."""

    def __init__(self, key: str, box: SandboxServer, tape: Tape, environment: dict[str, str]) -> None:
        self.case, self.box, self.tape, self.environment = PSA_CASES[key], box, tape, environment
        self.asked_by: dict[str, list[Key]] = {}
        assert self.read_all()
        self.requests = list(tape.asked)

    def read_all(self) -> list[Any]:
        """Ask for everything that a run asks for, through a new hook."""
        hook = SYSTEMS[self.case.key].hook_class()(f"{self.case.key}_default")
        with patch.dict(os.environ, self.environment):
            capabilities = hook.capabilities()
            directory = hook.read_directory(contract_type=self.case.contract_type)
            contracts = usable(directory, self.case)[:CONTRACTS]
            days = DAYS if capabilities.dates_quantities else None
            lines = hook.read_lines(contracts, directory.services, days=days)
            again = [LinesAgain(contracts[0], (lines[0].line_id,), directory.services)] if contracts and lines else []
            read = [*lines, *hook.reread_lines(again, days=days), *hook.invoiced_lines(OCTOBER)]
            works, text = hook.test_connection()
            assert text
            return [capabilities, directory, works, text, *read]

    def read_changed(self, share: float, change: Callable[[bytes], bytes]) -> None:
        """Read with one answer changed, and check what comes of it."""
        self.tape.spoiled, self.tape.spoil = self.requests[int(share * len(self.requests))], change
        read = result_or_error(self.read_all)
        if isinstance(read, list):
            check_storable(read)


@pytest.fixture(scope="module", params=PSAS)
def played(request: pytest.FixtureRequest, box: SandboxServer) -> Iterator[Played]:
    """One PSA of the registry, read once."""
    assert request.param in PSA_CASES, f"describe {request.param} in tests/support/psa_cases.py"
    case = PSA_CASES[request.param]
    box.control.reset(**case.shapes["writes"])
    known = box.connections()[f"{case.key}_default"]
    fields = {**known, "extra": {**known.get("extra", {}), **case.extra}}
    environment = {f"AIRFLOW_CONN_{case.key.upper()}_DEFAULT": json.dumps(fields)}
    with ExitStack() as stack:
        tape = stack.enter_context(Tape().playing())
        yield Played(case.key, box, tape, environment)
        assert box.control.audit(system=case.key) == []


@examples(80)
@given(share=st.floats(0, 0.999), change=json_changes())
def test_an_answer_with_other_values_gives_a_result_or_an_error_by_name(
    played: Played, share: float, change: Callable[[bytes], bytes]
) -> None:
    """A value that is not what the API promises is told; it never ends a run as an error of Python."""
    played.read_changed(share, change)


@examples(25)
@given(share=st.floats(0, 0.999), change=byte_changes())
def test_an_answer_with_other_bytes_gives_a_result_or_an_error_by_name(
    played: Played, share: float, change: Callable[[bytes], bytes]
) -> None:
    """Half an answer, another encoding or no JSON at all is told; it is never an empty list."""
    played.read_changed(share, change)
