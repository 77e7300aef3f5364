"""The API user of each PSA has what a run needs and no more: told by the connection test, listed on the page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest

from billing_providers.hooks.at import rights as at_rights
from billing_providers.hooks.bms import rights as bms_rights
from billing_providers.hooks.cw import rights as cw_rights
from billing_providers.hooks.http.repeats import Limits
from billing_providers.registry import SYSTEMS
from billing_providers.sandbox import credentials
from billing_providers.sandbox.server import SandboxServer
from tests.support.airflow_env import ROOT
from tests.support.connections import set_connection
from tests.support.scripted_http import FrozenTime

PSAS = [key for key, system in SYSTEMS.items() if system.role == "psa"]

AGREEMENTS, CATALOGUE = "Finance > Agreements: inquire all", "Procurement > Product Catalog: inquire all"
COMPANIES = "Companies > Company Maintenance: inquire all"

#: Whoever may not do what a run needs, and the whole list that the test of the connection gives.
TOO_FEW = [
    ("kaseya_bms", "api.nocontracts", "The user's role lacks: Finance > Contracts: view and modify."),
    ("connectwise", "sandboxPublicNoAgreements", f"The member's role lacks: {AGREEMENTS}."),
    ("connectwise", "sandboxPublicNoCatalogue", f"The member's role lacks: {CATALOGUE}."),
    ("connectwise", "sandboxPublicNoCompanies", f"The member's role lacks: {COMPANIES}."),
    (
        "autotask",
        credentials.AT_READING_USER,
        "The user's security level lacks: ContractServiceAdjustments: add; ContractServiceBundleAdjustments: add.",
    ),
    (
        "autotask",
        credentials.AT_LIMITED_USER,
        "The user's security level lacks: Contracts: view all; ContractServices: view all; "
        "ContractServiceBundles: view all; ContractServiceUnits: view all; ContractServiceBundleUnits: view all.",
    ),
]


def told_to(box: SandboxServer, psa: str, monkeypatch: pytest.MonkeyPatch, login: str = "") -> tuple[bool, str]:
    """Return what the connection test says to a user of the sandbox."""
    known = box.connections()[f"{psa}_default"]
    conn_id = set_connection(monkeypatch, f"rights_{psa}", **{**known, **({"login": login} if login else {})})
    hook = SYSTEMS[psa].hook_class()(conn_id, limits=Limits(attempts_max=1), clocks=FrozenTime().clocks())
    try:
        works: tuple[bool, str] = hook.test_connection()
        return works
    finally:
        hook.client.close()


@pytest.mark.parametrize(("psa", "login", "told"), TOO_FEW)
def test_a_user_with_too_few_rights_is_told_which(
    psa: str, login: str, told: str, box: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each missing right by the name under which the PSA's own pages offer it, and no other."""
    works, text = told_to(box, psa, monkeypatch, login)

    assert works is False
    assert told in text


def test_every_psa_has_a_user_with_too_few_rights() -> None:
    """A new PSA without one would be tested for nothing."""
    assert {psa for psa, _, _ in TOO_FEW} == set(PSAS)


@pytest.mark.parametrize("psa", PSAS)
def test_the_least_user_works_and_is_told_of_no_surplus(
    psa: str, box: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the page lists is enough."""
    works, text = told_to(box, psa, monkeypatch)

    assert works is True
    assert "lacks" not in text
    assert "No run needs" not in text


def test_a_user_with_more_rights_than_a_run_needs_is_told_so(
    box: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Autotask alone tells what its level allows: what no run uses would only help whoever gets hold of the keys."""
    works, text = told_to(box, "autotask", monkeypatch, credentials.AT_STOCK_USER)

    assert works is True
    assert (
        "No run needs, and the level allows: Companies: add, change; Contracts: add, change; Services: add, change; "
        "ServiceBundles: add, change, delete; ContractServices: add; ContractServiceBundles: add; "
        "ConfigurationItems: add, change; BillingItems: change; Invoices: change."
    ) in text


@pytest.mark.parametrize(
    ("psa", "told"),
    [
        ("kaseya_bms", "Whether the role may change lines shows at the first write (Finance > Contracts: modify)."),
        ("connectwise", "Whether the role may edit and add shows at the first write (Finance > Agreements: add, edit)"),
    ],
)
def test_what_no_call_tells_is_said_and_not_tried(psa: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The right to write shows at a write alone, and testing a connection writes nothing."""
    with SandboxServer() as server:
        if psa == "kaseya_bms":
            known = server.connections()["kaseya_bms_default"]
            extra = {**known["extra"], "line_api": "default"}
            monkeypatch.setattr(server, "connections", lambda: {"kaseya_bms_default": {**known, "extra": extra}})

        works, text = told_to(server, psa, monkeypatch)

        assert works is True
        assert told in text
        assert server.control.audit(system=psa) == []


def rights_on_the_page(page: str) -> set[tuple[str, str]]:
    """Return the rows of the page's table of rights: each right alone, with the first word of its level."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    table = re.search(r"\n\| (?:right|entity) \| level \| what for \|\n\|[- |]+\|\n((?:\|.*\n)+)", text)
    assert table is not None, page
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table[1].splitlines()]
    return {(right.strip(), level.split()[0].rstrip(";,")) for names, level, _ in rows for right in names.split(",")}


def asked(entries: Iterable[Any]) -> set[tuple[str, str]]:
    """Return the rights that the code asks for, out of texts such as ``CRM > Accounts: view``."""
    texts = [entry if isinstance(entry, str) else entry[-1] for entry in entries]
    return {(name, level.split()[0]) for name, _, level in (text.partition(": ") for text in texts)}


def test_the_pages_list_exactly_the_rights_that_are_asked_for() -> None:
    """Who sets a role up by the page misses nothing, and grants nothing that is not used."""
    adjustments = {(kind.adjustments, "add") for kind in at_rights.KINDS}
    texts = {(kind.lines, "change") for kind in at_rights.KINDS}
    viewed = {(entity, "view") for entity in (*at_rights._NEEDED, *at_rights._HELPFUL)}

    assert rights_on_the_page("kaseya-bms.md") == asked([*bms_rights._READS, bms_rights._INVOICES])
    assert rights_on_the_page("connectwise.md") == asked([*cw_rights._NEEDED, *cw_rights._HELPFUL, cw_rights._AUDIT])
    assert rights_on_the_page("autotask.md") == viewed | adjustments | texts
