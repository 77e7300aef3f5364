"""What went wrong with single customers and rows while everything else was read."""

from __future__ import annotations

from dataclasses import dataclass, field

from billing_providers.hooks.mbs.companies import Company, Placement
from billing_providers.hooks.usage_fields import RowFault
from billing_providers.model.source import MalformedRow


@dataclass(slots=True)
class Trouble:
    """Collects failed customers (first reason each), malformed rows, remarks, and why the whole is incomplete."""

    failed: dict[str, str] = field(default_factory=dict)
    malformed: list[MalformedRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)

    def fail(self, placement: Placement, why: str) -> None:
        """Hold every company that a row may belong to."""
        for company in placement.candidates:
            self.failed.setdefault(company.company_id, f"{company.name or company.company_id}: {why}")

    def bad_row(self, position: str, fault: RowFault, company: Company | None = None) -> None:
        """Keep a row that cannot be read; without a company it could be anybody's."""
        code, name = (company.company_id, company.name) if company else ("", "")
        self.malformed.append(MalformedRow(position, fault.field, fault.error, customer_code=code, customer_name=name))

    def has_failed(self, placement: Placement) -> bool:
        """Whether one of these companies is held already."""
        return any(company.company_id in self.failed for company in placement.candidates)
