"""Who and what: the decisions that need no contract line. Shared by planning and by asking which lines to read."""

from __future__ import annotations

from dataclasses import dataclass

from billing_providers.engine.charge_columns import ChargeColumns
from billing_providers.engine.columns import Scaled, scaled
from billing_providers.engine.contract_choice import Contracts
from billing_providers.engine.customer_choice import CustomerChoice
from billing_providers.engine.customers import AccountHold, Decisions, crashed, decide_customers, hold_shared_accounts
from billing_providers.engine.live_lines import LiveLines
from billing_providers.engine.matching import Accounts, Services
from billing_providers.engine.plan_inputs import PlanInputs
from billing_providers.engine.routing import Placed, place, routes_of
from billing_providers.engine.service_choice import ServiceChoice, decide_articles
from billing_providers.engine.unplaced import Usage
from billing_providers.model.findings import Finding
from billing_providers.model.policy import ContractChoice


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """The PSA's directory, judged, and what every customer and SKU is. ``holds``: accounts to be left alone, by id."""

    accounts: Accounts
    contracts: Contracts
    services: Services
    usage: Usage
    rising: Scaled  # what the live lines hold when an increase takes effect
    falling: Scaled  # … and when a decrease does
    holds: dict[str, AccountHold]
    findings: list[Finding]  # about whole customers


def decide(inputs: PlanInputs, charges: ChargeColumns, live: LiveLines) -> Decided:
    """Decide every customer and every SKU, each on its own."""
    policy = inputs.settings.policy
    accounts = Accounts(inputs.directory.accounts, policy.account_match)
    contracts = Contracts(inputs.directory.contracts, policy, inputs.scope.period)
    services = Services(inputs.directory.services, policy.sku_field_match)
    held = [live.rising] if live.falling is live.rising else [live.rising, live.falling]
    scale, (billed, _, rising, *others) = scaled(
        [charges.frame["quantity"], inputs.line_terms.volumes, *held], places_min=inputs.places
    )
    several = policy.contract_choice is ContractChoice.HOLDS_SERVICE or inputs.service_map.names_contracts
    choice = CustomerChoice(accounts, contracts, inputs.customer_map, policy, inputs.voice, several=several)
    decisions = decide_customers(inputs, charges, choice)
    article, articles = decide_articles(charges, ServiceChoice(services, inputs.service_map), inputs.service_map)
    customers = routes_of(charges.customer.codes, [decisions[code] for code in charges.customer.labels], charges.frame)
    routes = routes_of(article, articles, charges.frame)
    decisions = _without_crashed(
        inputs, charges, decisions, {**_unreadable(charges, billed), **routes.crashed, **customers.crashed}
    )
    decisions, holds, shared = hold_shared_accounts(decisions, inputs.managed, inputs.voice)
    own = [decision.finding for _, decision in sorted(decisions.items()) if decision.finding is not None]
    return Decided(
        accounts=accounts,
        contracts=contracts,
        services=services,
        usage=Usage(charges, scale, billed.units, decisions, customers, article, articles, routes),
        rising=rising,
        falling=others[0] if others else rising,
        holds=holds,
        findings=own + shared,
    )


def placed_usage(inputs: PlanInputs, decided: Decided) -> Placed:
    """Return where the usage goes, without what reaches an account that is left alone."""
    import numpy as np

    usage = decided.usage
    placed = place(
        np.nonzero(usage.placed)[0],
        usage.customers,
        usage.routes,
        units=usage.units,
        customer=usage.charges.customer.codes,
        step=10 ** (usage.scale.places - inputs.places),
    )
    return placed.outside(decided.holds)


def _unreadable(charges: ChargeColumns, billed: Scaled) -> dict[int, str]:
    """Return the rows whose quantity is no finite decimal; billing rules let none through."""
    import numpy as np

    return {
        row: f"charge line {charges.charge_nos[row]} has the quantity {charges.frame['quantity'].iat[row]!r}"
        for row in np.nonzero(billed.missing)[0].tolist()
    }


def _without_crashed(
    inputs: PlanInputs, charges: ChargeColumns, decisions: Decisions, errors: dict[int, str]
) -> Decisions:
    """Return the decisions with the customers skipped whose rows cannot be planned."""
    result = dict(decisions)
    for row, error in sorted(errors.items()):
        code = charges.customer.labels[charges.customer.codes[row]]
        result[code] = crashed(result[code], error, inputs.voice)
    return result
