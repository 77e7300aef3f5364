"""Joins what a PSA posted and has pending with the lines that usage reaches: one row each, none lost, none doubled.

A line belongs to the usage that the register of managed lines names; a line that is not registered (yet), to what this
run's diff matched it with, or adds it for. Every other line keeps its rows, under its account and without a module.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from billing_providers.engine.prorated_rows import WHOLE, Proration, prorations
from billing_providers.engine.usage_module import usage_module
from billing_providers.model.billing_dataset import BillingItem, ItemState
from billing_providers.model.billing_items import PendingItem, PostedItem
from billing_providers.model.changes import ChangeKind, LineChange, ManagedLine, MatchedLine, parts_of
from billing_providers.model.periods import BillingCalendar
from billing_providers.model.psa import Account, PsaDirectory
from billing_providers.model.runs import RunScope

Place = tuple[str, str]  # contract and service


@dataclass(frozen=True, slots=True)
class ItemContext:
    """What items are joined with.

    :param source: what the source is called, for lines whose usage carries no module.
    :param customers: names by customer code, as the source has them.
    :param managed: the register, after what this run did.
    :param matched: lines that this run's diff matched with usage, written or not.
    :param changes: of this run's diff; lines that it adds are found by contract and service.
    """

    scope: RunScope
    calendar: BillingCalendar
    source: str
    directory: PsaDirectory
    customers: Mapping[str, str] = field(default_factory=dict)
    managed: Sequence[ManagedLine] = ()
    matched: Sequence[MatchedLine] = ()
    changes: Sequence[LineChange] = ()


def billing_items(
    posted: Sequence[PostedItem], pending: Sequence[PendingItem], context: ItemContext
) -> list[BillingItem]:
    """Return one row for each posted and each pending item, by account, contract, service, line and first day.

    A pending row without a line counts for the only line that is known for its contract and service, or that this run
    adds there.
    """
    rows = _Rows(context, posted, pending)
    parts = prorations(pending, rows.contracts, context.calendar)
    joined = [rows.posted(item) for item in posted]
    joined += [rows.pending(item, part) for item, part in zip(pending, parts, strict=True)]
    return sorted(joined, key=_order)


def _order(item: BillingItem) -> tuple[object, ...]:
    start = item.first_day or date.min
    return (item.account_name, item.account_id, item.contract_id, item.service_name, item.line_id, start, item.state)


@dataclass(frozen=True, slots=True)
class _Usage:
    """What reaches a line."""

    codes: tuple[str, ...]
    skus: tuple[str, ...]
    managed: bool

    def module(self, source: str) -> str:
        return usage_module(self.codes, self.skus, source)


class _Rows:
    """Makes rows; knows every line, contract, account and service by its id."""

    def __init__(self, context: ItemContext, posted: Sequence[PostedItem], pending: Sequence[PendingItem]) -> None:
        self._context = context
        self.contracts = {contract.contract_id: contract for contract in context.directory.contracts}
        self._accounts = {account.account_id: account for account in context.directory.accounts}
        self._services = {service.service_id: service.name for service in context.directory.services}
        lines: list[ManagedLine | MatchedLine] = [*context.matched, *context.managed]  # the register has the last word
        self._of_line = {line.line_id: _usage(line) for line in lines}
        added: dict[Place, list[_Usage]] = defaultdict(list)
        for change in context.changes:
            if change.kind is ChangeKind.ADD_LINE:
                usage = _Usage(change.customer_codes, change.skus, False)
                added[change.contract_id, change.service_id].append(usage)
        self._added = {place: found[0] for place, found in added.items() if len(found) == 1}
        self._periods: dict[date, date] = {}
        self._lines_at: dict[Place, set[str]] = defaultdict(set)
        items: Iterable[ManagedLine | MatchedLine | PostedItem | PendingItem] = [*lines, *posted, *pending]
        for item in items:
            if item.line_id:
                self._lines_at[item.contract_id, item.service_id].add(item.line_id)

    def posted(self, item: PostedItem) -> BillingItem:
        """Return the row of a posted item."""
        return self._row(
            item,
            ItemState.POSTED,
            account_id=item.account_id,
            service_name=item.service_name,
            quantity=item.quantity,
            first_day=item.item_date,
            posted_on=item.posted_on,
            invoice_number=item.invoice_number,
        )

    def pending(self, item: PendingItem, part: Proration) -> BillingItem:
        """Return the row of pending units."""
        contract = self.contracts.get(item.contract_id)
        return self._row(
            item,
            ItemState.PENDING,
            account_id=contract.account_id if contract else "",
            quantity=item.units,
            first_day=item.start,
            last_day=item.end,
            part=part,
        )

    def _row(
        self,
        item: PostedItem | PendingItem,
        state: ItemState,
        *,
        account_id: str,
        quantity: Decimal | None,
        first_day: date | None,
        service_name: str = "",
        last_day: date | None = None,
        posted_on: date | None = None,
        invoice_number: str = "",
        part: Proration = WHOLE,
    ) -> BillingItem:
        scope = self._context.scope
        usage, account = self._usage(item), self._accounts.get(account_id)
        contract = self.contracts.get(item.contract_id)
        customer_code, customer_name = self._customer(usage, account)
        return BillingItem(
            run_key=scope.run_key,
            integration=scope.integration,
            period_start=scope.period.start,
            period_end=scope.period.end,
            state=state,
            billed_period=self._billed_period(first_day) if first_day else None,
            module=usage.module(self._context.source) if usage else "",
            managed=usage is not None and usage.managed,
            customer_code=customer_code,
            customer_name=customer_name,
            account_id=account_id,
            account_name=account.name if account else contract.account_name if contract else "",
            contract_id=item.contract_id,
            contract_name=contract.name if contract else "",
            service_id=item.service_id,
            service_name=self._services.get(item.service_id) or service_name or item.service_id,
            line_id=item.line_id,
            sku=", ".join(usage.skus) if usage else "",
            quantity=quantity,
            amount=item.amount,
            currency=item.currency,
            first_day=first_day,
            last_day=last_day,
            posted_on=posted_on,
            invoice_number=invoice_number,
            prorated=part.prorated,
            split_on=part.split_on,
        )

    def _billed_period(self, day: date) -> date:
        """Return the first day of the period that holds a day; few days are told, each by many items."""
        if day not in self._periods:
            self._periods[day] = self._context.calendar.period_containing(day).start
        return self._periods[day]

    def _usage(self, item: PostedItem | PendingItem) -> _Usage | None:
        place = (item.contract_id, item.service_id)
        lines = {item.line_id} if item.line_id else self._lines_at.get(place, set())
        if len(lines) > 1:
            return None
        known = (usage for line_id in lines if (usage := self._of_line.get(line_id)))
        return next(known, None) or self._added.get(place)

    def _customer(self, usage: _Usage | None, account: Account | None) -> tuple[str, str]:
        """Return code and name: of the usage, or of the account where no usage reaches the line."""
        code, name = (account.code, account.name) if account else ("", "")
        if usage is None:
            return code, name
        names = {self._context.customers.get(code, "") for code in usage.codes} - {""}
        return ", ".join(usage.codes), ", ".join(sorted(names)) or name


def _usage(line: ManagedLine | MatchedLine) -> _Usage:
    return _Usage(parts_of(line.customer_code), parts_of(line.sku), isinstance(line, ManagedLine))
