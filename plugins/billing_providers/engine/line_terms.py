"""Line terms: how a service's usage is billed, besides being counted. A table that people keep, read like the mappings.

====================  =============================================================================================
``service``           name (or ``service_id``) of the PSA's service; both empty: every service
``customer_code``     only for this customer; empty: all
``mode``              ``quantity_only`` (default); ``unit_cost``: the quantity, and the cost of one unit as the source
                      tells it; ``average_cost``: the quantity, and total cost ÷ quantity as unit cost;
                      ``total_as_one``: quantity 1 (0 without usage), and the total cost as unit cost
``price``             ``keep`` (default); ``source``: the source's own price, of one unit, averaged or in total as the
                      mode says; ``cost_plus``: unit cost plus ``markup`` per cent (default for ``total_as_one``, with
                      0); ``list``: the ``list_price`` of this row
``markup``            per cent on the unit cost, for ``cost_plus``
``list_price``        price of one unit, for ``list``: rows for services and customers are a price list
``places``            decimal places of unit cost and unit price: 4 by default, 2 for ``total_as_one``
``minimum``           at least so much is billed, also for a reported zero
``included``          volume that is not billed
``included_as``       ``subtract`` (default): only what exceeds it is billed; ``send``: the PSA gets the whole quantity
                      and the included volume apart
``invoice_text``      ``product``: the product's own text; else a template (:mod:`.invoice_text`); empty: left alone
====================  =============================================================================================

One row decides about a line: that of customer and service, else that of the service, else that of the customer, else
the one for everything.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from billing_providers.engine.invoice_text import InvoiceText, TemplateError
from billing_providers.engine.mapping_csv import TableRow, read_table, read_text
from billing_providers.model.changes import LineField
from billing_providers.model.decimals import DecimalError, decimal_from_text
from billing_providers.model.psa import Service

COLUMNS = (
    "service", "service_id", "customer_code", "mode", "price", "markup", "list_price", "places", "minimum",
    "included", "included_as", "invoice_text",
)  # fmt: skip
PLACES_MAX = 8
NUMBER_MAX = 10**15  # a petabyte in bytes; what is beyond is a slip of the hand
_EMPTY_DIGEST = hashlib.sha256(b"[]").hexdigest()


class LineMode(StrEnum):
    """What of the usage a line bills."""

    QUANTITY_ONLY = "quantity_only"
    UNIT_COST = "unit_cost"
    AVERAGE_COST = "average_cost"
    TOTAL_AS_ONE = "total_as_one"


class PriceMode(StrEnum):
    """Where a line's unit price comes from."""

    KEEP = "keep"
    SOURCE = "source"
    COST_PLUS = "cost_plus"
    LIST = "list"


class IncludedAs(StrEnum):
    """Who takes the included volume off."""

    SUBTRACT = "subtract"
    SEND = "send"


@dataclass(frozen=True, slots=True)
class LineTerms:
    """One row of the table. ``markup`` is a percentage; ``minimum`` and ``included`` None: there is none."""

    where: str
    mode: LineMode = LineMode.QUANTITY_ONLY
    price: PriceMode = PriceMode.KEEP
    markup: Decimal = Decimal(0)
    list_price: Decimal | None = None
    places: int = 4
    minimum: Decimal | None = None
    included: Decimal | None = None
    included_as: IncludedAs = IncludedAs.SUBTRACT
    text: InvoiceText | None = None

    @property
    def sets(self) -> frozenset[LineField]:
        """Which fields of a line these terms set."""
        wanted = {
            LineField.UNIT_COST: self.mode is not LineMode.QUANTITY_ONLY,
            LineField.UNIT_PRICE: self.price is not PriceMode.KEEP,
            LineField.INVOICE_TEXT: self.text is not None,
            LineField.INCLUDED: self.included is not None and self.included_as is IncludedAs.SEND,
        }
        return frozenset(name for name, is_set in wanted.items() if is_set)


@dataclass(frozen=True, slots=True)
class TermsTable:
    """All line terms, by customer code (empty: all) and by name or id of the service (empty: all)."""

    origin: str
    rows: Mapping[tuple[str, str], LineTerms] = field(default_factory=dict)
    digest: str = _EMPTY_DIGEST

    @classmethod
    def empty(cls) -> TermsTable:
        """Return the table that says nothing."""
        return cls("no table of line terms")

    @property
    def volumes(self) -> list[Decimal]:
        """Minimum and included volumes, which are counted together with the usage."""
        numbers = (number for terms in self.rows.values() for number in (terms.minimum, terms.included))
        return [number for number in numbers if number is not None]

    @property
    def sets(self) -> dict[LineField, str]:
        """Which fields of a line the table sets, each with a place in the table that says so."""
        return {name: terms.where for terms in self.rows.values() for name in sorted(terms.sets)}

    def of(self, service: Service, customer_code: str) -> LineTerms | None:
        """Return the terms of a customer's line for a service; None when the table says nothing about it."""
        services = (f"id {service.service_id}", service.name.strip())
        keys = [(customer_code, name) for name in services] + [("", name) for name in services]
        for key in (*keys, (customer_code, ""), ("", "")):
            if key in self.rows:
                return self.rows[key]
        return None


