"""What the simulated ConnectWise holds, and the only ways in which it changes. Every change is in the audit log."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing_providers.model.decimals import text_from_decimal
from billing_providers.sandbox.connectwise.errors import not_found
from billing_providers.sandbox.connectwise.live import Kept, LiveAddition, LiveAgreement
from billing_providers.sandbox.world.resale.records import CwProduct, CwTenant

if TYPE_CHECKING:
    from billing_providers.sandbox.core.clock import SandboxClock
    from billing_providers.sandbox.core.log import AuditLog

SYSTEM = "connectwise"
HAND = "AnnaClerk"  # who edits by hand

# Attribute of an addition to its name in the audit log and the control plane.
FACTS = {
    "quantity": "units",
    "included": "included",
    "unit_cost": "unit_cost",
    "unit_price": "unit_price",
    "starts_on": "effective_date",
    "last_day": "last_day",
    "invoice_text": "invoice_text",
    "bill_customer": "bill_customer",
    "product": "product",
    "description": "description",
    "serial_number": "serial_number",
    "sequence": "sequence",
    "taxable": "taxable",
    "purchase": "purchase",
    "special_order": "special_order",
    "prorate_current": "prorate_current",
}
_ATTRIBUTES = {fact: attribute for attribute, fact in FACTS.items()}
_LOGGED_WHEN_NEW = ("included", "unit_cost", "unit_price", "last_day", "invoice_text")


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a change came from, for the audit log and the PSA's own trail."""

    call: str
    request_id: str = ""
    by: str = "api"  # or "hand"
    member: str = HAND


