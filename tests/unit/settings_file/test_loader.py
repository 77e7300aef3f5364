"""A settings file is either understood wholly or refused wholly, with every fault at its line."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.errors import SettingsError
from billing_providers.model.periods import BillingCalendar, PublishDay
from billing_providers.model.settings import Guards, IntegrationSettings, Moves, Policy
from billing_providers.settings_file.loader import load_settings, load_settings_file, main
from tests.support.closing import shipped_integrations, shipped_settings
from tests.support.settings_yaml import settings_yaml

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "docs" / "examples" / "msp360_to_autotask.yaml"
NAMED = "integration: a_to_b\nsource: atria\npsa: kaseya_bms\n"
NOWHERE = Path("/nowhere")


def faults_of(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(NAMED + text, "a.yaml", NOWHERE)
    assert caught.value.finding_number == 13
    lines = str(caught.value).splitlines()
    told = lines if len(lines) == 1 else [line.removeprefix("  ") for line in lines[1:]]
    return [line.removeprefix("a.yaml, ") for line in told]


@pytest.mark.parametrize("dag_id", shipped_integrations())
def test_what_a_shipped_settings_block_says_can_be_said_in_a_file(dag_id: str) -> None:
    """No setting needs code: each shipped integration comes back from a file exactly as it stands in its DAG."""
    settings = shipped_settings(dag_id)

    assert load_settings(settings_yaml(settings), "a.yaml", NOWHERE) == settings


def of_kind(kind: Any) -> Any:
    """Return values of a type that a settings class states; a new type fails here by name."""
    if is_dataclass(kind):
        return st.builds(kind, **{field.name: of_field(kind, field.name) for field in fields(kind)})
    simple = {
        str: st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,12}", fullmatch=True),
        int: st.integers(1, 28),
        bool: st.booleans(),
        Decimal: st.decimals(0, 10**6, places=3),
        date: st.dates(date(2000, 1, 1), date(2100, 1, 1)),
        timedelta: st.integers(1, 86400 * 20).map(lambda seconds: timedelta(seconds=seconds)),
        time: st.times().map(lambda at: at.replace(second=0, microsecond=0)),
        tuple[str, ...]: st.lists(st.text("abc @.-", min_size=1).filter(str.strip), max_size=3).map(tuple),
    }
    return simple[kind] if kind in simple else st.sampled_from(list(kind))


def of_field(owner: Any, name: str) -> st.SearchStrategy[Any]:
    special = {
        "timezone": st.sampled_from(["UTC", "Europe/London", "America/St_Johns"]),
        "source": st.sampled_from(["atria", "rcloud"]),
        "psa": st.sampled_from(["kaseya_bms", "autotask"]),
        "source_options": st.dictionaries(st.sampled_from(["url", "metrics", "modules"]), NESTED),
        "contract_link": st.sampled_from(["", "https://psa.example/{contract_id}"]),
        **dict.fromkeys(("rules", "customer_map", "service_map", "line_terms", "movement"), st.just(str(EXAMPLE))),
        "moves": st.lists(st.sampled_from(list(Moves)), min_size=1).map(tuple),
        "artifacts": st.sampled_from(["s3://billing@artifacts/x", "/var/lib/artifacts"]),
    }  # fmt: skip
    if name in special:
        return special[name]
    hint = get_type_hints(owner)[name]
    parts = [part for part in getattr(hint, "__args__", ()) if part is not type(None)]
    if type(None) in getattr(hint, "__args__", ()):
        return st.none() | of_kind(parts[0])
    return of_kind(hint)


KEYS = st.sampled_from(["from", "to", "Datto RMM", "2026"])
PLAIN = st.sampled_from(["", "text", "0123", "0.10", "1e5", "2026-01-01", "yes", "null", "true", "12:30", " x "]) | (
    st.integers(-5, 10**9) | st.booleans()
)
NESTED = st.recursive(PLAIN, lambda part: st.lists(part) | st.dictionaries(KEYS, part), max_leaves=5)
EVERY_SETTING = {entry.name: of_field(IntegrationSettings, entry.name) for entry in fields(IntegrationSettings)}


@given(st.builds(IntegrationSettings, **EVERY_SETTING))
def test_every_setting_can_be_said_in_a_file_and_means_the_same(settings: IntegrationSettings) -> None:
    """Whatever settings there are, a file says them without loss: exact decimals, texts that look like numbers."""
    assert load_settings(settings_yaml(settings), "a.yaml", NOWHERE) == settings


def test_the_example_says_this(tmp_path: Path) -> None:
    """What the shipped example means, setting by setting."""
    for name in ("integrations", "mappings"):
        (tmp_path / name).mkdir()
    for table in ("customers", "services", "terms"):
        (tmp_path / "mappings" / f"msp360_to_autotask_{table}.csv").write_text("")
    copied = tmp_path / "integrations" / EXAMPLE.name
    copied.write_bytes(EXAMPLE.read_bytes())

    assert load_settings_file(copied) == IntegrationSettings(
        integration="msp360_to_autotask",
        source="msp360",
        source_options={"metrics": ["used_space", "computers", "licenses"], "gigabyte": "decimal"},
        psa="autotask",
        calendar=BillingCalendar(anchor_day=1, timezone="Europe/London"),
        publish_on=PublishDay(3, at=time(6)),
        usage_poke=timedelta(minutes=15),
        usage_wait=timedelta(days=2),
        customer_map=f"{tmp_path}/mappings/msp360_to_autotask_customers.csv",
        service_map=f"{tmp_path}/mappings/msp360_to_autotask_services.csv",
        line_terms=f"{tmp_path}/mappings/msp360_to_autotask_terms.csv",
        policy=Policy(
            account_match="name",
            contract_type="Recurring Service",
            contract_choice="holds_service",
            increase_date="unposted_period_start",
            malformed_share_max="0.05",
        ),
        guards=Guards(line_factor="3", run_lines=None),
        review="always",
        review_timeout=timedelta(days=5),
        reviewers=("ann", "ben"),
        notify=("billing@msp.example",),
    )


def test_the_page_shows_a_file_that_works_and_the_faults_that_are_told() -> None:
    """Whoever pastes the page's example gets an integration, and its list of faults is what the product says."""
    page = (ROOT / "docs" / "settings-file.md").read_text(encoding="utf-8")
    (good, wrong), (told,) = (re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL) for kind in ("yaml", "text"))

    assert load_settings(good, "a.yaml", NOWHERE).guards == Guards(run_amount="5000", customer_share=None)
    with pytest.raises(SettingsError) as caught:
        load_settings(wrong, "a.yaml", NOWHERE)
    assert re.sub("allowed: sku_field_match, .*", "allowed: …", str(caught.value)) == told.strip()