def load_line_terms(text: str, origin: str) -> TermsTable:
    """Return the table.

    :param origin: file name for messages.
    :raises SettingsError: with file, line, column, value and what is allowed.
    """
    rows = read_table(text, origin, COLUMNS, "mode")
    terms: dict[tuple[str, str], LineTerms] = {}
    for row in rows:
        if row["service"] and row["service_id"]:
            raise row.fault("both are given", "service, service_id", allowed="service or service_id")
        key = (row["customer_code"], f"id {row['service_id']}" if row["service_id"] else row["service"])
        if key in terms:
            raise row.fault(f"repeats {terms[key].where}", "service", allowed="one row for a customer and service")
        terms[key] = _terms(row)
    return TermsTable(origin, terms, _digest(rows))


def load_line_terms_file(path: str) -> TermsTable:
    """Return the table of a file; see :func:`load_line_terms`."""
    return load_line_terms(read_text(path), Path(path).name)


def _terms(row: TableRow) -> LineTerms:
    mode = _member(row, "mode", LineMode, LineMode.QUANTITY_ONLY)
    as_one = mode is LineMode.TOTAL_AS_ONE
    price = _member(row, "price", PriceMode, PriceMode.COST_PLUS if as_one else PriceMode.KEEP)
    terms = LineTerms(
        where=row.where,
        mode=mode,
        price=price,
        markup=_number(row, "markup") or Decimal(0),
        list_price=_number(row, "list_price"),
        places=_places(row, 2 if as_one else 4),
        minimum=_number(row, "minimum"),
        included=_number(row, "included"),
        included_as=_member(row, "included_as", IncludedAs, IncludedAs.SUBTRACT),
        text=_text(row),
    )
    if row["markup"] and price is not PriceMode.COST_PLUS:
        raise row.fault("is given without price cost_plus", "markup", allowed="price cost_plus, or no markup")
    if (terms.list_price is None) is (price is PriceMode.LIST):
        raise row.fault("goes with price list, and with no other", "list_price", allowed="both or none of them")
    if price is PriceMode.COST_PLUS and mode is LineMode.QUANTITY_ONLY:
        raise row.fault("needs a cost", "price", allowed="mode unit_cost, average_cost or total_as_one")
    if as_one and (terms.minimum is not None or terms.included is not None):
        raise row.fault("cannot be counted against quantity one", "minimum, included", allowed="another mode")
    if row["included_as"] and terms.included is None:
        raise row.fault("is given without included", "included_as", allowed="both or none")
    return terms


Member = TypeVar("Member", bound=StrEnum)


def _member(row: TableRow, column: str, kind: type[Member], otherwise: Member) -> Member:
    if not row[column]:
        return otherwise
    try:
        return kind(row[column])
    except ValueError:
        raise row.fault("unknown value", column, allowed=", ".join(member.value for member in kind)) from None


def _number(row: TableRow, column: str) -> Decimal | None:
    if not row[column]:
        return None
    try:
        number = decimal_from_text(row[column])
    except DecimalError as error:
        raise row.fault(str(error), column, allowed="a decimal with a point") from None
    if number < 0:
        raise row.fault("is negative", column, allowed="0 or more")
    if number > NUMBER_MAX:
        raise row.fault("is too large", column, allowed=f"0 to {NUMBER_MAX}")
    return number


def _places(row: TableRow, otherwise: int) -> int:
    text = row["places"]
    if text and not (re.fullmatch("[0-9]{1,2}", text) and int(text) <= PLACES_MAX):
        raise row.fault("is no number of places", "places", allowed=f"0 to {PLACES_MAX}")
    return int(text) if text else otherwise


def _text(row: TableRow) -> InvoiceText | None:
    if not row["invoice_text"]:
        return None
    try:
        return InvoiceText(row["invoice_text"])
    except TemplateError as error:
        raise row.fault(str(error), "invoice_text", allowed="product, or a text with variables in braces") from None


def _digest(rows: Iterable[TableRow]) -> str:
    canonical = sorted([row[column] for column in COLUMNS] for row in rows)
    return hashlib.sha256(json.dumps(canonical, ensure_ascii=False).encode()).hexdigest()
