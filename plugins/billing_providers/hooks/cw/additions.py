"""Reading additions: of many agreements in bulk, and single ones as they stand at this moment.

``GET /finance/agreements/{id}/additions`` lists those of one agreement; nothing lists those of all. A list may lag
minutes behind a write, reading by id does not (seen in a public client, for agreements).
"""

from __future__ import annotations

from collections.abc import Sequence

from billing_providers.errors import BadRequest, UnreadableAnswer
from billing_providers.hooks.cw.api import CwApi
from billing_providers.hooks.cw.bundles import Bundles
from billing_providers.hooks.cw.lines import ADDITION_FIELDS, line_of
from billing_providers.hooks.cw.paging import count_of, listed
from billing_providers.hooks.http.fields import Fields
from billing_providers.model.psa import Contract, ContractLine, LinesAgain

_AGREEMENTS = "/finance/agreements"
_LIST = f"{_AGREEMENTS}/{{agreement_id}}/additions"
_ONE = f"{_LIST}/{{addition_id}}"
_WANTED = {"fields": ADDITION_FIELDS}


def read_additions(api: CwApi, contracts: Sequence[Contract], bundles: Bundles) -> list[ContractLine]:
    """Read all additions of these agreements, ended ones included, in as few calls as the tenant allows.

    :raises UnreadableAnswer: when no list shows a row although the server counts some.
    """
    owners = {contract.contract_id: contract.account_id for contract in contracts}
    rows = bundles.read(list(owners))
    alone = [agreement_id for agreement_id in owners if agreement_id not in rows]
    rows |= dict(zip(alone, api.client.map(lambda agreement_id: _listed(api, agreement_id), alone), strict=True))
    if not any(rows.values()):
        api.client.map(lambda agreement_id: _really_empty(api, agreement_id), list(owners))
    return [
        line_of(row, agreement_id, account_id)
        for agreement_id, account_id in owners.items()
        for row in rows[agreement_id]
    ]


def read_again(api: CwApi, wanted: Sequence[LinesAgain]) -> list[ContractLine]:
    """Read single additions by their ids, and whole agreements where a look-up is wanted. What is gone is missing.

    :raises BadRequest: when nothing else can be read either, so that "not found" says nothing about an addition.
    """
    singles = [(again.contract, line_id) for again in wanted for line_id in dict.fromkeys(again.line_ids) if line_id]
    look_ups = [again.contract for again in wanted if again.look_up]
    listings = api.client.map(lambda contract: _looked_up(api, contract), look_ups)
    found = api.client.map(lambda single: _by_id(api, *single), singles)
    if None in found:
        api.call("GET", _AGREEMENTS, params={"pageSize": 1, "fields": "id"})
    lines = {(line.contract_id, line.line_id): line for listing in listings for line in listing}
    for (contract, line_id), line in zip(singles, found, strict=True):
        lines.pop((contract.contract_id, line_id), None)  # what a list said of it may be minutes old
        if line is not None:
            lines[contract.contract_id, line_id] = line
    return list(lines.values())


def _listed(api: CwApi, agreement_id: str, *, counted: bool = False) -> list[Fields]:
    return listed(api, _LIST, values={"agreement_id": agreement_id}, params=_WANTED, counted=counted)


def _looked_up(api: CwApi, contract: Contract) -> list[ContractLine]:
    rows = _listed(api, contract.contract_id, counted=True)  # a line that is overlooked here would be added twice
    return [line_of(row, contract.contract_id, contract.account_id) for row in rows]


def _by_id(api: CwApi, contract: Contract, line_id: str) -> ContractLine | None:
    values = {"agreement_id": contract.contract_id, "addition_id": line_id}
    try:
        told = api.call("GET", _ONE, values=values, params=_WANTED)
    except BadRequest as refusal:
        if refusal.status != 404:
            raise
        return None
    return line_of(told.row(), contract.contract_id, contract.account_id)


def _really_empty(api: CwApi, agreement_id: str) -> None:
    told = count_of(api, _LIST, values={"agreement_id": agreement_id})
    if told is not None and told[0]:
        problem = f"the list is not complete: no addition of agreement {agreement_id} came, the count is {told[0]}"
        raise told[1].error(UnreadableAnswer, problem)
