"""One service or bundle on a contract as a contract line.

The line itself holds no quantity; its unit rows do. What is charged for one unit is not told either: REST shows
``internalCurrencyAdjustedPrice`` in the tenant's own currency, and the catalogue's ``unitPrice`` in the customer's and
in the tenant's, from which one client recovers the price: adjusted × unitPrice ÷ internalCurrencyUnitPrice (seen). Of
bundles ``adjustedPrice`` is told. Amounts in unit rows are for all units and the whole period, so they are not used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from billing_providers.hooks.at.kinds import LineKind
from billing_providers.hooks.http.fields import Fields
from billing_providers.model.decimals import round_decimal, text_from_decimal
from billing_providers.model.psa import ContractLine, Days, Service, UnitPeriod

DISCOUNT = "a discount"
LEFTOVER = "a prorated leftover"
NO_LINE = "unit rows without a line"
OVERLAPPING = "unit rows that overlap"

_PRICE_PLACES = 4  # of a recovered price


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line as its own row tells it, before units and owners are known."""

    own_id: str
    contract_id: str
    service_id: str  # without mark
    unit_price: Decimal | None
    unit_cost: Decimal | None
    description: str
    invoice_text: str

    @property
    def place(self) -> tuple[str, str]:
        """Contract and service."""
        return self.contract_id, self.service_id


def line_facts(row: Fields, kind: LineKind) -> LineFacts:
    """Return the facts of one row of ``ContractServices`` or ``ContractServiceBundles``."""
    return LineFacts(
        own_id=row.identity("id"),
        contract_id=row.identity("contractID"),
        service_id=row.identity(kind.service),
        unit_price=_price(row),
        unit_cost=row.number("unitCost"),
        description=row.text("internalDescription"),
        invoice_text=row.text("invoiceDescription"),
    )


def line_of(
    facts: LineFacts,
    kind: LineKind,
    schedule: tuple[UnitPeriod, ...] | None,
    days: Days,
    *,
    account_id: str,
    catalogue: Mapping[str, Service],
    devices: int,
    owned_by: str,
) -> ContractLine:
    """Return a line with its units.

    :param schedule: its units by day; None: they cannot be told for certain.
    :param catalogue: services by their ids here, for names, and prices that the line does not tell.
    :param devices: configuration items that the line covers.
    """
    service_id = f"{kind.mark}{facts.service_id}"
    service = catalogue.get(service_id)
    line = ContractLine(
        line_id=f"{kind.mark}{facts.own_id}",
        contract_id=facts.contract_id,
        account_id=account_id,
        service_id=service_id,
        service_name=service.name if service else "",
        description=facts.description,
        quantity=None,
        unit_cost=facts.unit_cost if facts.unit_cost is not None else service.unit_cost if service else None,
        unit_price=facts.unit_price if facts.unit_price is not None else service.unit_price if service else None,
        effective_date=None,
        open=True,
        version=_version(facts, devices),
        invoice_text=facts.invoice_text,
        schedule=schedule or (),
        owned_by=owned_by,
    )
    return replace(line, quantity=line.quantity_on(days.first))


def owner_of(facts: LineFacts, schedule: tuple[UnitPeriod, ...] | None, devices: int, *, sold_again: bool) -> str:
    """Return what else drives a line, empty when nothing does.

    :param sold_again: another line of the same contract and service, which is no discount, has units.
    :param devices: configuration items that the line covers.
    """
    if facts.unit_price is not None and facts.unit_price < 0:
        return DISCOUNT
    if schedule is None:
        return OVERLAPPING
    if devices:
        return f"{devices} configuration item{'' if devices == 1 else 's'}"
    return LEFTOVER if sold_again and not has_units(schedule) else ""


def has_units(schedule: tuple[UnitPeriod, ...] | None) -> bool:
    """Whether a line has units in a row that is not posted."""
    return any(period.units and not period.posted for period in schedule or ())


def _price(row: Fields) -> Decimal | None:
    """Return the price of one unit in the customer's currency, to four places where it had to be recovered."""
    told = row.number("adjustedPrice")
    if told is not None:
        return told
    catalogue, internal, adjusted = (
        row.number(name) for name in ("unitPrice", "internalCurrencyUnitPrice", "internalCurrencyAdjustedPrice")
    )
    if adjusted is None:
        return catalogue
    if not catalogue or not internal or catalogue == internal:  # one currency, or nothing to tell another one by
        return adjusted
    return round_decimal(adjusted * catalogue / internal, _PRICE_PLACES)


def _version(facts: LineFacts, devices: int) -> str:
    """Return what changes when somebody edits the line itself; the server keeps no stamp of it.

    Units and invoice text are compared where a change sets them, on its own days; a text that a broken write had set
    must not make the rest of it look edited. The contract's stamp is left out: our own writes to one line would make
    all others look edited.
    """
    numbers = (None if number is None else text_from_decimal(number) for number in (facts.unit_price, facts.unit_cost))
    content = (facts.service_id, facts.description, *numbers, devices)
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]