def test_what_is_left_out_is_as_in_a_settings_block() -> None:
    """A file has no defaults of its own."""
    assert load_settings(NAMED, "a.yaml", NOWHERE) == IntegrationSettings("a_to_b", "atria", "kaseya_bms")
    assert load_settings(NAMED + "policy: {places: 2}\n", "a.yaml", NOWHERE).policy == Policy(places=2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("polcy: {}", "line 4: polcy: unknown key; did you mean 'policy'?; allowed: integration, source, psa, "),
        ("places: 2", "line 4: places: belongs under 'policy'"),
        ("anchor_day: 2", "line 4: anchor_day: belongs under 'calendar'"),
        ("policy: {plcaes: 2}", "line 4: policy.plcaes: unknown key; did you mean 'places'?; allowed: sku_"),
        ("policy: {rounding: halfup}", "line 4: policy.rounding: unknown value; did you mean 'half_up'?; got 'halfup'; "
                                       "allowed: half_up, half_even, up, down, ceiling, floor"),
        ("policy: {places: 2.5}", "line 4: policy.places: is no whole number; got '2.5'; allowed: 0, 1, 2, …"),
        ("policy: {places: -1}", "line 4: policy.places: is negative; got '-1'; allowed: 0 or more"),
        ("policy: {add_lines: maybe}", "line 4: policy.add_lines: unknown value; got 'maybe'; allowed: yes, no, "),
        ("policy: {zeroing: off}", "line 4: policy.zeroing: unknown value; "),
        ("policy: on", "line 4: policy: is not a mapping; got 'on'; allowed: key: value pairs"),
        ("policy:", "line 4: policy: is not a mapping; got ''; allowed: key: value pairs"),
        ("guards: {line_factor: '1,5'}", "line 4: guards.line_factor: '1,5' is not a number; allowed: a dec"),
        ("guards: {run_amount: -1}", "line 4: guards.run_amount: is negative; got '-1'; allowed: 0 or more"),
        ("guards: {line_floor: off}", "line 4: guards.line_floor: 'off' is not a number; allowed: a decimal number"),
        ("settle_delay: 6", "line 4: settle_delay: is no duration; got '6'; allowed: a number with a unit, e.g. "),
        ("settle_delay: 28 days", "line 4: settle_delay: is as long as a period; got '28 days'; "
                                  "allowed: less than 28 days"),
        ("usage_poke: 0 s", "line 4: usage_poke: out of range; got '0 s'; allowed: a timedelta of 1 s or more"),
        ("publish_on: {day: 32}", "line 4: publish_on.day: not a day of the month; got '32'; allowed: 1 to 31"),
        ("publish_on: {day: 3, at: 24:00}", "line 4: publish_on.at: is no time of day; got '24:00'; "
                                            "allowed: hours and minutes, e.g. 06:00"),
        ("publish_on: {at: 06:00}", "line 4: publish_on.day: is missing"),
        ("calendar: {timezone: Europe/Londn}", "line 4: calendar.timezone: unknown time zone; did you mean "
                                               "'Europe/London'?; got 'Europe/Londn'; allowed: an IANA name"),
        ("contract_link: psa.example", "line 4: contract_link: is no web address; got 'psa.example'; allowed: "),
        ("rules: ../rules/atria.yaml", "line 4: rules: there is no file /rules/atria.yaml; got '../rules/atria.yaml'; "
                                       "allowed: a path, relative to this file"),
        ("reviewers: ann", "line 4: reviewers: is not a list; got 'ann'"),
        ("notify: [a@b.example, ~]", 'line 4: notify: has no value; allowed: a value; "" for an empty text'),
        ("source_options: [url]", "line 4: source_options: is not a mapping; allowed: key: value pairs"),
        ("source_options: {url: a, url: b}", "line 4: source_options: key is given twice; got 'url'"),
    ],
)  # fmt: skip
def test_a_fault_names_line_key_value_what_is_allowed_and_what_was_meant(text: str, told: str) -> None:
    """Nobody has to guess."""
    (fault,) = faults_of(text)
    assert fault.startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("integration: a b\nsource: atria\npsa: autotask", "integration: is no name for a DAG; got 'a b'"),
        ("integration: a\nsource: attria\npsa: autotask", "source: unknown source; did you mean 'atria'?; got '"),
        ("integration: a\nsource: autotask\npsa: autotask", "source: unknown source; got 'autotask'; allowed: atria, "),
        ("integration: a\nsource: atria\npsa: connect_wise", "psa: unknown psa; did you mean 'connectwise'?"),
        ("integration: a\npsa: autotask", "source: is missing"),
        ("", "a.yaml: is empty; allowed: integration, source, psa, …"),
        ("- a", "is not a mapping"),
        ("integration: a\nsource: [", "a.yaml, line 2, column 10: is not readable as YAML: "),
        ("integration: a\n---\nsource: atria", "is not readable as YAML: "),
        ("integration: &a x\nsource: *a\npsa: autotask", "line 2, column 9: is not readable as YAML: *a is a copy; "),
        ("integration: !!python/name:os.system x", "line 1, column 14: is not readable as YAML: "),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_an_integration_says_why(text: str, told: str) -> None:
    """What is needed, what is known, and plain YAML alone: no copies, no types."""
    with pytest.raises(SettingsError) as caught:
        load_settings(text, "a.yaml", NOWHERE)
    assert told in str(caught.value)


