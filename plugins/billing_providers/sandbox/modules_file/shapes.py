"""Every form in which the metrics file may arrive: columns and their order, headings, encoding, numbers, dates.

No export of these numbers is public. Module, organization, billing type and count are what the vendor's pages show
(seen); headings and all else are assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

CSV, XLSX = "csv", "xlsx"
MODULE, ORGANIZATION, BILLING_TYPE, COUNT = "module", "organization", "billing_type", "count"
ORGANIZATION_ID, UNIT, DATE, PERIOD = "organization_id", "unit", "date", "period"
_USUAL = (MODULE, ORGANIZATION, BILLING_TYPE, COUNT)
_HEADINGS = {
    MODULE: "Module",
    ORGANIZATION: "Organization",
    BILLING_TYPE: "Billing Type",
    COUNT: "Count",
    ORGANIZATION_ID: "Organization Id",
    UNIT: "Unit",
    DATE: "Date",
    PERIOD: "Period",
}


def plain_number(number: Decimal) -> str:
    """12, and 12.5 where it is no whole number."""
    return f"{number.normalize():f}"


def number_with_places(number: Decimal) -> str:
    """12.00."""
    return f"{number:.2f}"


def number_with_comma(number: Decimal) -> str:
    """12,00."""
    return f"{number:.2f}".replace(".", ",")


@dataclass(frozen=True, slots=True)
class MetricsShape:
    """How the file is written.

    :param columns: which columns there are, in their order.
    :param headings: instead of the usual ones.
    :param date_form: of the column Date, for ``strftime``; empty: a date cell (XLSX).
    :param numbers_as_text: XLSX alone: counts are text.
    """

    words: str  # for people, in the docs
    kind: str = CSV
    encoding: str = "utf-8"
    delimiter: str = ","
    quote_all: bool = False
    line_end: str = "\r\n"
    number: Callable[[Decimal], str] = plain_number
    columns: tuple[str, ...] = _USUAL
    headings: tuple[str, ...] = ()
    date_form: str = "%Y-%m-%d"
    numbers_as_text: bool = False

    def heading_row(self) -> list[str]:
        """Return the headings of its columns."""
        return list(self.headings or (_HEADINGS[name] for name in self.columns))


def _dated(words: str, **form: Any) -> MetricsShape:
    usual: dict[str, Any] = {"columns": (DATE, *_USUAL)}
    return MetricsShape(words, **(usual | form))


SHAPES: dict[str, MetricsShape] = {
    "plain": MetricsShape("CSV: UTF-8, comma; module, organization, billing type, count"),
    "bom": MetricsShape("with a byte order mark", encoding="utf-8-sig"),
    "unix": MetricsShape("with the line ends of Unix", line_end="\n"),
    "utf16": MetricsShape("UTF-16 with tabs", encoding="utf-16", delimiter="\t"),
    "tab": MetricsShape("with tabs", delimiter="\t"),
    "semicolon": MetricsShape("semicolon, 12,00", delimiter=";", number=number_with_comma),
    "cp1252": MetricsShape("code page 1252, semicolon; letters that it lacks become `?`", "csv", "cp1252", ";"),
    "quoted": MetricsShape("every cell in quotes", quote_all=True),
    "places": MetricsShape("12.00", number=number_with_places),
    "reordered": MetricsShape("count first", columns=(COUNT, BILLING_TYPE, ORGANIZATION, MODULE)),
    "small_headings": MetricsShape(
        "module, organization, billing_type, count", headings=("module", "organization", "billing_type", "count")
    ),
    "shouted_headings": MetricsShape(
        "MODULE with blanks around it, BILLING-TYPE", headings=(" MODULE ", "ORGANIZATION", "BILLING-TYPE", "COUNT")
    ),
    "dated": _dated("with the column Date, 2026-07-31"),
    "dated_european": _dated("31/07/2026, semicolon", delimiter=";", date_form="%d/%m/%Y"),
    "period": MetricsShape("with the column Period, 2026-07", columns=(PERIOD, *_USUAL)),
    "wide": MetricsShape(
        "with date, organization id and unit",
        columns=(DATE, MODULE, ORGANIZATION_ID, ORGANIZATION, BILLING_TYPE, COUNT, UNIT),
    ),
    "xlsx": MetricsShape("XLSX with numbers", kind=XLSX),
    "xlsx_text": MetricsShape("counts as text", kind=XLSX, numbers_as_text=True),
    "xlsx_dated": _dated("the date as a date", kind=XLSX, date_form=""),
}
