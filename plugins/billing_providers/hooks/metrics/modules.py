"""Which Kaseya modules count, and from which day: the switch that a person sets for each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from billing_providers.errors import SettingsError
from billing_providers.model.periods import BillingPeriod

_ALLOWED = 'module → date from which it counts, e.g. {"SaaS Protection": "2026-09-01"}'


@dataclass(frozen=True, slots=True)
class Modules:
    """The modules that count, each with its first day. Names are compared trimmed and case-sensitively."""

    counted_from: Mapping[str, date]

    def counts(self, module: str, period: BillingPeriod) -> bool:
        """Whether a module that is enabled counts in a period: the whole period, or not at all."""
        return self.counted_from[module] <= period.start

    def counted_in(self, period: BillingPeriod) -> list[str]:
        """Return the modules that count in a period, in the order of the settings."""
        return [module for module in self.counted_from if self.counts(module, period)]

    def near(self, module: str) -> str:
        """Return a hint that ends a message: the nearest enabled module, or nothing."""
        found = get_close_matches(module, list(self.counted_from), 1)
        return f"; did you mean {found[0]!r}?" if found else ""


def modules_of(option: Any, *, where: str) -> Modules:
    """Return the checked option ``modules``.

    :raises SettingsError: unless it is an object of names and ISO dates with at least one entry.
    """
    if not isinstance(option, Mapping) or not option:
        raise SettingsError("no module would count", where=where, key="modules", value=option, allowed=_ALLOWED)
    found: dict[str, date] = {}
    for name, day in option.items():
        module = name.strip() if isinstance(name, str) else ""
        if not module or module in found:
            problem = "comes twice" if module else "is no name"
            raise SettingsError(problem, where=where, key="modules", value=name, allowed=_ALLOWED)
        try:
            found[module] = day if isinstance(day, date) else date.fromisoformat(day)
        except (TypeError, ValueError):
            raise SettingsError(
                "is no date", where=where, key=f"modules, {module}", value=day, allowed="YYYY-MM-DD"
            ) from None
    return Modules(found)
