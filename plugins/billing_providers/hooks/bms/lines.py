"""How contract lines are read and written in BMS: one interface, a module per strategy, chosen at connect time.

The published V2 API has no call that reads or changes the units of an existing contract line: of its 435 operations
only creating a contract and adding services to one take units. So what a tenant offers is found out, never assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol

from billing_providers.errors import NotSent
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.hooks.http.fields import Fields
from billing_providers.model.changes import LineChange, LineField
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.psa import Contract, ContractLine, Service, WriteReceipt

_UNITS_MAX = 2**31 - 1  # int32 in the API description


class LineStrategy(Protocol):
    """One way to read and set contract lines."""

    name: str
    explanation: str
    sets_units: bool  # what can be set can also be read
    sets: frozenset[LineField]  # what can be set besides

    def read(self, contracts: Sequence[Contract], services: Sequence[Service]) -> list[ContractLine]:
        """Read the lines of these contracts."""

    def set_line(self, change: LineChange) -> WriteReceipt:
        """Send what changes on one line, once."""


def whole_units(quantity: Decimal, voice: ErrorVoice) -> int:
    """Return a quantity as BMS takes it.

    :raises NotSent: when it is no whole number from 0 to 2,147,483,647.
    """
    units = int(quantity)
    if units != quantity or not 0 <= units <= _UNITS_MAX:
        problem = f"units are whole numbers from 0 to {_UNITS_MAX}; got {text_from_decimal(quantity)}"
        raise voice.error(NotSent, problem)
    return units


def date_time(day: date) -> str:
    """Return a local date as BMS takes it: midnight without a zone."""
    return f"{day.isoformat()}T00:00:00"


def receipt(row: Fields, line_id: str, units_field: str, request_id: str) -> WriteReceipt:
    """Return what an answered line shows."""
    return WriteReceipt(observed=row.number(units_field), line_id=line_id, request_id=request_id)
