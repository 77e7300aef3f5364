"""Which managed lines are set to zero because their customer and SKU have no usage any more.

Its own step, for lines in the register only, of customers in scope only, never after an incomplete extract. A line
that is left alone for a reason that somebody should know is counted in a finding for its customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from billing_providers.engine.change_words import change_id, is_wanted
from billing_providers.engine.columns import Array, pairs_of
from billing_providers.engine.contract_choice import Contracts
from billing_providers.engine.customer_choice import CustomerDecision
from billing_providers.engine.customers import AccountHold
from billing_providers.engine.effective_dates import day_of_change, effective_date
from billing_providers.engine.limited import limited
from billing_providers.engine.live_lines import LiveLines
from billing_providers.engine.matching import Accounts, Services
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.engine.unplaced import Usage
from billing_providers.model.changes import ChangeKind, FieldChange, LineChange, LineField, ManagedLine, parts_of
from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.findings import Finding
from billing_providers.model.policy import Removal
from billing_providers.model.psa import ContractLine

_EVERY_PERIOD = frozenset({"", "monthly"})
_QUIET = "another finding, the table or the billing cycle says why"


@dataclass(frozen=True, slots=True, eq=False)
class ZeroingFacts:
    """What zeroing needs to know of the plan so far."""

    inputs: PlanInputs
    usage: Usage
    live: LiveLines
    accounts: Accounts
    contracts: Contracts
    services: Services
    reached: Array  # positions of the live lines that usage reaches
    without_service: frozenset[str]  # customers with a row that found no service
    holds: dict[str, AccountHold]  # by account id
    failed_accounts: frozenset[str]


def plan_zeroings(facts: ZeroingFacts) -> tuple[list[LineChange], list[Finding]]:
    """Return the lines to set to zero, none of them when they are more than the policy's limit, and the findings."""
    inputs, voice = facts.inputs, facts.inputs.voice
    if not inputs.settings.policy.zeroing:
        return [], []
    in_scope = _in_scope(facts)
    unreached = _unreached(in_scope, facts)
    codes = {code for line, _ in unreached for code in parts_of(line.customer_code)}
    presence = _Presence(_skus_in_use(facts, codes), inputs.service_map.ignored, _strangers(facts))
    changes: list[LineChange] = []
    gone: list[ManagedLine] = []
    withheld: list[tuple[ManagedLine, str]] = []
    for line, position in unreached:
        live = facts.live.line(position) if position >= 0 else None
        why = _withheld_why(line, facts, presence)
        if why == _QUIET:
            withheld.append((line, why))
        elif live is None or not _is_still(line, live, facts):
            gone.append(line)
        elif facts.live.falling[position] is None and inputs.capabilities.reads_quantity:
            withheld.append((line, why or "the PSA did not tell the quantity"))
        elif why:
            withheld.append((line, why))
        elif facts.live.falling[position] != 0:
            changes.append(_zeroing(line, live, position, facts))
    changes = [change for change in changes if is_wanted(change, inputs.only_lines)]
    findings = [voice.finding(18, managed=len(in_scope))]
    limit = inputs.settings.policy.zeroing_limit
    if len(changes) > limit:
        findings.append(voice.finding(119, count=len(changes), limit=limit))
        changes = []
    findings += limited(gone, lambda line: _gone(line, facts), voice)
    findings += _withheld(withheld, facts)
    findings.append(voice.finding(19, zeroed=len(changes), withheld=len(withheld)))
    return changes, findings


def edited_by_hand(changes: Iterable[LineChange], facts: ZeroingFacts) -> list[Finding]:
    """Return a finding for each changed line whose live quantity is not the one that was confirmed last."""
    first = [change for change in changes if change.quantity_before is not None and change.step <= 1]
    by_line = {change.line_id: change for change in first}
    edited = [
        (by_line[line.line_id], line.quantity)
        for line in facts.inputs.managed
        if line.line_id in by_line and line.quantity != by_line[line.line_id].quantity_before
    ]
    voice = facts.inputs.voice
    return limited(edited, lambda pair: _edited(pair[0], pair[1], facts), voice)