def test_all_faults_of_a_file_are_told_together() -> None:
    """One look, one correction."""
    assert [fault.partition("; ")[0] for fault in faults_of(
        "settle_delay: soon\npolicy:\n  places: -1\n  zeroing_limit: many\n  contract_type: ' '\nguards:\n"
        "  run_lines: -5\ncalendar:\n  timezone: Mars\nnotifi: []\nusage_poke: 0 s\n"
    )] == [
        "line 4: settle_delay: is no duration",
        "line 6: policy.places: is negative",
        "line 7: policy.zeroing_limit: is no whole number",
        "line 8: policy.contract_type: is empty",
        "line 10: guards.run_lines: is negative",
        "line 12: calendar.timezone: unknown time zone",
        "line 13: notifi: unknown key",
        "line 14: usage_poke: out of range",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "password: hunter2",
        "source_options: {api_key: hunter2}",
        "source_options: {params: {Client-Secret: hunter2}}",
        "source_options: {body: [{X-Api-Key: hunter2}]}",
        "source_options: {url: 'sftp://ann:hunter2@host/x.csv'}",
        "source_options: {urls: ['sftp://ann:hunter2@host/x.csv']}",
        "artifacts: s3://key:hunter2@bucket",
        "source: https://ann:hunter2@host",
        "integration_code: hunter2",  # what the registry calls a secret
    ],
)
def test_a_secret_is_refused_and_never_shown(text: str) -> None:
    """Secrets live in connections alone: a file is read by many, and its faults stand in the UI."""
    text = f"integration: a\npsa: autotask\n{text}\n" + ("" if text.startswith("source:") else "source: atria\n")
    with pytest.raises(SettingsError, match="has no place in this file") as caught:
        load_settings(text, "a.yaml", NOWHERE)
    assert "hunter2" not in str(caught.value)
    assert "source_conn_id or psa_conn_id" in str(caught.value)


