"""One run at a time per PSA tenant and billing period, with expiry and a fencing token.

Each time a lock is taken its token grows, also when the same owner takes it again: an earlier try that still
lives holds an older token, and can no longer renew the lock or append to the journal under it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from billing_providers.errors import LockHeld
from billing_providers.ledger.codec import text_from_instant
from billing_providers.ledger.store import Store, Transaction


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

    def acquire(self, tenant: str, period_start: date, owner: str, ttl_s: int, now: datetime) -> Lock:
        """Take the lock when it is free, expired or already the owner's. The token is always a new one.

        :raises LockHeld: when another owner holds it; names the owner and the expiry.
        """
        key = {"tenant": tenant, "period_start": period_start.isoformat()}
        with self._store.writing("take the lock") as transaction:
            transaction.run("lock_open", **key)
            row = _taken(transaction, **key)
            held = _lock(tenant, period_start, row) if row["owner"] else None
            foreign = held if held is not None and held.owner != owner else None
            if foreign is not None and foreign.expires_at > now:
                raise LockHeld(
                    f"{foreign.owner} works on {tenant} for the period from {period_start.isoformat()}; its lock "
                    f"expires at {foreign.expires_at.isoformat(timespec='seconds')} unless it is renewed. "
                    "Wait for that run to end"
                )
            taken = Lock(
                tenant,
                period_start,
                owner,
                token=row["token"] + 1,
                ttl_s=ttl_s,
                expires_at=now + timedelta(seconds=ttl_s),
                taken_over_from=foreign.owner if foreign else None,
                expired_at=foreign.expires_at if foreign else None,
            )
            _write(transaction, taken)
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