@dataclass(frozen=True, slots=True)
class _Presence:
    """What keeps a SKU from counting as removed.

    :param used: (customer, SKU) pairs in use.
    :param ignored: keys that the table ignores.
    :param strangers: customers that could not be read and under whose codes nothing is managed.
    """

    used: set[tuple[str, str]]
    ignored: frozenset[tuple[str, str]]
    strangers: tuple[str, ...]

    def is_ignored(self, sku: str, customer_code: str) -> bool:
        """Whether the SKU is ignored for the customer or for all, with any term."""
        return any(
            customer in {"", customer_code} and (key == sku or key.startswith(f"{sku}|"))
            for customer, key in self.ignored
        )


def _in_scope(facts: ZeroingFacts) -> list[ManagedLine]:
    """Return the managed lines whose customers are all in scope; each group of customers is asked once."""
    managed, decisions = facts.inputs.managed, facts.usage.decisions
    in_scope = {
        text: all(decisions[code].customer.in_scope for code in parts_of(text))
        for text in {line.customer_code for line in managed}
    }
    return [line for line in managed if in_scope[line.customer_code]]


def _customers(facts: ZeroingFacts, line: ManagedLine) -> list[CustomerDecision]:
    return [facts.usage.decisions[code] for code in parts_of(line.customer_code)]


def _unreached(managed: Sequence[ManagedLine], facts: ZeroingFacts) -> list[tuple[ManagedLine, int]]:
    """Return the managed lines that no usage reaches, in order of their ids, with their positions."""
    import numpy as np

    position = facts.live.positions([line.line_id for line in managed])
    reached = np.zeros(len(facts.live) + 1, dtype=bool)
    reached[facts.reached] = True
    missed = np.nonzero(~reached[position])[0].tolist()
    return sorted(((managed[number], int(position[number])) for number in missed), key=lambda pair: pair[0].line_id)


def _skus_in_use(facts: ZeroingFacts, codes: set[str]) -> set[tuple[str, str]]:
    """Return the distinct (customer, SKU) of some customers' charge lines."""
    charges = facts.usage.charges
    mask = charges.customer.selected(codes.__contains__)
    width = max(len(charges.sku.labels), 1)
    _, customers, skus = pairs_of(charges.customer.codes[mask], charges.sku.codes[mask], width)
    return {
        (charges.customer.labels[customer], charges.sku.labels[sku])
        for customer, sku in zip(customers.tolist(), skus.tolist(), strict=True)
    }


def _strangers(facts: ZeroingFacts) -> tuple[str, ...]:
    """Return the customers that could not be read and that the register does not know: each may be a known one.

    A source that loses sight of who a customer is reports its usage under another code, such as its name.
    """
    known = {code for line in facts.inputs.managed for code in parts_of(line.customer_code)}
    return tuple(sorted({code.strip() for code in facts.inputs.snapshot.failed_customers} - known))


def _withheld_why(line: ManagedLine, facts: ZeroingFacts, presence: _Presence) -> str:
    """Return why a line may not be set to zero; empty when it may."""
    codes, skus = parts_of(line.customer_code), parts_of(line.sku)
    decisions = _customers(facts, line)
    ignored = any(presence.is_ignored(sku, code) for code in codes for sku in skus)
    yearly = line.billing_cycle.strip().casefold() not in _EVERY_PERIOD
    if ignored or yearly or not all(one.planned for one in decisions) or line.account_id in facts.failed_accounts:
        return _QUIET
    hold = facts.holds.get(line.account_id)
    if hold is not None:
        return f"the account is shared with {hold.customer_name}, which {hold.why}"
    if presence.strangers and not any(one.customer.has_usage for one in decisions):
        return f"{presence.strangers[0]} could not be read, and nothing is managed under that code: it may be this one"
    if not facts.without_service.isdisjoint(codes):
        return "a row of the customer found no service"
    still = sorted({sku for code in codes for sku in skus if (code, sku) in presence.used})
    if still:
        return f"{', '.join(still)} is still used, and reaches another line or none"
    return ""


def _is_still(line: ManagedLine, live: ContractLine, facts: ZeroingFacts) -> bool:
    """Whether a live line is the one that was registered, and is billed beyond the period on a contract in force."""
    contract = facts.contracts.by_id.get(live.contract_id)
    ended = contract is None or not contract.active
    if contract is not None and contract.end is not None and contract.end < facts.inputs.scope.period.start:
        ended = True
    ended = ended or (live.last_day is not None and live.last_day < effective_date(facts.inputs))
    same = (live.contract_id, live.service_id) == (line.contract_id, line.service_id)
    return live.open_on(facts.inputs.scope.period.last_day) and same and not ended and not live.owned_by


