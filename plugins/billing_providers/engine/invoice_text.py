"""What invoices say about a contract line: a text of our own with variables, or the product's.

A template holds variables in braces, e.g. ``Online backup {month}/{year}: {quantity} {unit}``. Nothing else in braces
is allowed, and no expression is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from billing_providers.engine.mapping_csv import near

PRODUCT = "product"
VARIABLES: dict[str, str] = {
    "account": "name of the PSA account",
    "billed": "quantity less the included volume",
    "contract": "name of the contract",
    "customer": "name of the customer in the source; several are listed",
    "customer_code": "code of the customer in the source; several are listed",
    "included": "included volume, 0 when there is none",
    "month": "month of the period's last day, 01 to 12",
    "period_end": "last day of the period, YYYY-MM-DD",
    "period_start": "first day of the period, YYYY-MM-DD",
    "quantity": "quantity of the line",
    "service": "name of the service",
    "sku": "SKUs behind the line",
    "total_cost": "cost of the usage, where the source tells it",
    "unit": "unit of the usage, e.g. GB",
    "usage": "exact sum of the usage, before minimum, included volume and rounding",
    "year": "year of the period's last day",
}
_VARIABLE = re.compile(r"{([^{}]*)}")


class TemplateError(ValueError):
    """A template cannot be filled; the message says what is wrong and what is allowed."""


@dataclass(frozen=True, slots=True)
class InvoiceText:
    """A checked template; ``product`` stands for the product's own text.

    :raises TemplateError: for a variable that does not exist and for loose braces.
    """

    template: str

    def __post_init__(self) -> None:
        for name in _VARIABLE.findall(self.template):
            if name not in VARIABLES:
                allowed = ", ".join(VARIABLES)
                raise TemplateError(f"unknown variable {{{name}}}{near(name, tuple(VARIABLES))}; there are: {allowed}")
        if set(_VARIABLE.sub("", self.template)) & {"{", "}"}:
            raise TemplateError("holds a brace that belongs to no variable")

    @property
    def is_products(self) -> bool:
        """Whether invoices say what the product says."""
        return self.template == PRODUCT

    def filled(self, values: Mapping[str, str]) -> str:
        """Return the text with its variables filled; line breaks in values become blanks."""
        return _VARIABLE.sub(lambda found: " ".join(values[found[1]].split()), self.template)
