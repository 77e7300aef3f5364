"""What the conformance suite needs to know about each PSA of the registry: where its sandbox twin keeps what.

A new PSA is one entry here; the suite asks for capabilities and endpoints, never for a PSA's name. What a PSA has not
is named in ``lacks``: the tests that need it are skipped, and the suite counts them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from billing_providers.sandbox import credentials

MAY_LACK = {
    "tenants without a write call": "some tenants of this PSA can be read only",
    "tokens": "signing in gives a token that expires and can be revoked",
    "switch for adding": "lines are added only where the connection says so",
    "faults in a success": "a refusal may come inside HTTP 200",
    "whole units": "quantities are whole numbers",
    "dated quantities": "a quantity is written with the day from which it holds",
    "quantities on invoices": "invoice lines show what was billed",
    "totals of accounts": "the list of accounts tells how long it is",
    "totals of lines": "the lines of a contract are counted by the PSA",
    "fields": "cost, price, text and days of a line can be set besides its quantity",
    "lagging lists": "a list may miss what was just written, reading by id does not",
    "lines that vanish": "a person can delete a line",
    "edits": "the PSA tells who edited a line",
    "bulk reading": "lines of many contracts come in one call",
    "answered values": "the answer to a write tells quantity and id of the line",
}

Test = TypeVar("Test", bound=Callable[..., Any])


def needs(*words: str) -> Callable[[Test], Test]:
    """Mark a test that a PSA without one of these can only skip."""
    assert set(words) <= MAY_LACK.keys()

    def marked(test: Test) -> Test:
        test.needs = frozenset(words)  # type: ignore[attr-defined]
        return test

    return marked


def needs_of(test: Any) -> frozenset[str]:
    """Return what a test needs."""
    found: frozenset[str] = getattr(test, "needs", frozenset())
    return found


@dataclass(frozen=True, slots=True)
class PsaCase:
    """One PSA.

    :param shapes: sandbox settings by what the tenant offers: ``writes``, and ``reads_only`` where that exists.
    :param extra: extra fields of the connection with which a tenant that offers it is written to.
    :param adds: extra fields with which lines may be added; empty: they always may.
    :param one_by_one: extra fields with which each contract is read on its own.
    :param contract_type: the usual one of the simulated tenant.
    :param sign_in, renewals, accounts, account_totals, lines, write, add, reread, totals: endpoint patterns in the
        sandbox's request log; ``add`` is the call that adds a line, ``reread`` the one that shows a line before it is
        written, ``account_totals`` and ``totals`` are the calls that tell how many accounts there are, and how many
        lines a contract has.
    :param bulk_requests_max: most requests for the lines of all contracts, where they come in bulk.
    :param refused_status: HTTP status of a write to a line that does not exist.
    :param posts: quantities are invoiced only once somebody approved and posted them.
    :param refused_logins: connection fields, words of the cause, and requests until that is known.
    :param lag_setting: sandbox setting for the seconds by which lists lag.
    :param lacks: words of ``MAY_LACK``.
    """

    key: str
    shapes: dict[str, dict[str, Any]]
    extra: dict[str, Any]
    adds: dict[str, Any]
    contract_type: str
    sign_in: str
    renewals: str
    accounts: str
    account_totals: str
    lines: str
    write: str
    add: str
    reread: str
    totals: str
    reader_without_rights: str
    right_named: str
    reader_without_write: str
    lacks: frozenset[str]
    one_by_one: dict[str, Any] = field(default_factory=dict)
    bulk_requests_max: int = 4
    refused_status: int = 404
    posts: bool = False
    lag_setting: str = ""
    refused_logins: tuple[tuple[dict[str, Any], str, int], ...] = field(default=())

    def __post_init__(self) -> None:
        assert self.lacks <= MAY_LACK.keys()


PSA_CASES = {
    case.key: case
    for case in (
        PsaCase(
            key="kaseya_bms",
            shapes={"writes": {"bms_shape": "line_api"}, "reads_only": {"bms_shape": "published"}},
            extra={"tenant": credentials.BMS_TENANT, "line_api": "default"},
            adds={"add_line": True},
            contract_type="Recurring Services",
            sign_in="POST /v2/security/authenticate",
            renewals="POST /v2/security/refreshtoken",
            accounts="GET /v2/crm/accounts/summary",
            account_totals="GET /v2/crm/accounts/summary",
            lines="GET /v2/finance/contracts/{contract_id}/services",
            write="PUT /v2/finance/contracts/{contract_id}/services/{line_id}",
            add="POST /v2/finance/contracts/recurringservices/{contractId}/services",
            reread="GET /v2/finance/contracts/{contract_id}/services",
            totals="GET /v2/finance/contracts/{contract_id}/services",
            reader_without_rights="api.nocontracts",
            right_named="Finance > Contracts",
            reader_without_write="api.readonly",
            lacks=frozenset(
                {"totals of lines", "fields", "lagging lists", "lines that vanish", "edits", "bulk reading"}
            ),
            refused_logins=(
                ({"password": "wrong-password-1"}, "user, password or tenant is wrong", 1),
                ({"login": "nobody"}, "user, password or tenant is wrong", 1),
                ({"extra": {"tenant": "elsewhere"}}, "user, password or tenant is wrong", 1),
                ({"login": "api.locked"}, "the user is locked", 1),
                ({"login": "api.mfa"}, "needs an MFA code", 1),
            ),
        ),
        PsaCase(
            key="connectwise",
            shapes={"writes": {}},
            extra={},
            adds={},
            one_by_one={"bundles": "off"},
            contract_type="Managed Services",
            sign_in="GET /login/companyinfo/{companyId}",
            renewals="",
            accounts="GET /company/companies",
            account_totals="GET /company/companies/count",
            lines="GET /finance/agreements/{parentId}/additions",
            write="PATCH /finance/agreements/{parentId}/additions/{id}",
            add="POST /finance/agreements/{parentId}/additions",
            reread="GET /finance/agreements/{parentId}/additions/{id}",
            totals="GET /finance/agreements/{parentId}/additions/count",
            reader_without_rights="sandboxPublicNoAgreements",
            right_named="Finance > Agreements: inquire all",
            reader_without_write="sandboxPublicReading",
            lag_setting="cw_lag_s",
            lacks=frozenset(
                {
                    "tenants without a write call",
                    "tokens",
                    "switch for adding",
                    "faults in a success",
                    "whole units",
                    "dated quantities",
                    "quantities on invoices",
                }
            ),
            refused_logins=(  # the path of the release is asked for first, unsigned
                ({"password": "wrong-password-1"}, "public key, private key, client id or company_id is wrong", 2),
                ({"login": "nobody-at-all"}, "public key, private key, client id or company_id is wrong", 2),
            ),
        ),
        PsaCase(
            key="autotask",
            shapes={"writes": {}},
            extra={},
            adds={},
            contract_type="Recurring Service",
            sign_in="GET /ZoneInformation",
            renewals="",
            accounts="POST /Companies/query",
            account_totals="POST /Companies/query/count",
            lines="POST /ContractServices/query",
            write="POST /Contracts/{parentId}/ServiceAdjustments",
            add="POST /Contracts/{parentId}/ServiceAdjustments",
            reread="POST /ContractServices/query",
            totals="POST /ContractServices/query/count",
            reader_without_rights=credentials.AT_LIMITED_USER,
            right_named="Contracts: view all",
            reader_without_write=credentials.AT_READING_USER,
            bulk_requests_max=11,  # two pages of units, one of lines; the same of bundles, devices, and their counts
            refused_status=500,
            posts=True,
            lacks=frozenset(
                {
                    "tenants without a write call",
                    "tokens",
                    "switch for adding",
                    "faults in a success",
                    "quantities on invoices",
                    "fields",
                    "lagging lists",
                    "lines that vanish",
                    "edits",
                    "answered values",
                }
            ),
            refused_logins=(
                ({"login": "nobody@harbourmsp.example"}, "user, secret, integration code is wrong", 1),
                ({"password": "wrong-password-1"}, "user, secret, integration code is wrong", 2),
                ({"extra": {"integration_code": "SOMEBODYELSES0000000000001"}}, "integration code is wrong", 2),
            ),
        ),
    )
}
