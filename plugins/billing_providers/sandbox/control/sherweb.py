"""What tests and people do to the simulated Sherweb, and the statement of what is right. No part of its API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.sherweb.routes import SherwebTwin

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox


class SherwebControl:
    """The part of the control plane that concerns Sherweb."""

    _sandbox: Sandbox

    @property
    def _sherweb(self) -> SherwebTwin:
        twin = self._sandbox.twins["sherweb"]
        assert isinstance(twin, SherwebTwin)
        return twin

    def sherweb(self, day: date | str) -> dict[str, Any]:
        """Return Sherweb's charges of the period that holds a day, and what each BMS line must hold after it.

        As in ``world.sherweb``, but with the renames and changes of seats that were made here, and for the billing
        calendar of the settings. Edited charges and troubles are not in it. Decimals and days are text.
        """
        state = self._sherweb.state
        return state.sherweb.to_json(state.period_of(_day(day)))

    def change_seats(self, subscription_id: str, change: int, day: date | str) -> None:
        """Buy (or below zero give back) seats of a subscription of Sherweb on a day."""
        self._sherweb.state.change_seats(subscription_id, int(change), _day(day))

    def rename_sherweb_customer(self, customer_code: str, name: str, since: date | str) -> None:
        """Rename a customer of Sherweb; charges that start before `since` keep the old name."""
        self._sherweb.state.rename(customer_code, name, _day(since))

    def edit_charges(
        self, customer_code: str, sku: str | None = None, day: date | str | None = None, **changes: Any
    ) -> None:
        """Change charges of a customer of Sherweb in the period of a day, or all: a field by name, or `gone=True`."""
        state = self._sherweb.state
        state.edit(customer_code, sku, None if day is None else state.period_of(_day(day)), changes)

    def sherweb_troubles(self, names: Sequence[str] | str = ()) -> list[str]:
        """Switch on troubles of the distributor's answer, by name; all others are off. Returns what is on."""
        named = tuple(filter(None, names.split(","))) if isinstance(names, str) else tuple(names)
        self._sherweb.state.set_troubles(named)
        return list(named)


def _day(value: date | str) -> date:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{value!r} is no date YYYY-MM-DD") from None
