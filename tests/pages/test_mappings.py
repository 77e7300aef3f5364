"""*Mappings*: what is mapped, what is not and might be, and what people decided; seen before it is kept."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from billing_providers.engine.mapping import load_customer_map, load_service_map
from billing_providers.ledger.ledger import Ledger
from billing_providers.model.mapping_decisions import MappedKind, MappingDecision
from billing_providers.model.mapping_states import MappingOffer, MappingStanding, MappingState
from billing_providers.model.settings_log import SettingsEntry
from tests.support.ledger_values import run_record
from tests.support.pages import ADMIN, VIEWER, client

DAG = "atria_to_kaseya_bms"
NASTY = '=cmd|"/c calc", <b>Zed</b>\u202egnp'
TABLE = "# ours\r\ncustomer_code;account_code\r\nASP;A1 ; \r\n\r\nBIR;B1"


def state(subject: str, standing: MappingStanding = MappingStanding.UNMAPPED, **values: Any) -> MappingState:
    told: dict[str, Any] = {
        "kind": MappedKind.CUSTOMER, "subject": subject, "name": f"Name of {subject}", "module": "Atria",
        "state": standing, "target": "", "target_name": "", "code": "", "why": "", "offers": (), "lines": 0,
        "run_key": f"{DAG}/r1",
    }  # fmt: skip
    return MappingState(**{**told, **values})


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "tables" / "customers.csv"
    path.parent.mkdir()
    path.write_bytes(TABLE.encode())
    return path


@pytest.fixture
def known(ledger: Ledger, dags_known: None, table: Path) -> Ledger:
    """One run that found customers of every standing, whose settings name a table."""
    ledger.runs.start(run_record(run_key=f"{DAG}/r1", integration=DAG))
    ledger.mapping_states.keep(
        DAG,
        [
            state("ASP", MappingStanding.MAPPED, target="11", target_name="Aspen", lines=4),
            state("BIR", MappingStanding.CONFLICT, code="KS124", why="customers.csv, line 5: it does not exist"),
            state("CED", offers=(MappingOffer("13", "Cedar", 96, "'Cedr' is like 'cedar'"),)),
            state("ELM", offers=(MappingOffer("15", "Elm", 90, "r"), MappingOffer("16", "Elms", 80, "r"))),
            state(NASTY, name=NASTY),
            state("O365|annual", kind=MappedKind.SERVICE, offers=(MappingOffer("21", "O365", 100, "r"),)),
        ],
    )
    settings = (("customer_map", str(table)),)
    ledger.settings_log.add(SettingsEntry(DAG, 1, f"{DAG}/r1", "ann", datetime(2026, 11, 26, tzinfo=UTC), settings))
    return ledger


def token(role: str = ADMIN) -> str:
    found = re.search(r'name="token" value="([^"]+)"', client(role).get(f"/billing/mappings/{DAG}").text)
    assert found
    return found[1]


def post(path: str, **fields: Any) -> Any:
    return client(ADMIN).post(f"/billing/mappings/{DAG}/{path}", data={"token": token(), "kind": "customer", **fields})


def kept(shown: Any, **fields: Any) -> Any:
    """Send back the page that asks whether to keep what it shows."""
    assert shown.status_code == 200, shown.text
    named = dict(re.findall(r'name="(\w+)" value="([^"]*)"', shown.text))
    told = {name: html.unescape(value) for name, value in named.items()}
    return client(ADMIN).post(f"/billing/mappings/{DAG}/decide", data={**told, **fields})


@pytest.mark.usefixtures("known")
def test_the_grid_begins_with_what_is_open_and_shows_hostile_names_as_text() -> None:
    """With each suggestion, its score and its reason."""
    shown = client(ADMIN).get(f"/billing/mappings/{DAG}").text

    places = [shown.index(f"Name of {code}") for code in ("CED", "ELM", "BIR", "ASP")]
    assert places == sorted(places)
    assert "score 96, <bdi>&#39;Cedr&#39; is like &#39;cedar&#39;</bdi>" in shown
    assert "<b>Zed" not in shown


@pytest.mark.usefixtures("known")
def test_what_is_shown_follows_state_words_and_kind() -> None:
    """An unknown state shows everything."""

    def names(query: str) -> set[str]:
        return set(re.findall(r"Name of (\w+)</bdi>", client(ADMIN).get(f"/billing/mappings/{DAG}?{query}").text))

    assert names("state=conflict") == {"BIR"}
    assert names("words=aspEN") == {"ASP"}
    assert names("state=nonsense") == {"ASP", "BIR", "CED", "ELM"}
    assert "O365|annual" in client(ADMIN).get(f"/billing/mappings/{DAG}?kind=service").text


@pytest.mark.usefixtures("known")
def test_the_overview_counts_and_puts_the_sources_of_a_tenant_side_by_side() -> None:
    """One row per account of the PSA."""
    shown = client(ADMIN).get("/billing/mappings").text

    assert '3<span class="unseen"> unmapped</span>' in shown
    assert "Name of ASP" in shown
    assert "<bdi>Aspen</bdi>" in shown


def test_nothing_is_kept_before_it_was_seen_as_rows(known: Ledger) -> None:
    """The first answer shows; only what it showed is kept, whatever is offered by then."""
    shown = post("decide", take="page", best=[json.dumps(["CED", "13"]), json.dumps(["ELM", "15"])])

    assert known.mapping_decisions.standing(DAG, MappedKind.CUSTOMER) == []
    assert kept(shown).status_code == 303
    decided = known.mapping_decisions.standing(DAG, MappedKind.CUSTOMER)
    assert [(one.subject, one.target, one.target_name, one.decided_by) for one in decided] == [
        ("CED", "13", "Cedar", "admin"),
        ("ELM", "15", "Elm", "admin"),
    ]


def test_all_suggestions_leave_out_what_somebody_decided(known: Ledger) -> None:
    """A decision of a person is no suggestion's to change."""
    kept(post("decide", take="one", subject="ELM", target="99"))
    shown = post("decide", take="all").text

    assert "1 row." in shown
    assert "<bdi>CED</bdi>" in shown
    assert "<bdi>ELM</bdi>" not in shown


