"""What travels: names and types of the derived specification."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from billing_providers.sandbox.world.resale.backup import stable_id
from billing_providers.sandbox.world.resale.backup_records import (
    GIB,
    BackupCompany,
    BackupLicence,
    BackupMachine,
    BackupUser,
    UserMonth,
)

_DESTINATION_NAMES = {"eu-west-backup": "Amazon S3 (Ireland)", "frankfurt-vault": "Wasabi (Frankfurt)"}
_EXPIRES = "2030-12-31T00:00:00Z"
_TOTALS = {"CurrentSpaceUsed": "stored", "AverageSpaceUsed": "average", "TotalRestore": "restored"}


def billing(rows: list[UserMonth], shown: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the billing answer: totals over ``rows``, and the rows that are shown."""
    totals = {name: sum(getattr(row, field) for row in rows) for name, field in _TOTALS.items()}
    return {**totals, "StatisticBilling": shown}


def statistic(row: UserMonth, company_name: str) -> dict[str, Any]:
    """Return one row of the billing answer; money has two places."""
    return {
        "UserId": row.user.user_id,
        "Email": row.user.email,
        "FirstName": row.user.first_name,
        "LastName": row.user.last_name,
        "CompanyName": company_name,
        "AverageSpace": row.average,
        "TotalVolumeRestore": row.restored,
        "PlanCost": row.plan_cost,
        "StorageCost": row.storage_cost,
        "RestoreCost": row.restore_cost,
        "TotalCost": row.total_cost,
    }


def details(user_id: str, row: UserMonth | None) -> dict[str, Any]:
    """Return the sizes of a user's machines in a month."""
    return {
        "TotalBackupBytes": row.stored if row else 0,
        "TotalRestoreBytes": row.restored if row else 0,
        "UserID": user_id,
        "UserDetailList": [
            {
                "Computer": machine.computer,
                "SizeBackup": machine.stored,
                "SizeRestore": machine.restored,
                "Prefix": machine.prefix,
                "AccountID": machine.account_id,
                "Destination": machine.destination,
            }
            for machine in (row.machines if row else ())
        ],
    }


def company(entry: BackupCompany) -> dict[str, Any]:
    """Return a company."""
    return {
        "Id": entry.company_id,
        "Name": entry.name,
        "StorageLimit": entry.storage_limit,
        "LicenseSettings": entry.license_settings,
        "Destinations": [{"DestinationId": stable_id("destination", place)} for place in _DESTINATION_NAMES],
    }


def user(entry: BackupUser, company_name: str, row: UserMonth | None) -> dict[str, Any]:
    """Return a user; ``row`` holds what is stored now."""
    places: dict[str, int] = {}
    for machine in row.machines if row else ():
        places[machine.destination] = places.get(machine.destination, 0) + machine.stored
    return {
        "ID": entry.user_id,
        "Email": entry.email,
        "FirstName": entry.first_name,
        "LastName": entry.last_name,
        "NotificationEmails": [entry.email],
        "Company": company_name,
        "Enabled": True,
        "LicenseManagmentMode": 2,
        "DestinationList": [
            {
                "ID": stable_id("destination", f"{entry.email} {place}"),
                "CurrentVolume": size,
                "PackageID": 1,
                "AccountID": stable_id("account", place),
                "AccountDisplayName": _DESTINATION_NAMES[place],
                "Destination": place,
                "DestinationDisplayName": _DESTINATION_NAMES[place],
            }
            for place, size in places.items()
        ],
        "SpaceUsed": row.stored if row else 0,
    }


def user_computers(entry: BackupUser) -> list[dict[str, Any]]:
    """Return the computers of a user as they are now, one row for each destination."""
    places = list(_DESTINATION_NAMES)
    return [
        {"DestinationId": stable_id("destination", f"{entry.email} {place}"), "ComputerName": machine.name}
        for machine in entry.machines
        for place in places[: machine.destinations]
    ]


def licence(entry: BackupLicence) -> dict[str, Any]:
    """Return a licence; the user's fields are empty while nobody has taken it."""
    return {
        "ID": entry.licence_id,
        "Number": entry.number,
        "ComputerName": entry.machine.name if entry.machine else "",
        "OperatingSystem": entry.machine.system if entry.machine else "",
        "IsTrial": entry.trial,
        "IsTaken": entry.user is not None,
        "LicenseType": entry.licence_type,
        "DateExpired": _EXPIRES,
        "Transaction": f"TX-{entry.number}",
        "User": entry.user.email if entry.user else "",
        "UserID": entry.user.user_id if entry.user else "",
    }


def computer(entry: BackupUser, machine: BackupMachine, company_name: str) -> dict[str, Any]:
    """Return a managed computer."""
    return {
        "ComputerHID": stable_id("computer", machine.name),
        "ComputerName": machine.name,
        "CompanyName": company_name,
        "UserEmail": entry.email,
        "UserID": entry.user_id,
        "License": {"Granted": True, "IsTrial": machine.trial, "DisplayExpiresDate": _EXPIRES},
    }


def packages() -> list[dict[str, Any]]:
    """Return the storage packages."""
    return [
        {
            "ID": number,
            "Name": name,
            "Description": f"{name} storage",
            "Enabled": True,
            "Cost": cost,
            "StorageLimit": Decimal(limit * GIB),
            "isGlacierRestoreLimit": False,
            "RestoreLimit": Decimal(0),
            "GlacierRestoreType": 0,
            "UseRestoreLimit": False,
        }
        for number, name, cost, limit in _PACKAGES
    ]


_PACKAGES: Iterable[tuple[int, str, Decimal, int]] = (
    (1, "Pay as you go", Decimal("0.00"), 0),
    (2, "One terabyte", Decimal("15.00"), 1024),
    (3, "Five terabytes", Decimal("49.90"), 5120),
)
