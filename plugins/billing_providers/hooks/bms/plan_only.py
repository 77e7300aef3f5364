"""Lines as the published API shows them: which exist, but not their units, and no way to change them.

``POST /v2/admin/finance/services/{serviceId}/relatedservices/search`` lists the contracts that carry a service; a
row's ``id`` is the line's (inferred from the input of the bulk update beside it). One paged call per wanted service.
"""

from __future__ import annotations

from collections.abc import Sequence

from billing_providers.errors import NotSent
from billing_providers.hooks.bms.paging import searched
from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.http.fields import Fields
from billing_providers.model.changes import LineChange, LineField
from billing_providers.model.psa import Contract, ContractLine, Service, WriteReceipt

_RELATED = "/v2/admin/finance/services/{service_id}/relatedservices/search"


class PlanOnly:
    """Reads an inventory of lines and refuses every write; a person gets the exact change list."""

    name = "plan_only"
    sets_units = False
    sets: frozenset[LineField] = frozenset()

    def __init__(self, client: HttpClient, why: str) -> None:
        self._client = client
        self.explanation = (
            f"Units of contract lines can neither be read nor written here: {why}. "
            "The run ends with the exact change list for a person."
        )

    def read(self, contracts: Sequence[Contract], services: Sequence[Service]) -> list[ContractLine]:
        """Read which lines these services have on these contracts, without quantities."""
        wanted = {contract.contract_id: contract.account_id for contract in contracts}
        service_ids = list(dict.fromkeys(service.service_id for service in services)) if wanted else []
        found = self._client.map(self._lines_of, service_ids)
        return [_line(row, wanted) for rows in found for row in rows if row.identity("contractId") in wanted]

    def set_line(self, change: LineChange) -> WriteReceipt:
        """Refuse.

        :raises NotSent: always.
        """
        raise self._client.voice.error(NotSent, f"{change.service_name}: nothing was sent. {self.explanation}")

    def _lines_of(self, service_id: str) -> list[Fields]:
        return searched(self._client, _RELATED, values={"service_id": service_id})


def _line(row: Fields, account_ids: dict[str, str]) -> ContractLine:
    contract_id = row.identity("contractId")
    return ContractLine(
        line_id=row.identity("id"),
        contract_id=contract_id,
        account_id=account_ids[contract_id] or row.identity("accountId"),
        service_id=row.identity("serviceId"),
        service_name=row.text("serviceName"),
        description=row.text("serviceDescription"),
        quantity=None,
        unit_cost=row.number("unitCost"),
        unit_price=row.number("unitPrice"),
        effective_date=row.day("effectiveDate"),
        open=True,
    )
