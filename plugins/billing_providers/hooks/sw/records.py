"""From charges to usage records: which rows count, whose they are, and what has to be said about them.

A charge is one record, in the order of the source. Nothing is summed here and nothing is left out: a zero is a zero, a
negative quantity stays negative. ``record_id`` is the position, since nothing says that a charge's id comes only once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from billing_providers.hooks.sw.charges import Charge, Form, attributes_of, charge_of
from billing_providers.hooks.sw.costs import Costs, contradictions, costs_of
from billing_providers.hooks.sw.options import ChargeOptions, CostBasis
from billing_providers.hooks.sw.span import Span
from billing_providers.hooks.sw.tags import Customer, Tags, customer_of, display_name, shared_names, tags_of
from billing_providers.hooks.sw.values import Values
from billing_providers.hooks.usage_fields import RowFault
from billing_providers.model.source import MalformedRow
from billing_providers.model.usage import UsageKind, UsageRecord

_POSITIONS_SHOWN = 5
NO_CUSTOMER = Customer("", "")


@dataclass(frozen=True, slots=True)
class ChargeReader:
    """Reads charges of one billing period.

    :param source: key of the source in the registry.
    :param span: the billing period that the charges are said to be of.
    :param form: where the charges come from. What a customer owes is price, not cost.
    :param customer: whose they are where no tag tells; None: that is a fault.
    """

    source: str
    options: ChargeOptions
    span: Span
    form: Form = Form.PAYABLE
    customer: Customer | None = None

    def read(self, rows: Iterable[tuple[str, Any, RowFault | None]]) -> CountedCharges:
        """Return what the charges come to.

        :param rows: position, charge in the API's form, and why that could not be made, of a row of a file.
        """
        counted = CountedCharges()
        whose: list[tuple[Customer, Tags]] = []
        seen: Counter[tuple[str, str]] = Counter()
        for position, row, broken in rows:
            customer = NO_CUSTOMER
            try:
                values = Values(row)
                tags = tags_of(values)
                customer = Customer("", display_name(tags, self.options))  # if nothing tells the code
                customer = self._customer(tags, values)
                whose.append((customer, tags))
                if broken is not None:
                    raise broken
                record = self._record(values, tags, customer, position, counted)
            except RowFault as fault:
                bad = MalformedRow(position, fault.field, fault.error, customer.code, customer.name)
                counted.malformed.append(bad)
                continue
            counted.records.append(record)
            seen[record.customer_code, record.attributes] += 1
            if seen[record.customer_code, record.attributes] > 1:
                counted.tell("charges say in every field what another one says; each counts", position)
        counted.failed = shared_names(whose, self.options)
        counted.renamed(whose)
        return counted

    def _customer(self, tags: Tags, values: Values) -> Customer:
        try:
            return customer_of(tags, self.options)
        except RowFault as fault:
            if self.customer is not None:
                return self.customer
            what = f"{_shown(values, 'productName')}, {_shown(values, 'subTotal')} {_shown(values, 'currency')}"
            raise RowFault(fault.field, f"{fault.error}; the charge is {what.strip()}") from None

    def _record(
        self, values: Values, tags: Tags, customer: Customer, position: str, counted: CountedCharges
    ) -> UsageRecord:
        charge = charge_of(values, self.options.quantity_places, self.form)
        self._check_days(charge)
        owed = self.form is Form.RECEIVABLE
        costs = costs_of(charge, CostBasis.NET if owed else self.options.cost_basis)
        cost, price = (Costs(None, None), costs) if owed else (costs, Costs(None, None))
        counted.count(charge, position, _shown(values, "chargeType"))
        return UsageRecord(
            source=self.source,
            position=position,
            record_id=position,
            customer_code=customer.code,
            customer_name=customer.name,
            billing_identifier="",
            sku=charge.sku,
            description=charge.name or charge.product,
            summary=charge.product,
            term="",
            billing_cycle=charge.cycle,
            item_id="",
            kind=charge.kind,
            quantity=charge.quantity,
            assigned=None,
            enabled=None,
            total=None,
            unit="",
            unit_cost=cost.unit,
            unit_price=price.unit,
            currency=charge.currency,
            billable=True,
            period_start=self.span.start,
            period_end=self.span.end,
            actor="",
            plan="",
            attributes=attributes_of(values.everything(), tags),
            total_cost=cost.total,
            total_price=price.total,
            covers_from=charge.covers_from,
            covers_until=charge.covers_until,
        )

    def _check_days(self, charge: Charge) -> None:
        late = charge.covers_from is not None and self.span.end is not None and charge.covers_from >= self.span.end
        early = (
            charge.covers_until is not None and self.span.start is not None and charge.covers_until <= self.span.start
        )
        if late or early:
            told = Span(charge.covers_from, charge.covers_until)
            raise RowFault("periodFrom", f"the charge covers {told}, which is no day of {self.span}")


@dataclass(slots=True)
class CountedCharges:
    """What charges came to. ``failed``: customer code → reason. ``open_usage``: positions that are not billed yet."""

    records: list[UsageRecord] = field(default_factory=list)
    malformed: list[MalformedRow] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    open_usage: list[str] = field(default_factory=list)
    usage_count: int = 0
    _told: dict[str, list[str]] = field(default_factory=dict, init=False)

    def tell(self, what: str, position: str) -> None:
        """Keep a remark about a charge."""
        self._told.setdefault(what, []).append(position)

    def count(self, charge: Charge, position: str, charge_type: str) -> None:
        """Keep what is to be said about a charge that counts."""
        self.usage_count += charge.usage
        if charge.usage and charge.open:
            self.open_usage.append(position)
        if charge.kind is UsageKind.UNKNOWN:
            self.tell(f"charges have the type {charge_type or '(none)'}, so they are no quantity", position)
        if charge.kind is UsageKind.CREDIT:
            self.tell("charges give money back for a quantity above zero, so they are no quantity", position)
        if charge.from_double is not None:
            self.tell("quantities of more than 15 digits were read as the number that 15 digits give", position)
        for problem in contradictions(charge):
            self.tell(f"charges do not add up, and were taken as they are: {problem}", position)

    def renamed(self, whose: Iterable[tuple[Customer, Tags]]) -> None:
        """Say which customers come under several names."""
        names: dict[str, dict[str, None]] = {}
        for customer, _ in whose:
            names.setdefault(customer.code.strip(), {})[customer.name.strip()] = None
        for code, found in names.items():
            if len(found) > 1:
                self._told[f"customer {code} comes under several names: {', '.join(map(repr, found))}"] = []

    def notes(self) -> list[str]:
        """Return the remarks, each with how many charges and the first of them."""
        return [f"{_counted(positions)}{what}{_first(positions)}" for what, positions in self._told.items()]

    def open_why(self) -> str:
        """Say how many usage charges are not billed yet; empty when all are."""
        if not self.open_usage:
            return ""
        return (
            f"{len(self.open_usage)} of {self.usage_count} usage charges are not billed yet, so their figures are not "
            f"final{_first(self.open_usage)}; with final_only=False they are taken as they are"
        )


def numbered(rows: Iterable[Any], name: str) -> Iterable[tuple[str, Any, None]]:
    """Yield rows of a list with their positions."""
    return ((f"{name}[{index}]", row, None) for index, row in enumerate(rows))


def _counted(positions: list[str]) -> str:
    return f"{len(positions)} " if positions else ""


def _first(positions: list[str]) -> str:
    if not positions:
        return ""
    more = " …" if len(positions) > _POSITIONS_SHOWN else ""
    return f" ({', '.join(positions[:_POSITIONS_SHOWN])}{more})"


def _shown(values: Values, name: str) -> str:
    found: Any = values.everything().get(name)
    return "" if found is None or isinstance(found, Mapping | list) else str(found).strip()
