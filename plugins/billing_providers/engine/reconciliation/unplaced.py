"""Why a charge reaches no line, by what planning found."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from billing_providers.engine.joined_names import names_in
from billing_providers.engine.reconciliation.inputs import ReconcileInputs
from billing_providers.model.findings import Finding, Level, Scope
from billing_providers.model.reconciliation import Cause

_IGNORED, _SHOWN, _CURRENCY, _MORE = 125, 178, 198, 155
_OF_CUSTOMERS = {
    **dict.fromkeys((5, 9, 22, 101, 102, 124, 156, 164, 190, 191), Cause.NOT_MAPPED),
    **dict.fromkeys((109, 111, 126, 136, 140, 150, 151, 152, 205), Cause.HELD),
    _CURRENCY: Cause.OTHER_CURRENCY,
}
_OF_SKUS = {**dict.fromkeys((14, 23, 103, 161), Cause.NOT_MAPPED), _IGNORED: Cause.IGNORED}
_SPLIT_WITHOUT_ROW, _NO_LINE, _DOES_NOT_MOVE = 163, 6, 210


@dataclass(frozen=True, slots=True)
class WhyNot:
    """A cause with words, and the line that was left alone: its contract's id and its service's name; empty: none."""

    cause: Cause
    detail: str
    contract_id: str = ""
    service_name: str = ""


@dataclass(slots=True)
class Unplaced:
    """What planning said about customers, SKUs and lines."""

    for_all: WhyNot | None = None
    customers: dict[str, WhyNot] = field(default_factory=dict)
    skus: dict[tuple[str, str], WhyNot] = field(default_factory=dict)  # by SKU and term; empty term: any
    items: dict[tuple[str, str], WhyNot] = field(default_factory=dict)  # by customer and SKU
    otherwise: WhyNot | None = None
    filtered: Collection[str] = ()

    def why(self, customer: str, sku: str, term: str, quantity: Decimal) -> WhyNot:
        """Return why a charge line has no place.

        :param term: the term, or the billing cycle where there is none.
        """
        if self.filtered and customer not in self.filtered:
            return WhyNot(Cause.NOT_IN_RUN, "customers filter")
        known = (
            self.for_all,
            self.customers.get(customer),
            self.skus.get((sku, term)) or self.skus.get((sku, "")),
            self.items.get((customer, sku)),
        )
        found = next((why for why in known if why is not None), None)
        if found is not None:
            return found
        if not quantity:
            return WhyNot(Cause.NOTHING_TO_BILL, "")
        if abs(quantity) < 1:
            return WhyNot(Cause.ROUNDED, "to zero, and there is no line")
        return self.otherwise or WhyNot(Cause.UNEXPLAINED, "")


def unplaced(inputs: ReconcileInputs) -> Unplaced:
    """Return what the findings of a run say about charges without a line."""
    found = Unplaced(filtered=set(inputs.scope.customers))
    customers, skus = set(inputs.charges["customer_code"]), set(inputs.charges["sku"])
    held = {code: WhyNot(Cause.HELD, why) for code, why in inputs.charge_set.held_customers}
    for finding in inputs.findings:
        found.for_all = found.for_all or _of_run(finding)
        _take(found, finding, customers, skus)
    found.customers = {**held, **found.customers}
    return found


def _of_run(finding: Finding) -> WhyNot | None:
    if finding.number == _SHOWN:
        return WhyNot(Cause.SHOWN, finding.code)
    if finding.number == 15 or (finding.scope is Scope.RUN and finding.level is Level.ERROR):
        return WhyNot(Cause.NOT_PLANNED, finding.code)
    return None


def _take(found: Unplaced, finding: Finding, customers: Collection[str], skus: Collection[str]) -> None:
    number, code = finding.number, finding.code
    if number == _IGNORED and not finding.about("sku"):
        found.customers[finding.about("customer")] = WhyNot(Cause.IGNORED, finding.about("reason"))
    elif number in _OF_CUSTOMERS:
        for customer in names_in(finding.about("customer"), customers):
            found.customers.setdefault(customer, WhyNot(_OF_CUSTOMERS[number], code))
    elif number in _OF_SKUS:
        words = finding.about("reason") if number == _IGNORED else code
        found.skus.setdefault((finding.about("sku"), finding.about("term")), WhyNot(_OF_SKUS[number], words))
    elif number in {_SPLIT_WITHOUT_ROW, _DOES_NOT_MOVE, _MORE}:
        _take_of_many(found, finding)
    elif finding.level in {Level.WARNING, Level.ERROR} and finding.about("sku") and finding.about("contract"):
        cause = Cause.NOT_MAPPED if number == _NO_LINE else Cause.LEFT_ALONE
        why = WhyNot(cause, code, finding.about("contract"), finding.about("service"))
        for item in _items(finding, customers, skus):
            found.items.setdefault(item, why)


def _take_of_many(found: Unplaced, finding: Finding) -> None:
    """Keep a finding that does not say whose charges it is about, for those about which nothing else is said."""
    subject = finding.about("subject")
    if finding.number == _SPLIT_WITHOUT_ROW and subject.startswith("SKU "):
        found.skus.setdefault((subject.removeprefix("SKU "), ""), WhyNot(Cause.NOT_MAPPED, finding.code))
    elif finding.number == _SPLIT_WITHOUT_ROW:
        found.otherwise = WhyNot(Cause.NOT_MAPPED, finding.code)
    elif finding.number == _DOES_NOT_MOVE:
        found.otherwise = WhyNot(Cause.NOT_IN_RUN, finding.code)
    else:
        words = f"one of {finding.about('count')} more of code {finding.about('code')}"
        found.otherwise = WhyNot(Cause.LEFT_ALONE, words)


def _items(finding: Finding, customers: Collection[str], skus: Collection[str]) -> Iterable[tuple[str, str]]:
    for customer in names_in(finding.about("customer"), customers):
        for sku in names_in(finding.about("sku"), skus):
            yield customer, sku
