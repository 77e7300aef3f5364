"""Companies, recurring service contracts and the catalogue of a tenant, in bulk, inactive ones included.

- A contract bills recurring services only with ``contractType`` 7 (seen: the vendor's help); others are not read.
- A company whose type is *Dead* or *Cancelation* is no customer (seen: the vendor's own billing cannot map it).
- ``status`` of a contract is the tenant's picklist; *Active* is the label, and where no label says so the value 1 (seen
  in three clients). ``startDate`` and ``endDate`` are whole days, both inside the contract.
- A service may carry a ``sku`` since some version after 2020; it is put before the description, which is where an SKU
  stands in other PSAs. Bundles are services with ids of their own, so theirs begin with ``b``.
- A security level that may not read a list gets an empty one, no error (seen: the vendor's help).
"""

from __future__ import annotations

from billing_providers.errors import Forbidden, SettingsError
from billing_providers.hooks.at.metadata import RECURRING_SERVICE
from billing_providers.hooks.at.paging import count_of, listed
from billing_providers.hooks.at.query import Clause, Operator, Query
from billing_providers.hooks.at.tenant import AtTenant
from billing_providers.hooks.http.fields import Fields
from billing_providers.model.psa import Account, Contract, PsaDirectory, Service

BUNDLE = "b"  # begins the ids of bundles and of their lines, which are counted apart from those of services

_COMPANY = ("companyName", "companyNumber", "companyType", "isActive", "parentCompanyID")
_CONTRACT = ("companyID", "contractName", "contractType", "status", "startDate", "endDate", "contractPeriodType")
_SERVICE = ("name", "description", "invoiceDescription", "unitPrice", "unitCost", "isActive")
_ALL = (Clause("id", Operator.EXIST),)
_NO_CUSTOMERS = frozenset({"dead", "cancelation", "cancellation"})
_ACTIVE, _ACTIVE_VALUE = "active", "1"


def read_directory(tenant: AtTenant) -> PsaDirectory:
    """Read all companies, recurring service contracts, services and bundles.

    :raises Forbidden: when the user sees companies but no contract at all, or no company.
    :raises UnreadableAnswer: when a list is not complete.
    """
    companies = listed(tenant, Query("Companies", _COMPANY, _ALL), counted=True)  # refused keys: one try
    recurring = Clause("contractType", Operator.EQ, RECURRING_SERVICE)
    sku = ("sku",) if tenant.metadata.has("Services", "sku") else ()
    queries = [
        Query("Contracts", _CONTRACT, (recurring,)),
        Query("Services", (*_SERVICE, *sku), _ALL),
        Query("ServiceBundles", _SERVICE, _ALL),
    ]
    contracts, services, bundles = tenant.api.client.map(lambda query: listed(tenant, query, counted=True), queries)
    if not companies or not contracts:
        _really_empty(tenant, "Contracts" if companies else "Companies")
    names = {row.identity("id"): row.text("companyName") for row in companies}
    types = tenant.metadata.labels("Companies", "companyType")
    words = _ContractWords(tenant)
    return PsaDirectory(
        accounts=tuple(_account(row, types) for row in companies),
        contracts=tuple(_contract(row, names, words) for row in contracts),
        services=tuple(_service(row, "") for row in services) + tuple(_service(row, BUNDLE) for row in bundles),
        contract_types=tuple(sorted(set(words.types.values()) - {""})),
    )


class _ContractWords:
    """The tenant's own words for types, states and periods of contracts."""

    def __init__(self, tenant: AtTenant) -> None:
        self.types = tenant.metadata.labels("Contracts", "contractType")
        self.periods = tenant.metadata.labels("Contracts", "contractPeriodType")
        self.states = tenant.metadata.labels("Contracts", "status")
        active = {value for value, label in self.states.items() if label.casefold() == _ACTIVE}
        self.active = active or ({_ACTIVE_VALUE} & self.states.keys())
        if not self.active:
            raise SettingsError(
                "has no value for contracts that are in force",
                where="Autotask Contracts",
                key="status",
                value=", ".join(sorted(self.states.values())),
                allowed="a picklist with the label Active, or the value 1",
            )


def _really_empty(tenant: AtTenant, entity: str) -> None:
    """An empty list is believed only where other rows of the entity can be seen.

    :raises Forbidden: where none can.
    """
    if not tenant.metadata.access(entity).queries or not count_of(tenant, Query(entity, (), _ALL))[0]:
        raise no_right(tenant, entity, "no row of it can be seen, although there must be some")


def no_right(tenant: AtTenant, entity: str, why: str) -> Exception:
    """Return the error for an entity whose rows the security level seems to hide."""
    return tenant.error(
        Forbidden,
        f"{entity} cannot be read: {why}. The user's security level lacks the right to view it (or shows it only for "
        "some lines of business): an empty list is no answer here",
    )


def _account(row: Fields, types: dict[str, str]) -> Account:
    active = row.flag("isActive", default=True)
    kind = types.get(str(row.get("companyType")), "")
    parent = row.get("parentCompanyID")
    return Account(
        account_id=row.identity("id"),
        code=row.text("companyNumber"),
        name=row.text("companyName"),
        active=active and kind.casefold() not in _NO_CUSTOMERS,
        parent_id="" if parent is None else str(parent),
        status=kind if active else f"{kind}, inactive".lstrip(", "),
    )


def _contract(row: Fields, companies: dict[str, str], words: _ContractWords) -> Contract:
    company_id, status = row.identity("companyID"), str(row.get("status"))
    return Contract(
        contract_id=row.identity("id"),
        account_id=company_id,
        account_name=companies.get(company_id, ""),
        name=row.text("contractName"),
        contract_type=words.types.get(str(RECURRING_SERVICE), ""),
        active=status in words.active,
        billing_cycle=words.periods.get(str(row.get("contractPeriodType")), ""),
        start=row.day("startDate"),
        end=row.day("endDate"),
        status=words.states.get(status, status),
    )


def _service(row: Fields, mark: str) -> Service:
    sku, description = row.text("sku").strip(), row.text("description").strip()
    told = f"{sku}:" if sku and description.partition(":")[0].strip() != sku else ""
    return Service(
        service_id=f"{mark}{row.identity('id')}",
        name=row.text("name"),
        description=f"{told} {description}".strip(),
        active=row.flag("isActive", default=True),
        unit_cost=row.number("unitCost"),
        unit_price=row.number("unitPrice"),
        invoice_text=row.text("invoiceDescription"),
    )
