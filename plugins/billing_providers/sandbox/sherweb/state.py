"""What the simulated Sherweb knows: the world's customers and charges, as events, renames and edits have changed it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from billing_providers.model.decimals import DecimalError, decimal_from_text
from billing_providers.model.periods import BillingCalendar, BillingPeriod
from billing_providers.sandbox.sherweb.troubles import WORDS, with_troubles
from billing_providers.sandbox.world.sherweb.prices import product
from billing_providers.sandbox.world.sherweb.records import Counted, QuantityEvent, SherwebCharge, Subscription
from billing_providers.sandbox.world.sherweb.sherweb import Sherweb

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox
    from billing_providers.sandbox.world import World

_DECIMALS = ("quantity", "list_price", "net_price", "net_price_prorated", "sub_total")
_TEXTS = ("sku", "product_name", "charge_name", "charge_type", "cycle", "currency", "display_name")
Edit = Callable[[SherwebCharge], SherwebCharge | None]  # None: the charge is gone


class SherwebState:
    """Customers, subscriptions, and the charges of any period."""

    def __init__(self, world: World, sandbox: Sandbox) -> None:
        self.sherweb: Sherweb = world.sherweb
        self._sandbox = sandbox
        self._lock = threading.Lock()
        self._edits: list[Edit] = []
        self.troubles: tuple[str, ...] = ()

    @property
    def today(self) -> date:
        """The clock's day, in UTC."""
        return self._sandbox.clock.now().date()

    def period_of(self, day: date) -> BillingPeriod:
        """Return the billing period that holds a day."""
        return BillingCalendar(self._sandbox.settings.sherweb_anchor_day).period_containing(day)

    def invoiced_on(self, period: BillingPeriod) -> date | None:
        """Return the date of a period's invoice; None while there is none."""
        dated = period.end + timedelta(days=self._sandbox.settings.sherweb_invoice_after_days)
        return dated if dated <= self.today else None

    def last_invoiced(self, period: BillingPeriod) -> BillingPeriod:
        """Return the period, or the last one before it that is invoiced."""
        while self.invoiced_on(period) is None:
            period = self.period_of(period.start - timedelta(days=1))
        return period

    def charges(self, period: BillingPeriod) -> list[SherwebCharge]:
        """Return the charges of a period as they are known today, with edits and without troubles."""
        with self._lock:
            sherweb, edits = self.sherweb, tuple(self._edits)
        kept = []
        for charge in sherweb.charges(period, self.today):
            edited: SherwebCharge | None = charge
            for edit in edits:
                edited = edit(edited) if edited else None
            if edited:
                kept.append(edited)
        return kept

    def payable(self, day: date) -> tuple[BillingPeriod, list[SherwebCharge] | None]:
        """Return the period that the distributor answers with, and its charges, with the troubles that are on."""
        asked, names = self.period_of(day), self.troubles
        before = self.period_of(asked.start - timedelta(days=1))
        shown = before if "wrong_period" in names else asked
        charges = with_troubles(self.charges(before if "mislabelled" in names else shown), names)
        return shown, None if "null_charges" in names else charges

    def subscriptions(self, customer_code: str) -> list[Subscription]:
        """Return the subscriptions of a customer that are in force today."""
        book, today = self.sherweb.book, self.today
        return [
            entry
            for entry in book.subscriptions
            if entry.customer_code == customer_code
            and (entry.in_force(today) > 0 or (not entry.events and entry.started <= today))
        ]

    def rename(self, customer_code: str, name: str, since: date) -> None:
        """Give a customer another display name; charges that start before ``since`` keep the old one.

        :raises ValueError: for an unknown customer or an empty name.
        """
        with self._lock:
            customers = dict(self.sherweb.book.customers)
            found = customers.get(customer_code)
            if found is None or not name.strip():
                raise ValueError(f"Sherweb has no customer {customer_code!r}, or the name is empty")
            customers[customer_code] = replace(
                found, name=found.name_on(since - timedelta(days=1)), renamed=(since, name)
            )
            self.sherweb = replace(self.sherweb, book=replace(self.sherweb.book, customers=customers))

    def change_seats(self, subscription_id: str, change: int, day: date) -> None:
        """Buy or give back seats of a subscription on a day.

        :raises ValueError: for an unknown or usage-based subscription, a day before the purchase, no change, or fewer
            than no seats.
        """
        with self._lock:
            book = self.sherweb.book
            found = next((one for one in book.subscriptions if one.subscription_id == subscription_id), None)
            if found is None or book.offers[found.offer_key].counted is not Counted.QUOTA:
                raise ValueError(f"Sherweb has no subscription {subscription_id!r} with seats")
            if day <= found.start or not change:
                raise ValueError(f"seats change by some number, on a day after the purchase on {found.start}")
            what = "increase" if change > 0 else "decrease"
            events = tuple(sorted((*found.events, QuantityEvent(day, change, what)), key=lambda event: event.day))
            changed = replace(found, events=events)
            if any(changed.in_force(event.day) < 0 for event in events):
                raise ValueError(f"there are only {found.in_force(day)} seats on {day}, or fewer later")
            subscriptions = tuple(changed if one is found else one for one in book.subscriptions)
            self.sherweb = replace(self.sherweb, book=replace(book, subscriptions=subscriptions))

    def edit(self, customer_code: str, sku: str | None, period: BillingPeriod | None, changes: dict[str, Any]) -> None:
        """Change the charges of a customer, of one SKU or all, that start in a period or ever.

        :param changes: fields of a charge, decimals as text; ``{"gone": true}`` removes the charges.
        :raises ValueError: for an unknown customer, field or number.
        """
        if customer_code not in self.sherweb.book.customers:
            raise ValueError(f"Sherweb has no customer {customer_code!r}")
        gone = changes.get("gone") is True
        if not gone and (unknown := changes.keys() - {*_DECIMALS, *_TEXTS}):
            known = ", ".join((*_DECIMALS, *_TEXTS, "gone"))
            raise ValueError(f"a charge has no {', '.join(sorted(unknown))}; it has: {known}")
        values = {} if gone else {name: _value(name, value) for name, value in changes.items()}

        def edit(charge: SherwebCharge) -> SherwebCharge | None:
            concerned = charge.customer_code == customer_code and sku in {None, charge.sku}
            if not concerned or (period is not None and not period.contains(charge.first)):
                return charge
            return None if gone else replace(charge, **values)

        with self._lock:
            self._edits.append(edit)

    def drift(self, customer_code: str, by: int) -> None:
        """Change, for good, the quantity of the first charge of a customer (empty: of all) in every period."""

        def edit(charge: SherwebCharge) -> SherwebCharge:
            if charge.why != "period" or customer_code not in {"", charge.customer_code}:
                return charge
            first = self._first(customer_code, charge)
            meant = first is not None and charge.subscription_id == first.subscription_id
            return _with_more(charge, by) if meant else charge

        with self._lock:
            self._edits.append(edit)

    def _first(self, customer_code: str, like: SherwebCharge) -> SherwebCharge | None:
        """Return the first charge of a whole period, of the period that a charge belongs to."""
        charges = self.sherweb.charges(self.period_of(like.first))
        return next((one for one in charges if customer_code in {"", one.customer_code} and one.why == "period"), None)

    def set_troubles(self, names: tuple[str, ...]) -> None:
        """Switch troubles on; those that are not named are off.

        :raises ValueError: for an unknown name.
        """
        if unknown := set(names) - WORDS.keys():
            raise ValueError(f"no trouble {', '.join(sorted(unknown))}; there are: {', '.join(WORDS)}")
        self.troubles = names


def _with_more(charge: SherwebCharge, by: int) -> SherwebCharge:
    quantity = charge.quantity + by
    return replace(charge, quantity=quantity, sub_total=product(charge.net_price_prorated, quantity))


def _value(name: str, value: Any) -> Any:
    if name in _TEXTS:
        return str(value)
    try:
        return decimal_from_text(value)
    except DecimalError as error:
        raise ValueError(f"{name}: {error}") from None
