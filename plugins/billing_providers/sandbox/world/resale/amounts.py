"""What a customer used of one metric in one month, summed over users and machines: exact, before any rounding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import TypeVar

from billing_providers.sandbox.world.resale.backup import licences_of, user_month
from billing_providers.sandbox.world.resale.backup_records import (
    GIB,
    BackupLicence,
    BackupUser,
    CloudClient,
    CloudMonth,
    Month,
    UserMonth,
)
from billing_providers.sandbox.world.resale.cloud import client_month

LICENCE = "license."

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Amount:
    """``quantity`` in the metric's unit (GiB, GB or pieces); ``cost`` None: the source states none."""

    quantity: Fraction
    cost: Decimal | None


@dataclass(frozen=True)
class UsageBook:
    """All usage of MSP360 and rCloud, by customer code."""

    seed: int
    users: tuple[BackupUser, ...]
    clients: tuple[CloudClient, ...]

    @cached_property
    def licences(self) -> tuple[BackupLicence, ...]:
        """All licences, taken or not."""
        return licences_of(self.users)

    @cached_property
    def _users_of(self) -> dict[str, list[BackupUser]]:
        found: dict[str, list[BackupUser]] = defaultdict(list)
        for user in self.users:
            found[user.customer_code].append(user)
        return found

    def backup(self, month: Month | None) -> list[UserMonth]:
        """Return the billing rows of MSP360 for a month (None: the unchanged month), in its order."""
        return _present(user_month(self.seed, user, month) for user in self.users)

    def cloud(self, month: Month | None) -> list[CloudMonth]:
        """Return the rows of rCloud's file for a month, in its order."""
        return _present(client_month(self.seed, client, month) for client in self.clients)

    def licence_types(self, customer_code: str) -> list[str]:
        """Return the types of the licences that a customer has taken and that are no trials, sorted."""
        return sorted(
            {
                entry.licence_type
                for entry in self.licences
                if entry.user and entry.user.customer_code == customer_code and not entry.trial
            }
        )

    def amount(self, customer_code: str, metric: str, month: Month | None) -> Amount | None:
        """Return what a customer used, None when the source says nothing of it in this month.

        :raises KeyError: for an unknown metric.
        """
        if metric == "billable_space":
            rows = [row for row in self.cloud(month) if row.client.customer_code == customer_code]
            return Amount(Fraction(sum(row.space for row in rows)), None) if rows else None
        if metric.startswith(LICENCE):
            kind = metric.removeprefix(LICENCE)
            count = sum(
                bool(entry.user) and entry.user.customer_code == customer_code
                for entry in self.licences
                if entry.licence_type == kind and not entry.trial and entry.user
            )
            return Amount(Fraction(count), None) if count else None
        return _backup_amount(
            metric, _present(user_month(self.seed, user, month) for user in self._users_of[customer_code])
        )


def _backup_amount(metric: str, months: list[UserMonth]) -> Amount | None:
    if metric == "plan":
        months = [entry for entry in months if entry.plan_cost]
    if not months:
        return None
    match metric:
        case "used_space":
            size = sum(entry.stored for entry in months)
            return Amount(Fraction(size, GIB), _sum(entry.storage_cost for entry in months))
        case "average_space":
            size = sum(entry.average for entry in months)
            return Amount(Fraction(size, GIB), _sum(entry.storage_cost for entry in months))
        case "restore_volume":
            size = sum(entry.restored for entry in months)
            return Amount(Fraction(size, GIB), _sum(entry.restore_cost for entry in months))
        case "computers":
            return Amount(Fraction(sum(len({row.computer for row in entry.machines}) for entry in months)), None)
        case "plan":
            return Amount(Fraction(len(months)), _sum(entry.plan_cost for entry in months))
        case "total":
            return Amount(Fraction(len(months)), _sum(entry.total_cost for entry in months))
    raise KeyError(metric)


def _present(rows: Iterable[T | None]) -> list[T]:
    return [row for row in rows if row is not None]


def _sum(costs: Iterable[Decimal]) -> Decimal:
    return sum(costs, Decimal("0.00"))