def test_ignoring_needs_a_reason_and_a_day_that_is_to_come(known: Ledger) -> None:
    """The table then holds both."""
    no_reason = post("decide", what="ignore", take="one", subject="CED")
    past = post("decide", what="ignore", take="one", subject="CED", reason="trial", review_on="2020-01-01")
    odd = post("decide", what="ignore", take="one", subject="CED", reason="trial until 2027")
    assert [no_reason.status_code, past.status_code, odd.status_code] == [404, 404, 404]

    kept(post("decide", what="ignore", take="one", subject="CED", reason="trial", review_on="2199-12-31"))
    text = client(ADMIN).get(f"/billing/mappings/{DAG}/table.csv").text

    entry = load_customer_map(text, "t").entries["CED"]
    assert (entry.ignore, entry.review_after) == ("trial until 2199-12-31", date(2199, 12, 31))


def test_a_withdrawn_decision_is_out_of_the_table_and_stays_in_its_story(known: Ledger) -> None:
    """Decisions are only ever added."""
    kept(post("decide", take="one", subject="CED", target="13"))
    kept(post("decide", what="withdraw", take="one", subject="CED", reason="wrong Cedar"))

    assert "CED" not in client(ADMIN).get(f"/billing/mappings/{DAG}/table.csv").text
    story = client(ADMIN).get(f"/billing/mappings/{DAG}/one?subject=CED").text
    assert "wrong Cedar" in story
    assert [one.decision for one in known.mapping_decisions.of(DAG, MappedKind.CUSTOMER, "CED")] == [
        MappingDecision.WITHDRAW,
        MappingDecision.MAP,
    ]


@pytest.mark.usefixtures("known")
def test_the_table_keeps_every_row_and_adds_what_was_decided() -> None:
    """Byte by byte, in the file's own marks; a hostile code is read back exactly."""
    kept(post("decide", take="one", subject=NASTY, target="17"))
    kept(post("decide", take="one", subject="CED", target="13"))

    answer = client(ADMIN).get(f"/billing/mappings/{DAG}/table.csv")

    text = answer.content.decode()
    assert text.startswith("# ours\r\ncustomer_code;account_code;account_id;ignore\r\nASP;A1 ; \r\n\r\nBIR;B1\r\n# ")
    entries = load_customer_map(text, "t").entries
    assert {code: entry.all_parts()[0].target.account_id for code, entry in entries.items()} == {
        "ASP": "", "BIR": "", "CED": "13", NASTY: "17",
    }  # fmt: skip


@pytest.mark.usefixtures("known")
def test_a_decision_that_differs_from_what_the_run_found_is_a_conflict() -> None:
    """Both are shown; nobody is asked to guess which holds."""
    kept(post("decide", take="one", subject="ASP", target="12"))

    assert "The newest run found it otherwise" in client(ADMIN).get(f"/billing/mappings/{DAG}?words=aspen").text


