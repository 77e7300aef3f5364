"""Takes the lock of a run: by a clock that agrees with the ledger's, and from nobody who still lives."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from billing_providers.errors import LedgerError

if TYPE_CHECKING:
    from billing_providers.ledger.ledger import Ledger
    from billing_providers.ledger.locks import Lock
    from billing_providers.model.runs import RunScope

LOCK_TTL_S = 1800
RENEW_EVERY_S = 5.0  # by a task that writes, for as long as it lives
WATCH_S = 4 * RENEW_EVERY_S
CLOCK_OFF_S_MAX = 5.0


def taken_lock(ledger: Ledger, scope: RunScope, *, alone: bool) -> Lock:
    """Take (or take again) the lock on a run's tenant and period; no other run may work on them.

    A lock of another run that looks expired is watched for a while first: where clocks differ, or one was set, the
    task that holds it may well be at work, and renews it.

    :param alone: no run of another period may work on the tenant either.
    :raises LockHeld: when another run works there.
    :raises LedgerError: when this machine's clock is not the ledger's.
    """
    off_s = ledger.locks.clock_off_s(lambda: datetime.now(UTC))
    if abs(off_s) > CLOCK_OFF_S_MAX:
        raise LedgerError(
            f"the clock of this machine is {abs(off_s):.0f} s {'ahead of' if off_s > 0 else 'behind'} the clock of the "
            f"ledger ({ledger.place}); locks and doubtful writes are timed by it, so nothing was sent. Look at the "
            "time services of both machines, then clear this task"
        )
    place = (scope.tenant, scope.period.start, scope.run_key)
    expired = ledger.locks.expired_in_the_way(*place, datetime.now(UTC), alone=alone)
    if expired:
        time.sleep(WATCH_S)
    return ledger.locks.acquire(*place, LOCK_TTL_S, datetime.now(UTC), alone=alone, watched=expired)
