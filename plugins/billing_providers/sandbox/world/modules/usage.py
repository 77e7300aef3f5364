"""Which customer uses what, and how much of it an unchanged month counts."""

from __future__ import annotations

import random
from decimal import Decimal

from billing_providers.sandbox.world.modules.billing_types import (
    AGENTS,
    ALL_DEVICES,
    BILLING_TYPES,
    BULLPHISH,
    DARK_WEB,
    DATTO_RMM,
    DOMAINS,
    EDR,
    ENDPOINTS,
    GRAPHUS,
    PROTECTED_USERS,
    ROCKETCYBER,
    SAAS,
    SEATS,
    TESTS,
    USERS,
    VPENTEST,
    BillingType,
)
from billing_providers.sandbox.world.modules.counts import MetricStem
from billing_providers.sandbox.world.modules.customers import ModuleCustomer

Key = tuple[str, str, str]  # customer code, module, billing type

# Units of the line before the first run, and what every month reports.
FIXED: dict[Key, tuple[int, str]] = {
    ("INCR", EDR, ENDPOINTS): (12, "15"),
    ("DECR", EDR, ENDPOINTS): (20, "14"),
    ("ZERO", EDR, ENDPOINTS): (6, "0"),
    ("NULL", EDR, ENDPOINTS): (0, "0"),
    ("JUMP", EDR, ENDPOINTS): (12, "180"),
    ("FRAC", ROCKETCYBER, AGENTS): (12, "12.5"),
    ("NEGA", BULLPHISH, USERS): (9, "-3"),
    ("UNKM", VPENTEST, TESTS): (0, "2"),
}
_PARITY: dict[Key, int] = {("ODDM", BULLPHISH, USERS): 1, ("EVNM", BULLPHISH, USERS): 0}
_ALSO: frozenset[Key] = frozenset({
    *FIXED, *_PARITY, ("LEFT", EDR, ENDPOINTS), ("ICBL", EDR, ENDPOINTS), ("CONT", SAAS, SEATS), ("NOLN", SAAS, SEATS),
    ("MALV", ROCKETCYBER, AGENTS), ("SVIN", GRAPHUS, PROTECTED_USERS),
    ("NAMX", SAAS, SEATS), ("QUOT", BULLPHISH, USERS), ("QUOT", DARK_WEB, DOMAINS),
})  # fmt: skip
_NOTHING_ELSE = {
    "JUMP": {EDR},
    "NULL": {EDR},
    "NEGA": {BULLPHISH},
    "BUND": {DATTO_RMM},
}


def used_by(customer: ModuleCustomer) -> list[BillingType]:
    """Return what a customer uses; no seed changes it."""
    return [entry for entry in BILLING_TYPES if _uses(customer.code, entry)]


def metric_stems(seed: int, customers: tuple[ModuleCustomer, ...]) -> tuple[MetricStem, ...]:
    """Return what the metrics file counts: everything but Datto RMM."""
    return tuple(
        _stem(seed, customer, entry)
        for customer in customers
        for entry in used_by(customer)
        if entry.module != DATTO_RMM
    )


def _uses(code: str, entry: BillingType) -> bool:
    only = _NOTHING_ELSE.get(code)
    if only is not None:
        return entry.module in only and (code != "BUND" or entry.name == ALL_DEVICES)
    if (code, entry.module, entry.name) in _ALSO:
        return True
    return random.Random(f"uses|{code}|{entry.module}|{entry.name}").randrange(100) < entry.share


def _stem(seed: int, customer: ModuleCustomer, entry: BillingType) -> MetricStem:
    key = (customer.code, entry.module, entry.name)
    least, most = entry.sizes
    base = random.Random(f"base|{seed}|{'|'.join(key)}").randint(least, most)
    reported = None
    if key in FIXED:
        base, text = FIXED[key]
        reported = Decimal(text)
    return MetricStem(*key[:2], customer.name_in(entry.module), entry.name, base, reported, _PARITY.get(key))
