"""Datto RMM: how many devices each site has, by billing type, as Kaseya's Integrated Customer Billing counts them.

- Sources: the vendor's OpenAPI (seen: calls, fields, paging), six public clients (seen: sign-in, limits), the vendor's
  help on Integrated Customer Billing (seen: kinds of devices, ``_NotBillable_``). Its numbers themselves have no public
  API, so they are counted from the list of devices (inferred).
- Calls: sign-in, request rate, page size, then three lists in pages: sites, devices, the filter's devices.
- SKUs: ``Datto RMM - AllDevicesMetric``: module, hyphen, billing type, so that a service of that name matches. Names of
  billing types, and which are ours: :mod:`billing_providers.hooks.drmm.devices`.
- Example: ``source_options={"billing_types": ["AllDevicesMetric", "Servers"]}``.
- Failing: fewer devices than the server counts make the read incomplete; a 403 is told apart as a missing right or a
  block, after which nothing is sent for five minutes; a device that cannot be read holds its site.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from threading import Lock

from airflow.sdk import BaseHook

from billing_providers.errors import BillingError, FailureClass
from billing_providers.hooks.connections import ConnectionFields
from billing_providers.hooks.drmm.api import DrmmApi, api_of
from billing_providers.hooks.drmm.devices import ALL_DEVICES, count_options
from billing_providers.hooks.drmm.reading import read_devices, reading_works
from billing_providers.hooks.http.client import Clocks, HttpClient
from billing_providers.hooks.http.faults import ErrorVoice
from billing_providers.hooks.http.repeats import Limits
from billing_providers.model.periods import BillingPeriod
from billing_providers.model.source import UsageRead

# A 429 means that the window of a minute is full: the waits between attempts are of that size.
_LIMITS = Limits(backoff_s=4.0, backoff_s_max=60.0)


class DattoRmmHook(BaseHook):
    """Reads device counts from Datto RMM. Safe to use from several threads; nothing is read before it is needed.

    The customer code is the site's uid, the billing identifier its Autotask company id.

    :param datto_rmm_conn_id: Airflow connection: host the platform's API URL, login the API key, password its secret.
    :param billing_types: what is counted, e.g. ``AllDevicesMetric``, ``Servers``.
    :param not_billable_filter: name of the custom filter whose devices are not counted; empty: none.
    :param filter_must_exist: whether it is an error that there is no such filter; otherwise a note.
    :param count_suspended: whether suspended devices are counted.
    :param limits: bounds of the requests.
    :param clocks: time and chance, for tests.
    :raises SettingsError: for an unknown billing type.
    """

    conn_name_attr = "datto_rmm_conn_id"
    default_conn_name = "datto_rmm_default"
    conn_type = "datto_rmm"
    hook_name = "Datto RMM"

    def __init__(
        self,
        datto_rmm_conn_id: str = default_conn_name,
        *,
        billing_types: Sequence[str] = (ALL_DEVICES,),
        not_billable_filter: str = "_NotBillable_",
        filter_must_exist: bool = False,
        count_suspended: bool = True,
        limits: Limits | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        super().__init__()
        self.datto_rmm_conn_id = datto_rmm_conn_id
        self._options = count_options(billing_types, not_billable_filter, filter_must_exist, count_suspended)
        self._limits = limits or _LIMITS
        self._clocks = clocks or Clocks()
        self._opening = Lock()

    @property
    def client(self) -> HttpClient:
        """The HTTP client of this hook; ``client.calls`` counts what was sent."""
        return self._opened().client

    def read_usage(self, period: BillingPeriod, customers: tuple[str, ...] = ()) -> UsageRead:
        """Read the counts of all sites, as they are today.

        ``customers`` narrows nothing: who shares an account with whom is known only when all are read.
        """
        return read_devices(self._opened(), self._options, period, self.conn_type)

    def not_ready_why(self, period: BillingPeriod) -> str:
        """Return nothing: today's devices can always be counted."""
        return ""

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the sign-in works, what can be read, and whether the filter is there."""
        try:
            return reading_works(self._opened(), self._options, self._fields.login())
        except BillingError as error:
            return False, str(error)

    def _opened(self) -> DrmmApi:
        with self._opening:
            return self._api

    @cached_property
    def _fields(self) -> ConnectionFields:
        return ConnectionFields(self.conn_type, self.datto_rmm_conn_id)

    @cached_property
    def _api(self) -> DrmmApi:
        voice = ErrorVoice(self.hook_name, finding_number=3, failure_class=FailureClass.SOURCE)
        return api_of(self._fields, voice, self._limits, self._clocks)
