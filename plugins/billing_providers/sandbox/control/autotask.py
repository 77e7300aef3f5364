"""What tests and people do to the simulated Autotask, beside its lines. No part of its API."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.autotask.live import LiveLine
from billing_providers.sandbox.autotask.posting import post_periods
from billing_providers.sandbox.autotask.routes import AutotaskTwin
from billing_providers.sandbox.autotask.shapes import billing_item

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox


class AutotaskControl:
    """The part of the control plane that concerns Autotask."""

    _sandbox: Sandbox

    @property
    def _autotask(self) -> AutotaskTwin:
        twin = self._sandbox.twins["autotask"]
        assert isinstance(twin, AutotaskTwin)
        return twin

    def post_periods(self, until: date | str, contract_id: int | str | None = None) -> list[dict[str, Any]]:
        """Approve and post Autotask's rows that start up to a day, on one contract or all; return the items made."""
        state = self._autotask.state
        with state.lock:
            made = post_periods(state, None if contract_id in (None, "all") else _number(contract_id), _day(until))
            return [billing_item(item) for item in made]

    def billing_of_autotask(self, start: date | str, last_day: date | str) -> dict[str, list[dict[str, str]]]:
        """Return the items of lines that are posted for days of a period, and all rows until its end that are not.

        Taken from the state itself, not from what the API shows; decimals and days are text.
        """
        state, first, last = self._autotask.state, _day(start), _day(last_day)
        with state.lock:
            posted = [item for item in state.items if item.line is not None and first <= item.item_date <= last]
            pending = [
                (line, row)
                for line in state.all_lines()
                for row in line.schedule.rows(None, last)
                if row.approved_on is None and row.start <= last
            ]
            return {
                "posted": [
                    {
                        **_place(item.line),
                        "amount": str(item.amount),
                        "units": str(item.quantity),
                        "start": str(item.item_date),
                    }
                    for item in posted
                    if item.line is not None
                ],
                "pending": [
                    {
                        **_place(line),
                        "amount": str(row.price),
                        "units": str(row.units),
                        "start": str(row.start),
                        "end": str(row.end),
                    }
                    for line, row in pending
                ],
            }

    def ignored_by_autotask(self) -> list[dict[str, str]]:
        """Return what Autotask ignored in queries and bodies: operators, fields and names that do not exist."""
        return [dict(found) for found in self._autotask.mistakes.found]


def _place(line: LiveLine) -> dict[str, str]:
    return {"line_id": line.key, "account_id": str(line.contract.company_id), "service": line.item.name}


def _number(contract_id: int | str | None) -> int:
    if not str(contract_id).isdecimal():
        raise ValueError(f"{contract_id!r} is no contract id")
    return int(str(contract_id))


def _day(value: date | str) -> date:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{value!r} is no date YYYY-MM-DD") from None
