"""Converts a billing job of Atria for Kaseya BMS, pasted as it stands, into settings of this package.

The job's parameters and defaults are those of Atria's own guide "Integrating Kaseya BMS with Atria". Where the
guide spells a name in several ways, all are accepted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from billing_providers.engine.atria_json import read_pasted_json
from billing_providers.engine.cron_words import CronTime, read_cron
from billing_providers.errors import SettingsError
from billing_providers.model.contract_types import KASEYA_BMS
from billing_providers.model.settings import SkuFieldMatch

_CONFIGURATION = "job configuration"
_SECRETS = "job secrets"

# Spellings, without case, to the name that is used here.
_KEYS = {
    "apiurl": "ApiUrl",
    "contracttype": "ContractType",
    "billingperiod": "BillingPeriod",
    "customersfilter": "CustomersFilter",
    "skufieldmatch": "SKUFieldMatch",
    "skumatchfield": "SKUFieldMatch",
}
_SECRET_KEYS = {"username": "UserName", "password": "Password", "tenant": "Tenant"}
_TASKS = ("Kaseya BMS Billing", "KaseyaBMS")


@dataclass(frozen=True, slots=True)
class AtriaJob:
    """A converted job.

    :param settings: keyword arguments of ``IntegrationSettings``; ``policy`` holds those of ``Policy``.
    :param params: defaults of the DAG params ``billing_period`` and ``customers``.
    :param connection: ``host``, ``login`` and ``tenant`` of the PSA's connection; the last two only with secrets.
    :param secret_values: the connection's ``password``, when secrets were given; kept out of ``repr``.
    :param notes: what was repaired, assumed, or needs a person.
    :param cron: when the job ran, as far as its cron expression tells.
    """

    settings: dict[str, Any]
    params: dict[str, Any]
    connection: dict[str, str]
    notes: tuple[str, ...]
    secret_values: dict[str, str] = field(default_factory=dict, repr=False)
    label: str = ""
    cron: CronTime | None = None


def convert_atria_job(
    configuration: str, *, secrets: str = "", label: str = "", cron: str = "", task: str = ""
) -> AtriaJob:
    """Return the settings that do what an Atria job did.

    :param configuration: the job's Configuration, JSON as pasted.
    :param secrets: the job's Secrets, JSON as pasted; empty: left to the person who creates the connection.
    :param label: the job's label, ``cron``: its CRON expression, ``task``: its task; all optional.
    :raises SettingsError: of code 10 (BillingPeriod), 12 (ContractType), 20 (ApiUrl), 21 (a secret is missing; its
        name, never a value) or 13 (anything else).
    """
    if task.strip() and _squeezed(task) not in {_squeezed(name) for name in _TASKS}:
        raise SettingsError(
            "is no Kaseya BMS job", where="job", key="task", value=task, allowed=", ".join(_TASKS), finding_number=13
        )
    values, notes = _values(configuration, _CONFIGURATION, _KEYS)
    host = _host(_text(values, "ApiUrl", notes), notes)
    policy = {
        "sku_field_match": _sku_field_match(_text(values, "SKUFieldMatch", notes), notes),
        "contract_type": _contract_type(_text(values, "ContractType", notes), notes),
    }
    params = {
        "billing_period": _billing_period(_text(values, "BillingPeriod", notes), notes),
        "customers": _customers(values.get("CustomersFilter"), notes),
    }
    connection = {"host": host}
    secret_values: dict[str, str] = {}
    if secrets.strip():
        found = _secret_texts(secrets, notes)
        connection |= {"login": found["UserName"], "tenant": found["Tenant"]}
        secret_values = {"password": found["Password"]}
    when = read_cron(cron) if cron.strip() else None
    notes += _schedule_notes(cron, when, label)
    return AtriaJob(
        settings={"integration": "atria_to_kaseya_bms", "source": "atria", "psa": "kaseya_bms", "policy": policy},
        params=params,
        connection=connection,
        notes=tuple(notes),
        secret_values=secret_values,
        label=" ".join(label.split()),
        cron=when,
    )


def _values(
    text: str, where: str, spellings: Mapping[str, str], *, secret: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """Return the values by the name that is used here; unknown names and two spellings of one are faults."""
    pasted, notes = read_pasted_json(text, where, secret=secret)
    allowed = ", ".join(dict.fromkeys(spellings.values()))
    values: dict[str, Any] = {}
    for place, (key, value) in enumerate(pasted.items(), start=1):
        name = spellings.get(key.strip().casefold())
        if name is None:
            near = get_close_matches(key.strip().casefold(), spellings, n=1)
            hint = f"; did you mean {spellings[near[0]]}?" if near else ""
            shown = f"key {place}" if secret else key
            raise SettingsError(f"unknown key{hint}", where=where, key=shown, allowed=allowed, finding_number=13)
        if name in values:
            raise SettingsError("is given in two spellings", where=where, key=name, finding_number=13)
        if key != name:
            notes.append(f"{where}: {key} is read as {name}")
        values[name] = value
    return values, notes


def _text(values: Mapping[str, Any], key: str, notes: list[str]) -> str:
    """Return a trimmed text; absent and null are empty."""
    value = values.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise SettingsError("is not a text", where=_CONFIGURATION, key=key, value=value, finding_number=13)
    if value != value.strip():
        notes.append(f"{key}: blanks around the value were left out")
    return value.strip()


def _host(url: str, notes: list[str]) -> str:
    allowed = "the base URL of the Kaseya BMS API, e.g. https://api.bms.kaseya.com"
    if not url:
        raise SettingsError("is empty", where=_CONFIGURATION, key="ApiUrl", allowed=allowed, finding_number=20)
    if "@" in url:
        raise SettingsError("holds credentials", where=_CONFIGURATION, key="ApiUrl", allowed=allowed, finding_number=20)
    if "://" not in url:
        notes.append(f"ApiUrl: https:// was put before {url}")
        url = f"https://{url}"
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise SettingsError(
            "is not a URL", where=_CONFIGURATION, key="ApiUrl", value=url, allowed=allowed, finding_number=20
        )
    if parts.scheme == "http":
        notes.append("ApiUrl: http is not encrypted; the connection accepts it for a server on this machine only")
    if parts.query or parts.fragment:
        notes.append("ApiUrl: what follows the path (? or #) was left out")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _contract_type(text: str, notes: list[str]) -> str:
    if not text:
        notes.append("ContractType: not given; Recurring Services is used")
        return "Recurring Services"
    for known in KASEYA_BMS:
        if text.casefold() == known.casefold():
            if text != known:
                notes.append(f"ContractType: {text} is read as {known}")
            return known
    near = get_close_matches(text, KASEYA_BMS, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    allowed = ", ".join(sorted(KASEYA_BMS))
    raise SettingsError(
        f"unknown contract type{hint}",
        where=_CONFIGURATION,
        key="ContractType",
        value=text,
        allowed=allowed,
        finding_number=12,
    )


def _billing_period(text: str, notes: list[str]) -> str:
    if not text:
        notes.append("BillingPeriod: not given; Current, Atria's default, is used")
        return "Current"
    for word in ("Previous", "Current"):
        if text.casefold() == word.casefold():
            if word == "Current":
                notes.append("BillingPeriod: Current bills a period that is still open; a schedule wants Previous")
            return word
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            date.fromisoformat(text)
        except ValueError:
            pass
        else:
            notes.append(f"BillingPeriod: {text} is fixed, so every run would bill the same period")
            return text
    raise SettingsError(
        "incorrect billing period",
        where=_CONFIGURATION,
        key="BillingPeriod",
        value=text,
        allowed="Previous, Current, or a date YYYY-MM-DD inside the wanted period",
        finding_number=10,
    )


def _sku_field_match(text: str, notes: list[str]) -> str:
    if not text:
        return SkuFieldMatch.SERVICE_NAME.value
    for match in SkuFieldMatch:
        if text.casefold() == match.value.casefold():
            if text != match.value:
                notes.append(f"SKUFieldMatch: {text} is read as {match.value}")
            return match.value
    allowed = ", ".join(match.value for match in SkuFieldMatch)
    raise SettingsError(
        "unknown value", where=_CONFIGURATION, key="SKUFieldMatch", value=text, allowed=allowed, finding_number=13
    )


def _customers(value: Any, notes: list[str]) -> list[str]:
    """Return the codes of a text (separated by commas or semicolons) or a list; nothing means all."""
    given: Sequence[Any] = re.split(r"[,;]", value) if isinstance(value, str) else value if value is not None else []
    if not isinstance(given, list) or not all(isinstance(code, str) for code in given):
        raise SettingsError(
            "is neither a text nor a list of texts",
            where=_CONFIGURATION,
            key="CustomersFilter",
            value=value,
            allowed='"ASP, FR1" or ["ASP", "FR1"]',
            finding_number=13,
        )
    codes = list(dict.fromkeys(code.strip() for code in given if code.strip()))
    if isinstance(value, list) and codes != value:
        notes.append("CustomersFilter: blanks, empty entries or repeats were left out")
    if isinstance(value, str) and len(codes) > 1:
        notes.append(f"CustomersFilter: the text is read as {len(codes)} customer codes")
    return codes


def _secret_texts(secrets: str, notes: list[str]) -> dict[str, str]:
    values, secret_notes = _values(secrets, _SECRETS, _SECRET_KEYS, secret=True)
    notes += secret_notes
    texts: dict[str, str] = {}
    for key in _SECRET_KEYS.values():
        value = values.get(key)
        if not isinstance(value, str) or not value.strip():
            problem = "is missing" if value is None else "is empty" if isinstance(value, str) else "is not a text"
            raise SettingsError(
                problem, where=_SECRETS, key=key, allowed="UserName, Password and Tenant, all given", finding_number=21
            )
        if value != value.strip():
            notes.append(f"{key}: blanks around the value were left out")
        texts[key] = value.strip()
        if set(texts[key]) == {"X"}:
            notes.append(f"{key}: still holds the placeholder of Atria's guide")
    return texts


def _schedule_notes(cron: str, when: CronTime | None, label: str) -> list[str]:
    if not cron.strip():
        return []
    if when is None:
        return ["Cron: cannot be read as one time a month; runs here start when a billing period has closed"]
    notes = [
        f"Cron: the job ran {when.words}. Runs here start when a billing period has closed. The job does not say on "
        f"which day periods start; look it up in Atria's billing setup. If it is day {when.day}, set anchor_day="
        f"{when.day} and a settle_delay of {when.hour} h {when.minute:02d} min."
    ]
    if when.day > 28:
        notes.append(f"Cron: months without a day {when.day} had no run; a billing calendar uses their last day")
    named = [int(day) for day in re.findall(r"\b(\d{1,2})\s?(?:st|nd|rd|th)\b", label, re.IGNORECASE)]
    if named and when.day not in named:
        notes.append(f"Label: it names day {named[0]}, the cron expression day {when.day}")
    return notes


def _squeezed(text: str) -> str:
    return re.sub(r"\s|billing", "", text.casefold())
