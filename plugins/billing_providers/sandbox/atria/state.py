"""What the simulated Atria knows of a period: the world's usage, as tests have changed it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing_providers.model.decimals import decimal_from_text
from billing_providers.model.periods import BillingCalendar, BillingPeriod
from billing_providers.sandbox.world.records import UsageRow
from billing_providers.sandbox.world.usage import row_of_period_before

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import SandboxSettings
    from billing_providers.sandbox.world import World

_KNOWN_YEARS = range(2020, 2036)
_EDITABLE = {entry.name for entry in fields(UsageRow)} - {"period_start", "period_end"}
_DECIMALS = {"quantity", "assigned", "enabled", "total", "unit_cost", "unit_price"}

Edit = Callable[[UsageRow], UsageRow | None]  # None: the row is gone


class AtriaState:
    """Rows of any period."""

    def __init__(self, world: World, settings: SandboxSettings) -> None:
        self._world = world
        self._settings = settings
        self._lock = threading.Lock()
        self._edits: list[Edit] = []

    def period_ending(self, last_day: date) -> BillingPeriod | None:
        """Return the period with this last day, None when the billing calendar has none.

        Without an anchor day any date is known, and the period is one month long.
        """
        following = last_day + timedelta(days=1)
        calendar = BillingCalendar(self._settings.atria_anchor_day or following.day)
        period = calendar.period_containing(last_day)
        return period if period.last_day == last_day and last_day.year in _KNOWN_YEARS else None

    def rows(self, period: BillingPeriod | None) -> list[UsageRow]:
        """Return the rows of a period, with the edits and the troubles that are switched on."""
        if period is None or self._settings.atria_empty:
            return []
        with self._lock:
            edits = tuple(self._edits)
        kept = []
        for row in self._world.usage(period):
            edited: UsageRow | None = row
            for edit in edits:
                edited = edit(edited) if edited else None
            if edited:
                kept.append(edited)
        return kept + self._troubles(kept)

    def _troubles(self, rows: list[UsageRow]) -> list[UsageRow]:
        settings = self._settings
        if not rows:
            return []
        first, troubles = rows[0], []
        if settings.atria_malformed_row:
            troubles.append(replace(first, record_id=f"{first.record_id}-BAD", quantity="twelve"))
        if settings.atria_conflicting_duplicate:
            troubles.append(replace(first, quantity=Decimal(first.quantity) + 1))
        if settings.atria_other_period_row:
            troubles.append(row_of_period_before(first))
        return troubles

    def edit(self, customer_code: str, sku: str | None, last_day: date | None, changes: dict[str, Any]) -> None:
        """Change rows of a customer, of one SKU or all, in the period with this last day or in every period.

        :param changes: field names of a row and their values; decimals as text. ``{"gone": true}`` removes the rows.
        :raises ValueError: for an unknown customer or field.
        """
        if customer_code not in {customer.code for customer in self._world.customers}:
            raise ValueError(f"there is no customer {customer_code}")
        gone = changes.get("gone") is True
        if not gone and (unknown := changes.keys() - _EDITABLE):
            raise ValueError(f"a row has no field {', '.join(sorted(unknown))}")
        values = {} if gone else {name: _value(name, value) for name, value in changes.items()}

        def edit(row: UsageRow) -> UsageRow | None:
            concerned = (
                row.customer_code == customer_code and sku in {None, row.sku} and last_day in {None, row.period_end}
            )
            if not concerned:
                return row
            return None if gone else replace(row, **values)

        with self._lock:
            self._edits.append(edit)


def _value(name: str, value: Any) -> Any:
    return decimal_from_text(value) if name in _DECIMALS and value is not None else value
