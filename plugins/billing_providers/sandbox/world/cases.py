"""Everything that is awkward on purpose. ``docs/sandbox.md`` prints this table."""

from __future__ import annotations

from billing_providers.sandbox.world.records import Case

_CASES: tuple[tuple[str, str, str, str], ...] = (
    # Customers that cannot be billed
    ("missing_billing_identifier", "NOID", "", "the source holds no account code"),
    ("unknown_billing_identifier", "GHOST", "", "no account has this code"),
    ("inactive_account", "DORM", "", "the only account with the code is inactive"),
    ("two_accounts_one_code", "TWIN", "", "two active accounts share the code"),
    ("account_without_contract", "NOCON", "", "the account has no contract at all"),
    ("no_usable_contract", "OLDCON", "", "contracts: other type, inactive, expired, future, quarterly"),
    ("identifier_differs_by_case", "CASED", "", "identifier cased-01, account code CASED-01"),
    ("two_usable_contracts", "MULTI", "", "two monthly contracts in force; each service is on one of them only"),
    ("internal_customer", "ZZINT", "", "the MSP itself; billing rules exclude it"),
    ("customer_without_rows", "IDLE", "", "has account, contract and lines, but no usage in any period"),
    # Names that look alike
    ("unicode_name", "AERO", "", "Ærø Tømrer ApS; ÉCLAIR SARL and 鯉 Trading 株式会社 are others"),
    ("names_differ_by_case", "ACMEL", "", "acme ltd beside ACME Ltd (ACMEU), two accounts"),
    ("two_accounts_one_name", "SMTHN", "", "Smith & Sons twice (SMTHS): only account ids tell their contracts apart"),
    ("inactive_account_same_code", "ALPN", "", "an inactive account has the code of the active one"),
    ("shared_account", "HOLDA", "", "HOLDA and HOLDB are billed on one account: their rows are summed"),
    ("quarterly_beside_monthly", "QRTR", "", "a quarterly and an expired contract beside the usable one"),
    # Services and lines
    ("contract_without_line", "NOLIN", "RDS-CAL", "the service exists, the contract has no line for it"),
    ("two_open_lines", "DBLLN", "BKP-WS", "two open lines for one service"),
    ("closed_line", "BAKR", "AV-EP", "a closed line beside the open one"),
    ("inactive_service", "SVCX", "LEGACY-AV", "the service is inactive"),
    ("duplicate_service_name", "SVCX", "FW-MGD", "two active services have this name"),
    ("service_by_description", "SVCX", "PRT-MGD", "found only when SKUs are matched with the description"),
    ("service_by_sku_description", "SVCX", "MB100", "found only as the text before the description's colon"),
    ("price_zero", "FREE", "AV-EP", "the line costs nothing"),
    # Rows
    ("missing_sku", "SKUX", "", "a row without SKU"),
    ("sku_with_blanks", "SKUX", "AV-EP", "blanks around the SKU, one of them no-break"),
    ("sku_differs_by_case", "SKUX", "helpdesk", "a near miss, not a match"),
    ("zero_quantity", "QTYX", "AV-EP", "reported 0, line at 0"),
    ("zero_quantity_on_live_line", "QTYX", "RDS-CAL", "reported 0, line at 2: a guard holds it"),
    ("fractional_quantity", "QTYX", "EXO-P1", "12.5 seats, line at 12; STO-GB is fractional everywhere"),
    ("negative_quantity", "QTYX", "HELPDESK", "the sum is -3"),
    ("several_rows_one_identity", "ROWX", "MS365-BS", "four rows with one item id"),
    ("repeated_record", "ROWX", "MS365-BB", "one record id twice with the same content: counts once"),
    ("not_billable_row", "ROWX", "BKP-SRV", "a row that is not billable beside one that is"),
    ("setup_row", "ROWX", "MS365-BP", "a setup charge is no quantity"),
    ("credit_row", "ROWX", "MS365-E3", "a credit is no quantity"),
    ("trial_row", "ROWX", "TRIAL-MS365", "excluded by its prefix; other customers have trials too"),
    ("internal_row", "ROWX", "INT-TOOLS", "excluded by its prefix"),
    ("two_terms", "TERMS", "MS365-BP", "monthly and yearly on one line"),
    ("deprovisioned_in_odd_months", "DEPRO", "EXO-P1", "with RDS-CAL and BKP-SRV: used in even months only"),
    ("deprovisioned_in_even_months", "DEPRO", "MS365-E3", "with BKP-WS and STO-GB: used in odd months only"),
    ("huge_jump", "JUMP", "MS365-E3", "12 units become 180: a guard holds it"),
)


def build_cases() -> dict[str, Case]:
    """Return all cases by name."""
    return {row[0]: Case(*row) for row in _CASES}
