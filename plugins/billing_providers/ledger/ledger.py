"""The ledger: one object with a room for each kind of record, all on one database."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from billing_providers.ledger.archives import Archives
from billing_providers.ledger.billing_items import BillingItems
from billing_providers.ledger.charges import Charges
from billing_providers.ledger.diff_pages import DiffPages
from billing_providers.ledger.diffs import Diffs
from billing_providers.ledger.finding_pages import FindingPages
from billing_providers.ledger.findings import Findings
from billing_providers.ledger.gates import Gates
from billing_providers.ledger.history import History
from billing_providers.ledger.journal import Journal
from billing_providers.ledger.line_stories import LineStories
from billing_providers.ledger.locks import Locks
from billing_providers.ledger.mapping_decisions import MappingDecisions
from billing_providers.ledger.mapping_states import MappingStates
from billing_providers.ledger.migrate import migrate
from billing_providers.ledger.register import Register
from billing_providers.ledger.request_shares import RequestShares
from billing_providers.ledger.retention import Retention
from billing_providers.ledger.run_totals import RunTotals
from billing_providers.ledger.runs import Runs
from billing_providers.ledger.settings_log import SettingsLog
from billing_providers.ledger.sizes import Sizes
from billing_providers.ledger.snapshots import Snapshots
from billing_providers.ledger.store import Store

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


class Ledger:
    """What every integration read, decided, wrote and saw: a room each, from snapshots to shared limits.

    Every method raises :class:`billing_providers.errors.LedgerError` when the database does not answer or
    refuses. May be used by several threads; every process opens its own.
    """

    def __init__(self, store: Store, keep_readings_days: int | None = None) -> None:
        self._store = store
        self.keep_readings_days = keep_readings_days  # None: no reading is ever thinned
        self.snapshots = Snapshots(store)
        self.charges = Charges(store)
        self.diffs = Diffs(store)
        self.journal = Journal(store)
        self.register = Register(store)
        self.findings = Findings(store)
        self.finding_pages = FindingPages(store)
        self.runs = Runs(store)
        self.history = History(store)
        self.line_stories = LineStories(store)
        self.run_totals = RunTotals(store)
        self.gates = Gates(store)
        self.diff_pages = DiffPages(store)
        self.locks = Locks(store)
        self.request_shares = RequestShares(store)
        self.billing_items = BillingItems(store)
        self.settings_log = SettingsLog(store)
        self.mapping_states = MappingStates(store)
        self.mapping_decisions = MappingDecisions(store)
        self.retention = Retention(store)
        self.archives = Archives(store)
        self.sizes = Sizes(store)

    @classmethod
    def at(cls, url: str | URL, *, keep_readings_days: int | None = None) -> Self:
        """Return the ledger at a database URL: ``sqlite:////path`` or ``postgresql://user@host/database``.

        :param keep_readings_days: after how many days old readings may be thinned; None: never.
        :raises SettingsError: for another kind of database.
        """
        return cls(Store(url), keep_readings_days)

    @property
    def place(self) -> str:
        """Where the ledger is, for people: without user and password."""
        return self._store.place

    def migrate(self) -> list[str]:
        """Bring the ledger to the state that this code needs; return what was applied. Safe to call at any time.

        :raises LedgerError: when the ledger was used by a newer version of the package.
        """
        return migrate(self._store)

    @property
    def ledger_id(self) -> str:
        """Which ledger this is, wherever it lies: made at random with its tables.

        :raises LedgerError: when it has no tables.
        """
        with self._store.reading("tell which one it is") as transaction:
            row = transaction.row("identity_read")
        return row["ledger_id"] if row else ""

    def check_writable(self) -> None:
        """Really write a row, and remove it again.

        :raises LedgerError: when that fails; then nothing may be sent to a PSA.
        """
        probe = uuid4().hex
        with self._store.writing("be written") as transaction:
            transaction.run("probe_write", probe=probe)
        with self._store.writing("be written") as transaction:
            transaction.run("probe_remove", probe=probe)

    def close(self) -> None:
        """Close every connection to the database."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
