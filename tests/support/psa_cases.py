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
    :param requests_until_refused: requests of a first read whose keys are refused.
    :param refused_logins: connection fields → words of the cause.
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
    requests_until_refused: int = 1
    lag_setting: str = ""
    refused_logins: tuple[tuple[dict[str, Any], str], ...] = field(default=())

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
                ({"password": "wrong-password-1"}, "user, password or tenant is wrong"),
                ({"login": "nobody"}, "user, password or tenant is wrong"),
                ({"extra": {"tenant": "elsewhere"}}, "user, password or tenant is wrong"),
                ({"login": "api.locked"}, "the user is locked"),
                ({"login": "api.mfa"}, "needs an MFA code"),
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
            requests_until_refused=2,  # the path of the release is asked for first, unsigned
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
            refused_logins=(
                ({"password": "wrong-password-1"}, "public key, private key, client id or company_id is wrong"),
                ({"login": "nobody-at-all"}, "public key, private key, client id or company_id is wrong"),
            ),
        ),
    )
}
