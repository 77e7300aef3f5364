"""What every customer uses, and the contract lines that it is billed on.

A line's units before the first run are the stem's base: the state of the month before, so that a run changes
only what varies. ``rng`` decides sizes only; which customers, SKUs and cases exist never depends on the seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from billing_providers.sandbox.world.accounts import PsaBuilder
from billing_providers.sandbox.world.catalogue import SKUS, UNMANAGED
from billing_providers.sandbox.world.records import Contract, Customer, Line, Outcome, UsageStem

_SIZES = (6, 9, 12, 15, 20, 24, 30, 36, 45, 60, 80, 110)
_PARTS = (1, 2, 2, 3, 3, 4)
_UNITS = {sku: unit for sku, _, _, _, unit, _ in SKUS}
_NO_MATCH = {"NOID", "GHOST", "DORM", "TWIN", "NOCON", "OLDCON", "CASED", "MULTI"}
_TRIALS = {"ALPN", "EVRG", "LARK"}


class StemBuilder:
    """Grows the stems and lines of one customer."""

    def __init__(self, psa: PsaBuilder, customer: Customer, contracts: list[Contract], rng: random.Random) -> None:
        self.psa = psa
        self.code = customer.code
        self.contracts = contracts
        self.rng = rng
        self.size = rng.choice(_SIZES)
        self.stems: list[UsageStem] = []

    def grow(self) -> list[UsageStem]:
        """Return all stems; lines are added to the PSA."""
        for place, (sku, *_, share) in enumerate(SKUS):
            outcome = Outcome.UNMATCHED if self.code in _NO_MATCH else Outcome.BILLED
            if self.code == "ZZINT":
                outcome = Outcome.EXCLUDED
            base = self._base(sku, share)
            stem = UsageStem(self.code, sku, base, outcome, parts=self.rng.choice(_PARTS), unit=_UNITS[sku])
            self.stems.append(replace(stem, line_id=self._line(place, stem)))
        for name, *_ in UNMANAGED[: self.rng.randrange(1, 4)]:
            if self.contracts and self.code != "HOLDB":
                self.psa.add_line(self.contracts[0], name, Decimal(self.rng.randrange(1, 4)))
        _SPECIAL.get(self.code, _nothing)(self)
        if self.code in _TRIALS:
            self.add("TRIAL-MS365", "5", Outcome.EXCLUDED)
        return [replace(stem, serial=serial) for serial, stem in enumerate(self.stems, 1)]

    def add(self, sku: str, base: str, outcome: Outcome, **facts: object) -> None:
        """Add one more stem, with a fixed base that does not vary."""
        self.stems.append(replace(UsageStem(self.code, sku, Decimal(base), outcome, varies=False), **facts))  # type: ignore[arg-type]

    def change(self, sku: str, /, **facts: object) -> UsageStem:
        """Change the stem of a SKU."""
        place = next(place for place, stem in enumerate(self.stems) if stem.sku == sku)
        self.stems[place] = replace(self.stems[place], **facts)  # type: ignore[arg-type]
        return self.stems[place]

    def line_of(self, sku: str) -> Line:
        """Return the line of a SKU's stem."""
        line_id = self.change(sku).line_id
        return next(line for line in self.psa.lines if line.line_id == line_id)

    def set_line(self, sku: str, units: str) -> None:
        """Set what the line of a SKU holds before the first run."""
        line = self.line_of(sku)
        self.psa.lines[self.psa.lines.index(line)] = replace(line, units=Decimal(units))

    def _base(self, sku: str, share: int) -> Decimal:
        spread = self.rng.randrange(60, 141)
        number = Decimal(max(1, self.size * share * spread // 10000))
        if _UNITS[sku] == "GB":
            number += Decimal(self.rng.randrange(1, 100)) / 100
        return number

    def _line(self, place: int, stem: UsageStem) -> int | None:
        """Put the stem on its line: a new one, or the one of the customer that shares the account."""
        if not self.contracts:
            return None
        contract = self.contracts[place % len(self.contracts)]
        if self.code == "HOLDB":
            service = self.psa.service(stem.sku)
            shared = next(
                line
                for line in self.psa.lines
                if (line.contract_id, line.service_id) == (contract.contract_id, service.service_id)
            )
            return shared.line_id
        return self.psa.add_line(contract, stem.sku, whole_units(stem.base)).line_id


def whole_units(number: Decimal) -> Decimal:
    """Return a quantity in the PSA's whole units, half up."""
    return number.quantize(Decimal(1), rounding=ROUND_HALF_UP)


def _nothing(_: StemBuilder) -> None:
    pass


def _no_line(grown: StemBuilder) -> None:
    grown.psa.lines.remove(grown.line_of("RDS-CAL"))
    grown.change("RDS-CAL", outcome=Outcome.UNMATCHED, line_id=None)


def _two_open_lines(grown: StemBuilder) -> None:
    grown.psa.add_line(grown.contracts[0], "BKP-WS", Decimal(2))
    grown.change("BKP-WS", outcome=Outcome.UNMATCHED)


def _closed_line(grown: StemBuilder) -> None:
    grown.psa.add_line(grown.contracts[0], "AV-EP", Decimal(7), active=False)


def _service_trouble(grown: StemBuilder) -> None:
    for sku, name in (("LEGACY-AV", "LEGACY-AV"), ("FW-MGD", "FW-MGD"), ("PRT-MGD", "Managed printing")):
        line = grown.psa.add_line(grown.contracts[0], name, Decimal(2))
        grown.add(sku, "3", Outcome.UNMATCHED, line_id=line.line_id)
    line = grown.psa.add_line(grown.contracts[0], "Mailbox Basic", Decimal(2))
    grown.add("MB100", "3", Outcome.UNMATCHED, line_id=line.line_id)


def _sku_trouble(grown: StemBuilder) -> None:
    grown.add("", "4", Outcome.UNMATCHED, label="Consulting without article")
    grown.change("AV-EP", sku="  AV-EP\u00a0")
    grown.add("helpdesk", "2", Outcome.UNMATCHED)


def _quantity_trouble(grown: StemBuilder) -> None:
    for sku, base, line, outcome in (
        ("AV-EP", "0", "0", Outcome.BILLED),
        ("RDS-CAL", "0", "2", Outcome.GUARDED),
        ("EXO-P1", "12.5", "12", Outcome.BILLED),
        ("HELPDESK", "-3", "5", Outcome.UNMATCHED),
    ):
        grown.set_line(sku, line)
        grown.change(sku, base=Decimal(base), outcome=outcome, varies=False, parts=1)


def _row_trouble(grown: StemBuilder) -> None:
    grown.change("MS365-BS", base=Decimal(14), parts=4, one_identity=True, varies=False)
    grown.set_line("MS365-BS", "11")
    grown.change("MS365-BB", base=Decimal(6), parts=1, repeated=True, varies=False)
    grown.set_line("MS365-BB", "5")
    grown.add("BKP-SRV", "2", Outcome.EXCLUDED, billable=False, unit="devices", label="Server backup, own use")
    grown.add("MS365-BP", "1", Outcome.EXCLUDED, kind="setup", billing_cycle="one_time", label="Set-up of tenant")
    grown.add("MS365-E3", "-2", Outcome.EXCLUDED, kind="credit", billing_cycle="one_time", label="Credit note")
    grown.add("TRIAL-MS365", "10", Outcome.EXCLUDED)
    grown.add("INT-TOOLS", "3", Outcome.EXCLUDED)


def _two_terms(grown: StemBuilder) -> None:
    grown.change("MS365-BP", outcome=Outcome.UNMATCHED)
    grown.add("MS365-BP", "7", Outcome.UNMATCHED, term="yearly", line_id=grown.change("MS365-BP").line_id)


def _deprovisioned(grown: StemBuilder) -> None:
    for parity, skus in enumerate((("EXO-P1", "RDS-CAL", "BKP-SRV"), ("MS365-E3", "BKP-WS", "STO-GB"))):
        for sku in skus:
            grown.change(sku, parity=parity)


def _jump(grown: StemBuilder) -> None:
    for stem in list(grown.stems):
        grown.change(stem.sku, varies=False)
    grown.change("MS365-E3", base=Decimal(180), outcome=Outcome.GUARDED)
    grown.set_line("MS365-E3", "12")


def _price_zero(grown: StemBuilder) -> None:
    grown.psa.make_free(grown.line_of("AV-EP"))


_SPECIAL: dict[str, Callable[[StemBuilder], None]] = {
    "NOLIN": _no_line,
    "DBLLN": _two_open_lines,
    "BAKR": _closed_line,
    "SVCX": _service_trouble,
    "SKUX": _sku_trouble,
    "QTYX": _quantity_trouble,
    "ROWX": _row_trouble,
    "TERMS": _two_terms,
    "DEPRO": _deprovisioned,
    "JUMP": _jump,
    "FREE": _price_zero,
}
