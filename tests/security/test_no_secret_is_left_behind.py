"""Law 14: what a whole close leaves, and what one leaves that cannot sign in, holds no secret. For every PSA.

The secrets are those that really travelled: each header and form that signed a request, taken where it left.
"""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from airflow.sdk.exceptions import AirflowException
from requests.adapters import HTTPAdapter

from billing_providers.errors import BillingError
from billing_providers.registry import SYSTEMS
from tests.support.chosen_ledger import chosen_ledger
from tests.support.every_psa import Tenant, tenant_of
from tests.support.ledger_rows import all_rows
from tests.support.pipeline import Pipeline
from tests.support.smtp_sink import SmtpSink, smtp_sink

PSAS = [key for key, system in SYSTEMS.items() if system.role == "psa"]
NO_SECRET = {
    "user-agent", "accept", "accept-encoding", "connection", "content-type", "content-length", "username",
}  # fmt: skip
FORM_SECRETS = {"Password", "password", "client_secret", "RefreshToken", "AccessToken", "MFACode"}
MAIL_PASSWORD = "canary-of-the-mail-server"


@pytest.fixture
def travelled(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every secret that left with a request, as it left."""
    found: set[str] = set()
    send = HTTPAdapter.send

    def watched(self: HTTPAdapter, request: Any, *args: Any, **kwargs: Any) -> Any:
        signed = [str(value) for name, value in request.headers.items() if name.casefold() not in NO_SECRET]
        found.update(part for value in signed for part in (value, value.split(" ")[-1]))
        body = request.body.decode(errors="replace") if isinstance(request.body, bytes) else request.body or ""
        found.update(value for name, value in parse_qsl(body) if name in FORM_SECRETS)
        with suppress(ValueError, AttributeError):
            found.update(str(value) for name, value in json.loads(body).items() if name in FORM_SECRETS)
        return send(self, request, *args, **kwargs)

    monkeypatch.setattr(HTTPAdapter, "send", watched)
    return found


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmtpSink]:
    """A mail server whose password is a canary."""
    with smtp_sink() as running:
        connection = {**running.connection, "login": "", "password": MAIL_PASSWORD}
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
        yield running


def stored_secrets(tenant: Tenant) -> set[str]:
    """Return the passwords and secret extras of every connection of a tenant, and the pairs made of them."""
    found = {MAIL_PASSWORD}
    secret = {field.key for system in SYSTEMS.values() for field in system.fields if field.secret}
    for conn_id, text in tenant.msp.environment.items():
        if not conn_id.startswith("AIRFLOW_CONN_") or not text.startswith("{"):
            continue
        fields = json.loads(text)
        password, extra = fields.get("password", ""), fields.get("extra", {})
        found |= {password, b64encode(f"{fields.get('login', '')}:{password}".encode()).decode()} if password else set()
        found |= {str(value) for name, value in extra.items() if name in secret and fields["conn_type"] != "http"}
    return {value for value in found if len(value) > 5}


def left_behind(folder: Path, run: Pipeline, sink: SmtpSink, said: str, *errors: str) -> dict[str, str]:
    """Return everything that a run left: files, ledger, XComs, mails, logs, output and error texts."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    left = {path.name: path.read_bytes().decode("utf-8", errors="replace") for path in files}
    outputs = [run.run, run.usage, run.charges, run.diff, run.items, list(run.context["ti"].xcoms.values())]
    left["xcoms"] = json.dumps(outputs, default=str) + repr(outputs)
    left["mails"] = "\n".join(
        part.get_content() for mail in sink.mails for part in mail.walk() if not part.is_multipart()
    )
    left["ledger"] = repr(all_rows(chosen_ledger(folder)))
    left["said"] = said
    left["errors"] = "\n".join(errors)
    return left


def shown(secrets: set[str], left: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, secret[:6]) for name, content in left.items() for secret in secrets if secret in content]


@pytest.mark.parametrize("psa", PSAS)
def test_a_whole_close_leaves_no_secret(
    psa: str,
    tmp_path: Path,
    travelled: set[str],
    sink: SmtpSink,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Not in a log of any level, an XCom, the ledger, a list, a mail, or what a task prints."""
    caplog.set_level("DEBUG")
    with tenant_of(psa, tmp_path) as tenant:
        tenant.msp.change(notify=("ann@harbour.example",))
        run = tenant.close()
        assert len(tenant.audit()) > 0
        secrets = stored_secrets(tenant)
        left = left_behind(tmp_path, run, sink, caplog.text + "".join(capfd.readouterr()))

    assert len(travelled) > 2
    assert shown(secrets | travelled, left) == []
    assert run.run_key in left["ledger"]  # the search sees what is there
    assert sink.mails != []
    assert "billing_providers" in left["said"]


@pytest.mark.parametrize("side", ["psa", "source"])
@pytest.mark.parametrize("psa", PSAS)
def test_a_run_that_cannot_sign_in_leaves_no_secret(
    psa: str,
    side: str,
    tmp_path: Path,
    travelled: set[str],
    sink: SmtpSink,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mistyped, with blanks, with letters that no header takes, or missing: the cause is told, and not the value."""
    caplog.set_level("DEBUG")
    wrong = ["canary-mistyped-Qx9", " canary-with-blanks ", "canary-ключ-Qx9", "canary\nof-two-lines", ""]
    with tenant_of(psa, tmp_path) as tenant:
        tenant.msp.change(notify=("ann@harbour.example",))
        system = SYSTEMS[psa if side == "psa" else source_of(tenant)]
        name = f"AIRFLOW_CONN_{system.default_conn_id.upper()}"
        fields, told = json.loads(os.environ[name]), []
        for number, password in enumerate(wrong):
            monkeypatch.setenv(name, json.dumps({**fields, "password": password}))
            run = Pipeline(tenant.msp.settings, run_id=f"r{number}", billing_period=tenant.first)
            with pytest.raises((AirflowException, BillingError)) as caught:
                run.close()
            told += [str(caught.value), repr(caught.value), str(caught.value.__cause__), str(caught.value.__context__)]
        secrets = {line.strip() for value in wrong for line in value.split("\n") if "canary" in line}
        secrets |= {"ключ", "of-two-lines"} | stored_secrets(tenant)
        left = left_behind(tmp_path, run, sink, caplog.text + "".join(capfd.readouterr()), *told)

    assert shown(secrets | travelled, left) == []
    assert tenant.msp.settings.integration in left["ledger"]


def source_of(tenant: Tenant) -> str:
    """Return the system whose connection the source of a tenant reads."""
    return {"kaseya_modules": "datto_rmm"}.get(tenant.msp.settings.source, tenant.msp.settings.source)
