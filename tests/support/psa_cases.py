"""What the conformance suite needs to know about each PSA of the registry: where its sandbox twin keeps what.

A new PSA is one entry here; the suite asks for capabilities and endpoints, never for a PSA's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from billing_providers.sandbox import credentials


@dataclass(frozen=True, slots=True)
class PsaCase:
    """One PSA.

    :param shapes: sandbox settings by what the tenant offers: ``writes``, and ``reads_only`` where that exists.
    :param extra: extra fields of the connection with which a tenant that offers it is written to.
    :param adds: extra fields with which lines may be added; empty: never.
    :param sign_in, renewals, accounts, write: endpoint patterns in the sandbox's request log.
    :param refused_logins: connection fields → words of the cause.
    """

    key: str
    shapes: dict[str, dict[str, Any]]
    extra: dict[str, Any]
    adds: dict[str, Any]
    sign_in: str
    renewals: str
    accounts: str
    lines: str
    write: str
    reader_without_rights: str
    right_named: str
    reader_without_write: str
    refused_logins: tuple[tuple[dict[str, Any], str], ...] = field(default=())


PSA_CASES = {
    case.key: case
    for case in (
        PsaCase(
            key="kaseya_bms",
            shapes={"writes": {"bms_shape": "line_api"}, "reads_only": {"bms_shape": "published"}},
            extra={"tenant": credentials.BMS_TENANT, "line_api": "default"},
            adds={"add_line": True},
            sign_in="POST /v2/security/authenticate",
            renewals="POST /v2/security/refreshtoken",
            accounts="GET /v2/crm/accounts/summary",
            lines="GET /v2/finance/contracts/{contract_id}/services",
            write="PUT /v2/finance/contracts/{contract_id}/services/{line_id}",
            reader_without_rights="api.nocontracts",
            right_named="Finance > Contracts",
            reader_without_write="api.readonly",
            refused_logins=(
                ({"password": "wrong-password-1"}, "user, password or tenant is wrong"),
                ({"login": "nobody"}, "user, password or tenant is wrong"),
                ({"extra": {"tenant": "elsewhere"}}, "user, password or tenant is wrong"),
                ({"login": "api.locked"}, "the user is locked"),
                ({"login": "api.mfa"}, "needs an MFA code"),
            ),
        ),
    )
}