def test_a_name_of_a_connection_in_an_address_is_no_secret() -> None:
    """``s3://connection@bucket`` names an Airflow connection."""
    found = load_settings(NAMED + "artifacts: s3://billing@bucket/x\n", "a.yaml", NOWHERE)
    assert found.artifacts == "s3://billing@bucket/x"


def test_paths_start_at_the_file(tmp_path: Path) -> None:
    """A folder can be moved whole, and it does not matter where Airflow was started."""
    (tmp_path / "integrations").mkdir()
    (tmp_path / "rules.yaml").write_text("")
    file = tmp_path / "integrations" / "a.yaml"
    file.write_text(f"{NAMED}rules: ../rules.yaml\nartifacts: ../out\n")

    found = load_settings_file(file)

    assert (found.rules, found.artifacts) == (f"{tmp_path}/rules.yaml", f"{tmp_path}/out")
    file.write_text(f"{NAMED}rules: ../rule.yaml\n")
    with pytest.raises(SettingsError, match=r"rule\.yaml; did you mean 'rules\.yaml'\?"):
        load_settings_file(file)


@pytest.mark.parametrize(
    ("content", "told"), [(None, "cannot be read: No such file"), (b"\xff", "is not UTF-8 at byte 0")]
)
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, told: str, tmp_path: Path) -> None:
    """The path comes first."""
    path = tmp_path / "a.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load_settings_file(path)
    assert str(caught.value).startswith(f"{path}: {told}")


def test_files_can_be_checked_without_airflow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command tells each file, and fails for a broken one."""
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(NAMED)
    bad.write_text(f"{NAMED}pool: []\n")

    assert main([str(good), str(bad)]) == 1
    shown = capsys.readouterr()
    assert shown.out == f"{good}: a_to_b, atria to kaseya_bms\n"
    assert shown.err == f"{bad}, line 4: pool: is not a single value\n"


def test_the_round_trip_sees_a_difference() -> None:
    """The comparison above can fail."""
    settings = IntegrationSettings("a", "atria", "kaseya_bms")
    assert load_settings(settings_yaml(replace(settings, pool="x")), "a.yaml", NOWHERE) != settings
