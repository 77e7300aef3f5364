"""Everything one sandbox holds. One instance per server, nothing global."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.core.clock import SandboxClock
from billing_providers.sandbox.core.faults import FaultPlan
from billing_providers.sandbox.core.log import AuditLog, RequestLog
from billing_providers.sandbox.core.twin import Twin

if TYPE_CHECKING:
    from billing_providers.sandbox.world import World

LINE_API, PUBLISHED = "line_api", "published"
REPOST_APPEND, REPOST_UPDATE, REPOST_REFUSE = "append", "update", "refuse"
BUNDLES_ON, BUNDLES_OFF = "on", "off"
AT_REFUSE, AT_LAST_WINS = "refuse", "last_wins"
AT_CREATE, AT_NO_CREATE = "create", "refuse"
PAGING_CURSOR, PAGING_PAGE, PAGING_NEXT = "cursor", "page", "next"
_CHOICES: dict[str, tuple[Any, ...]] = {
    "bms_shape": (LINE_API, PUBLISHED),
    "bms_repost": (REPOST_APPEND, REPOST_UPDATE, REPOST_REFUSE),
    "cw_bundles": (BUNDLES_ON, BUNDLES_OFF),
    "at_same_date": (AT_REFUSE, AT_LAST_WINS),
    "at_missing_line": (AT_CREATE, AT_NO_CREATE),
    "at_thread_status": (429, 500),
    "at_old_zone_status": (401, 404),
    "sherweb_anchor_day": tuple(range(1, 32)),
    "meterline_paging": (PAGING_CURSOR, PAGING_PAGE, PAGING_NEXT),
}


@dataclass(slots=True)
class SandboxSettings:
    """What can be switched while the sandbox runs.

    :param latency_ms: every answer takes at least so long.
    :param bms_shape: ``line_api`` (the tenant offers calls for contract lines) or ``published`` (exactly V2).
    :param bms_repost: what adding a service that the contract already holds does: ``append`` a second line,
        ``update`` the units of the first, or ``refuse``.
    :param bms_requests_per_hour: limit per endpoint template.
    :param bms_access_token_s: life of an access token.
    :param bms_refresh_token_s: life of a refresh token.
    :param cw_codebase: the path of the ConnectWise API; changed while it runs, it is an upgrade of the PSA.
    :param cw_wrong_keys_are_404: ConnectWise answers wrong keys with a bare 404, as its cloud does.
    :param cw_bundles: whether ConnectWise takes bundles, ``on`` or ``off``.
    :param cw_bundle_max: most requests in one bundle.
    :param cw_lag_s: ConnectWise's lists show what was written through its API so many seconds late.
    :param cw_requests_per_minute: limit of ConnectWise for all calls; 0: none.
    :param at_zone_moves: Autotask's tenant has moved to another zone; the old address answers no more.
    :param at_old_zone_status: what the wrong zone answers, 401 or 404.
    :param at_strict_queries: Autotask refuses operators and fields that do not exist; the real one ignores them.
    :param at_same_date: a second adjustment of a line for one day: ``refuse``, or ``last_wins`` (it takes the first
        one's place).
    :param at_missing_line: an adjustment of a service that is not on the contract: ``create`` or ``refuse``.
    :param at_apply_delay_s: what was adjusted shows in the rows of units so many seconds later.
    :param at_latency_ms: how long Autotask works on each call, during which the call holds one of three threads.
    :param at_thread_status: what the fourth call at once on an endpoint answers, 429 or 500.
    :param at_threshold: calls per rolling hour, all integrations together.
    :param at_used_by_others: how many of these other integrations have used up.
    :param atria_anchor_day: 1-31: only periods of this calendar are known; 0: any end date is.
    :param atria_complete: what Atria says about its own answer.
    :param atria_empty: Atria has no rows for any period.
    :param atria_malformed_row: one more row, whose quantity is no number.
    :param atria_conflicting_duplicate: one record id comes again with another quantity.
    :param atria_other_period_row: one more row, of the period before.
    :param msp360_token_s: life of a token of MSP360.
    :param msp360_tells_expiry: whether MSP360's sign-in answers ``expires_in``.
    :param msp360_empty: MSP360 has no billing rows for any month.
    :param msp360_short: MSP360's billing answer lacks its last row; the totals are over all.
    :param msp360_malformed_row: one more billing row, whose average space is no number.
    :param msp360_two_companies_one_name: a second company has the name of another, with a user of its own.
    :param datto_token_s: life of a token of Datto RMM.
    :param datto_reads_per_minute: reads that Datto RMM takes in a rolling minute.
    :param datto_block_after: so many refused reads in a minute are borne; the next one shuts the client out.
    :param datto_block_s: for so many seconds it is shut out.
    :param datto_page_max: most rows in one page of Datto RMM.
    :param datto_no_group: the filter of the group ``_NotBillable_`` does not exist.
    :param datto_instants_as_text: instants are text, as described, not milliseconds.
    :param sherweb_token_s: life of a token of Sherweb.
    :param sherweb_several_scopes: whether a token may be asked for with both scopes at once.
    :param sherweb_key_at_token: whether the token, too, is asked for with the subscription key.
    :param sherweb_requests_per_minute: limit of Sherweb for all calls; 0: none.
    :param sherweb_anchor_day: 1-31: the day of the month on which Sherweb's billing periods start.
    :param sherweb_invoice_after_days: a period is invoiced so many days after its end.
    :param sherweb_id_tag: name of the tag that holds the customer's id; empty: charges have none.
    :param sherweb_row_ids: each charge has a ``chargeId`` of its own; otherwise it names the charge of the product.
    :param meterline_paging: how Meterline cuts its answer: ``cursor``, ``page`` or ``next``.
    :param meterline_page_size: rows in one answer of Meterline.
    :param meterline_final: what Meterline says about its own answer.
    """

    latency_ms: int = 0
    bms_shape: str = LINE_API
    bms_repost: str = REPOST_APPEND
    bms_requests_per_hour: int = 1500
    bms_access_token_s: int = 900
    bms_refresh_token_s: int = 86400
    cw_codebase: str = "v2026_4/"
    cw_wrong_keys_are_404: bool = False
    cw_bundles: str = BUNDLES_ON
    cw_bundle_max: int = 100
    cw_lag_s: int = 0
    cw_requests_per_minute: int = 0
    at_zone_moves: bool = False
    at_old_zone_status: int = 401
    at_strict_queries: bool = False
    at_same_date: str = AT_REFUSE
    at_missing_line: str = AT_CREATE
    at_apply_delay_s: int = 0
    at_latency_ms: int = 0
    at_thread_status: int = 429
    at_threshold: int = 10_000
    at_used_by_others: int = 0
    atria_anchor_day: int = 0
    atria_complete: bool = True
    atria_empty: bool = False
    atria_malformed_row: bool = False
    atria_conflicting_duplicate: bool = False
    atria_other_period_row: bool = False
    msp360_token_s: int = 1_209_600
    msp360_tells_expiry: bool = True
    msp360_empty: bool = False
    msp360_short: bool = False
    msp360_malformed_row: bool = False
    msp360_two_companies_one_name: bool = False
    datto_token_s: int = 360_000
    datto_reads_per_minute: int = 600
    datto_block_after: int = 50
    datto_block_s: int = 300
    datto_page_max: int = 250
    datto_no_group: bool = False
    datto_instants_as_text: bool = False
    sherweb_token_s: int = 3600
    sherweb_several_scopes: bool = False
    sherweb_key_at_token: bool = True
    sherweb_requests_per_minute: int = 0
    sherweb_anchor_day: int = 1
    sherweb_invoice_after_days: int = 2
    sherweb_id_tag: str = "CustomerId"
    sherweb_row_ids: bool = False
    meterline_paging: str = PAGING_CURSOR
    meterline_page_size: int = 20
    meterline_final: bool = True

    def change(self, **values: Any) -> None:
        """Change settings by name, all or none.

        :raises ValueError: for an unknown name or a value of another type.
        """
        known = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"no setting {name!r}; there are: {', '.join(known)}")
            if type(value) is not type(known[name]):
                raise ValueError(f"setting {name!r} wants {type(known[name]).__name__}, not {value!r}")
            if value not in _CHOICES.get(name, (value,)):
                raise ValueError(f"setting {name!r} wants one of {', '.join(map(str, _CHOICES[name]))}, not {value!r}")
        for name, value in values.items():
            setattr(self, name, value)

    def to_json(self) -> dict[str, Any]:
        """Return all settings."""
        return asdict(self)


class Sandbox:
    """World, clock, logs, faults, settings and twins of one server."""

    def __init__(self, world: World, settings: SandboxSettings) -> None:
        from billing_providers.sandbox.twins import make_twins

        self.world = world
        self.settings = settings
        self._first_settings = settings.to_json()
        self.clock = SandboxClock()
        self.requests = RequestLog(self.clock)
        self.audit = AuditLog(self.clock)
        self.faults = FaultPlan()
        self.twins: dict[str, Twin] = make_twins(self)

    def reset(self, world: World | None = None, **settings: Any) -> None:
        """Start over: state, logs, faults, clock, and the settings it was made with, but for those given.

        :raises ValueError: for an unknown setting; nothing is reset then.
        """
        self.settings.change(**{**self._first_settings, **settings})
        self.world = world or self.world
        self.clock.reset()
        self.faults.clear()
        self.requests.clear()
        self.audit.clear()
        for twin in self.twins.values():
            twin.reset(self.world)
