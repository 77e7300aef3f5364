"""The columns of the reconciliation report as a table, each with its meaning for the page about it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from billing_providers.model.decimals import text_from_decimal
from billing_providers.model.reconciliation import ReconciledRow


def _cell(amount: Decimal | None) -> str:
    return "" if amount is None else text_from_decimal(amount)


COLUMNS: tuple[tuple[str, str, Callable[[ReconciledRow], str]], ...] = (
    ("customer code", "of the source", lambda row: row.customer_code),
    ("customer", "its name in the source", lambda row: row.customer_name),
    ("SKU", "as the source told it, before any rule", lambda row: row.sku),
    ("term", "commitment, as told", lambda row: row.term),
    ("billing cycle", "as told", lambda row: row.billing_cycle),
    ("unit", "as told", lambda row: row.unit),
    ("currency", "of what was charged", lambda row: row.currency),
    ("records", "how many usage records; 0: a line of the PSA without a charge", lambda row: str(row.records)),
    ("charged quantity", "sum as told; empty: no record tells one", lambda row: _cell(row.charged_quantity)),
    (
        "charged cost",
        "sum of totals, or of quantity × unit cost; empty: none told",
        lambda row: _cell(row.charged_cost),
    ),
    (
        "carried cost",
        "charged in earlier periods, for years that are running; no part of the charged cost",
        lambda row: _cell(row.carried_cost),
    ),
    ("kept quantity", "what reached charge lines, after the rules of rows", lambda row: _cell(row.kept_quantity)),
    ("kept cost", "what of the cost reached charge lines", lambda row: _cell(row.kept_cost)),
    ("dropped quantity", "what was left out", lambda row: _cell(row.dropped_quantity)),
    ("dropped cost", "what that cost", lambda row: _cell(row.dropped_cost)),
    ("folded quantity", "what went into one quantity with other charges", lambda row: _cell(row.folded_quantity)),
    ("account", "of the lines, in the PSA", lambda row: row.account_name),
    ("contract", "of the lines", lambda row: row.contract_name),
    ("service", "of the lines", lambda row: row.service_name),
    ("line ids", "`new`: a line that is added", lambda row: ", ".join(row.line_ids)),
    ("billed quantity", "the row's part of the lines after the run", lambda row: _cell(row.billed_quantity)),
    ("unit cost", "of the line; empty: not told, or lines disagree", lambda row: _cell(row.unit_cost)),
    ("unit price", "of the line", lambda row: _cell(row.unit_price)),
    ("billed cost", "unit cost × billed quantity", lambda row: _cell(row.billed_cost)),
    ("billed amount", "unit price × what of it is billed", lambda row: _cell(row.billed_amount)),
    ("margin", "billed amount less billed cost", lambda row: _cell(row.margin)),
    ("quantity difference", "billed less charged", lambda row: _cell(row.quantity_difference)),
    ("cost difference", "billed less charged", lambda row: _cell(row.cost_difference)),
    ("cause", "from the list of causes", lambda row: "; ".join(cause.value for cause in row.causes)),
    ("detail", "codes, reasons, rules, the PSA's last answer", lambda row: row.detail),
    ("invoiced quantity", "on the last invoice, with `compare_invoices`", lambda row: _cell(row.invoiced_quantity)),
    ("invoice", "its number and date", lambda row: row.invoice),
)
HEADING = tuple(name for name, _, _ in COLUMNS)


def cells_of(row: ReconciledRow) -> tuple[str, ...]:
    """Return the cells of one row; decimals are plain text, never rounded."""
    return tuple(cell(row) for _, _, cell in COLUMNS)
