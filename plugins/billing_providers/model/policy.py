"""How usage becomes changes, and which changes wait for a person: frozen, checked when made.

Every fault names the key, the value and what is allowed (:class:`billing_providers.errors.SettingsError`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing_providers.errors import SettingsError
from billing_providers.model.decimals import DecimalError, Rounding, decimal_from_text


class SkuFieldMatch(StrEnum):
    """Which field of the PSA's service a SKU is compared with."""

    SERVICE_NAME = "ServiceName"
    DESCRIPTION = "Description"
    SKU_DESCRIPTION = "SKUDescription"  # the text before the first colon of the description


class AccountMatch(StrEnum):
    """What an account and a customer must agree in when the mapping table says nothing."""

    CODE = "code"  # billing identifier of the usage = code of the account
    NAME = "name"  # name of the customer = name of the account
    ID_OR_NAME = "id_or_name"  # billing identifier = id of the account, which the name must not deny; else as NAME


class ContractChoice(StrEnum):
    """What happens when several contracts are usable."""

    ONLY_ONE = "only_one"  # several are ambiguous
    HOLDS_SERVICE = "holds_service"  # the one that has a line for the service, if exactly one has


class SeveralLines(StrEnum):
    """What happens when a contract has several open lines for one service."""

    SKIP = "skip"
    COLLAPSE = "collapse"  # lowest id takes the total, the others zero


class Removal(StrEnum):
    """What happens to a managed line whose usage is gone."""

    ZERO = "zero"  # its quantity becomes zero
    END = "end"  # it gets a last day (the PSA must offer it)


class EarlyStart(StrEnum):
    """What happens to a line that starts before its contract's billing does, which the PSA refuses to change."""

    HOLD = "hold"  # it is left alone, and the earliest legal date is proposed
    MOVE = "move"  # the earliest legal date is sent along, once a person has approved


class EffectiveDateRule(StrEnum):
    """The day from which a quantity holds."""

    PERIOD_START = "period_start"
    PERIOD_LAST_DAY = "period_last_day"
    NEXT_PERIOD_START = "next_period_start"  # the day after the period: no proration inside the closed period
    # Only where the PSA keeps a quantity for every day:
    UNPOSTED_PERIOD_START = "unposted_period_start"  # of the first period from the closed one on that is not posted
    TODAY = "today"  # local date of the run; inside a period it is prorated


class Fractions(StrEnum):
    """What happens to a fractional sum where the PSA takes whole units only."""

    ROUND = "round"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Guards:
    """Limits beyond which changes are held for a person. ``None`` switches one off. Decimals may be given as text.

    :param line_factor: a line may grow or shrink by this factor; also holds changes of a line to zero
        (zeroings of managed lines have their own limit, ``Policy.zeroing_limit``).
    :param line_floor: changes of up to this many units never trip ``line_factor``.
    :param customer_share: a customer's amount (units × price, units where prices are zero) may change by this share.
    :param customer_floor: changes of up to this amount never trip ``customer_share``.
    :param run_lines: a run may change this many lines.
    :param run_amount: a run may change the billed amount by this much, in either direction.
    :param record_share: the record count may differ by this share from the median of recent closed periods.
    :param recent_periods: how many closed periods the record count is compared with; fewer than two: no check. In a
        period that is still open, with a movement table: how many earlier days of it.
    :param flap_max: with a movement table, a line may be changed in so many runs of one period.
    """

    line_factor: Decimal | None = Decimal(5)
    line_floor: Decimal = Decimal(10)
    customer_share: Decimal | None = Decimal("0.5")
    customer_floor: Decimal = Decimal(250)
    run_lines: int | None = 500
    run_amount: Decimal | None = Decimal(25000)
    record_share: Decimal | None = Decimal("0.3")
    recent_periods: int = 3
    flap_max: int | None = 10

    def __post_init__(self) -> None:
        for key in ("line_factor", "line_floor", "customer_share", "customer_floor", "run_amount", "record_share"):
            set_decimal(self, "guards", key)
        for key in ("run_lines", "recent_periods", "flap_max"):
            if getattr(self, key) is not None or key == "recent_periods":
                _check_count(self, "guards", key)


