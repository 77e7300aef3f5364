"""One run at a time per PSA tenant and billing period, with expiry and a fencing token.

A run inside an open period works *alone*: the lines that it changes are those of the close of the period before, so it
shares the tenant with no run of any period. The row of :data:`ALONE` names it, and every acquisition waits for its turn
there first; what it held counts for as long as its lock on its own period does.

Each time a lock is taken its token grows, also when the same owner takes it again: an earlier try that still
lives holds an older token, and can no longer renew the lock or append to the journal under it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from billing_providers.errors import LockHeld
from billing_providers.ledger.codec import text_from_instant
from billing_providers.ledger.store import Store, Transaction

ALONE = date.max  # the row that stands for all periods of a tenant


@dataclass(frozen=True, slots=True)
class Lock:
    """A held lock. ``taken_over_from`` and ``expired_at`` tell of the owner whose lock had expired, if any."""

    tenant: str
    period_start: date
    owner: str  # the run's key
    token: int  # grows with every acquisition
    ttl_s: int
    expires_at: datetime  # aware, UTC
    taken_over_from: str | None = None
    expired_at: datetime | None = None


class Locks:
    """The locks of all tenants. "Now" is an argument; hosts are expected to agree on it within seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def clock_off_s(self, clock: Callable[[], datetime]) -> float:
        """Return by how many seconds a clock is ahead of the database server's; 0 where that is on this machine.

        What the question itself took is in the clock's favour.
        """
        if self._store.dialect == "sqlite":
            return 0.0
        with self._store.reading("tell what time it is") as transaction:
            before = clock()
            row = transaction.row("clock_read")
            after = clock()
        there = row["instant"].astimezone(UTC) if row else after
        return max(0.0, (before - there).total_seconds()) - max(0.0, (there - after).total_seconds())

    def expired_in_the_way(
        self, tenant: str, period_start: date, owner: str, now: datetime, *, alone: bool = False
    ) -> list[Lock]:
        """Return the locks of others that :meth:`acquire` would take over, for they look expired."""
        with self._store.reading("read the locks") as transaction:
            foreign = _in_the_way(transaction, tenant, period_start, owner, alone=alone)
        return [held for held in foreign if held.expires_at <= now]

    def acquire(
        self,
        tenant: str,
        period_start: date,
        owner: str,
        ttl_s: int,
        now: datetime,
        *,
        alone: bool = False,
        watched: Collection[Lock] | None = None,
    ) -> Lock:
        """Take the lock when it is free, expired or already the owner's. The token is always a new one.

        :param alone: no run of another period may hold a lock of the tenant either, nor take one meanwhile.
        :param watched: expired locks that nobody renewed while the caller watched: only these are taken over. None: the
            clock alone decides.
        :raises LockHeld: when another owner holds it, or is alone; names the owner and the expiry.
        """
        key = {"tenant": tenant, "period_start": period_start.isoformat()}
        with self._store.writing("take the lock") as transaction:
            _take_turn(transaction, tenant)
            transaction.run("lock_open", **key)
            row = _taken(transaction, **key)
            foreign = _in_the_way(transaction, tenant, period_start, owner, alone=alone)
            if working := next((held for held in foreign if held.expires_at > now), None):
                raise LockHeld(
                    f"{working.owner} works on {tenant} for the period from {working.period_start.isoformat()}; its "
                    f"lock expires at {working.expires_at.isoformat(timespec='seconds')} unless it is renewed. "
                    "Wait for that run to end"
                )
            if watched is not None and (living := next((held for held in foreign if held not in watched), None)):
                raise LockHeld(
                    f"{living.owner} works on {tenant} for the period from {living.period_start.isoformat()}: its lock "
                    "looks expired by the clock of this machine, but was renewed a moment ago, or ran out only then. "
                    "Wait for that run to end; if it has, clear this task"
                )
            for expired in foreign:
                if expired.period_start != period_start:
                    transaction.run("lock_free", **_key(expired), token=expired.token)
            over = next((held for held in foreign if held.period_start == period_start), None)
            taken = Lock(
                tenant,
                period_start,
                owner,
                token=row["token"] + 1,
                ttl_s=ttl_s,
                expires_at=now + timedelta(seconds=ttl_s),
                taken_over_from=over.owner if over else None,
                expired_at=over.expires_at if over else None,
            )
            _write(transaction, taken)
            if alone:
                _write(transaction, replace(taken, period_start=ALONE))
        return taken

    def renew(self, lock: Lock, now: datetime) -> Lock:
        """Let the lock run for its whole time again, also when it expired and nobody took it over.

        :raises LockHeld: when somebody else holds it now.
        """
        with self._store.writing("renew the lock") as transaction:
            require_held(transaction, lock)
            renewed = replace(lock, expires_at=now + timedelta(seconds=lock.ttl_s))
            _write(transaction, renewed)
        return renewed

    def release(self, lock: Lock) -> None:
        """Free the lock; does nothing when it is somebody else's by now."""
        with self._store.writing("free the lock") as transaction:
            transaction.run(
                "lock_free", tenant=lock.tenant, period_start=lock.period_start.isoformat(), token=lock.token
            )

    def holder(self, tenant: str, period_start: date) -> Lock | None:
        """Return the lock as it is held, expired or not; ``None`` when it is free."""
        with self._store.reading("read the lock") as transaction:
            row = transaction.row("lock_read", tenant=tenant, period_start=period_start.isoformat())
        return None if row is None else _lock(tenant, period_start, row)


