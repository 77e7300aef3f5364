"""All customers of a run: who takes part, who does not and why, and which accounts must be left alone for it.

A customer that the filter leaves out, whose usage could not be read, or that was skipped must not be planned, and
neither may an account that it shares: the sum there would be short.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from billing_providers.engine.charge_columns import ChargeColumns
from billing_providers.engine.columns import firsts, labels_of, pairs_of
from billing_providers.engine.customer_choice import Customer, CustomerChoice, CustomerDecision, Standing
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.engine.suggestions import Suggestions
from billing_providers.model.changes import ManagedLine, parts_of
from billing_providers.model.findings import Finding, FindingVoice

Decisions = dict[str, CustomerDecision]


@dataclass(frozen=True, slots=True)
class AccountHold:
    """Why an account is left alone: a customer that shares it, and what is the matter with it."""

    customer_code: str
    customer_name: str
    why: str


def decide_customers(inputs: PlanInputs, usage: ChargeColumns, choice: CustomerChoice) -> Decisions:
    """Decide every customer that the source, the register or a hold names, each on its own.

    Planning one customer may fail for a reason that nobody foresaw; it becomes finding 136 and the others go on.
    """
    held = {code.strip(): "could not be read" for code in inputs.snapshot.failed_customers}
    held |= {code.strip(): f"is held: {why}" for code, why in inputs.charge_set.held_customers}
    foreign = _in_other_currencies(inputs, usage)
    decisions = {}
    for customer in _customers(inputs, usage, held):
        try:
            decided = choice.decide(customer)
        except Exception as error:  # law 10: one bad customer never stops the others
            decided = crashed(CustomerDecision(customer, Standing.PLANNED), repr(error), inputs.voice)
        decisions[customer.code] = _bounded(decided, held, foreign, inputs)
    return decisions


def crashed(decision: CustomerDecision, error: str, voice: FindingVoice) -> CustomerDecision:
    """Return the decision for a customer whose planning failed: skipped, with finding 136."""
    customer = decision.customer
    finding = voice.finding(136, customer=customer.code, customer_name=customer.name, error=error)
    if not decision.planned:
        return decision
    return dataclasses.replace(
        decision, standing=Standing.SKIPPED, why=f"was skipped ({finding.code})", ways={}, split_by="", finding=finding
    )


def unknown_in_filter(inputs: PlanInputs) -> list[Finding]:
    """Return a finding for each code of the customers filter that the source did not report."""
    reported = {code.strip(): name for code, name in inputs.reported_customers.items()}
    unknown = sorted({code.strip() for code in inputs.scope.customers} - set(reported))
    suggestions = Suggestions(
        (text, f"'{code}' ({name})") for code, name in sorted(reported.items()) for text in (code, name)
    )
    return [inputs.voice.finding(113, customer=code, suggestion=suggestions.sentence(code)) for code in unknown]


def hold_shared_accounts(
    decisions: Decisions, managed: Sequence[ManagedLine], voice: FindingVoice
) -> tuple[Decisions, dict[str, AccountHold], list[Finding]]:
    """Return the decisions after sharing, the accounts left alone, and a finding for each customer that shares."""
    holds = _holds(decisions, managed)
    result, findings = dict(decisions), []
    for code, decision in sorted(decisions.items()):
        shared = sorted(account for account in decision.accounts if account in holds)
        if not decision.planned or not shared:
            continue
        if set(shared) == decision.accounts:
            result[code] = dataclasses.replace(
                decision, standing=Standing.SKIPPED, why="shares its account", ways={}, split_by=""
            )
        if not decision.customer.has_usage:
            continue
        names = {
            way.destination.account.account_id: way.destination.account.name
            for ways in decision.ways.values()
            for way in ways
        }
        hold = holds[shared[0]]
        findings.append(
            voice.finding(
                126,
                customer=code,
                customer_name=decision.customer.name,
                account=", ".join(shared),
                account_name=", ".join(names.get(account, account) for account in shared),
                other=hold.customer_name,
                why=hold.why,
            )
        )
    return result, holds, findings


def _customers(inputs: PlanInputs, usage: ChargeColumns, held: Iterable[str]) -> list[Customer]:
    """Return every customer that anything names, sorted by code."""
    names: dict[str, str] = dict.fromkeys(held, "")
    for text in {line.customer_code for line in inputs.managed}:
        names |= dict.fromkeys(parts_of(text), "")
    names |= _names_of_usage(usage)
    names |= {code.strip(): name.strip() for code, name in inputs.reported_customers.items() if name.strip()}
    identifiers = _identifiers(usage)
    scope = frozenset(code.strip() for code in inputs.scope.customers)
    return [
        Customer(
            code,
            name or code,
            identifiers.get(code, ()),
            has_usage=code in identifiers,
            in_scope=not scope or code in scope,
        )
        for code, name in sorted(names.items())
    ]


def _in_other_currencies(inputs: PlanInputs, usage: ChargeColumns) -> dict[str, str]:
    """Return the customers that are charged in another currency than their contracts, with those currencies."""
    currency = inputs.settings.policy.currency.strip()
    if not currency:
        return {}
    told = labels_of(usage.frame["currency"])
    _, customers, texts = pairs_of(usage.customer.codes, told.codes, max(len(told.labels), 1))
    found: dict[str, set[str]] = {}
    for customer, text in zip(customers.tolist(), texts.tolist(), strict=True):
        if told.labels[text] not in {"", currency}:
            found.setdefault(usage.customer.labels[customer], set()).add(told.labels[text])
    return {code: ", ".join(sorted(currencies)) for code, currencies in found.items()}


def _bounded(
    decision: CustomerDecision, held: Mapping[str, str], foreign: Mapping[str, str], inputs: PlanInputs
) -> CustomerDecision:
    """Apply what outweighs a decision: the filter first, then what was found wrong before planning."""
    customer, finding = decision.customer, None
    if decision.standing is Standing.IGNORED:
        return decision
    if not customer.in_scope:
        standing, why = Standing.OUT_OF_SCOPE, "is not in the customers filter"
    elif customer.code in held:
        standing, why = Standing.HELD, held[customer.code]
    elif customer.code in foreign:
        told, wanted = foreign[customer.code], inputs.settings.policy.currency
        standing, why = Standing.HELD, f"is charged in {told}"
        finding = inputs.voice.finding(
            198, customer=customer.code, customer_name=customer.name, currencies=told, currency=wanted
        )
    else:
        return decision
    return dataclasses.replace(decision, standing=standing, why=why, ways={}, split_by="", finding=finding)


def _holds(decisions: Decisions, managed: Iterable[ManagedLine]) -> dict[str, AccountHold]:
    apart = {
        code: decision
        for code, decision in sorted(decisions.items())
        if decision.standing in {Standing.SKIPPED, Standing.HELD, Standing.OUT_OF_SCOPE}
    }
    holds: dict[str, AccountHold] = {}
    for code, decision in apart.items():
        for account in decision.accounts:
            holds.setdefault(account, AccountHold(code, decision.customer.name, decision.why))
    if apart:
        for account, text in sorted({(line.account_id, line.customer_code) for line in managed}):
            for code in parts_of(text):
                if code in apart:
                    hold = AccountHold(code, apart[code].customer.name, apart[code].why)
                    holds.setdefault(account, hold)
    return holds


def _names_of_usage(usage: ChargeColumns) -> dict[str, str]:
    """Return each customer's name in its first charge line."""
    names = labels_of(usage.frame["customer_name"])
    first, _ = firsts(usage.customer.codes, names.codes, len(usage.customer.labels))
    return {code: names.labels[name] for code, name in zip(usage.customer.labels, first.tolist(), strict=True)}


def _identifiers(usage: ChargeColumns) -> dict[str, tuple[str, ...]]:
    """Return the distinct billing identifiers of each customer with usage, sorted, blanks left out."""
    identifier = labels_of(usage.frame["billing_identifier"])
    _, customers, texts = pairs_of(usage.customer.codes, identifier.codes, max(len(identifier.labels), 1))
    found: dict[str, list[str]] = {code: [] for code in usage.customer.labels}
    for customer, text in zip(customers.tolist(), texts.tolist(), strict=True):
        if identifier.labels[text]:
            found[usage.customer.labels[customer]].append(identifier.labels[text])
    return {code: tuple(sorted(texts)) for code, texts in found.items()}
