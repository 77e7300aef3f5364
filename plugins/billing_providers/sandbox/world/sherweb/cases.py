"""Everything in the reselling of Sherweb's subscriptions that is awkward on purpose. ``docs/sandbox.md`` tells it."""

from __future__ import annotations

from billing_providers.sandbox.world.records import Case

# Name, customer, offer (empty: the whole customer), what.
_CASES: tuple[tuple[str, str, str, str], ...] = (
    # Customers and names
    ("customer_without_account", "NOAC", "", "BMS has no account of it"),
    ("two_customers_one_name", "DUPA", "", "DUPB has the same display name, an id and an account of its own"),
    ("renamed_customer", "RENM", "", "another name since 2026-07-16: July has charges under both"),
    ("name_with_markup", "MARK", "", "tags of HTML and a script"),
    ("name_with_quotes", "QUOT", "", "both kinds of quotes, comma, semicolon, ampersand"),
    ("name_with_direction_marks", "RTLM", "", "Hebrew between right-to-left marks"),
    ("name_like_a_formula", "FORM", "", "begins with an equals sign"),
    ("suspended_customer", "SUSP", "", "suspended since 2026-06-10; its charges go on"),
    ("account_shared_with_atria", "FJRD", "", "with GRNT and LARK: account and contract are those of Atria's customer"),
    # Contracts and lines
    ("contract_not_monthly", "QCON", "", "the only contract is billed by the quarter"),
    ("two_contracts", "TWOK", "", "two usable contracts; the mapping names the second"),
    ("contract_line_missing", "NOLN", "premium", "the contract has no line for it"),
    ("offer_unmapped", "NEWO", "brand_new", "a new offer, bought on 2026-07-10; nobody has mapped it"),
    ("one_sku_two_cycles", "BOTH", "project_monthly", "the same SKU is paid yearly as well (project_yearly)"),
    # Quantities
    ("several_charges", "SEVR", "premium", "two equal increases on a day, a decrease, a second subscription"),
    ("changes_on_boundaries", "EDGE", "premium", "on 2026-06-30, 07-01, 07-31 and 08-01"),
    ("changes_that_cancel_out", "TURN", "premium", "4 more and 4 fewer on 2026-07-08"),
    ("several_changes_on_a_day", "TURN", "teams", "3 more, 2 fewer, 1 more on 2026-07-08"),
    ("cancelled_inside_period", "CANC", "premium", "on 2026-07-14, with a credit for the rest of July"),
    ("cancelled_on_last_day", "CANC", "teams", "on 2026-06-30: nothing in July; the line holds 5"),
    ("cancelled_with_renewal", "CANC", "standard", "asked for on 2026-07-03, in force with the renewal on 2026-08-01"),
    ("decrease_with_renewal", "COMM", "standard", "6 fewer on 2026-07-16, inside July; asked for on 2026-03-02"),
    ("odd_quantity", "ODDQ", "backup", "12.000000000000002"),
    ("absurd_precision", "ODDQ", "mail_guard", "41.123456789012344"),
    ("odd_price_and_quantity", "AZUR", "azure", "1374.4999999999998 at 1.1483920571"),
    ("zero_usage_on_live_line", "ZERP", "office_protect", "0 used, line at 3"),
    ("zero_usage", "ZERP", "quick_help", "0 used, line at 0"),
    ("negative_sum", "NEGA", "teams", "a credit for 2 and no charge"),
    ("credit_above_charge", "CRED", "teams", "a charge for 5 and a credit for 7"),
    # Money and kinds
    ("unknown_charge_type", "UNKT", "legacy", "3 of type Unknown; the line holds 3"),
    ("other_currency", "CURR", "dollars", "in USD; all else is in EUR"),
    ("promotion_of_money", "PROM", "teams", "0.50 off each unit"),
    ("several_prices", "PROM", "premium", "two subscriptions, one of them with 10 % off"),
    ("fee", "PROM", "standard", "a fee of 0.25 for each unit"),
    ("charges_that_are_no_quantity", "ONCE", "", "setup, licence, cancellation fee, money back in July 2026"),
    # Years
    ("yearly_since_leap_day", "LEAP", "exchange", "since 2024-02-29: renews on 28 February in common years"),
    ("yearly_since_the_31st", "LAST", "exchange", "since 2024-07-31; 1 more the day before its renewal, then 2 fewer"),
    ("yearly_since_the_31st_of_january", "LAST", "project_yearly", "since 2025-01-31"),
)  # fmt: skip


def build_cases() -> dict[str, Case]:
    """Return all cases by name; ``sku`` holds the key of the offer."""
    return {row[0]: Case(*row) for row in _CASES}
