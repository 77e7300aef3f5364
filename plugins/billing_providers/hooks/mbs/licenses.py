"""Licences in use: ``GET /api/Licenses``, as they are at the reading. Past months are not kept by MSP360.

- Seen (vendor's PowerShell module and help): the fields of a licence. A licence names its user, not its company.
- Inferred: what is billed is taken and not trial, by ``LicenseType`` as printed; expired ones count while taken.
- Failing: a taken licence of a user that nobody knows could be anybody's, so it makes the read incomplete; so does an
  empty list, as it would take every customer's licences away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from billing_providers.hooks.http.client import HttpClient
from billing_providers.hooks.mbs.answers import Reply, Row
from billing_providers.hooks.mbs.companies import Companies, Company, Placement
from billing_providers.hooks.mbs.trouble import Trouble
from billing_providers.hooks.usage_fields import RowFault


@dataclass(frozen=True, slots=True)
class TakenLicense:
    """One licence that a computer of a company holds."""

    position: str
    license_id: str
    license_type: str
    user_id: str
    user: str
    computer: str
    company: Company


def read_licenses(
    client: HttpClient, companies: Companies, billed: Mapping[str, Placement], trouble: Trouble
) -> list[TakenLicense]:
    """Return all taken licences that are no trial, in the order of the answer.

    :param billed: by casefolded id, whose the users in the month's billing are: some of them no longer exist.
    """
    reply: Reply = client.call("GET", "/api/Licenses")
    trouble.notes.append("licences are counted as they were at the reading, not at the end of the billing period")
    taken: dict[str, TakenLicense] = {}
    for index, values in enumerate(_listed(reply, trouble)):
        license_ = _taken(f"Licenses[{index}]", values, companies, billed, trouble)
        if license_ is None:
            continue
        first = taken.setdefault(license_.license_id, license_)
        if replace(first, position=license_.position) != license_:
            held = Placement(tuple(sorted({first.company, license_.company})))
            trouble.fail(held, f"licence {first.license_id} came twice with different content")
    return list(taken.values())


def _listed(reply: Reply, trouble: Trouble) -> list[object]:
    if isinstance(reply.body, list):
        if not reply.body:
            trouble.incomplete.append("MSP360 lists no licences at all; leave the metric out if there are none")
        return reply.body
    raise reply.error("the answer is not a list")


def _taken(
    position: str, values: object, companies: Companies, billed: Mapping[str, Placement], trouble: Trouble
) -> TakenLicense | None:
    company: Company | None = None
    try:
        row = Row(values)
        if not row.flag("IsTaken") or row.flag("IsTrial"):
            return None
        user_id, user = row.text("UserID"), row.text("User")
        known = companies.knows_user(user_id)
        placement = companies.place_user(user_id) if known else billed.get(user_id.strip().casefold())
        if placement is None:
            raise RowFault("UserID", f"no user {user_id or user!r} exists; release the licence in MSP360")
        company = placement.company
        if company is None:
            trouble.fail(placement, placement.why)
            return None
        return TakenLicense(
            position=position,
            license_id=row.needed_text("ID"),
            license_type=row.needed_text("LicenseType").strip(),
            user_id=user_id,
            user=user,
            computer=row.text("ComputerName").strip(),
            company=company,
        )
    except RowFault as fault:
        trouble.bad_row(position, fault, company)
        return None