@pytest.mark.usefixtures("known")
def test_the_file_is_not_written_unless_the_deployment_says_so(table: Path) -> None:
    """Off is what nobody switched on."""
    kept(post("decide", take="one", subject="CED", target="13"))
    digest = digest_shown()

    refused = post("write", digest=digest)

    assert refused.status_code == 409
    assert "BILLING_PAGES_MAY_WRITE_MAPPINGS" in refused.text
    assert table.read_bytes() == TABLE.encode()


def digest_shown() -> str:
    from hashlib import sha256

    shown = client(ADMIN).get(f"/billing/mappings/{DAG}/table").text
    path = html.unescape(re.findall(r"<code>([^<]+)</code>", shown)[0])
    return sha256(Path(path).read_bytes()).hexdigest()


@pytest.fixture
def writable(known: Ledger, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    monkeypatch.setenv("BILLING_PAGES_MAY_WRITE_MAPPINGS", "true")
    kept(post("decide", take="one", subject="CED", target="13"))
    return known


@pytest.mark.usefixtures("writable")
def test_the_file_says_who_wrote_what_when_and_keeps_its_mode(table: Path) -> None:
    """Nothing else is left in its folder."""
    table.chmod(0o640)

    assert post("write", digest=digest_shown()).status_code == 303

    text = table.read_bytes().decode()
    assert re.search(r"\r\n# \d{4}-\d\d-\d\d \d\d:\d\d UTC  ?admin: rows decided", text.replace(",", " "))
    assert load_customer_map(text, "t").entries["CED"].all_parts()[0].target.account_id == "13"
    assert (table.stat().st_mode & 0o777, list(table.parent.iterdir())) == (0o640, [table])
    assert "the table says so already" in client(ADMIN).get(f"/billing/mappings/{DAG}/table").text


@pytest.mark.usefixtures("writable")
def test_a_file_that_somebody_changed_meanwhile_is_left_alone(table: Path) -> None:
    """What was shown is what is written, or nothing."""
    seen = digest_shown()
    table.write_text("customer_code,account_id\nZED,1\n")

    answer = post("write", digest=seen)

    assert answer.status_code == 409
    assert "look at it again" in answer.text
    assert table.read_text() == "customer_code,account_id\nZED,1\n"


@pytest.mark.usefixtures("writable")
def test_a_link_that_leaves_its_folder_is_not_written_through(table: Path) -> None:
    """Whoever can put a link there does not choose what is overwritten."""
    elsewhere = table.parent.parent / "elsewhere.csv"
    elsewhere.write_bytes(table.read_bytes())
    table.unlink()
    table.symlink_to(elsewhere)

    answer = post("write", digest=digest_shown())

    assert answer.status_code == 409
    assert elsewhere.read_bytes() == TABLE.encode()


@pytest.mark.usefixtures("writable")
def test_a_viewer_sees_and_does_not_decide() -> None:
    """Deciding needs the right to trigger the DAG."""
    assert client(VIEWER).get(f"/billing/mappings/{DAG}/table").status_code == 200
    fields = {"token": token(VIEWER), "kind": "customer", "take": "one", "subject": "ELM", "target": "1"}
    assert client(VIEWER).post(f"/billing/mappings/{DAG}/decide", data=fields).status_code == 403


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("mappings/unknown_dag", "No run of unknown_dag"),
        (f"mappings/{DAG}?kind=colour", "is no kind of mapping"),
        (f"mappings/{DAG}/one?subject=NOBODY", "found a customer"),
        ("mappings?tenant=nowhere", "nowhere"),
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(path: str, words: str) -> None:
    """Neither an empty list nor a traceback."""
    answer = client(ADMIN).get(f"/billing/{path}")

    assert answer.status_code == 404
    assert words in html.unescape(answer.text)


@pytest.mark.usefixtures("known")
def test_what_no_run_found_is_not_decided_about() -> None:
    """A form that was changed on its way decides nothing."""
    assert post("decide", take="one", subject="NOBODY", target="1").status_code == 404
    assert post("decide", rows="[1]").status_code == 404
    assert post("decide", take="chosen", choice="nonsense").status_code == 404


@pytest.mark.usefixtures("known")
def test_decided_skus_come_with_their_term() -> None:
    """As the table of SKUs writes them; without a table the rows stand alone."""
    shown = client(ADMIN).post(
        f"/billing/mappings/{DAG}/decide",
        data={"token": token(), "kind": "service", "take": "one", "subject": "O365|annual", "target": "21"},
    )
    kept(shown)

    text = client(ADMIN).get(f"/billing/mappings/{DAG}/table.csv?kind=service").text
    entry = load_service_map(text, "t").entry("O365", "annual")
    assert entry is not None
    assert entry.all_parts()[0].target.service_id == "21"
