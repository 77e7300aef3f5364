"""What all processes share of a PSA tenant: so many requests in flight per endpoint, so many within an hour.

Slots are leased for minutes and requests are set apart by the dozen, so that a request itself costs no query.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from billing_providers.ledger.codec import text_from_instant
from billing_providers.ledger.store import Store

#: What is set apart is sent within so long, or given back; so a window of an hour and this bounds a rolling hour.
SENT_WITHIN = timedelta(minutes=5)
_WINDOW = timedelta(hours=1) + SENT_WITHIN


@dataclass(frozen=True, slots=True)
class Granted:
    """How many requests may be sent, and, when that is none, the seconds after which to ask again."""

    requests: int
    wait_s: float = 0.0


class RequestShares:
    """Slots and counts of all tenants. "Now" is an argument; hosts are expected to agree on it within seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take_slot(
        self, tenant: str, endpoint: str, slots_max: int, *, owner: str, now: datetime, lease_s: float
    ) -> int | None:
        """Lease one of an endpoint's slots and return its number; None when all are taken."""
        key = {"tenant": tenant, "endpoint": endpoint, "slots_max": slots_max, "now": text_from_instant(now)}
        with self._store.reading("share the PSA's requests in flight") as transaction:
            known = transaction.row("slots_known", **key)
        complete = known is not None and known["slots"] == slots_max
        if complete and known is not None and not known["free"]:
            return None  # asking costs no turn at writing
        with self._store.writing("share the PSA's requests in flight") as transaction:
            for slot_no in () if complete else range(1, slots_max + 1):
                transaction.run("slot_open", tenant=tenant, endpoint=endpoint, slot_no=slot_no)
            expires_at = text_from_instant(now + timedelta(seconds=lease_s))
            row = transaction.row("slot_take", **key, owner=owner, expires_at=expires_at)
        return None if row is None else int(row["slot_no"])

    def give_slot(self, tenant: str, endpoint: str, slot_no: int, *, owner: str) -> None:
        """Free a slot; does nothing when it is somebody else's by now."""
        with self._store.writing("share the PSA's requests in flight") as transaction:
            transaction.run("slot_give", tenant=tenant, endpoint=endpoint, slot_no=slot_no, owner=owner)

    def set_apart(self, tenant: str, wanted: int, per_hour: int, *, now: datetime) -> Granted:
        """Set up to ``wanted`` requests of the tenant's hour apart for the caller, who sends them soon."""
        since = _minute(now - _WINDOW)
        with self._store.writing("share the PSA's requests per hour") as transaction:
            transaction.run("slot_open", tenant=tenant, endpoint="", slot_no=0)
            transaction.run("count_turn", tenant=tenant)
            transaction.run("counts_forget", tenant=tenant, since=since)
            row = transaction.row("counts_since", tenant=tenant, since=since)
            counted = int(row["requests"]) if row else 0
            granted = max(0, min(wanted, per_hour - counted))
            if granted:
                transaction.run("count_add", tenant=tenant, minute=_minute(now), requests=granted)
                return Granted(granted)
        first = row["first_minute"] if row else None
        free_at = datetime.fromisoformat(first) + _WINDOW + timedelta(minutes=1) if first else now
        return Granted(0, max(1.0, (free_at - now).total_seconds()))

    def give_back(self, tenant: str, unused: int, *, set_apart_at: datetime) -> None:
        """Give back requests that were set apart at an instant and not sent."""
        if unused > 0:
            with self._store.writing("share the PSA's requests per hour") as transaction:
                transaction.run("count_add", tenant=tenant, minute=_minute(set_apart_at), requests=-unused)


def _minute(now: datetime) -> str:
    return text_from_instant(now.replace(second=0, microsecond=0))