def require_held(transaction: Transaction, lock: Lock) -> None:
    """Make sure, until the transaction ends, that the lock is still this one.

    :raises LockHeld: when it was freed or taken over; names who holds it.
    """
    _require(_taken(transaction, tenant=lock.tenant, period_start=lock.period_start.isoformat()), lock)


def require_seen(transaction: Transaction, lock: Lock) -> None:
    """Make sure that the lock is still this one, at this moment: nobody is kept away from it.

    :raises LockHeld: when it was freed or taken over; names who holds it.
    """
    _require(transaction.row("lock_read", tenant=lock.tenant, period_start=lock.period_start.isoformat()), lock)


def _require(row: Mapping[str, Any] | None, lock: Lock) -> None:
    if row is None or not row["owner"] or row["token"] != lock.token:
        holder = f"held by {row['owner']} now" if row is not None and row["owner"] else "free now"
        raise LockHeld(
            f"{lock.owner} lost its lock on {lock.tenant} for the period from {lock.period_start.isoformat()}; "
            f"it is {holder}. Nothing more is written"
        )


def _take_turn(transaction: Transaction, tenant: str) -> None:
    """Keep others from taking locks of a tenant until the transaction ends."""
    key = {"tenant": tenant, "period_start": ALONE.isoformat()}
    transaction.run("lock_open", **key)
    _taken(transaction, **key)


def _in_the_way(transaction: Transaction, tenant: str, period_start: date, owner: str, *, alone: bool) -> list[Lock]:
    """Return the locks of other owners that exclude a new one, expired or not: of its period, or by being alone."""
    rows = transaction.rows("locks_of_tenant", tenant=tenant)
    held = [_lock(tenant, date.fromisoformat(row["period_start"]), row) for row in rows]
    lonely = {lock.owner for lock in held if lock.period_start == ALONE}
    return [
        lock
        for lock in held
        if lock.period_start != ALONE
        and lock.owner != owner
        and (alone or lock.period_start == period_start or lock.owner in lonely)
    ]


def _key(lock: Lock) -> dict[str, Any]:
    return {"tenant": lock.tenant, "period_start": lock.period_start.isoformat()}


def _taken(transaction: Transaction, **key: Any) -> Any:
    return transaction.row("lock_take", **key)


def _lock(tenant: str, period_start: date, row: Mapping[str, Any]) -> Lock:
    expires_at = datetime.fromisoformat(row["expires_at"])
    return Lock(tenant, period_start, row["owner"], row["token"], row["ttl_s"], expires_at)


def _write(transaction: Transaction, lock: Lock) -> None:
    transaction.run(
        "lock_write",
        tenant=lock.tenant,
        period_start=lock.period_start.isoformat(),
        owner=lock.owner,
        token=lock.token,
        ttl_s=lock.ttl_s,
        expires_at=text_from_instant(lock.expires_at),
    )
