"""What billing rules have to tell a person: customers that cannot be billed from this usage, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from billing_providers.engine.rules.charge_lines import ChargeLines, MixedUnits
from billing_providers.engine.rules.columns import Column
from billing_providers.engine.rules.row_actions import COUNT_BASES
from billing_providers.engine.rules.usage_rows import CustomerRows, UsageRows
from billing_providers.model.findings import Finding, FindingVoice

if TYPE_CHECKING:
    from billing_providers.engine.rules.columns import Mask

# A customer may have hundreds of faulty SKUs; the first few name the pattern.
_NAMED_MAX = 5


class Held:
    """Findings of the rules, and the customers they hold: code to the first reason."""

    def __init__(self, voice: FindingVoice) -> None:
        self._voice = voice
        self.customers: dict[str, str] = {}
        self.findings: list[Finding] = []

    def without_quantity(self, rows: UsageRows, mask: Mask) -> None:
        """Hold the customers of rows that give bases at most, and no quantity."""
        skus = _skus_of_customers(rows, mask)
        for customer in rows.customers(mask):
            given = [
                f"{basis} {rows.table.objects(basis)[customer.first]}"
                for basis in COUNT_BASES
                if rows.table.objects(basis)[customer.first] is not None
            ]
            self._hold(
                150,
                customer,
                "the source gives no quantity",
                sku=skus[customer.code],
                bases=", ".join(given) or "nothing",
            )

    def out_of_range(self, rows: UsageRows, mask: Mask) -> None:
        """Hold the customers of rows whose quantity, or sum, cannot be kept exactly."""
        skus = _skus_of_customers(rows, mask)
        trail = rows.trail.texts()
        for customer in rows.customers(mask):
            rule = trail[customer.first] or "(the sum of its rows)"
            self._hold(152, customer, "a quantity is out of range", sku=skus[customer.code], rule=rule)

    def mixed_units(self, mixed: Iterable[MixedUnits]) -> None:
        """Hold the customers whose rows of one identity come in several units; one finding per customer."""
        first_of: dict[str, MixedUnits] = {}
        for line in mixed:
            first_of.setdefault(line.customer_code, line)
        for line in first_of.values():
            units = ", ".join(f"'{unit}'" for unit in line.units)
            customer = CustomerRows(line.customer_code, line.customer_name, 0, 0)
            self._hold(151, customer, f"{line.sku} comes in the units {units}", sku=line.sku, units=units)

    def cost_lost(self, customer: CustomerRows, charged: str, accounted: str, missing: str, **values: str) -> None:
        """Hold a customer whose costs are not all there after the rules; amounts as text."""
        reason = f"{missing} of what was charged is not accounted for"
        self._hold(205, customer, reason, charged=charged, accounted=accounted, missing=missing, **values)

    def no_quantity_kind(self, kind: str, customers: Sequence[CustomerRows]) -> None:
        """Report rows of a kind that is no quantity; nobody is held for them."""
        self.findings += [
            self._voice.finding(
                128, customer=customer.code, customer_name=customer.name, count=customer.count, kind=kind
            )
            for customer in customers
        ]

    def several_identifiers(self, code: str, name: str, identifiers: Sequence[str]) -> None:
        """Report a customer without one billing identifier; the mapping table may still name its account."""
        said = ", ".join(f"'{identifier}'" for identifier in identifiers)
        self.findings.append(self._voice.finding(156, customer=code, customer_name=name, identifiers=said))

    def _hold(self, number: int, customer: CustomerRows, reason: str, **values: str) -> None:
        self.customers.setdefault(customer.code, reason)
        self.findings.append(
            self._voice.finding(
                number, level=None, customer=customer.code, customer_name=customer.name, count=customer.count, **values
            )
        )


def choose_billing_identifiers(rows: UsageRows, lines: ChargeLines, held: Held) -> None:
    """Give all lines of a customer its one billing identifier; none where its rows name several."""
    import numpy as np

    counted = np.flatnonzero(rows.open)
    codes, _ = rows.table.column("customer_code").ranks()
    names = rows.table.column("billing_identifier")
    identifiers, count = names.ranks()
    _, firsts = np.unique(codes[counted] * max(count, 1) + identifiers[counted], return_index=True)
    firsts = counted[np.sort(firsts)]
    named: dict[str, list[str]] = {}
    customers = rows.table.objects("customer_code")[firsts]
    for code, identifier in zip(customers, names.objects()[firsts], strict=True):
        known = named.setdefault(code.strip(), [])
        if identifier.strip():
            known.append(identifier.strip())
    customer_names = rows.table.objects("customer_name")
    for row, code in zip(firsts.tolist(), customers, strict=True):
        if len(found := named[code.strip()]) > 1:
            held.several_identifiers(code.strip(), customer_names[row], sorted(found))
            found.clear()
    of_lines = lines.table.column("customer_code")
    chosen = [(named.get(code) or [""])[0] for code in of_lines.values]
    lines.table.columns["billing_identifier"] = Column(of_lines.codes.copy(), chosen)


def _skus_of_customers(rows: UsageRows, mask: Mask) -> dict[str, str]:
    """Return the SKUs of the masked rows of each customer, as words."""
    skus: dict[str, dict[str, None]] = {}
    for code, sku in zip(rows.table.objects("customer_code")[mask], rows.table.objects("sku")[mask], strict=True):
        skus.setdefault(code.strip(), {})[sku.strip() or "(no SKU)"] = None
    return {code: _first_few(sorted(names)) for code, names in skus.items()}


def _first_few(names: Sequence[str]) -> str:
    more = len(names) - _NAMED_MAX
    return ", ".join(names[:_NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