class CwState:
    """Companies, agreements, products, additions, invoices. Callers hold ``lock`` over check and change."""

    def __init__(self, tenant: CwTenant, clock: SandboxClock, audit: AuditLog) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self._audit = audit
        self.tenant = tenant
        self.statuses = {status.status_id: status for status in tenant.statuses}
        self.companies = {company.company_id: company for company in tenant.companies}
        self.cycles = {cycle.cycle_id: cycle for cycle in tenant.cycles}
        self.types = {kind.type_id: kind for kind in tenant.types}
        self.products = {product.product_id: product for product in tenant.products}
        self.agreements = {entry.agreement_id: LiveAgreement.of(entry) for entry in tenant.agreements}
        self._agreement_of = {entry.addition_id: entry.agreement_id for entry in tenant.additions}
        self._kept: dict[int, dict[int, Kept]] = defaultdict(dict)
        for entry in sorted(tenant.additions, key=lambda entry: entry.addition_id):
            live = LiveAddition.of(entry, self.products[entry.product_id])
            self._kept[entry.agreement_id][entry.addition_id] = Kept(live)
        self._last_id = max(self._agreement_of, default=70000)
        self.invoices: list[dict[str, Any]] = []
        self.trail: dict[int, list[dict[str, str]]] = defaultdict(list)  # newest last

    def agreement(self, agreement_id: int) -> LiveAgreement:
        """Return an agreement, or refuse with 404."""
        found = self.agreements.get(agreement_id)
        if found is None:
            raise not_found(f"Agreement {agreement_id} not found")
        return found

    def product(self, product_id: int | None, identifier: str) -> CwProduct | None:
        """Return a product by its id, else by its identifier; None: there is no such product."""
        if product_id is not None:
            return self.products.get(product_id)
        return next((product for product in self.products.values() if product.identifier == identifier), None)

    def addition(self, agreement_id: int, addition_id: int) -> LiveAddition:
        """Return an addition of an agreement as it stands, or refuse with 404."""
        self.agreement(agreement_id)
        kept = self._kept[agreement_id].get(addition_id)
        if kept is None or kept.now is None:
            raise not_found(f"Addition {addition_id} not found")
        return kept.now

    def additions_of(self, agreement_id: int, lag_s: int = 0) -> list[LiveAddition]:
        """Return an agreement's additions by id; with a lag, as they were so many seconds ago."""
        kept = self._kept[agreement_id].values()
        if not lag_s:
            return [entry.now for entry in kept if entry.now]
        heard_until = self.clock.now() - timedelta(seconds=lag_s)
        return [shown for entry in kept if (shown := entry.seen_since(heard_until))]

    def all_additions(self) -> Iterable[LiveAddition]:
        """Return all additions that are not deleted, by agreement."""
        return (entry.now for kept in self._kept.values() for entry in kept.values() if entry.now)

    def put(self, addition: LiveAddition, after: LiveAddition, trace: Trace) -> LiveAddition:
        """Make an addition what ``after`` says; what differs is logged field by field."""
        kept = self._kept[addition.agreement_id][addition.addition_id]
        changed = [name for name in FACTS if getattr(addition, name) != getattr(after, name)]
        kept.remember(self.clock.now())
        for name in changed:
            self._log(trace, after, name, getattr(addition, name), getattr(after, name))
        after.touch(self.clock.now(), trace.member)
        kept.now = after
        return after

    def add(self, addition: LiveAddition, given: Iterable[str], trace: Trace) -> LiveAddition:
        """Add an addition; its id is given here. ``given``: the attributes that the caller chose."""
        self._last_id += 1
        addition.addition_id = self._last_id
        addition.entered_at, addition.entered_by = self.clock.now(), trace.member
        addition.touch(self.clock.now(), trace.member)
        kept = Kept(None)
        kept.remember(self.clock.now())
        kept.now = addition
        self._kept[addition.agreement_id][addition.addition_id] = kept
        self._agreement_of[addition.addition_id] = addition.agreement_id
        for name in ("quantity", *(name for name in _LOGGED_WHEN_NEW if name in set(given))):
            self._log(trace, addition, name, None, getattr(addition, name))
        return addition

    def delete(self, addition: LiveAddition, trace: Trace) -> None:
        """Delete an addition; the log shows its units becoming nothing."""
        kept = self._kept[addition.agreement_id][addition.addition_id]
        if trace.by == "api":
            kept.remember(self.clock.now())
        else:
            kept.past.clear()
        kept.now = None
        self._log(trace, addition, "quantity", addition.quantity, None)

    def edit_by_hand(self, line_id: int, call: str, **changes: Any) -> dict[str, Any]:
        """Change an addition as a person does in the UI, by the names of the log; lists show it at once.

        ``active=False`` ends it yesterday, ``active=True`` takes its last day away, ``gone=True`` deletes it.

        :raises ValueError: for an unknown addition or field.
        """
        kept = self._known(line_id)
        assert kept.now is not None
        trace = Trace(call, by="hand")
        if changes.pop("gone", False):
            facts = self.line_facts(kept.now)
            self.delete(kept.now, trace)
            return facts
        if "active" in changes:
            yesterday = self.today() - timedelta(days=1)
            changes["last_day"] = None if changes.pop("active") else yesterday
        unknown = changes.keys() - (_ATTRIBUTES.keys() - {"product"})
        if unknown:
            raise ValueError(f"cannot edit {', '.join(sorted(unknown))}; there are: {', '.join(_ATTRIBUTES)}, gone")
        for fact, value in changes.items():
            name = _ATTRIBUTES[fact]
            self._log(trace, kept.now, name, getattr(kept.now, name), value)
            for version in kept.versions():
                setattr(version, name, value)
        for version in kept.versions():
            version.touch(self.clock.now(), HAND)
        return self.line_facts(kept.now)

    def by_id(self, line_id: int) -> LiveAddition:
        """Return an addition, whatever its agreement.

        :raises ValueError: for an unknown one.
        """
        found = self._known(line_id).now
        assert found is not None
        return found

    def _known(self, line_id: int) -> Kept:
        kept = self._kept[self._agreement_of.get(line_id, 0)].get(line_id)
        if kept is None or kept.now is None:
            raise ValueError(f"there is no line {line_id}")
        return kept

    def today(self) -> date:
        """Return the day by the sandbox's clock, in UTC."""
        return self.clock.now().date()

    def line_facts(self, addition: LiveAddition) -> dict[str, Any]:
        """Return all there is to know about an addition, as text and booleans; ``last_day`` is None when open."""
        agreement = self.agreements[addition.agreement_id].facts
        company = self.companies[agreement.company_id]
        return {
            "line_id": str(addition.addition_id),
            "contract_id": str(addition.agreement_id),
            "account_id": str(company.company_id),
            "account_code": company.identifier,
            "account_name": company.name,
            "service_id": str(addition.product.product_id),
            "service_name": addition.product.identifier,
            "units": text_from_decimal(addition.quantity),
            "unit_cost": text_from_decimal(addition.unit_cost),
            "unit_price": text_from_decimal(addition.unit_price),
            "effective_date": addition.starts_on.isoformat(),
            "active": addition.open_on(self.today()),
            "product_identifier": addition.product.identifier,
            "company_identifier": company.identifier,
            "included": text_from_decimal(addition.included),
            "invoice_text": addition.invoice_text,
            "last_day": addition.last_day.isoformat() if addition.last_day else None,
            "bill_customer": addition.bill_customer,
        }

    def _log(self, trace: Trace, addition: LiveAddition, name: str, before: Any, after: Any) -> None:
        texts = _text(before), _text(after)
        self._audit.add(
            by=trace.by,
            system=SYSTEM,
            call=trace.call,
            account_id=str(self.agreements[addition.agreement_id].facts.company_id),
            contract_id=str(addition.agreement_id),
            line_id=str(addition.addition_id),
            field=FACTS[name],
            before=texts[0],
            after=texts[1],
            effective_date=addition.starts_on.isoformat(),
            request_id=trace.request_id,
        )
        self.trail[addition.addition_id].append(
            {
                "text": f"{FACTS[name]}: {texts[0] or 'nothing'} -> {texts[1] or 'nothing'}",
                "enteredDate": self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                "enteredBy": trace.member,
                "auditType": "AgreementAddition",
                "auditSubType": "Record",
                "auditSource": "API" if trace.by == "api" else "PSA",
            }
        )


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return text_from_decimal(value)
    if isinstance(value, CwProduct):
        return value.identifier
    return value.isoformat() if isinstance(value, date) else str(value)
