"""Who may sign in to the sandbox. Invented for it: these open nothing else."""

from __future__ import annotations

from dataclasses import dataclass

BMS_TENANT = "harbour-msp"
BMS_USER = "api.billing"
BMS_PASSWORD = "sandbox-Tide!7741"
BMS_MFA_CODE = "246810"
ATRIA_TOKEN = "eyJhbGciOiJub25lIn0.sandbox-atria-developer.c2lnbmVk"
ATRIA_TOKEN_WITHOUT_PERMISSION = "eyJhbGciOiJub25lIn0.sandbox-atria-viewer.c2lnbmVk"
MSP360_LOGIN = "api-harbour-7f3c"
MSP360_PASSWORD = "sandbox-Reef!5520"
SHERWEB_CLIENT_ID = "5b0f7c1e-2d64-4f0a-9c3b-71d0a4be66f2"
SHERWEB_CLIENT_SECRET = "sandbox-Loch!4418"
SHERWEB_SUBSCRIPTION_KEY = "9f2c4e7ab1d84c0fa5e3d7b6c8091a2f"
METERLINE_KEY = "mtl_sandbox_4d1f8a6be2"
METERLINE_TENANT = "harbour-msp"

ACCOUNTS, CONTRACTS, CONTRACTS_MODIFY, SERVICES, INVOICES = (
    "accounts", "contracts", "contracts_modify", "services", "invoices",
)  # fmt: skip
ALL_RIGHTS = frozenset({ACCOUNTS, CONTRACTS, CONTRACTS_MODIFY, SERVICES, INVOICES})


@dataclass(frozen=True, slots=True)
class BmsUser:
    """A user of the simulated tenant. ``rights`` bound what he may see and change."""

    user_id: int
    name: str
    full_name: str
    rights: frozenset[str]
    password: str = BMS_PASSWORD
    mfa_code: str = ""
    locked: bool = False
    sso: bool = False


BMS_USERS = (
    BmsUser(11, BMS_USER, "Billing Robot", ALL_RIGHTS),
    BmsUser(12, "api.readonly", "Reading Robot", ALL_RIGHTS - {CONTRACTS_MODIFY}),
    BmsUser(13, "api.nocontracts", "Sales Robot", frozenset({ACCOUNTS, SERVICES})),
    BmsUser(14, "api.locked", "Locked Robot", ALL_RIGHTS, locked=True),
    BmsUser(15, "api.mfa", "Careful Robot", ALL_RIGHTS, mfa_code=BMS_MFA_CODE),
    BmsUser(16, "sso.person", "Single Sign-on Person", ALL_RIGHTS, sso=True),
)

CW_COMPANY_ID = "harbourmsp"
CW_CLIENT_ID = "0c5a1f6e-7d0b-4b7e-9a53-2f6d0b6f5a11"
CW_PUBLIC_KEY = "sandboxPublic7kQ2"
CW_PRIVATE_KEY = "sandboxPrivate9vTx"
AUDIT_TRAIL = "audit_trail"
CW_ALL_RIGHTS = ALL_RIGHTS | {AUDIT_TRAIL}


@dataclass(frozen=True, slots=True)
class CwMember:
    """An API member of the simulated ConnectWise tenant; all of them share the private key."""

    name: str
    public_key: str
    rights: frozenset[str]
    private_key: str = CW_PRIVATE_KEY


CW_MEMBERS = (
    CwMember("BillingRobot", CW_PUBLIC_KEY, CW_ALL_RIGHTS),
    CwMember("LeastRobot", "sandboxPublicLeast", ALL_RIGHTS - {INVOICES}),
    CwMember("ReadingRobot", "sandboxPublicReading", CW_ALL_RIGHTS - {CONTRACTS_MODIFY}),
    CwMember("NoAgreementsRobot", "sandboxPublicNoAgreements", CW_ALL_RIGHTS - {CONTRACTS, CONTRACTS_MODIFY}),
    CwMember("NoCatalogueRobot", "sandboxPublicNoCatalogue", CW_ALL_RIGHTS - {SERVICES}),
    CwMember("NoCompaniesRobot", "sandboxPublicNoCompanies", CW_ALL_RIGHTS - {ACCOUNTS}),
)

AT_USER = "api.billing@harbourmsp.example"
AT_LIMITED_USER = "api.limited@harbourmsp.example"
AT_READING_USER = "api.reading@harbourmsp.example"
AT_COSTLESS_USER = "api.nocosts@harbourmsp.example"
AT_STOCK_USER = "api.stock@harbourmsp.example"
AT_SECRET = "sandbox-Quay!9063"
AT_INTEGRATION_CODE = "SANDBOXHARBOURMSPBILLING001"


@dataclass(frozen=True, slots=True)
class AtUser:
    """An API user of the simulated Autotask tenant; all of them share the secret.

    :param sees_contracts: without it, contracts, lines, units and posted items are empty lists.
    :param adjusts: may adjust and describe lines.
    :param reads_costs: without it, costs are null.
    :param stock: has the stock level, which allows far more than any integration needs.
    """

    name: str
    sees_contracts: bool = True
    adjusts: bool = True
    reads_costs: bool = True
    stock: bool = False
    secret: str = AT_SECRET


AT_USERS = (
    AtUser(AT_USER),
    AtUser(AT_LIMITED_USER, sees_contracts=False),
    AtUser(AT_READING_USER, adjusts=False),
    AtUser(AT_COSTLESS_USER, reads_costs=False),
    AtUser(AT_STOCK_USER, stock=True),
)

DATTO_CLIENT = ("public-client", "public")  # of OAuth, the same for everybody (seen: five clients)
DATTO_API_KEY = "HMSPK3YQ7R2TB5WD"
DATTO_API_SECRET = "sandbox-Kelp!3186"
DATTO_SITES, DATTO_DEVICES, DATTO_FILTERS = "sites", "devices", "filters"
DATTO_ALL_RIGHTS = frozenset({DATTO_SITES, DATTO_DEVICES, DATTO_FILTERS})


@dataclass(frozen=True, slots=True)
class DattoUser:
    """An API user of the simulated Datto RMM; all of them share the secret."""

    name: str
    api_key: str
    rights: frozenset[str]
    api_secret: str = DATTO_API_SECRET


DATTO_USERS = (
    DattoUser("BillingRobot", DATTO_API_KEY, DATTO_ALL_RIGHTS),
    DattoUser("NoFiltersRobot", "HMSPNOFILTERS001", DATTO_ALL_RIGHTS - {DATTO_FILTERS}),
    DattoUser("NoDevicesRobot", "HMSPNODEVICES001", DATTO_ALL_RIGHTS - {DATTO_DEVICES}),
)
