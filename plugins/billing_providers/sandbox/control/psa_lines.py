"""What the control plane does with the contract lines of every PSA, under the same names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from billing_providers.model.decimals import DecimalError, decimal_from_text
from billing_providers.sandbox.autotask.posting import make_invoices as make_item_invoices
from billing_providers.sandbox.autotask.routes import AutotaskTwin
from billing_providers.sandbox.autotask.shapes import invoice as item_invoice
from billing_providers.sandbox.connectwise.invoices import make_invoices as make_agreement_invoices
from billing_providers.sandbox.connectwise.routes import ConnectWiseTwin
from billing_providers.sandbox.core.twin import Twin
from billing_providers.sandbox.kaseya_bms.invoices import make_invoices
from billing_providers.sandbox.kaseya_bms.routes import KaseyaBmsTwin
from billing_providers.sandbox.kaseya_bms.spec import on_the_wire

if TYPE_CHECKING:
    from billing_providers.sandbox.core.sandbox import Sandbox

_DECIMALS = {"units", "unit_cost", "unit_price", "included", "sequence"}
_DAYS = {"effective_date", "last_day"}

Psa = KaseyaBmsTwin | ConnectWiseTwin | AutotaskTwin


def lines_of(sandbox: Sandbox, system: str) -> list[dict[str, Any]]:
    """Return all contract lines of a PSA as they stand now, by id.

    :raises ValueError: for a system that has none.
    """
    twin = _psa(sandbox, system)
    with twin.state.lock:
        if isinstance(twin, AutotaskTwin):
            return [twin.state.line_facts(line) for line in twin.state.all_lines()]
        if isinstance(twin, ConnectWiseTwin):
            additions = sorted(twin.state.all_additions(), key=lambda entry: entry.addition_id)
            return [twin.state.line_facts(entry) for entry in additions]
        return [twin.state.line_facts(line) for _, line in sorted(twin.state.lines.items())]


def edit(sandbox: Sandbox, system: str, line_id: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Change a line as a person does; decimals and days come as text, a last day of null takes it away.

    :raises ValueError: for an unknown line, name or value.
    """
    twin = _psa(sandbox, system)
    values = {name: _value(name, value) for name, value in changes.items()}
    with twin.state.lock:
        if isinstance(twin, AutotaskTwin):
            return _edit_units(twin, line_id, values)
        return twin.state.edit_by_hand(int(line_id), "edit-line", **values)


def _edit_units(twin: AutotaskTwin, line_id: str, values: dict[str, Any]) -> dict[str, Any]:
    if values.keys() - {"units", "effective_date"} or "units" not in values:
        raise ValueError("of a line of Autotask, units (and their effective_date) can be edited, and nothing else")
    units = values["units"]
    if units != units.to_integral_value():
        raise ValueError(f"units: {units} is no whole number")
    return twin.state.edit_by_hand(line_id, int(units), values.get("effective_date"), "edit-line")


def invoice(sandbox: Sandbox, system: str, start: date, last_day: date) -> list[dict[str, Any]]:
    """Make a PSA's invoices of a period from the lines as they are; return them as its API shows them.

    :raises ValueError: for a system that has none, and when the period ends before it starts.
    """
    twin = _psa(sandbox, system)
    with twin.state.lock:
        if isinstance(twin, AutotaskTwin):
            return [item_invoice(made) for made in make_item_invoices(twin.state, start, last_day)]
        if isinstance(twin, ConnectWiseTwin):
            return make_agreement_invoices(twin.state, start, last_day)
        return [on_the_wire(made) for made in make_invoices(twin.state, start, last_day)]


def _psa(sandbox: Sandbox, system: str) -> Psa:
    psas: dict[str, Twin] = {key: twin for key, twin in sandbox.twins.items() if isinstance(twin, Psa)}
    twin = psas.get(system)
    if not isinstance(twin, Psa):
        raise ValueError(f"no PSA {system!r}; there are: {', '.join(psas)}")
    return twin


def _value(name: str, value: Any) -> Any:
    read: Callable[[str, Any], Any] | None = _day if name in _DAYS else _decimal if name in _DECIMALS else None
    return value if read is None or value is None else read(name, value)


def _decimal(name: str, value: Any) -> Any:
    try:
        return decimal_from_text(value)
    except DecimalError as error:
        raise ValueError(f"{name}: {error}") from None


def _day(name: str, value: Any) -> date:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{name}: {value!r} is no date YYYY-MM-DD") from None
