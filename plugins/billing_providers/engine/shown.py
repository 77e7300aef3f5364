"""Publishing without billing: customers are mapped to accounts and reported; no contract line is read or touched."""

from __future__ import annotations

from billing_providers.engine.charge_columns import charge_columns
from billing_providers.engine.contract_choice import Contracts
from billing_providers.engine.customer_choice import CustomerChoice, Standing
from billing_providers.engine.customers import decide_customers, unknown_in_filter
from billing_providers.engine.diff_of import diff_of, plan_counts, unusable_usage
from billing_providers.engine.live_lines import live_lines
from billing_providers.engine.matching import Accounts
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.engine.table_reviews import table_reviews
from billing_providers.model.changes import ContractDiff


def shown_usage(inputs: PlanInputs) -> tuple[ContractDiff, dict[str, str]]:
    """Return a diff without changes, and the account id of every customer whose usage can be shown."""
    policy, period = inputs.settings.policy, inputs.scope.period
    live = live_lines((), period.last_day)
    if reasons := unusable_usage(inputs):
        return diff_of(
            inputs, live, complete=False, changes=(), matched=(), unchanged_count=0, findings=reasons, counts={}
        ), {}
    charges = charge_columns(inputs.charges)
    accounts = Accounts(inputs.directory.accounts, policy.account_match)
    contracts = Contracts(inputs.directory.contracts, policy, period)
    choice = CustomerChoice(accounts, contracts, inputs.customer_map, policy, inputs.voice, accounts_only=True)
    decisions = decide_customers(inputs, charges, choice)
    shown = {
        code: ", ".join(sorted(decision.accounts))
        for code, decision in decisions.items()
        if decision.planned and decision.customer.in_scope and decision.accounts
    }
    in_scope = [decision for decision in decisions.values() if decision.customer.in_scope]
    standings = [decision.standing for decision in in_scope]
    findings = [decision.finding for decision in in_scope if decision.finding is not None]
    findings.append(inputs.voice.finding(178, count=len(shown), records=len(charges)))
    diff = diff_of(
        inputs,
        live,
        complete=Standing.HELD not in standings,
        changes=(),
        matched=(),
        unchanged_count=0,
        findings=[*unknown_in_filter(inputs), *table_reviews(inputs), *findings],
        counts=plan_counts(standings, len(charges), 0),
    )
    return diff, shown
