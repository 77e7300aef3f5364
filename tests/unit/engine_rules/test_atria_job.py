"""A job of Atria is converted as it was pasted; what is wrong with it gets its code, and no secret is repeated."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_providers.atria_job import main
from billing_providers.engine.atria_job import convert_atria_job
from billing_providers.engine.cron_words import CronTime
from billing_providers.errors import SettingsError
from billing_providers.model.periods import BillingCalendar
from billing_providers.model.settings import IntegrationSettings, Policy, SkuFieldMatch

# Atria's guide prints both examples like this, as numbered lists, and the first with a trailing comma.
GUIDE_CONFIGURATION = """  1. {
  2. "ApiUrl":"https://na1bmspreview.kaseya.com",
  3. "CustomersFilter":["ASP", "FR1", "UJA", "CustomerShortCodeName"],
  4. "BillingPeriod": "Current",
  5. }
"""
GUIDE_SECRETS = """  1. {
  2. "UserName":"XXXX ",
  3. "Password":"XXXX ",
  4. "Tenant":"XXXX "
  5. }
"""
URL = '"ApiUrl": "https://api.bms.kaseya.com"'


def converted(fields: str = "", **other):
    return convert_atria_job(f"{{{URL}{', ' if fields else ''}{fields}}}", **other)


def refused(configuration: str, **other) -> tuple[int | None, str]:
    with pytest.raises(SettingsError) as caught:
        convert_atria_job(configuration, **other)
    return caught.value.finding_number, str(caught.value)


def test_the_guides_own_example_is_accepted_as_pasted():
    """Line numbers and the trailing comma of the guide's example are tolerated with a note each."""
    job = convert_atria_job(GUIDE_CONFIGURATION)

    assert job.connection == {"host": "https://na1bmspreview.kaseya.com"}
    assert job.params == {"billing_period": "Current", "customers": ["ASP", "FR1", "UJA", "CustomerShortCodeName"]}
    assert job.settings == {
        "integration": "atria_to_kaseya_bms",
        "source": "atria",
        "psa": "kaseya_bms",
        "policy": {"sku_field_match": "ServiceName", "contract_type": "Recurring Services"},
    }
    assert job.notes == (
        "job configuration: line numbers in front of the lines were left out",
        "job configuration: a comma before a closing bracket was left out",
        "ContractType: not given; Recurring Services is used",
        "BillingPeriod: Current bills a period that is still open; a schedule wants Previous",
    )


def test_settings_make_an_integration():
    """The converted settings are accepted by the types that they are for."""
    settings = converted('"SKUFieldMatch": "SKUDescription"').settings

    made = IntegrationSettings(**{**settings, "policy": Policy(**settings["policy"])})

    assert (made.integration, made.source, made.psa) == ("atria_to_kaseya_bms", "atria", "kaseya_bms")
    assert made.policy.sku_field_match is SkuFieldMatch.SKU_DESCRIPTION
    assert made.policy.contract_type == "Recurring Services"


@pytest.mark.parametrize(
    ("pasted", "customers"),
    [
        ('""', []),
        ("null", []),
        ("[]", []),
        ('"ASP"', ["ASP"]),
        ('" ASP , FR1;UJA,"', ["ASP", "FR1", "UJA"]),
        ('["ASP", " FR1 ", "", "ASP"]', ["ASP", "FR1"]),
    ],
)
def test_customers_filter_is_text_or_list(pasted, customers):
    """The guide's table has a text, its example a list; blank means all."""
    assert converted(f'"CustomersFilter": {pasted}').params["customers"] == customers


@pytest.mark.parametrize("key", ["SKUFieldMatch", "SKUMatchField", "SkuFieldMatch"])
def test_sku_field_match_has_three_spellings(key):
    """The guide spells the setting in three ways; all three are read, other than the first with a note."""
    job = converted(f'"{key}": "Description", "BillingPeriod": "Previous", "ContractType": "Fixed Price"')

    assert job.settings["policy"] == {"sku_field_match": "Description", "contract_type": "Fixed Price"}
    assert job.notes == (() if key == "SKUFieldMatch" else (f"job configuration: {key} is read as SKUFieldMatch",))


@pytest.mark.parametrize(
    ("pasted", "period"), [("", "Current"), (" previous ", "Previous"), ("2026-02-01", "2026-02-01")]
)
def test_billing_period_has_the_guides_words_and_default(pasted, period):
    """Previous, Current (the default) and a date are taken over."""
    assert converted(f'"BillingPeriod": "{pasted}"').params["billing_period"] == period


def test_curly_quotes_and_strange_blanks_are_tolerated():
    """Text that went through a word processor or a web page is read, with notes."""
    job = convert_atria_job(
        "{\u00a0“ApiUrl”:\u00a0“https://bms.kaseya.com/”,\u200b “ContractType”: “recurring services”,}"
    )

    assert job.connection == {"host": "https://bms.kaseya.com"}
    assert "job configuration: curly quotation marks were made straight" in job.notes
    assert "ContractType: recurring services is read as Recurring Services" in job.notes


