"""What MSP360 knows: companies, their backup users, the users' machines, and what was stored in one month.

Descriptions only. Sizes are whole bytes, money is exact decimals of two places.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

GIB = 2**30


class Month(NamedTuple):
    """A calendar month."""

    year: int
    month: int

    @property
    def number(self) -> int:
        """A number that grows by one from month to month; odd in January."""
        return self.year * 12 + self.month

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@dataclass(frozen=True, slots=True)
class BackupMachine:
    """A machine that a user backs up, as in a month without changes.

    :param licence_type: as MSP360 prints it, e.g. ``Server``.
    :param destinations: 2: the same machine is backed up to two places, so it comes in two rows.
    """

    name: str
    system: str
    licence_type: str
    size_bytes: int
    trial: bool = False
    destinations: int = 1


@dataclass(frozen=True, slots=True)
class BackupUser:
    """A backup user. ``customer_code`` is empty for a user that belongs to no company.

    :param listed: false: deleted since, so the list of users no longer has it; its billing rows stay.
    :param parity: 0 or 1: stores something only in months whose number has this remainder by two.
    :param varies: some months differ from the unchanged one.
    :param storage_rate: money per GiB and month.
    :param storage_cost: fixed instead of computed from the rate; None: computed.
    """

    user_id: str
    customer_code: str
    email: str
    first_name: str
    last_name: str
    machines: tuple[BackupMachine, ...]
    plan_cost: Decimal
    storage_rate: Decimal
    listed: bool = True
    parity: int | None = None
    varies: bool = True
    storage_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class BackupCompany:
    """A company of MSP360. ``storage_limit`` in bytes, -1: none."""

    company_id: str
    customer_code: str
    name: str
    storage_limit: int
    license_settings: int  # 0 custom, 1 global pool, 2 company pool


@dataclass(frozen=True, slots=True)
class MachineMonth:
    """What one machine stored and restored at one destination in one month, in bytes."""

    computer: str
    destination: str
    prefix: str
    account_id: str
    stored: int
    restored: int


@dataclass(frozen=True, slots=True)
class UserMonth:
    """What one user stored in one month, and what it costs. ``average`` is the mean over the month, in bytes."""

    user: BackupUser
    machines: tuple[MachineMonth, ...]
    average: int
    plan_cost: Decimal
    storage_cost: Decimal
    restore_cost: Decimal

    @property
    def stored(self) -> int:
        """Bytes stored by all machines."""
        return sum(machine.stored for machine in self.machines)

    @property
    def restored(self) -> int:
        """Bytes restored by all machines."""
        return sum(machine.restored for machine in self.machines)

    @property
    def total_cost(self) -> Decimal:
        """Plan, storage and restore together."""
        return self.plan_cost + self.storage_cost + self.restore_cost


@dataclass(frozen=True, slots=True)
class BackupLicence:
    """A licence as it stands now: MSP360 keeps no months of it. ``user`` None: it lies in the pool."""

    licence_id: str
    number: int
    machine: BackupMachine | None
    user: BackupUser | None
    licence_type: str
    trial: bool


@dataclass(frozen=True, slots=True)
class CloudClient:
    """A client of rCloud, as in a month without changes. ``space`` is billable space in GB."""

    customer_code: str
    name: str
    managed_id: str
    space: Decimal
    parity: int | None = None
    varies: bool = True


@dataclass(frozen=True, slots=True)
class CloudMonth:
    """One client's billable space in one month, in GB with two places."""

    client: CloudClient
    space: Decimal
