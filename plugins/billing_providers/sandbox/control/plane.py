"""All operations of the control plane as Python methods; :mod:`.routes` offers the same over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from billing_providers.sandbox.atria.routes import AtriaTwin
from billing_providers.sandbox.control import psa_lines
from billing_providers.sandbox.control.autotask import AutotaskControl
from billing_providers.sandbox.control.backup import BackupControl
from billing_providers.sandbox.control.devices import DevicesControl
from billing_providers.sandbox.control.sherweb import SherwebControl
from billing_providers.sandbox.core.faults import Fault, FaultKind
from billing_providers.sandbox.world import build_world

if TYPE_CHECKING:
    from collections.abc import Callable

    from billing_providers.sandbox.core.sandbox import Sandbox

BMS = "kaseya_bms"


class Control(AutotaskControl, BackupControl, DevicesControl, SherwebControl):
    """Steers and observes one sandbox. Every fault of the caller is a ``ValueError`` that says what is allowed."""

    def __init__(self, sandbox: Sandbox, end_refusal: Callable[[], None]) -> None:
        self._sandbox = sandbox
        self._end_refusal = end_refusal

    @property
    def _atria(self) -> AtriaTwin:
        twin = self._sandbox.twins["atria"]
        assert isinstance(twin, AtriaTwin)
        return twin

    def reset(self, seed: int | None = None, shape: str | None = None, **settings: Any) -> dict[str, Any]:
        """Start over, with another seed, shape of BMS, or settings where given; return the settings."""
        if shape is not None:
            settings["bms_shape"] = shape
        self._end_refusal()
        self._sandbox.reset(None if seed is None else build_world(seed), **settings)
        return self.settings()

    def settings(self) -> dict[str, Any]:
        """Return all settings."""
        return self._sandbox.settings.to_json()

    def change_settings(self, **settings: Any) -> dict[str, Any]:
        """Change settings by name; return all."""
        self._sandbox.settings.change(**settings)
        return self.settings()

    def audit(self, by: str = "api", system: str = "*") -> list[dict[str, Any]]:
        """Return applied changes in order: those made through an API, ``hand``, or ``all``. Ids, numbers: text."""
        if by not in {"api", "hand", "all"}:
            raise ValueError("by must be api, hand or all")
        self._check_system(system)
        return self._sandbox.audit.entries(by, system)

    def requests(self) -> dict[str, Any]:
        """Return the log of all requests and its counters."""
        return self._sandbox.requests.report()

    def forget_requests(self) -> None:
        """Start the request log and its counters anew; state, audit and faults stay."""
        self._sandbox.requests.clear()

    def add_fault(
        self, kind: str, *, system: str = "*", endpoint: str = "*", nth: int = 1, count: int = 1, **settings: Any
    ) -> dict[str, Any]:
        """Plan a fault; return it with its id. Settings of each kind: ``core/faults.py``."""
        self._check_system(system)
        if kind not in list(FaultKind):
            raise ValueError(f"no fault {kind!r}; there are: {', '.join(FaultKind)}")
        fault = Fault(FaultKind(kind), system, endpoint, nth, count, settings)
        return self._sandbox.faults.add(fault).to_json()

    def faults(self) -> list[dict[str, Any]]:
        """Return the planned faults, and how often each acted."""
        return self._sandbox.faults.listed()

    def clear_faults(self) -> None:
        """Forget all faults, and listen again where connections are refused."""
        self._sandbox.faults.clear()
        self._end_refusal()

    def lines(self, system: str = BMS) -> list[dict[str, Any]]:
        """Return all contract lines of a PSA as they stand now, by id."""
        return psa_lines.lines_of(self._sandbox, system)

    def edit_line(self, line_id: int | str, system: str = BMS, **changes: Any) -> dict[str, Any]:
        """Change a line as a person does: ``units``, ``unit_price``, ``unit_cost`` (texts), ``active``, and others.

        ConnectWise also has ``included``, ``invoice_text``, ``bill_customer``, ``effective_date`` and ``last_day``
        (days), and ``gone=True``. Autotask has ``units`` from ``effective_date`` on (today, where it is not given); ids
        of its bundles start with ``b``.
        """
        return psa_lines.edit(self._sandbox, system, str(line_id), changes)

    def edit_usage(
        self, customer_code: str, sku: str | None = None, period_end: date | str | None = None, **changes: Any
    ) -> None:
        """Change the usage rows of a customer: any field by name, or ``gone=True``. Fields: ``UsageRow``."""
        self._atria.state.edit(customer_code, sku, _day(period_end), changes)

    def usage(self, period_end: date | str) -> list[dict[str, Any]]:
        """Return the rows that Atria has for the period with this last day, decimals and dates as text."""
        rows = self._atria.state.rows(self._atria.state.period_ending(_known_day(period_end)))
        return [{name: _as_text(value) for name, value in asdict(row).items()} for row in rows]

    def invoice(self, start: date | str, last_day: date | str, system: str = BMS) -> list[dict[str, Any]]:
        """Make a PSA's invoices of a period from the lines as they are; return them as the API shows them."""
        return psa_lines.invoice(self._sandbox, system, _known_day(start), _known_day(last_day))

    def move_clock(self, now: datetime | str | None = None, advance_s: float | None = None) -> dict[str, str]:
        """Move the sandbox's clock to an instant, or forward by seconds; it runs on from there. Returns its time."""
        if now is not None and advance_s is None:
            moved = self._sandbox.clock.set(_instant(now))
        elif advance_s is not None and now is None:
            moved = self._sandbox.clock.advance(float(advance_s))
        else:
            raise ValueError("give either now (an instant) or advance_s (seconds)")
        return {"now": moved.isoformat()}

    def _check_system(self, system: str) -> None:
        if system != "*" and system not in self._sandbox.twins:
            raise ValueError(f"no system {system!r}; there are: *, {', '.join(self._sandbox.twins)}")

    def world(self, period_end: date | str | None = None) -> dict[str, Any]:
        """Return the MSP before any run; with a last day also the period's rows and the units expected after a run."""
        period = None
        if period_end is not None:
            period = self._atria.state.period_ending(_known_day(period_end))
            if period is None:
                raise ValueError(f"no period ends on {period_end}")
        return self._sandbox.world.to_json(period)


def _day(value: date | str | None) -> date | None:
    return None if value is None else _known_day(value)


def _known_day(value: date | str) -> date:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{value!r} is no date YYYY-MM-DD") from None


def _instant(value: datetime | str) -> datetime:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{value!r} is no instant, e.g. 2026-07-26T03:00:00Z") from None


def _as_text(value: Any) -> Any:
    return value if value is None or isinstance(value, bool) else str(value)
