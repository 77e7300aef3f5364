"""The reconciliation report: what the source charged against what the PSA will bill, row by row, with the cause."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from billing_providers.model.decimals import EXACT


class Cause(StrEnum):
    """Why what is billed is not what was charged, in words. The list is closed; a row may have several."""

    NONE = "none"
    EXCLUDED = "left out by a rule"
    IGNORED = "ignored with a reason"
    NOT_MAPPED = "not mapped"
    HELD = "customer held"
    NOT_IN_RUN = "not in this run"
    NOT_PLANNED = "nothing was planned"
    SHOWN = "shown, not billed"
    OTHER_CURRENCY = "another currency"
    LEFT_ALONE = "line left alone"
    WAITS = "waits for a person"
    STALE = "line changed after the diff"
    NOT_WRITTEN = "not written"
    FOLDED = "folded"
    BY_RULE = "changed by a rule"
    OTHER_PERIODS = "due in other periods"
    NOTHING_TO_BILL = "nothing to bill"
    AS_ONE = "billed as one"
    VOLUME = "minimum or included volume"
    ROUNDED = "rounded"
    SPLIT = "split over several lines"
    SHARED = "line shared by several SKUs"
    COST_NOT_TOLD = "the source tells no cost"
    LINE_COST_UNKNOWN = "the PSA tells no unit cost"
    COST_NOT_SYNCED = "cost not synced"
    UNIT_COST = "unit cost is billed, not the total"
    INVOICED = "invoiced otherwise"
    SET_TO_ZERO = "set to zero"
    NO_CHARGE = "no charge for a managed line"
    NOT_MANAGED = "no charge, and the line is not managed"
    UNEXPLAINED = "unexplained"


#: What each cause means, for the page about the report.
CAUSE_WORDS = {
    Cause.NONE: "quantity and cost agree",
    Cause.EXCLUDED: "a billing rule, or what the source says about the row, left it out; the reason stands beside it",
    Cause.IGNORED: "a mapping table ignores the customer or SKU, with the reason",
    Cause.NOT_MAPPED: "no account, contract, service or line was found; the code says which",
    Cause.HELD: "the customer is held: its usage could not be read or summed, or it shares an account with one that is",
    Cause.NOT_IN_RUN: "the customers filter, `failed_only` or the movement table left it out, or it is too young",
    Cause.NOT_PLANNED: "the usage was incomplete or empty, so nothing was planned",
    Cause.SHOWN: "the integration shows usage and bills none",
    Cause.OTHER_CURRENCY: "the customer is charged in another currency than its contracts",
    Cause.LEFT_ALONE: "the line was found and not touched; the code says why",
    Cause.WAITS: "a guard holds the change, or a person rejected it or was not asked",
    Cause.STALE: "somebody changed the line between diff and push",
    Cause.NOT_WRITTEN: "the write was refused, lost or never sent; the last answer stands beside it",
    Cause.FOLDED: "several charges with days became one quantity; all their costs count",
    Cause.BY_RULE: "a billing rule set, multiplied, converted, rounded or bundled it",
    Cause.OTHER_PERIODS: "a yearly charge: it is charged in one period, and due in parts or in another one",
    Cause.NOTHING_TO_BILL: "nothing is used and there is no line",
    Cause.AS_ONE: "line terms bill the whole cost as one unit",
    Cause.VOLUME: "line terms bill a minimum, or leave out an included volume",
    Cause.ROUNDED: "rounded to what the PSA takes: the quantity, or the unit cost",
    Cause.SPLIT: "the usage goes to several lines; each shows its part",
    Cause.SHARED: "one line bills several SKUs or customers, at one unit cost; the row shows its part",
    Cause.COST_NOT_TOLD: "the source gives no cost for some records",
    Cause.LINE_COST_UNKNOWN: "the PSA does not tell what one unit of the line costs",
    Cause.COST_NOT_SYNCED: "line terms leave the unit cost of the line as it is",
    Cause.UNIT_COST: "line terms bill the source's unit cost, and its total is not quantity × unit cost",
    Cause.INVOICED: "with `compare_invoices`: the last invoice of the contract has another quantity than the line",
    Cause.SET_TO_ZERO: "the line's usage is gone, and the run sets it to zero or ends it",
    Cause.NO_CHARGE: "the product set the line before; nothing was charged for it now, and it still bills",
    Cause.NOT_MANAGED: "a line on the same contract that somebody keeps by hand",
    Cause.UNEXPLAINED: "a difference for which no cause is known: code 209",
}


@dataclass(frozen=True, slots=True)
class ReconciledRow:
    """One customer × SKU × term × billing cycle × unit × currency as the source told it, or a line without a charge.

    Amounts are exact. ``charged_*`` is what the source told: None where no record tells it. ``carried_cost`` it charged
    in earlier periods, for years that are running. ``kept_*`` reached charge lines, ``dropped_*`` was left out,
    ``folded_quantity`` went into one quantity with others. ``billed_*`` is the row's part of what the PSA bills after
    the run: a line that several rows share is split by what each brought. A difference is what is billed less what was
    charged; None where either is not known.
    """

    customer_code: str
    customer_name: str
    sku: str
    term: str
    billing_cycle: str
    unit: str
    currency: str
    records: int
    charged_quantity: Decimal | None
    charged_cost: Decimal | None
    carried_cost: Decimal
    kept_quantity: Decimal
    kept_cost: Decimal
    dropped_quantity: Decimal
    dropped_cost: Decimal
    folded_quantity: Decimal
    account_name: str
    contract_name: str
    service_name: str
    line_ids: tuple[str, ...]
    billed_quantity: Decimal
    unit_cost: Decimal | None  # of the line; None for several lines that disagree, too
    unit_price: Decimal | None
    billed_cost: Decimal | None
    billed_amount: Decimal | None
    quantity_difference: Decimal | None
    cost_difference: Decimal | None
    causes: tuple[Cause, ...]
    detail: str
    invoiced_quantity: Decimal | None = None
    invoice: str = ""

    @property
    def margin(self) -> Decimal | None:
        """What is left over: the billed amount less the billed cost; None where either is not known."""
        if self.billed_amount is None or self.billed_cost is None:
            return None
        return EXACT.subtract(self.billed_amount, self.billed_cost)


@dataclass(frozen=True, slots=True)
class ReconciledTotal:
    """Sums of the rows of one customer (code empty: of all) in one currency; amounts that are not known add nothing."""

    customer_code: str
    customer_name: str
    currency: str
    rows: int
    differing: int
    charged_cost: Decimal
    kept_cost: Decimal
    dropped_cost: Decimal
    billed_cost: Decimal
    billed_amount: Decimal
    margin: Decimal  # of the rows whose cost and price are both known
    unknown: int  # the others


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The whole report. ``mismatches``: (customer, currency, reported, charged) that disagree; there should be none."""

    rows: tuple[ReconciledRow, ...]
    totals: tuple[ReconciledTotal, ...]
    mismatches: tuple[tuple[str, str, Decimal, Decimal], ...] = ()
