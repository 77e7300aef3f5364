"""Who backs up what with MSP360, and what was stored in any month: always the same for the same seed and month.

Ids depend on names alone, never on the seed, so that mapping tables hold for every seed. In about half of the months a
user differs from the unchanged month.
"""

from __future__ import annotations

import random
import uuid
from decimal import ROUND_HALF_UP, Decimal

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
from billing_providers.sandbox.world.resale.customers import ResaleCustomer

_CENT = Decimal("0.01")
_NO_COST = Decimal("0.00")
_RESTORE_RATE = Decimal("0.01")  # per GiB
_CHANGING_PERCENT = 50
_GROWTH_PER_MILLE = (-35, -12, 8, 15, 22, 41, 63)
_RESTORING_PERCENT = 25
_FIRST_NAMES = ("Ana", "Bjørn", "Chloé", "Dmitri", "Élodie", "Finn", "Gülşen", "Hana", "Iñigo", "Jürgen")
_LAST_NAMES = ("Aalto", "Brandt", "Costa", "Dvořák", "Evans", "Ferrari", "Gruber", "Høst", "Ilić", "Jensen")
_PLANS = ("0.00", "0.00", "15.00", "25.00", "49.90")
_RATES = ("0.0075", "0.0100", "0.0125", "0.0150")
_PLACES = ("eu-west-backup", "frankfurt-vault")

NO_COMPANY_EMAIL = "direct@harbourmsp.example"


def stable_id(kind: str, text: str) -> str:
    """Return a GUID that follows from a text alone."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://mbs.example/{kind}/{text}"))


def build_companies(customers: tuple[ResaleCustomer, ...]) -> tuple[BackupCompany, ...]:
    """Return the companies of MSP360."""
    using = [customer for customer in customers if customer.backup_name]
    return tuple(
        BackupCompany(
            company_id=stable_id("company", customer.code),
            customer_code=customer.code,
            name=customer.backup_name,
            storage_limit=-1 if place % 3 else 5_000 * GIB,
            license_settings=place % 3,
        )
        for place, customer in enumerate(using)
    )


def build_users(seed: int, companies: tuple[BackupCompany, ...]) -> tuple[BackupUser, ...]:
    """Return all backup users; the last one belongs to no company."""
    made: list[BackupUser] = []
    for company in companies:
        made += _SPECIAL[company.customer_code]() if company.customer_code in _SPECIAL else _users(seed, company)
    machines = (BackupMachine("HARBOUR-NAS", "Linux", "Desktop", 75 * GIB),)
    made.append(
        BackupUser(
            stable_id("user", NO_COMPANY_EMAIL),
            "",
            NO_COMPANY_EMAIL,
            "Direct",
            "User",
            machines,
            _NO_COST,
            Decimal("0.0100"),
            varies=False,
        )
    )
    return tuple(made)


def _users(seed: int, company: BackupCompany) -> list[BackupUser]:
    code = company.customer_code
    sizes, who = random.Random(f"backup|{seed}|{code}"), random.Random(f"who|{code}")
    parity = {"ODDM": 1, "EVNM": 0}.get(code)
    made = []
    for number in range(1, 1 + (2 if code == "GONE" else who.choice((1, 1, 2, 3)))):
        first, last = who.choice(_FIRST_NAMES), who.choice(_LAST_NAMES)
        email = f"backup{number}@{code.lower()}.example"
        made.append(
            BackupUser(
                user_id=stable_id("user", email),
                customer_code=code,
                email=email,
                first_name=first,
                last_name=last,
                machines=_machines(who, sizes, code, number),
                plan_cost=Decimal(_PLANS[(sum(map(ord, code)) + number) % len(_PLANS)]),
                storage_rate=Decimal("0.0900") if code == "COST" else Decimal(sizes.choice(_RATES)),
                listed=not (code == "GONE" and number == 2),
                parity=parity,
            )
        )
    return made


def _machines(who: random.Random, sizes: random.Random, code: str, number: int) -> tuple[BackupMachine, ...]:
    """Return a server and some desktops, and what the customer's case asks for."""
    kinds = ["Server", *["Desktop"] * who.randrange(1, 6)]
    if number == 1:
        kinds += {"CLSS": ["SQL Server", "Virtual Machine"], "LICX": ["Exchange"]}.get(code, [])
    made = []
    for place, kind in enumerate(kinds, 1):
        gigabytes = sizes.randrange(15, 120) if kind == "Desktop" else sizes.randrange(150, 900)
        made.append(
            BackupMachine(
                name=f"{code}-{'PC' if kind == 'Desktop' else 'SRV'}{number}{place}",
                system="Windows 11" if kind == "Desktop" else "Windows Server 2022",
                licence_type=kind,
                size_bytes=gigabytes * GIB + sizes.randrange(GIB),
                trial=kind == "Desktop" and place == len(kinds) and who.randrange(4) == 0,
            )
        )
    return tuple(made)


