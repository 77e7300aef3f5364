"""MSP360 Managed Backup (MBS API): what each company stored, restored and holds in licences, in a calendar month.

- Sources: the vendor's PowerShell module and help pages. There is no published API description. Seen: the calls, their
  bodies and field names. Inferred: sizes are bytes, sums and totals agree, taken licences that are no trial are billed.
  Unknown: whether MSP360 means 2^30 or 10^9 bytes by GB (``gigabyte``), request limits, when a closed month is final.
- Calls: sign-in, companies, users, the month's billing, licences where picked, and one call per billed user for
  ``used_space`` and ``computers``.
- Metrics (the record's SKU, its unit, and its total cost): ``used_space`` GB, storage cost; ``average_space`` GB,
  storage cost; ``restore_volume`` GB, restore cost; ``computers``; ``license.<type>``; ``plan`` one per user with a
  plan cost; ``total`` one per user, total cost.
- Example: ``source_options={"metrics": ["used_space", "licenses"]}`` on a connection with the API login of MSP360.
- Failing: a row or name that leads to no company or several holds those customers; costs or sums that do not agree hold
  theirs; totals that do not fit make the read incomplete; users without company come as the customer ``(no company)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from threading import Lock

from airflow.sdk import BaseHook

from billing_providers.errors import BillingError, FailureClass
from billing_providers.hooks.connections import ConnectionFields
from billing_providers.hooks.http.client import Clocks, HttpClient
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.hooks.http.repeats import Limits
from billing_providers.hooks.http.sign_in import RenewedToken
from billing_providers.hooks.mbs.answers import Reply, read_reply
from billing_providers.hooks.mbs.billing import BilledUser, month_of, read_billing
from billing_providers.hooks.mbs.companies import Companies, read_companies
from billing_providers.hooks.mbs.details import DetailsReader
from billing_providers.hooks.mbs.licenses import read_licenses
from billing_providers.hooks.mbs.options import options_of
from billing_providers.hooks.mbs.records import Records
from billing_providers.hooks.mbs.sign_in import MbsSignIn
from billing_providers.hooks.mbs.trouble import Trouble
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead
from billing_providers.model.usage import UsageRecord


class Msp360Hook(BaseHook):
    """Reads usage from MSP360. Safe to use from several threads; nothing is read before it is needed.

    :param msp360_conn_id: Airflow connection; login and password are the API pair of the main administrative account.
    :param metrics: what is counted: ``used_space``, ``average_space``, ``restore_volume``, ``computers``, ``licenses``,
        ``plan``, ``total``.
    :param gigabyte: ``binary`` (2^30 bytes) or ``decimal`` (10^9 bytes).
    :param level: what the records' item id says: ``company`` (nothing), ``user`` (his id) or ``computer`` (its name,
        where MSP360 tells it, otherwise the user's id).
    :param limits: bounds of the requests.
    :param clocks: time and chance, for tests.
    :raises SettingsError: for an unknown metric, gigabyte or level.
    """

    conn_name_attr = "msp360_conn_id"
    default_conn_name = "msp360_default"
    conn_type = "msp360"
    hook_name = "MSP360 Managed Backup"

    def __init__(
        self,
        msp360_conn_id: str = default_conn_name,
        *,
        metrics: Sequence[str] = ("used_space",),
        gigabyte: str = "binary",
        level: str = "company",
        limits: Limits | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        super().__init__()
        self.msp360_conn_id = msp360_conn_id
        self._options = options_of(metrics, gigabyte, level)
        self._limits = limits or Limits()
        self._clocks = clocks or Clocks()
        self._opening = Lock()

    @property
    def client(self) -> HttpClient:
        """The HTTP client of this hook; ``client.calls`` counts what was sent."""
        with self._opening:
            return self._client

    def read_usage(self, period: BillingPeriod, customers: tuple[str, ...] = ()) -> UsageRead:
        """Read the picked metrics of a month for all companies.

        ``customers`` narrows nothing: who shares an account with whom is known only when all are read.

        :raises PeriodError: when the period is not one calendar month.
        """
        month, trouble = month_of(period), Trouble()
        companies = read_companies(self.client)
        users = read_billing(self.client, month, companies, trouble) if self._options.needs_billing else []
        records = self._records(month, companies, users, trouble)
        return UsageRead(
            records=records,
            origin=f"{self.client.base_url}/api/Billing, {month[:7]}",
            complete=not trouble.incomplete,
            incomplete_why="; ".join(trouble.incomplete),
            malformed=trouble.malformed,
            failed_customers=trouble.failed,
            notes=trouble.notes,
        )

    def not_ready_why(self, period: BillingPeriod) -> str:
        """Return nothing: MSP360 does not tell when a month is final."""
        return ""

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the sign-in works and which lists can be read."""
        signed_in = ""
        try:
            client = self.client
            companies: Reply = client.call("GET", "/api/Companies")
            signed_in = f"Signed in to {client.base_url} as {self._fields.login()}; "
            users: Reply = client.call("GET", "/api/Users")
            told = [f"{len(companies.objects())} companies", f"{len(users.objects())} users"]
            billing: Reply = client.call("GET", "/api/Billing")
            told.append(f"the current month's billing ({len(billing.rows('StatisticBilling'))} rows)")
            if "licenses" in self._options.metrics:
                licenses: Reply = client.call("GET", "/api/Licenses")
                told.append(f"{len(licenses.objects())} licences")
        except BillingError as error:
            return False, f"{signed_in}{error}"
        return True, f"{signed_in}{', '.join(told)} can be read."

    def _records(
        self, month: str, companies: Companies, users: Sequence[BilledUser], trouble: Trouble
    ) -> list[UsageRecord]:
        made = Records(self.conn_type, self._options)
        details = DetailsReader(self.client, month).read(users, trouble) if self._options.needs_details else {}
        records: list[UsageRecord] = []
        for user in users:
            if user.placement.company is not None:
                records.extend(made.of_user(user, user.placement.company, details.get(user.user_id)))
        if "licenses" in self._options.metrics:
            billed = {user.user_id.strip().casefold(): user.placement for user in users}
            records.extend(map(made.of_license, read_licenses(self.client, companies, billed, trouble)))
        return records

    @cached_property
    def _fields(self) -> ConnectionFields:
        return ConnectionFields(self.conn_type, self.msp360_conn_id)

    @cached_property
    def _client(self) -> HttpClient:
        fields = self._fields
        voice = ErrorVoice(self.hook_name, finding_number=3, failure_class=FailureClass.SOURCE)
        base_url, login, password = fields.base_url(), fields.login(), fields.password()
        voice.masker.add(password)
        client = HttpClient(base_url, voice, limits=self._limits, read=read_reply, clocks=self._clocks)
        client.sign_in = RenewedToken(MbsSignIn(client, login, password).obtain, clock=self._clocks.clock)
        return client
