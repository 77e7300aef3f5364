"""Puts what a customer uses on lines: which billing type on which line, and what a right run makes of it.

Before the first run a line holds what an unchanged month counts, so a run changes only what varies.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_providers.sandbox.world.modules.billing_types import (
    AGENTS,
    ALL_DEVICES,
    BULLPHISH,
    BY_HAND,
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
    SERVERS,
    TESTS,
    USERS,
    VPENTEST,
    BillingType,
)
from billing_providers.sandbox.world.modules.counts import CountBook
from billing_providers.sandbox.world.modules.customers import ModuleCustomer
from billing_providers.sandbox.world.modules.records import AtContract
from billing_providers.sandbox.world.modules.tenant import BUNDLE_MARK, POSTED_UNTIL, Steps, TenantBuilder
from billing_providers.sandbox.world.modules.usage import used_by
from billing_providers.sandbox.world.records import Outcome

# Customers without a usable company or contract; dates rule out others.
_NO_MATCH = frozenset({"NEAR", "LOWR", "UNKN", "INAC", "TWIN", "NOCO", "TYPE", "NMON", "STOP"})
_UNMATCHED = {
    ("WRON", DATTO_RMM, ALL_DEVICES), ("WRON", DATTO_RMM, SERVERS), ("NOLN", SAAS, SEATS),
    ("SVIN", GRAPHUS, PROTECTED_USERS), ("ICBL", EDR, ENDPOINTS), ("CONT", SAAS, SEATS),
    ("ASST", DATTO_RMM, ALL_DEVICES), ("FRAC", ROCKETCYBER, AGENTS), ("NEGA", BULLPHISH, USERS),
    ("UNKM", VPENTEST, TESTS),
}  # fmt: skip
_GUARDED = {
    ("WREX", DATTO_RMM, ALL_DEVICES), ("WREX", DATTO_RMM, SERVERS), ("DISC", DATTO_RMM, ALL_DEVICES),
    ("LEFT", EDR, ENDPOINTS), ("ZERO", EDR, ENDPOINTS), ("JUMP", EDR, ENDPOINTS),
}  # fmt: skip
_MISSING = {("NOLN", "SaaS Protection - Microsoft 365 Seats")}
_POSTED_UNTIL = {"POST": date(2026, 12, 31), "PMID": date(2026, 7, 14)}
_LATER: dict[tuple[str, str], tuple[date, int]] = {  # from a day on, so many units more
    ("PROR", "Datto RMM - AllDevicesMetric"): (date(2026, 7, 10), 3),
    ("FUTR", "Datto RMM - AllDevicesMetric"): (date(2026, 10, 1), 5),
}
IGNORED: tuple[tuple[str, str, str, str], ...] = (  # module, customer code or all, billing type, why
    (DARK_WEB, "", DOMAINS, "monitored domains are included in the helpdesk"),
    (EDR, "ICBL", ENDPOINTS, "Integrated Customer Billing drives the line"),
    (SAAS, "CONT", SEATS, "the line follows the number of contacts"),
)


@dataclass(frozen=True, slots=True)
class ModuleStem:
    """One billing type of one customer.

    :param lines: where it belongs, one line at most for each of the customer's contracts; empty: nowhere.
    :param outcome: what a right run makes of it under default guards and policy, before dates are looked at.
    :param held_by_service: two contracts are in force; only the policy that takes the one with the service finds it.
    :param bundle: the line is a bundle; only a run that bills bundles finds it.
    """

    customer_code: str
    module: str
    billing_type: str
    organization: str
    outcome: Outcome
    lines: tuple[str, ...] = ()
    held_by_service: bool = False
    bundle: bool = False


def add_stems(
    psa: TenantBuilder, book: CountBook, customer: ModuleCustomer, contracts: list[AtContract], place: int
) -> list[ModuleStem]:
    """Add a customer's lines; return where its usage belongs."""
    of_service: dict[str, list[BillingType]] = defaultdict(list)
    for entry in used_by(customer):
        of_service[entry.service].append(entry)
    stems = []
    for service, entries in of_service.items():
        lines = _lines(psa, book, customer, contracts, service, entries) if service else ()
        stems += [_stem(customer, entry, lines) for entry in entries]
    for contract in contracts[:1]:
        for name, *_ in BY_HAND[place % 4 : place % 4 + 1 + place % 2]:
            psa.add_line(contract, name, 1 + place % 9)
    return stems


def _stem(customer: ModuleCustomer, entry: BillingType, lines: tuple[str, ...]) -> ModuleStem:
    code = customer.code
    key = (code, entry.module, entry.name)
    bundle, two = code == "BUND", code == "TWOC"
    outcome = Outcome.GUARDED if key in _GUARDED else Outcome.BILLED
    if code in _NO_MATCH or key in _UNMATCHED or not lines or bundle or two:
        outcome = Outcome.UNMATCHED
    return ModuleStem(*key, customer.name_in(entry.module), outcome, lines, held_by_service=two, bundle=bundle)


def _lines(
    psa: TenantBuilder,
    book: CountBook,
    customer: ModuleCustomer,
    contracts: list[AtContract],
    service: str,
    entries: list[BillingType],
) -> tuple[str, ...]:
    """Add the line of a service to each contract; they hold what the unchanged month counts."""
    code = customer.code
    if (code, service) in _MISSING:
        return ()
    if code == "TWOC":
        contracts = contracts[:1] if entries[0].module == DATTO_RMM else contracts[1:]
    units = sum(book.base(code, entry.module, entry.name) for entry in entries)
    if code == "BUND":
        return tuple(f"{BUNDLE_MARK}{psa.add_bundle_line(contract, units).line_id}" for contract in contracts)
    steps: Steps = ()
    if (code, service) in _LATER:
        day, more = _LATER[code, service]
        steps = ((day, units + more),)
    made = [
        psa.add_line(contract, service, units, steps=steps, posted_until=_POSTED_UNTIL.get(code, POSTED_UNTIL))
        for contract in contracts
    ]
    for contract in contracts:
        _companions(psa, code, service, contract, units)
    return tuple(str(line.line_id) for line in made)


def _companions(psa: TenantBuilder, code: str, service: str, contract: AtContract, units: int) -> None:
    """Add what stands beside the line in some cases."""
    if (code, service) == ("DISC", "Datto RMM - AllDevicesMetric"):
        psa.add_line(contract, service, units, price=Decimal("-0.50"))
    if (code, service) == ("LEFT", "Datto EDR - Endpoints"):
        psa.add_line(contract, service, 0, steps=((date(2025, 11, 10), 3), (date(2025, 12, 1), 0)))