def test_values_that_look_like_faults_are_not_repaired():
    """Commas, brackets, numbers and curly quotes inside texts stay as they are."""
    secrets = '{"UserName": "1. {", "Password": ",} “a”,] \\" ", "Tenant": "T",}'

    job = converted(secrets=secrets)

    assert (job.connection["login"], job.secret_values["password"]) == ("1. {", ',} “a”,] "')


def test_secrets_are_taken_apart_from_the_rest():
    """Login and tenant go to the connection; the password is in nothing that is printed by accident."""
    job = converted(secrets='{"Username": "svc", "Password": "hunter2 ", "Tenant": "Acme"}')

    assert job.connection == {"host": "https://api.bms.kaseya.com", "login": "svc", "tenant": "Acme"}
    assert job.secret_values == {"password": "hunter2"}
    assert "Password: blanks around the value were left out" in job.notes
    assert "hunter2" not in repr(job)


def test_placeholders_of_the_guide_are_accepted_and_noted():
    """The guide's secrets can be pasted as they are; a person learns that they are placeholders."""
    notes = converted(secrets=GUIDE_SECRETS).notes

    assert "Password: still holds the placeholder of Atria's guide" in notes


@pytest.mark.parametrize(
    ("configuration", "code", "told"),
    [
        ("{}", 20, "job configuration: ApiUrl: is empty"),
        ('{"ApiUrl": "  "}', 20, "job configuration: ApiUrl: is empty"),
        ('{"ApiUrl": "ftp://x"}', 20, "ApiUrl: is not a URL; got 'ftp://x'"),
        ('{"ApiUrl": "https://[x"}', 20, "ApiUrl: is not a URL"),
        (
            f'{{{URL}, "ContractType": "Recuring Services"}}',
            12,
            "did you mean Recurring Services?; got 'Recuring Services'",
        ),
        (f'{{{URL}, "BillingPeriod": "Next"}}', 10, "incorrect billing period; got 'Next'; allowed: Previous, Current"),
        (f'{{{URL}, "BillingPeriod": "2026-02-30"}}', 10, "got '2026-02-30'"),
        (f'{{{URL}, "SKUFieldMatch": "Sku"}}', 13, "allowed: ServiceName, Description, SKUDescription"),
        (f'{{{URL}, "CustomersFilter": 5}}', 13, "CustomersFilter: is neither a text nor a list of texts; got 5"),
        (f'{{{URL}, "CustomersFilter": ["ASP", 5]}}', 13, "CustomersFilter: is neither a text nor a list of texts"),
        (f'{{{URL}, "ContractTyp": "x"}}', 13, "ContractTyp: unknown key; did you mean ContractType?"),
        (f'{{{URL}, "apiurl": "https://other"}}', 13, "ApiUrl: is given in two spellings"),
        (f"{{{URL}, {URL}}}", 13, "ApiUrl: a key is given twice"),
        ("", 13, "job configuration, line 1, column 1: is not readable as JSON: Expecting value"),
        ("[]", 13, "job configuration: is not an object; allowed: { … }"),
        (
            '1. {\n2. "ApiUrl": "x"\n3. "BillingPeriod": "y"\n4. }',
            13,
            "job configuration, line 3, column 4: is not readable",
        ),
        ("[" * 100_000, 13, "is nested too deeply"),
    ],
)
def test_wrong_job_gets_its_code_and_place(configuration, code, told):
    """Every fault has the code that its users know, and names key, value and what is allowed."""
    number, text = refused(configuration)

    assert number == code
    assert told in text


@pytest.mark.parametrize(
    ("secrets", "code", "told"),
    [
        ('{"UserName": "SECRET", "Password": "", "Tenant": "SECRET"}', 21, "job secrets: Password: is empty"),
        ('{"UserName": "SECRET", "Tenant": "SECRET"}', 21, "job secrets: Password: is missing"),
        ('{"UserName": "SECRET", "Password": null, "Tenant": "SECRET"}', 21, "Password: is missing"),
        ('{"UserName": "SECRET", "Password": 5550123, "Tenant": "SECRET"}', 21, "Password: is not a text"),
        ('{"UserName": "SECRET", "SECRET": "SECRET"}', 13, "key 2: unknown key"),
        ('{"UserName": "SECRET", "Password": SECRET}', 13, "job secrets, line 1, column 36: is not readable as JSON"),
        ('{"SECRET": 1, "SECRET": 2}', 13, "a key is given twice"),
        ('["SECRET"]', 13, "is not an object"),
    ],
)
def test_wrong_secrets_are_named_and_never_repeated(secrets, code, told):
    """A fault in the secrets names the field; no value, nor a key that may be one, is in the text."""
    number, text = refused(f"{{{URL}}}", secrets=secrets)

    assert (number, told in text) == (code, True)
    assert "SECRET" not in text
    assert "5550123" not in text


