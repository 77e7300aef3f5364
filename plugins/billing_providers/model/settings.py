"""The settings of one integration: frozen, checked when made, free of secrets. A DAG file is mostly this.

Every fault names the key, the value and what is allowed (:class:`billing_providers.errors.SettingsError`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from billing_providers.errors import SettingsError
from billing_providers.model.movement import Moves
from billing_providers.model.periods import BillingCalendar, PublishDay
from billing_providers.model.policy import (
    AccountMatch,
    ContractChoice,
    EarlyStart,
    EffectiveDateRule,
    Fractions,
    Guards,
    Policy,
    Removal,
    SeveralLines,
    SkuFieldMatch,
    set_enum,
)
from billing_providers.model.record_link import RecordLink
from billing_providers.model.secret_words import SECRETS_STAND_IN, secret_place

__all__ = [
    "AccountMatch",
    "ContractChoice",
    "EarlyStart",
    "EffectiveDateRule",
    "Fractions",
    "Guards",
    "IntegrationSettings",
    "Moves",
    "Policy",
    "Publish",
    "Removal",
    "ReviewMode",
    "SeveralLines",
    "SkuFieldMatch",
]

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")  # what Airflow allows for a dag_id, without leading dots


class Publish(StrEnum):
    """What a run does with the usage."""

    BILL = "bill"  # it reaches the contract lines
    SHOW = "show"  # it is mapped to accounts and reported; no contract is read or touched


class ReviewMode(StrEnum):
    """When a person is asked before push."""

    OFF = "off"  # never; held changes stay unwritten
    GUARDS = "guards"  # when a guard holds something
    ALWAYS = "always"  # whenever there is something to write


@dataclass(frozen=True, slots=True)
class IntegrationSettings:
    """One source feeding one PSA tenant.

    :param integration: name; also the ``dag_id``.
    :param source: key of the source in the registry, e.g. ``atria`` or ``atria_report``.
    :param psa: key of the PSA in the registry, e.g. ``kaseya_bms``.
    :param source_conn_id: Airflow connection of the source; empty: the registry's default.
    :param source_options: options of the source, e.g. ``{"url": "file:///…/{period_end}.csv"}`` for a report.
    :param psa_conn_id: Airflow connection of the PSA; empty: the registry's default.
    :param calendar: where a period ends.
    :param settle_delay: how long after the period's close the run starts, so that the source has finished.
    :param publish_on: day of the month and local time at which the run starts instead of after ``settle_delay``.
    :param usage_poke: how often the wait for usage asks whether the source is ready.
    :param usage_wait: how long it waits in all; then the task fails and nothing is written.
    :param rules: path of the billing rules (YAML), relative to the project; empty: none.
    :param customer_map: path of the customer mapping table (CSV); empty: none.
    :param service_map: path of the service mapping table (CSV); empty: none.
    :param line_terms: path of the table of line terms (CSV): cost and price modes, minimum, included volume, invoice
        texts; empty: quantities only.
    :param movement: path of the movement table (CSV): when each SKU's quantity reaches its line; empty: every SKU in
        every run.
    :param moves: which kinds of the movement table this DAG carries; ``billing_date`` never moves before its period is
        over.
    :param debounce: in a period that is still open, a change is written once the source has shown it for so long.
    :param compare_invoices: whether the reconciliation report reads the invoices of the period and compares quantities.
    :param publish: whether usage reaches the contract lines, or is only shown.
    :param policy: how usage becomes changes.
    :param guards: what is held for review.
    :param review: when a person is asked.
    :param review_timeout: how long the review waits; then the task fails and nothing is written.
    :param reviewers: Airflow users who may answer; empty: everybody who may edit the DAG.
    :param notify: e-mail addresses that get the result, when a mail connection is set.
    :param pool: Airflow pool that bounds work on this PSA tenant; empty: ``psa_<psa>``.
    :param inline_changes_max: more changes than this go to an artifact instead of the XCom.
    :param artifacts: where artifacts and change lists go (any ``ObjectStoragePath`` URL);
        empty: the folder ``billing`` in the Airflow home.
    :param contract_link: address under which people open a contract in the PSA, with ``{contract_id}``; also
        ``{account_id}``, ``{line_id}``, ``{service_id}``; empty: lists and reviews hold no links.
    """

    integration: str
    source: str
    psa: str
    source_conn_id: str = ""
    source_options: dict[str, Any] = field(default_factory=dict, hash=False)
    psa_conn_id: str = ""
    calendar: BillingCalendar = field(default_factory=BillingCalendar)
    settle_delay: timedelta = timedelta(hours=6)
    publish_on: PublishDay | None = None
    usage_poke: timedelta = timedelta(minutes=5)
    usage_wait: timedelta = timedelta(hours=12)
    rules: str = ""
    customer_map: str = ""
    service_map: str = ""
    line_terms: str = ""
    movement: str = ""
    moves: tuple[Moves, ...] = tuple(Moves)
    debounce: timedelta = timedelta(minutes=10)
    compare_invoices: bool = False
    publish: Publish = Publish.BILL
    policy: Policy = field(default_factory=Policy)
    guards: Guards = field(default_factory=Guards)
    review: ReviewMode = ReviewMode.GUARDS
    review_timeout: timedelta = timedelta(days=5)
    reviewers: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    pool: str = ""
    inline_changes_max: int = 200
    artifacts: str = ""
    contract_link: str = ""

    def __post_init__(self) -> None:
        set_enum(self, self.integration or "integration", "review", ReviewMode)
        set_enum(self, self.integration or "integration", "publish", Publish)
        for key in ("integration", "source", "psa"):
            if not str(getattr(self, key)).strip():
                raise SettingsError("is empty", where="integration settings", key=key, allowed="a name")
        self._check_places()
        if self.settle_delay < timedelta(0):
            raise SettingsError(
                "is negative", where=self.integration, key="settle_delay", value=self.settle_delay, allowed="0 or more"
            )
        self._check_waiting()
        self._check_movement()
        RecordLink(self.contract_link)

    def _check_places(self) -> None:
        """Refuse a name that leads out of the artifact folder, and secrets, which the ledger would keep."""
        if not _NAME.fullmatch(self.integration):
            raise SettingsError(
                "is no name of a folder",
                where="integration settings",
                key="integration",
                value=self.integration,
                allowed="letters, digits, _, - and ., not at its beginning",
            )
        for key in ("source_options", "artifacts", "contract_link"):
            if place := secret_place(getattr(self, key), key):
                raise SettingsError(
                    "a secret has no place in settings", where=self.integration, key=place, allowed=SECRETS_STAND_IN
                )

    def _check_waiting(self) -> None:
        if self.publish_on is not None and not isinstance(self.publish_on, PublishDay):
            raise SettingsError(
                "not a publish day",
                where=self.integration,
                key="publish_on",
                value=self.publish_on,
                allowed="PublishDay(5), PublishDay(5, time(9, 30)), None",
            )
        for key, least in (
            ("usage_poke", timedelta(seconds=1)),
            ("usage_wait", timedelta(0)),
            ("debounce", timedelta(0)),
        ):
            value = getattr(self, key)
            if not isinstance(value, timedelta) or value < least:
                raise SettingsError(
                    "out of range",
                    where=self.integration,
                    key=key,
                    value=value,
                    allowed=f"a timedelta of {least.seconds} s or more",
                )

    def _check_movement(self) -> None:
        kinds = [kind.value for kind in Moves]
        moves = self.moves if isinstance(self.moves, tuple | list) else None
        if not moves or any(kind not in kinds for kind in moves):
            raise SettingsError(
                "is no list of kinds" if moves is None else "is empty" if not moves else "unknown kind",
                where=self.integration,
                key="moves",
                value=self.moves if moves is None else ", ".join(map(str, moves)),
                allowed=f"one or more of {', '.join(kinds)}",
            )
        object.__setattr__(self, "moves", tuple(kind for kind in Moves if kind.value in moves))
        if len(self.moves) < len(kinds) and not self.movement:
            raise SettingsError(
                "leaves kinds out, but no table says what moves when",
                where=self.integration,
                key="moves",
                value=", ".join(self.moves),
                allowed="all kinds, or the path of a movement table in movement",
            )

    @property
    def pool_name(self) -> str:
        """The Airflow pool in use."""
        return self.pool or f"psa_{self.psa}"

    @property
    def moves_inside_a_period(self) -> bool:
        """Whether anything reaches its line while the period is still open."""
        return bool(self.movement) and set(self.moves) != {Moves.BILLING_DATE}
