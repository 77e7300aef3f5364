"""What modules count, as a person would count it: stated apart from the simulated systems and from the product."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from billing_providers.sandbox.world.modules.billing_types import ALL_DEVICES, DATTO_RMM, SERVERS
from billing_providers.sandbox.world.modules.rmm_records import SERVER, SMARTPHONE, TABLET, RmmAccount, RmmDevice

NEVER_COUNTED = frozenset({SMARTPHONE, TABLET})  # seen: the vendor's help
_CHANGING_PERCENT = 40
_STEPS = (-2, -1, 1, 1, 2, 3)
_SMALL_STEPS = (-1, 1, 1)
_FEW = 4  # of so few, one more or less is much


@dataclass(frozen=True, slots=True)
class MetricStem:
    """What one customer has of one billing type in the metrics file.

    :param base: number in an unchanged month.
    :param reported: number in every month instead; None: ``base``, and in some months a little more or less.
    :param parity: 0 or 1: only in months whose number has this remainder by two.
    """

    customer_code: str
    module: str
    organization: str
    billing_type: str
    base: int
    reported: Decimal | None = None
    parity: int | None = None


@dataclass(frozen=True)
class CountBook:
    """All counts, by customer code, module and billing type."""

    seed: int
    rmm: RmmAccount
    stems: tuple[MetricStem, ...]

    @cached_property
    def _devices_of(self) -> dict[str, list[RmmDevice]]:
        codes = {site.site_id: site.customer_code for site in self.rmm.sites}
        found: dict[str, list[RmmDevice]] = defaultdict(list)
        for device in self.rmm.devices:
            found[codes[device.site_id]].append(device)
        return found

    @cached_property
    def _stem_of(self) -> dict[tuple[str, str, str], MetricStem]:
        return {(stem.customer_code, stem.module, stem.billing_type): stem for stem in self.stems}

    def base(self, customer_code: str, module: str, billing_type: str) -> int:
        """Return what an unchanged month counts."""
        if module == DATTO_RMM:
            return rmm_count(self._devices_of[customer_code], billing_type, date(2025, 1, 1))
        return self._stem_of[customer_code, module, billing_type].base

    def amount(
        self, customer_code: str, module: str, billing_type: str, day: date, *, suspended: bool = True
    ) -> Decimal | None:
        """Return what a customer has at the beginning of a day, None when the module says nothing of it.

        :param day: devices count as they are on it; of the metrics file, the month of the day before counts.
        :param suspended: whether suspended devices are counted. No source says that they are not: assumed.
        """
        if module == DATTO_RMM:
            devices = self._devices_of[customer_code]
            return Decimal(rmm_count(devices, billing_type, day, suspended=suspended)) if devices else None
        stem = self._stem_of.get((customer_code, module, billing_type))
        return None if stem is None else metric_count(self.seed, stem, _month_before(day))


def rmm_count(devices: Iterable[RmmDevice], billing_type: str, day: date, *, suspended: bool = True) -> int:
    """Count devices on a day: neither deleted ones, nor those kept out of billing, nor smartphones and tablets.

    :raises KeyError: for a billing type that is not sold here.
    """
    wanted = {ALL_DEVICES: None, SERVERS: SERVER}[billing_type]
    return sum(
        device.created <= day
        and not device.deleted_by(day)
        and not device.not_billable
        and (suspended or not device.suspended)
        and device.category not in NEVER_COUNTED
        and wanted in {None, device.category}
        for device in devices
    )


def metric_count(seed: int, stem: MetricStem, month: tuple[int, int]) -> Decimal | None:
    """Return what the metrics file says of a month (year, month), None when it has no row then."""
    year, number = month
    if stem.parity is not None and (year * 12 + number) % 2 != stem.parity:
        return None
    if stem.reported is not None:
        return stem.reported
    rng = random.Random(f"{seed}|{stem.customer_code}|{stem.module}|{stem.billing_type}|{year}-{number}")
    if rng.randrange(100) >= _CHANGING_PERCENT:
        return Decimal(stem.base)
    return Decimal(max(1, stem.base + rng.choice(_STEPS if stem.base > _FEW else _SMALL_STEPS)))


def _month_before(day: date) -> tuple[int, int]:
    last = date.fromordinal(day.toordinal() - 1)
    return last.year, last.month