def _one_user(code: str, *machines: BackupMachine, cost: str | None = None) -> list[BackupUser]:
    """Return a user that never varies, with exact sizes."""
    email = f"backup1@{code.lower()}.example"
    return [
        BackupUser(
            user_id=stable_id("user", email),
            customer_code=code,
            email=email,
            first_name="Ines",
            last_name="Keller",
            machines=machines,
            plan_cost=_NO_COST,
            storage_rate=Decimal("0.0100"),
            varies=False,
            storage_cost=None if cost is None else Decimal(cost),
        )
    ]


def _zero() -> list[BackupUser]:
    return _one_user("ZERO", BackupMachine("ZERO-PC11", "Windows 11", "Desktop", 0))


def _halves() -> list[BackupUser]:
    return _one_user(
        "FRAC",
        BackupMachine("FRAC-SRV11", "Windows Server 2022", "Server", 6 * GIB + GIB // 16),
        BackupMachine("FRAC-PC12", "Windows 11", "Desktop", 6 * GIB + GIB // 16),
        cost="0.25",
    )


def _two_destinations() -> list[BackupUser]:
    return _one_user("DESK", BackupMachine("DESK-PC11", "Windows 11", "Desktop", 4 * GIB, destinations=2), cost="0.33")


def _jump() -> list[BackupUser]:
    return _one_user("JUMP", BackupMachine("JUMP-SRV11", "Windows Server 2022", "Server", 4_000 * GIB))


_SPECIAL = {"ZERO": _zero, "FRAC": _halves, "DESK": _two_destinations, "JUMP": _jump}


def user_month(seed: int, user: BackupUser, month: Month | None) -> UserMonth | None:
    """Return what a user stored in a month, None when nothing is billed; ``month`` None is the unchanged month."""
    if month is not None and user.parity is not None and month.number % 2 != user.parity:
        return None
    rng = random.Random(f"month|{seed}|{user.email}|{month}")
    changes = month is not None and user.varies and rng.randrange(100) < _CHANGING_PERCENT
    rows = [row for machine in _present(rng, user, changes) for row in _rows(rng, user, machine, changes)]
    stored, restored = (sum(getattr(row, name) for row in rows) for name in ("stored", "restored"))
    cost = user.storage_cost if user.storage_cost is not None else _money(Decimal(stored) / GIB * user.storage_rate)
    return UserMonth(
        user=user,
        machines=tuple(rows),
        average=stored * 97 // 100,
        plan_cost=user.plan_cost,
        storage_cost=cost,
        restore_cost=_money(Decimal(restored) / GIB * _RESTORE_RATE),
    )


def _present(rng: random.Random, user: BackupUser, changes: bool) -> list[BackupMachine]:
    """Return the machines of a month: now and then one more, or the last one gone."""
    machines = list(user.machines)
    if changes and rng.randrange(100) < 30:
        if rng.randrange(2) and len(machines) > 1:
            machines.pop()
        else:
            name = f"{user.customer_code}-NEW{len(user.machines)}{user.email[6:7].upper()}"
            machines.append(BackupMachine(name, "Windows 11", "Desktop", 9 * GIB + rng.randrange(GIB)))
    return machines


def _rows(rng: random.Random, user: BackupUser, machine: BackupMachine, changes: bool) -> list[MachineMonth]:
    made = []
    for place in range(machine.destinations):
        per_mille = 1000 + rng.choice(_GROWTH_PER_MILLE) if changes else 1000
        restores = changes and rng.randrange(100) < _RESTORING_PERCENT
        made.append(
            MachineMonth(
                computer=machine.name,
                destination=_PLACES[place],
                prefix=f"MBS-{user.user_id}",
                account_id=stable_id("account", _PLACES[place]),
                stored=machine.size_bytes * per_mille // 1000,
                restored=rng.randrange(GIB, 30 * GIB) if restores else 0,
            )
        )
    return made


def licences_of(users: tuple[BackupUser, ...]) -> tuple[BackupLicence, ...]:
    """Return all licences as they stand: one for each machine, and a pool that nobody took."""
    taken = [(user, machine) for user in users if user.listed for machine in user.machines]
    pool = [("Server", False), ("Desktop", False), ("Desktop", False), ("Desktop", True)]
    made = [
        BackupLicence(
            stable_id("licence", machine.name), 1000 + place, machine, user, machine.licence_type, machine.trial
        )
        for place, (user, machine) in enumerate(taken)
    ]
    for place, (kind, trial) in enumerate(pool):
        made.append(BackupLicence(stable_id("licence", f"pool {place}"), 9000 + place, None, None, kind, trial))
    return tuple(made)


def _money(number: Decimal) -> Decimal:
    return number.quantize(_CENT, rounding=ROUND_HALF_UP)
