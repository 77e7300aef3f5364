"""Makes the push job of a run: the lock, its renewal, the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from billing_providers.ledger.ledger import Ledger
from billing_providers.model.changes import ContractDiff, LineChange
from billing_providers.model.psa import PsaHook
from billing_providers.push.judge import WriteTraits
from billing_providers.push.ports import PushJob
from billing_providers.steps.clock_watch import ClockWatch
from billing_providers.steps.step import BillingStep
from billing_providers.steps.taken_lock import RENEW_EVERY_S


def push_job(
    step: BillingStep, ledger: Ledger, psa: PsaHook, diff: ContractDiff, changes: tuple[LineChange, ...]
) -> PushJob:
    """Take the lock anew, so that an earlier try of this task that still lives can write no more."""
    lock = step.hold_lock(ledger, step.scope)
    return PushJob(
        diff=diff,
        changes=changes,
        scope=step.scope,
        psa=psa,
        journal=ledger.journal,
        lock=lock,
        clock=lambda: datetime.now(UTC),
        renew=_renewal(ledger, lock),
        traits=WriteTraits.of(psa.capabilities()),
    )


def _renewal(ledger: Ledger, lock: Any) -> Callable[[], None]:
    """Return a call for many threads that renews the lock every few seconds, and stops all when the clock was set."""
    gate, watch = threading.Lock(), ClockWatch(lambda: datetime.now(UTC))
    renewed_at = time.monotonic()

    def renew() -> None:
        nonlocal renewed_at
        watch.require_steady()
        with gate:
            if time.monotonic() - renewed_at >= RENEW_EVERY_S:
                ledger.locks.renew(lock, datetime.now(UTC))
                renewed_at = time.monotonic()

    return renew
