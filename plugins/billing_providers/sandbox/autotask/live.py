"""What changes in the simulated PSA while it runs: lines with their schedules, and items that are posted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from billing_providers.sandbox.autotask.schedule import Schedule
from billing_providers.sandbox.world.modules.records import AtContract, AtService, AtServiceBundle

BORN = datetime(2020, 11, 2, 8, tzinfo=UTC)  # when everything of the world was entered


@dataclass(slots=True)
class LiveLine:
    """A contract service, or a bundle on a contract.

    :param schedule: its units as accepted.
    :param adjusted: by effective date, the unit change that the API took for it.
    :param hidden: what it was before each change that does not show yet: until when, and the schedule; None: no units.
    """

    line_id: int
    contract: AtContract
    item: AtService | AtServiceBundle
    invoice_text: str
    schedule: Schedule
    adjusted: dict[date, int] = field(default_factory=dict)
    hidden: list[tuple[datetime, Schedule | None]] = field(default_factory=list)

    @property
    def bundle(self) -> bool:
        """Whether it is a bundle."""
        return isinstance(self.item, AtServiceBundle)

    @property
    def key(self) -> str:
        """Its id in the audit log and the control plane: that of a bundle starts with ``b``."""
        return f"b{self.line_id}" if self.bundle else str(self.line_id)

    @property
    def item_id(self) -> int:
        """Id of the service or of the bundle."""
        return self.item.bundle_id if isinstance(self.item, AtServiceBundle) else self.item.service_id

    def shown(self, now: datetime) -> Schedule | None:
        """Return the schedule as reads show it now; None: no units show yet."""
        if not self.hidden:
            return self.schedule
        self.hidden = [entry for entry in self.hidden if entry[0] > now]
        return self.hidden[0][1] if self.hidden else self.schedule

    def schedules(self) -> list[Schedule]:
        """Return the schedule, and those that still show, to be edited by hand everywhere."""
        return [self.schedule, *(past for _, past in self.hidden if past is not None)]


@dataclass(slots=True)
class PostedItem:
    """An approved and posted item.

    :param line: the line whose row it is; None: a charge.
    :param row_id: id of that row.
    """

    item_id: int
    company_id: int
    contract_id: int | None
    name: str
    item_type: int
    quantity: Decimal
    rate: Decimal
    amount: Decimal
    cost: Decimal
    item_date: date
    posted_on: date
    line: LiveLine | None = None
    row_id: int | None = None
    invoice_id: int | None = None