def test_credentials_in_the_address_are_refused_unseen():
    """An address with a password in it is not taken over, nor repeated."""
    number, text = refused('{"ApiUrl": "https://svc:hunter2@bms.kaseya.com"}')

    assert number == 20
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("cron", "label", "told"),
    [
        ("0 22 26 * *", "Transfer on 26th of each month", "Cron: the job ran on day 26 of every month at 22:00."),
        ("0 22 26 * *", "Transfer on 27th of each month", "Label: it names day 27, the cron expression day 26"),
        ("30 6 31 * *", "", "Cron: months without a day 31 had no run; a billing calendar uses their last day"),
        (
            "0 22 * * 1",
            "",
            "Cron: cannot be read as one time a month; runs here start when a billing period has closed",
        ),
        (
            "every month",
            "",
            "Cron: cannot be read as one time a month; runs here start when a billing period has closed",
        ),
    ],
)
def test_schedule_is_told_and_not_guessed(cron, label, told):
    """The cron's day is no billing calendar: it is offered in a note, and a label that contradicts it is noted."""
    job = converted(cron=cron, label=label)

    assert any(note.startswith(told) for note in job.notes)
    assert "calendar" not in job.settings


def test_cron_time_is_read():
    """Minute, hour and day of the guide's expression."""
    assert converted(cron="0 22 26 * *").cron == CronTime(day=26, hour=22, minute=0)


@pytest.mark.parametrize("task", ["Kaseya BMS Billing", "KaseyaBMS", " kaseya bms billing"])
def test_task_of_another_system_is_refused(task):
    """Both names of the task are known; a job for another PSA is not converted into one for this."""
    assert converted(task=task).settings["psa"] == "kaseya_bms"
    assert refused(f"{{{URL}}}", task="ConnectWise Billing")[0] == 13


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=20))
def test_any_text_is_converted_or_refused(configuration: str, secrets: str, cron: str):
    """Whatever is pasted, the answer is a job or a settings error."""
    for pasted in (configuration, f'{{{URL}, "BillingPeriod": "{configuration}"}}'):
        try:
            convert_atria_job(pasted, secrets=secrets, cron=cron, label=secrets)
        except SettingsError as error:
            assert error.finding_number in {10, 12, 13, 20, 21}


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    configuration, secrets = tmp_path / "job.json", tmp_path / "secrets.json"
    configuration.write_text(GUIDE_CONFIGURATION, encoding="utf-8")
    secrets.write_text('{"UserName": "svc-billing", "Password": "hunter2", "Tenant": "AcmeTenant"}', encoding="utf-8")
    return str(configuration), str(secrets)


def test_command_prints_settings_that_run(files, capsys):
    """The printed settings block is Python that makes the integration."""
    assert main([files[0], "--cron", "30 22 26 * *", "--label", "Billing\non 26th"]) == 0

    block = capsys.readouterr().out.split("# in the DAG")[0]
    made: dict[str, object] = {}
    exec(block, {"IntegrationSettings": IntegrationSettings, "BillingCalendar": BillingCalendar, "Policy": Policy,
                 "timedelta": timedelta}, made)  # fmt: skip
    assert made["SETTINGS"] == IntegrationSettings(
        integration="atria_to_kaseya_bms",
        source="atria",
        psa="kaseya_bms",
        calendar=BillingCalendar(anchor_day=26, timezone="UTC"),
        settle_delay=timedelta(hours=22, minutes=30),
        policy=Policy(sku_field_match="ServiceName", contract_type="Recurring Services"),
    )


def test_command_prints_placeholders_for_secrets(files, capsys):
    """The connection is printed with its address and without any value of the secrets."""
    assert main([files[0], "--secrets", files[1]]) == 0

    printed = capsys.readouterr()
    assert "--conn-host https://na1bmspreview.kaseya.com" in printed.out
    assert 'params=run_params(billing_period="Current", customers=["ASP", "FR1",' in printed.out
    for value in ("svc-billing", "hunter2", "AcmeTenant"):
        assert value not in printed.out + printed.err


def test_command_tells_faults_with_their_code(tmp_path, capsys):
    """A wrong job ends with status 1 and its code; nothing else is printed."""
    path = tmp_path / "job.json"
    path.write_text("{}", encoding="utf-8")

    assert main([str(path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("KS20: job configuration: ApiUrl: is empty")
    assert main([str(tmp_path / "missing.json")]) == 1
    assert "missing.json: cannot be read: No such file or directory" in capsys.readouterr().err