def _zeroing(line: ManagedLine, live: ContractLine, position: int, facts: ZeroingFacts) -> LineChange:
    account, contract = facts.accounts.by_id.get(line.account_id), facts.contracts.by_id[live.contract_id]
    customers = [one.customer for one in _customers(facts, line)]
    codes = tuple(customer.code for customer in customers)
    named = ", ".join(codes)
    inputs = facts.inputs
    effective = facts.live.down[position] if facts.live.down else day_of_change(inputs, codes, parts_of(line.sku))
    last_day = effective - timedelta(days=1)
    ends = inputs.settings.policy.removal is Removal.END and (live.effective_date or last_day) <= last_day
    kind = ChangeKind.END_LINE if ends else ChangeKind.ZERO
    ending = FieldChange(LineField.LAST_DAY, live.field(LineField.LAST_DAY), last_day.isoformat())
    return LineChange(
        change_id=change_id(inputs.scope.tenant, live.contract_id, live.line_id, kind),
        kind=kind,
        customer_codes=codes,
        customer_names=tuple(customer.name for customer in customers),
        account_id=line.account_id,
        account_name=account.name if account else contract.account_name,
        contract_id=live.contract_id,
        contract_name=contract.name,
        service_id=live.service_id,
        service_name=live.service_name.strip() or _service_name(line, facts),
        line_id=live.line_id,
        skus=parts_of(line.sku),
        quantity_before=facts.live.falling[position],
        quantity_after=Decimal(0),
        unit_cost=live.unit_cost,
        unit_price=live.unit_price,
        effective_date=effective,
        line_version=live.version,
        reason=(
            f"No usage of {', '.join(parts_of(line.sku))} by {named} in the period; the line is managed and was last "
            f"set to {text_from_decimal(line.quantity)} for the period from {line.period_start}."
        ),
        charge_nos=(),
        fields=(ending,) if ends else (),
    )


def _service_name(line: ManagedLine, facts: ZeroingFacts) -> str:
    service = facts.services.by_id.get(line.service_id)
    return service.name.strip() if service else line.service_id


def _subject(line: ManagedLine, facts: ZeroingFacts) -> dict[str, Any]:
    customers = [one.customer for one in _customers(facts, line)]
    return {
        "customer": ", ".join(customer.code for customer in customers),
        "customer_name": ", ".join(customer.name for customer in customers),
    }


def _gone(line: ManagedLine, facts: ZeroingFacts) -> Finding:
    subject = {**_subject(line, facts), "line": line.line_id, "sku": ", ".join(parts_of(line.sku))}
    return facts.inputs.voice.finding(
        133, service=_service_name(line, facts), contract=line.contract_id, account=line.account_id, **subject
    )


def _withheld(withheld: Sequence[tuple[ManagedLine, str]], facts: ZeroingFacts) -> list[Finding]:
    """Return one finding for each customer (or group that shares lines) whose lines are not set to zero."""
    told: dict[str, list[tuple[ManagedLine, str]]] = {}
    for line, why in withheld:
        if why != _QUIET:
            told.setdefault(line.customer_code, []).append((line, why))
    return [
        facts.inputs.voice.finding(
            132,
            **_subject(pairs[0][0], facts),
            count=len(pairs),
            lines=", ".join(line.line_id for line, _ in pairs[:10]),
            why="; ".join(sorted({why for _, why in pairs})),
        )
        for _, pairs in sorted(told.items())
    ]


def _edited(change: LineChange, last: Decimal, facts: ZeroingFacts) -> Finding:
    return facts.inputs.voice.finding(
        135,
        customer=", ".join(change.customer_codes),
        customer_name=", ".join(change.customer_names),
        account=change.account_id,
        contract=change.contract_id,
        line=change.line_id,
        service=change.service_name,
        last=text_from_decimal(last),
        before=text_from_decimal(change.quantity_before or Decimal(0)),
        after=text_from_decimal(change.quantity_after),
    )
