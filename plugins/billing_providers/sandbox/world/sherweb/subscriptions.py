"""What every customer has bought. The seed decides sizes and ordinary changes, never who has what."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from billing_providers.sandbox.world.sherweb.growth import history
from billing_providers.sandbox.world.sherweb.offers import (
    AZURE,
    BACKUP,
    BRAND_NEW,
    DOLLARS,
    EXCHANGE,
    LEGACY,
    MAIL_GUARD,
    OFFICE_PROTECT,
    PREMIUM,
    PROJECT_MONTHLY,
    PROJECT_YEARLY,
    QUICK_HELP,
    SERVER,
    STANDARD,
    TEAMS,
    build_offers,
)
from billing_providers.sandbox.world.sherweb.records import (
    ChargeType,
    Counted,
    Cycle,
    Deduction,
    DeductionType,
    Fee,
    OneOff,
    QuantityEvent,
    SherwebCustomer,
    Subscription,
    stable_id,
)

Change = tuple[str, int] | tuple[str, int, str]  # day, change, and the day on which it was asked for

# Seats by customer and offer, as dated changes; the first is the purchase.
_QUOTAS: tuple[tuple[str, str, tuple[Change, ...]], ...] = (
    ("RENM", PREMIUM, (("2024-05-01", 10), ("2026-07-20", 1))),
    ("BOTH", PROJECT_MONTHLY, (("2025-03-10", 4), ("2026-07-09", 1))),
    ("BOTH", PROJECT_YEARLY, (("2024-09-17", 3), ("2026-02-11", 1))),
    ("SEVR", PREMIUM, (("2024-03-04", 12), ("2026-07-06", 1), ("2026-07-06", 1), ("2026-07-21", -3))),
    ("SEVR", PREMIUM, (("2026-07-11", 2),)),
    ("NEWO", BRAND_NEW, (("2026-07-10", 5),)),
    ("CURR", DOLLARS, (("2025-01-01", 6), ("2026-07-16", 1))),
    ("CRED", TEAMS, (("2024-06-01", 5),)),
    ("LEAP", EXCHANGE, (
        ("2024-02-29", 20), ("2025-06-10", 3), ("2026-02-28", -4, "2026-01-15"), ("2026-07-15", 2),
        ("2028-02-29", -1, "2028-02-01"),
    )),
    ("LAST", EXCHANGE, (("2024-07-31", 8), ("2026-07-30", 1), ("2026-07-31", -2, "2026-07-02"))),
    ("LAST", PROJECT_YEARLY, (("2025-01-31", 2),)),
    ("CANC", PREMIUM, (("2024-04-15", 6), ("2026-07-14", -6))),
    ("CANC", TEAMS, (("2025-02-01", 5), ("2026-06-30", -5))),
    ("CANC", STANDARD, (("2025-08-01", 7), ("2026-08-01", -7, "2026-07-03"))),
    ("EDGE", PREMIUM, (
        ("2024-06-01", 10), ("2026-06-30", -1), ("2026-07-01", 2), ("2026-07-31", 1), ("2026-08-01", 3),
    )),
    ("TURN", PREMIUM, (("2024-06-11", 9), ("2026-07-08", 4), ("2026-07-08", -4))),
    ("TURN", TEAMS, (("2024-06-11", 5), ("2026-07-08", 3), ("2026-07-08", -2), ("2026-07-08", 1))),
    ("COMM", STANDARD, (
        ("2024-07-16", 30), ("2025-11-20", 5), ("2026-07-16", -6, "2026-03-02"), ("2026-07-28", 2),
    )),
    ("PROM", PREMIUM, (("2024-10-01", 8),)),
    ("PROM", PREMIUM, (("2025-10-01", 4), ("2026-07-13", 1))),
    ("PROM", TEAMS, (("2024-10-01", 6), ("2026-07-17", 1))),
    ("PROM", STANDARD, (("2024-10-01", 9),)),
    ("ONCE", TEAMS, (("2026-07-03", 6),)),
)  # fmt: skip
# Usage that is the same in every month.
_USAGES: tuple[tuple[str, str, str], ...] = (
    ("ODDQ", BACKUP, "12.000000000000002"),
    ("ODDQ", MAIL_GUARD, "41.123456789012344"),
    ("AZUR", AZURE, "1374.4999999999998"),
    ("ZERP", OFFICE_PROTECT, "0"),
    ("ZERP", QUICK_HELP, "0"),
)
_ORDINARY = (
    "NOAC", "DUPA", "DUPB", "MARK", "QUOT", "RTLM", "FORM", "QCON", "TWOK", "NOLN", "SUSP", "CLOV", "DAIS", "ELDE",
    "FERN", "FJRD", "GRNT", "LARK",
)  # fmt: skip
_ORDINARY_OFFERS = (PREMIUM, STANDARD, EXCHANGE, BACKUP, MAIL_GUARD, OFFICE_PROTECT)
_BESIDE = STANDARD  # what customers with a case of their own have besides, where the case is not of this offer
_SEATS = (4, 6, 8, 9, 12, 15, 18, 24, 30)
_PROMOTIONS: dict[tuple[str, str, int], tuple[Deduction, ...]] = {
    ("PROM", PREMIUM, 2): (
        Deduction("WELCOME10", "Welcome offer 10 %", DeductionType.PROMOTIONAL_PERCENTAGE, Decimal(10)),
    ),
    ("PROM", TEAMS, 1): (
        Deduction("TEAMS-50C", "Teams rebate", DeductionType.PROMOTIONAL_MONEY, Decimal("0.50")),
    ),
}  # fmt: skip
_FEES = {("PROM", STANDARD, 1): (Fee("Handling", Decimal("0.25")),)}


def build_subscriptions(seed: int, customers: Iterable[SherwebCustomer]) -> tuple[Subscription, ...]:
    """Return all subscriptions, by customer."""
    offers = build_offers()
    made: list[Subscription] = []
    for customer in customers:
        code = customer.code
        made += [_quota(code, key, _literal(changes)) for owner, key, changes in _QUOTAS if owner == code]
        made += [_usage(code, key, Decimal(used), varies=False) for owner, key, used in _USAGES if owner == code]
        known = {entry.offer_key for entry in made if entry.customer_code == code}
        for key in _ORDINARY_OFFERS if code in _ORDINARY else {_BESIDE} - known:
            rng = random.Random(f"sherweb|{seed}|{code}|{key}")
            seats = rng.choice(_SEATS)
            if offers[key].counted is Counted.QUOTA:
                made.append(_quota(code, key, history(rng, seats, committed=offers[key].committed)))
            else:
                gigabytes = Decimal(seats * 117) + Decimal(rng.randrange(1, 1000)) / 1000
                made.append(_usage(code, key, gigabytes if key == BACKUP else Decimal(seats), varies=True))
    return tuple(_numbered(made))


def build_one_offs() -> tuple[OneOff, ...]:
    """Return the charges that no subscription makes."""
    unknown: dict[str, object] = {"charge_type": ChargeType.UNKNOWN, "cycle": Cycle.MONTHLY}
    recurring: dict[str, object] = {"charge_type": ChargeType.RECURRING, "cycle": Cycle.MONTHLY}
    rows: tuple[tuple[str, str, str, str, str, str | None, dict[str, object]], ...] = (
        ("UNKT", LEGACY, "Hosted Exchange 2013", "3", "6.00", None, unknown),
        ("NEGA", TEAMS, "Microsoft Teams Essentials", "-2", "4.00", None, recurring),
        ("CRED", TEAMS, "Microsoft Teams Essentials", "-7", "4.00", None, recurring),
        ("ONCE", SERVER, "Perpetual licence", "2", "880.00", "2026-07-09", {}),
        ("ONCE", TEAMS, "Early cancellation fee", "1", "40.00", "2026-07-22", {}),
        ("ONCE", TEAMS, "Goodwill", "1", "-25.00", "2026-07-24", {}),
    )  # fmt: skip
    return tuple(
        OneOff(code, key, name, Decimal(quantity), Decimal(price), day and date.fromisoformat(day), **facts)  # type: ignore[arg-type]
        for code, key, name, quantity, price, day, facts in rows
    )


def _literal(changes: tuple[Change, ...]) -> tuple[QuantityEvent, ...]:
    events: list[QuantityEvent] = []
    in_force = 0
    for change in changes:
        what = "purchase" if not events else "increase" if change[1] > 0 else "decrease"
        in_force += change[1]
        asked = date.fromisoformat(change[2]) if len(change) > 2 else None
        events.append(
            QuantityEvent(date.fromisoformat(change[0]), change[1], what if in_force else "cancellation", asked)
        )
    return tuple(events)


def _quota(code: str, key: str, events: tuple[QuantityEvent, ...]) -> Subscription:
    return Subscription("", code, key, events)


def _usage(code: str, key: str, amount: Decimal, *, varies: bool) -> Subscription:
    return Subscription("", code, key, usage=amount, varies=varies)


def _numbered(made: list[Subscription]) -> Iterable[Subscription]:
    counts: dict[tuple[str, str], int] = {}
    for entry in made:
        counts[entry.customer_code, entry.offer_key] = number = (
            counts.get((entry.customer_code, entry.offer_key), 0) + 1
        )
        place = (entry.customer_code, entry.offer_key, number)
        yield replace(
            entry,
            subscription_id=stable_id("subscription", "|".join(map(str, place))),
            deductions=_PROMOTIONS.get(place, ()),
            fees=_FEES.get(place, ()),
        )
