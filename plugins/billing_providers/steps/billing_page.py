"""One page of a run's billing items that needs nothing else: the pictures, the totals, and what is prorated."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from html import escape

from billing_providers.engine.billing_charts import Chart, label_of
from billing_providers.model.billing_dataset import BillingItem, BillingTotal, TotalBy
from billing_providers.model.decimals import text_from_decimal

_PRORATED_MAX = 200
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem } img { max-width: 100%; border: 1px solid #ddd }
table { border-collapse: collapse; margin: .6rem 0 } td, th { padding: .25rem .7rem; border-bottom: 1px solid #ddd }
th { text-align: left } td.n { text-align: right; font-variant-numeric: tabular-nums } p.note { color: #555 }
"""
_HEADS = {
    TotalBy.MODULE: "By module",
    TotalBy.PERIOD: "By billing period in which items start",
    TotalBy.SERVICE: "By service",
    TotalBy.CUSTOMER: "By customer",
}


def billing_page(
    title: str,
    items: Sequence[BillingItem],
    totals: Sequence[BillingTotal],
    charts: Iterable[Chart],
    pictures: Mapping[str, bytes],
) -> str:
    """Return the page as HTML; names are escaped, pictures are inside.

    :param pictures: PNG by the chart's name; charts without one are left out.
    """
    drawn = "".join(
        f'<img alt="{escape(chart.title)}" src="data:image/png;base64,{b64encode(pictures[chart.name]).decode()}">'
        for chart in charts
        if chart.name in pictures
    )
    tables = "".join(f"<h2>{head}</h2>{_totals(totals, by)}" for by, head in _HEADS.items())
    body = f"<h1>{escape(title)}</h1>{_overview(totals)}{drawn}{_prorated(items)}{tables}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _overview(totals: Sequence[BillingTotal]) -> str:
    overall = [total for total in totals if total.grouped_by is TotalBy.ALL]
    if not overall:
        return "<p>The PSA told neither posted nor pending items for this period.</p>"
    words = "; ".join(
        f"{total.items:,} {total.state.value} items, {_money(total.amount, total.currency)}"
        + (f" and {total.unpriced:,} without an amount" if total.unpriced else "")
        for total in overall
    )
    return f'<p>{escape(words)}.</p><p class="note">Amounts are without tax, of all units and days of an item.</p>'


def _totals(totals: Sequence[BillingTotal], by: TotalBy) -> str:
    rows = [
        (label_of(total), total.state.value, total.items, total.quantity, _money(total.amount, total.currency))
        for total in totals
        if total.grouped_by is by
    ]
    if not rows:
        return "<p>Nothing to show.</p>"
    with_units = by is TotalBy.SERVICE  # units of different services do not add up
    heads = ["", "state", "items", *(["units"] if with_units else []), "amount"]
    body = [
        [name, state, f"{count:,}", *([text_from_decimal(units)] if with_units else []), money]
        for name, state, count, units, money in rows
    ]
    return _table(heads, body, words=2)


def _prorated(items: Sequence[BillingItem]) -> str:
    found = sorted((item for item in items if item.prorated), key=lambda item: item.split_on is None)  # splits first
    if not found:
        return ""
    rows = [
        [
            item.account_name,
            item.service_name,
            f"{item.first_day} to {item.last_day}",
            str(item.split_on or "contract's first or last days"),
            text_from_decimal(item.quantity) if item.quantity is not None else "",
            _money(item.amount, item.currency) if item.amount is not None else "not told",
        ]
        for item in found[:_PRORATED_MAX]
    ]
    more = len(found) - len(rows)
    tail = f"<p>{more:,} more in the dataset.</p>" if more else ""
    why = (
        "These rows cover a part of their billing period. Where units changed inside of it, the units before that day "
        "stay billed for their days; they go away with the next period."
    )
    heads = ["customer", "service", "days", "split on", "units", "amount"]
    return f"<h2>Prorated rows</h2><p>{why}</p>{_table(heads, rows, words=4)}{tail}"


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]], *, words: int) -> str:
    """Return a table whose first columns are words and whose others are numbers."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    body = "".join(
        "<tr>" + "".join(f"<td{'' if no < words else ' class=n'}>{escape(cell)}</td>" for no, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )  # fmt: skip
    return f"<table><tr>{head}</tr>{body}</table>"


def _money(amount: Decimal, currency: str) -> str:
    return f"{currency} {amount:,.2f}".strip()
