"""A push to every PSA of the registry, against its simulated tenant, with a ledger of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing_providers.hooks.http.repeats import Limits
from billing_providers.ledger.ledger import Ledger
from billing_providers.model.changes import ChangeKind, ContractDiff, LineChange, LineField
from billing_providers.model.journal import JournalEntry
from billing_providers.model.psa import PsaCapabilities
from billing_providers.push.judge import WriteTraits
from billing_providers.push.ports import PushJob
from billing_providers.registry import SYSTEMS, system
from billing_providers.sandbox.server import SandboxServer
from tests.contract.push.planned import Row, place_of, planned, rows_of
from tests.support.chosen_ledger import chosen_ledger
from tests.support.connections import set_connection
from tests.support.diffs import SCOPE
from tests.support.psa_cases import PSA_CASES, PsaCase, needs_of
from tests.support.psa_tenant import PERIOD
from tests.support.scripted_http import FrozenTime

LOCK_S = 3600


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    """One sandbox for the tests of a module."""
    with SandboxServer() as box:
        yield box


@pytest.fixture(params=[key for key, entry in SYSTEMS.items() if entry.role == "psa"])
def case(request: pytest.FixtureRequest) -> PsaCase:
    """One PSA of the registry; a test that needs what it lacks is skipped."""
    found = PSA_CASES[request.param]
    lacking = needs_of(request.function) & found.lacks
    if lacking:
        pytest.skip(f"{found.key} lacks: {', '.join(sorted(lacking))}")
    return found


@pytest.fixture
def box(server: SandboxServer, case: PsaCase) -> SandboxServer:
    """The sandbox as it was at the start, its tenant one that can be written to."""
    server.control.clear_faults()
    server.control.reset(**case.shapes["writes"])
    return server


@pytest.fixture
def ledger(tmp_path: Any) -> Iterator[Ledger]:
    """A migrated ledger."""
    with Ledger.at(chosen_ledger(tmp_path)) as opened:
        opened.migrate()
        yield opened


class Push:
    """Tries to push a diff, as the task and its reruns do: each try with a hook and a lock of its own."""

    def __init__(self, case: PsaCase, box: SandboxServer, ledger: Ledger, conn_id: str) -> None:
        self.case, self.box, self.ledger, self._conn_id = case, box, ledger, conn_id
        self.time = FrozenTime()  # of the hooks: waits cost nothing and are kept
        self.clocks = self.time.clocks()
        self._ahead = timedelta(0)
        hook = self.hook()
        self.offered: PsaCapabilities = hook.capabilities()
        self.diff: ContractDiff = planned(hook, case)
        self.all_changes = self.diff.changes
        self._before = {line["line_id"] for line in self._lines()}
        hook.client.close()
        box.control.forget_requests()

    def hook(self, **limits: Any) -> Any:
        bounds = Limits(**{"requests_in_flight_max": 3, **limits})
        return system(self.case.key, "psa").hook_class()(self._conn_id, limits=bounds, clocks=self.clocks)

    def job(self, diff: ContractDiff | None = None, **limits: Any) -> PushJob:
        """Return the next try."""
        scope = replace(SCOPE, tenant=self.diff.tenant, period=PERIOD)
        wanted = diff or self.diff
        return PushJob(
            diff=wanted,
            changes=wanted.changes,
            scope=scope,
            psa=self.hook(**limits),
            journal=self.ledger.journal,
            lock=self.ledger.locks.acquire(scope.tenant, PERIOD.start, scope.run_key, LOCK_S, self._now()),
            clock=self._now,
            renew=lambda: None,
            traits=WriteTraits.of(self.offered),
            pause=self._let_pass,
        )

    def _let_pass(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)

    def _now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def start_over(self, changes: tuple[LineChange, ...], digest: str) -> None:
        """Bring the tenant back to what it was before any push, and take another diff of some changes."""
        self.box.control.clear_faults()
        self.box.control.reset(**self.case.shapes["writes"])
        self.wait_for_lists()  # else the journal tells of lines that the reset took away
        self.diff = replace(self.diff, changes=changes, digest=digest)

    def another_run(self) -> None:
        """Go on as another run that came to the same changes: its diff has another digest."""
        self.diff = replace(self.diff, digest=f"{self.diff.digest[1:]}x")

    def wait(self, seconds: float) -> None:
        """Let time pass for the PSA, and for whoever pushes."""
        self._ahead += timedelta(seconds=seconds)
        self.box.control.move_clock(advance_s=seconds)

    def wait_for_lists(self) -> None:
        """Let so much time pass that lists show everything; nothing, where they always do."""
        self.wait(WriteTraits.of(self.offered).hidden_s + 1)

    def fault(self, kind: str, endpoint: str = "", **settings: Any) -> None:
        """Plan a fault of this PSA, of its writes unless another call is named."""
        self.box.control.add_fault(kind, system=self.case.key, endpoint=endpoint or self.case.write, **settings)

    def edit(self, change: LineChange, **values: Any) -> None:
        """Edit the line of a change by hand, from the day of the change on where the PSA dates quantities."""
        dated = {"effective_date": change.effective_date.isoformat()} if self.offered.dates_quantities else {}
        self.box.control.edit_line(change.line_id, system=self.case.key, **values, **dated)

    def of_kind(self, kind: ChangeKind) -> list[LineChange]:
        """Return the changes of a kind."""
        return [change for change in self.diff.changes if change.kind is kind]

    def wanted(self, *without: LineChange) -> list[Row]:
        """Return what the diff says, in the form of the PSA's log, but for some changes."""
        left = {change.change_id for change in without}
        return sorted(
            row for change in self.diff.changes if change.change_id not in left for row in rows_of(change, self.offered)
        )

    def written(self, *without: LineChange) -> list[Row]:
        """Return what the PSA really applied: each entry of its log.

        :param without: changes whose units did not arrive; a text that goes before them may have.
        """
        added = {line["line_id"]: line for line in self._lines() if line["line_id"] not in self._before}
        places = {key: f"{line['contract_id']}/{line['service_id']}" for key, line in added.items()}
        rows = self.box.control.audit(system=self.case.key)
        applied = sorted((places.get(row["line_id"], row["line_id"]), row["field"], row["after"]) for row in rows)
        # Texts that go by a call of their own may be set again to the same when the call for the units follows later.
        texts = {row for row in applied if row[1] == LineField.INVOICE_TEXT.value}
        alone = {(place_of(change), LineField.INVOICE_TEXT.value) for change in without}
        kept = [row for row in texts if row[:2] not in alone]
        return sorted([row for row in applied if row not in texts] + kept) if self.texts_apart else applied

    @property
    def texts_apart(self) -> bool:
        """Whether texts of lines go by another call than their units."""
        return self.offered.sets == {LineField.INVOICE_TEXT}

    def writes_of(self, changes: Sequence[LineChange]) -> int:
        """Return how many calls of ``case.write`` and ``case.add`` some changes take."""
        return sum(not self.texts_apart or change.kind is not ChangeKind.SET_FIELDS for change in changes)

    def writes_sent(self) -> int:
        """Count the calls of ``case.write`` and ``case.add``, which may be one and the same."""
        return sum(self.sent(endpoint) for endpoint in {self.case.write, self.case.add})

    def sent(self, endpoint: str) -> int:
        """Count the requests to an endpoint."""
        count: int = self.box.control.requests()["per_endpoint"].get(endpoint, 0)
        return count

    def _lines(self) -> list[dict[str, Any]]:
        return [{**line, "line_id": str(line["line_id"])} for line in self.box.control.lines(system=self.case.key)]


@pytest.fixture
def push(case: PsaCase, box: SandboxServer, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Push:
    """A diff and its pushes."""
    known = box.connections()[f"{case.key}_default"]
    extra = {**known.get("extra", {}), **case.extra, **case.adds}
    return Push(case, box, ledger, set_connection(monkeypatch, "pushed", **{**known, "extra": extra}))


def in_states(states: dict[str, JournalEntry]) -> Counter[str]:
    """Count the changes by where they stand."""
    return Counter(entry.state.value for entry in states.values())
