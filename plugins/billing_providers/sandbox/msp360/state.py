"""What the simulated MSP360 knows: the world's backup usage, as renames, edits and settings have changed it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing_providers.model.decimals import DecimalError, decimal_from_text
from billing_providers.sandbox.world.resale.backup import stable_id
from billing_providers.sandbox.world.resale.backup_records import (
    GIB,
    BackupCompany,
    BackupLicence,
    BackupMachine,
    BackupUser,
    MachineMonth,
    Month,
    UserMonth,
)

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import SandboxSettings
    from billing_providers.sandbox.world import World

_COSTS = ("plan_cost", "storage_cost", "restore_cost")
Edit = Callable[[Month, UserMonth], UserMonth | None]  # None: the row is gone


@dataclass(frozen=True, slots=True)
class _Rename:
    since: Month  # rows of earlier months keep the name before
    company_id: str
    name: str


class MbsState:
    """Companies, users and the rows of any month."""

    def __init__(self, world: World, settings: SandboxSettings) -> None:
        self._resale = world.resale
        self._settings = settings
        self._lock = threading.Lock()
        self._renames: list[_Rename] = []
        self._edits: list[Edit] = []
        self._months: dict[Month, list[UserMonth]] = {}  # what the world tells of a month never changes

    def companies(self) -> list[BackupCompany]:
        """Return all companies under the names that they have now."""
        with self._lock:
            names = {rename.company_id: rename.name for rename in self._renames}
        found = [replace(entry, name=names.get(entry.company_id, entry.name)) for entry in self._resale.companies]
        if self._settings.msp360_two_companies_one_name:
            found.append(replace(_model(found), company_id=stable_id("company", "namesake"), customer_code="NAMESAKE"))
        return found

    def users(self) -> list[BackupUser]:
        """Return all users that are listed."""
        return [user for user in self._everybody() if user.listed]

    def user(self, user_id: str) -> BackupUser | None:
        """Return a user by id, deleted ones too."""
        return next((user for user in self._everybody() if user.user_id == user_id), None)

    def licences(self) -> list[BackupLicence]:
        """Return all licences as they are now."""
        return list(self._resale.book.licences)

    def company_name(self, user: BackupUser, month: Month | None = None) -> str:
        """Return the name of a user's company: now, or as the rows of a month have it."""
        for company in self.companies():
            if company.customer_code == user.customer_code:
                return company.name if month is None else self._name_in(company, month)
        return ""

    def rows(self, month: Month, now: Month, company_name: str = "") -> list[UserMonth]:
        """Return the billing rows of a month, of one company or of all."""
        if month > now or self._settings.msp360_empty:
            return []
        with self._lock:
            edits = tuple(self._edits)
            if month not in self._months:
                self._months[month] = self._resale.backup(month)
            found = list(self._months[month])
        if self._settings.msp360_two_companies_one_name:
            found.append(_namesake_month(self._everybody()[-1]))
        kept = []
        for row in found:
            edited: UserMonth | None = row
            for edit in edits:
                edited = edit(month, edited) if edited else None
            if edited and (not company_name or company_name == self.company_name(edited.user, month)):
                kept.append(edited)
        return kept

    def rename(self, customer_code: str, name: str, since: Month) -> None:
        """Give a company another name; rows of months before ``since`` keep the old one.

        :raises ValueError: for an unknown company or an empty name.
        """
        company = next((entry for entry in self._resale.companies if entry.customer_code == customer_code), None)
        if company is None or not name.strip():
            raise ValueError(f"there is no MSP360 company of customer {customer_code!r}, or the name is empty")
        with self._lock:
            self._renames.append(_Rename(since, company.company_id, name))

    def edit(self, email: str, month: Month | None, changes: dict[str, Any]) -> None:
        """Change the rows of a user in one month or in all.

        :param changes: ``plan_cost``, ``storage_cost``, ``restore_cost`` (texts), ``stored`` (bytes of the first
            machine), or ``gone`` = true.
        :raises ValueError: for an unknown user or field.
        """
        if email not in {user.email for user in self._everybody()}:
            raise ValueError(f"there is no backup user {email}")
        if unknown := changes.keys() - {*_COSTS, "stored", "gone"}:
            raise ValueError(f"a row has no {', '.join(sorted(unknown))}; it has: {', '.join(_COSTS)}, stored, gone")
        costs: dict[str, Any] = {name: _decimal(name, changes[name]) for name in _COSTS if name in changes}
        stored = None if "stored" not in changes else int(changes["stored"])

        def edit(asked: Month, row: UserMonth) -> UserMonth | None:
            if row.user.email != email or month not in {None, asked}:
                return row
            if changes.get("gone") is True:
                return None
            edited = replace(row, **costs)
            if stored is None:
                return edited
            first, *others = row.machines
            return replace(edited, machines=(replace(first, stored=stored), *others))

        with self._lock:
            self._edits.append(edit)

    def _everybody(self) -> list[BackupUser]:
        users = list(self._resale.book.users)
        return [*users, _namesake_user()] if self._settings.msp360_two_companies_one_name else users

    def _name_in(self, company: BackupCompany, month: Month) -> str:
        """Return a company's name in a month; a rename holds from its month on."""
        with self._lock:
            renames = [entry for entry in self._renames if entry.company_id == company.company_id]
        first = next((entry.name for entry in self._resale.companies if entry.company_id == company.company_id), "")
        names = [first or company.name, *(entry.name for entry in renames if entry.since <= month)]
        return names[-1]


def _model(companies: list[BackupCompany]) -> BackupCompany:
    """Return the company whose name a second one takes."""
    return next(entry for entry in companies if entry.customer_code == "AALB")


def _namesake_user() -> BackupUser:
    email = "backup1@namesake.example"
    machine = BackupMachine("NAMESAKE-SRV11", "Windows Server 2022", "Server", 33 * GIB)
    rate = Decimal("0.0100")
    return BackupUser(
        stable_id("user", email), "NAMESAKE", email, "Second", "Namesake", (machine,), Decimal("0.00"), rate
    )


def _namesake_month(user: BackupUser) -> UserMonth:
    machine = user.machines[0]
    row = MachineMonth(
        machine.name,
        "eu-west-backup",
        f"MBS-{user.user_id}",
        stable_id("account", "eu-west-backup"),
        machine.size_bytes,
        0,
    )
    return UserMonth(user, (row,), machine.size_bytes, Decimal("0.00"), Decimal("0.33"), Decimal("0.00"))


def _decimal(name: str, value: Any) -> Decimal:
    try:
        return decimal_from_text(value)
    except DecimalError as error:
        raise ValueError(f"{name}: {error}") from None