@dataclass(frozen=True, slots=True)
class Policy:
    """How usage becomes changes.

    :param sku_field_match: which service field a SKU equals.
    :param account_match: what a customer and an account must agree in where no mapping row names the account.
    :param contract_type: the PSA's contract type to update.
    :param billing_cycle: the wanted cycle of the contract; empty accepts every cycle.
    :param child_contracts: whether contracts under another contract are usable.
    :param contract_choice: what happens when several contracts are usable.
    :param several_lines: what happens when several open lines hold one service.
    :param currency: currency of the contracts, e.g. ``EUR``; a customer that is charged in another one is held. Empty:
        not compared.
    :param rounding: rule that brings a sum to the PSA's units.
    :param places: decimal places of a quantity; where the PSA takes whole units it is 0 whatever is set here.
    :param fractions: round a fractional sum, or refuse it.
    :param add_lines: whether a missing line may be added (the PSA must offer it).
    :param zeroing: whether managed lines without usage are set to zero.
    :param removal: how a line without usage is taken out of billing.
    :param zeroing_limit: more zeroings than this in a run: none of them.
    :param effective_date: which date is sent with a quantity.
    :param increase_date: from when a higher quantity holds, where the PSA dates quantities; None: ``effective_date``.
    :param decrease_date: the same for a lower quantity.
    :param prorate: whether a quantity that changed inside the period is written once for each day on which it did, so
        that the PSA prorates; for charges that tell days (``fold: at_end``), where the PSA takes days.
    :param prorate_from: with ``prorate``: periods that start before this day are billed without it; None: all with it.
    :param rollover: whether a change that would take effect after its contract's end goes to the contract that follows.
    :param early_start: what happens to a line that starts before its contract's billing.
    :param ending_notice_days: a contract that ends within so many days after the period is reported; 0: never.
    :param settings_audit: whether set-ups in the PSA that silently lose money are reported with each diff.
    :param malformed_share_max: above this share of malformed rows the extract is incomplete.
    """

    sku_field_match: SkuFieldMatch = SkuFieldMatch.SERVICE_NAME
    account_match: AccountMatch = AccountMatch.CODE
    contract_type: str = "Recurring Services"
    billing_cycle: str = "Monthly"
    child_contracts: bool = False
    contract_choice: ContractChoice = ContractChoice.ONLY_ONE
    several_lines: SeveralLines = SeveralLines.SKIP
    currency: str = ""
    rounding: Rounding = Rounding.HALF_UP
    places: int = 0
    fractions: Fractions = Fractions.ROUND
    add_lines: bool = False
    zeroing: bool = True
    removal: Removal = Removal.ZERO
    zeroing_limit: int = 25
    effective_date: EffectiveDateRule = EffectiveDateRule.NEXT_PERIOD_START
    increase_date: EffectiveDateRule | None = None
    decrease_date: EffectiveDateRule | None = None
    prorate: bool = False
    prorate_from: date | None = None
    rollover: bool = False
    early_start: EarlyStart = EarlyStart.HOLD
    ending_notice_days: int = 60
    settings_audit: bool = True
    malformed_share_max: Decimal = Decimal("0.01")

    def __post_init__(self) -> None:
        for key, kind in _POLICY_ENUMS.items():
            set_enum(self, "policy", key, kind)
        for key in ("increase_date", "decrease_date"):
            if getattr(self, key) is not None:
                set_enum(self, "policy", key, EffectiveDateRule)
        set_decimal(self, "policy", "malformed_share_max")
        if not self.contract_type.strip():
            raise SettingsError(
                "is empty", where="policy", key="contract_type", allowed="e.g. Recurring Services", finding_number=12
            )
        for key in ("places", "zeroing_limit", "ending_notice_days"):
            _check_count(self, "policy", key)
        if self.prorate_from is not None and type(self.prorate_from) is not date:
            raise SettingsError(
                "is not a date", where="policy", key="prorate_from", value=self.prorate_from, allowed="YYYY-MM-DD"
            )

    def for_period(self, start: date) -> Policy:
        """Return the policy under which the period that starts on a day is billed."""
        waits = self.prorate and self.prorate_from is not None and start < self.prorate_from
        return replace(self, prorate=False) if waits else self


_POLICY_ENUMS: dict[str, type[StrEnum]] = {
    "sku_field_match": SkuFieldMatch,
    "account_match": AccountMatch,
    "removal": Removal,
    "early_start": EarlyStart,
    "contract_choice": ContractChoice,
    "several_lines": SeveralLines,
    "rounding": Rounding,
    "fractions": Fractions,
    "effective_date": EffectiveDateRule,
}


def set_enum(target: object, where: str, key: str, kind: type[StrEnum]) -> None:
    """Turn a field into its enum, in place.

    :raises SettingsError: with what is allowed.
    """
    value = getattr(target, key)
    try:
        object.__setattr__(target, key, kind(value))
    except ValueError:
        raise SettingsError(
            "unknown value", where=where, key=key, value=value, allowed=", ".join(member.value for member in kind)
        ) from None


def set_decimal(target: object, where: str, key: str) -> None:
    """Turn a field into an exact decimal that is not negative, in place; None stays.

    :raises SettingsError: for anything else.
    """
    value = getattr(target, key)
    if value is None:
        return
    try:
        number = decimal_from_text(value)
    except DecimalError as error:
        raise SettingsError(
            str(error), where=where, key=key, value=value, allowed="a decimal as text, e.g. '0.5'"
        ) from None
    if number < 0:
        raise SettingsError("is negative", where=where, key=key, value=value, allowed="0 or more")
    object.__setattr__(target, key, number)


def _check_count(target: object, where: str, key: str) -> None:
    value = getattr(target, key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise SettingsError("is no whole number", where=where, key=key, value=value, allowed="0, 1, 2, …")
    if value < 0:
        raise SettingsError("is negative", where=where, key=key, value=value, allowed="0 or more")
