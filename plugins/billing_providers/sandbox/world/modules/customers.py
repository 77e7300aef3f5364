"""The customers, and what each module calls them. In the ordinary case every name is the company's name."""

from __future__ import annotations

from dataclasses import dataclass, field

from billing_providers.sandbox.world.modules.billing_types import (
    BCDR,
    BULLPHISH,
    DARK_WEB,
    DATTO_RMM,
    EDR,
    ROCKETCYBER,
    SAAS,
)

ANY_MODULE = "*"


@dataclass(frozen=True, slots=True)
class ModuleCustomer:
    """A customer of the MSP.

    :param code: ours, and the company number in Autotask.
    :param name: of the company in Autotask.
    :param names: what single modules call it; ``*`` for all that are not named.
    :param sites: its sites in Datto RMM.
    :param mapped: a person has mapped these names to the company, by hand.
    """

    code: str
    name: str
    names: dict[str, str] = field(default_factory=dict)
    sites: tuple[str, ...] = ()
    mapped: bool = False

    def name_in(self, module: str) -> str:
        """Return the name of its organization in a module."""
        return self.names.get(module, self.names.get(ANY_MODULE, self.name))


# Code and name. The first block is awkward on purpose; see the table of cases.
_CUSTOMERS: tuple[tuple[str, str], ...] = (
    ("NAMX", "Brightwater Legal LLP"),
    ("TWOS", "Castle Mews Dental Group"),
    ("NEAR", "Harlow & Sons Ltd"),
    ("LOWR", "Lower Wharf Printing"),
    ("UNKN", "Unwin Knitwear"),
    ("INAC", "Inchcape Actuaries"),
    ("TWIN", "Twinflower Care Homes"),
    ("WRON", "Wrenfield Nurseries"),
    ("NOCO", "Northcote Conveyancing"),
    ("TYPE", "Typhoon Sailing Club"),
    ("NMON", "Newmonk Abbey Trust"),
    ("STOP", "Stopford Haulage"),
    ("ENDD", "Enderby Drums"),
    ("ENDS", "Enfield Dairy Supplies"),
    ("ROLL", "Rollright Stone Ltd"),
    ("OVER", "Overbury Estates"),
    ("STRT", "Stratton Retail"),
    ("TWOC", "Two Counties Radio"),
    ("POST", "Postbridge Hotels"),
    ("PMID", "Pumlumon Midwives"),
    ("PROR", "Prorsum Architects"),
    ("LEFT", "Leftbank Galleries"),
    ("DISC", "Discovery Pre-School"),
    ("BUND", "Bundoran Surf School"),
    ("NOLN", "Nolan & Nye Accountants"),
    ("SVIN", "Severn Inns"),
    ("ICBL", "Icknield Bloom Florists"),
    ("ASST", "Assynt Salmon"),
    ("CONT", "Conway Tyres"),
    ("FUTR", "Futura Physio"),
    ("INCR", "Increment Tutors"),
    ("DECR", "Decroux Theatre"),
    ("ZERO", "Zeroth Gallery"),
    ("NULL", "Nullarbor Travel"),
    ("JUMP", "Jumpers Trampoline Parks"),
    ("FRAC", "Fractal Framing"),
    ("NEGA", "Negasmith Recruitment"),
    ("UNKM", "Unkmeer Chandlers"),
    ("DEVX", "Devexe Engineering"),
    ("ODDM", "Oddingley Motors"),
    ("EVNM", "Evenlode Marina"),
    ("UNIC", "Ffynnon Dŵr & Söhne"),
    ("QUOT", 'O\'Hara "Quote" 100% Ltd'),
    ("CHLD", "Castle Mews Laboratory"),
    ("WREX", "Wrexham Glazing"),
    ("ABER", "Aberlour Distillers"),
    ("BATH", "Bath Stone Carvers"),
    ("CAMB", "Cambridge Punting Co"),
    ("DURH", "Durham Choristers School"),
    ("ELYC", "Ely Cathedral Shops"),
    ("FALM", "Falmouth Boatyard"),
    ("GLAS", "Glasgow Type Foundry"),
    ("HULL", "Hull Fish Auctions"),
    ("INVE", "Inverness Outfitters"),
    ("KEND", "Kendal Mint Works"),
    ("LINC", "Lincoln Imps Nursery"),
    ("MALV", "Malvern Spring Water"),
)
_NAMES: dict[str, dict[str, str]] = {
    "NAMX": {
        DATTO_RMM: "Brightwater Legal",
        EDR: "brightwater-legal",
        SAAS: "brightwaterlegal.example",
        ANY_MODULE: "Brightwater",
    },
    "TWOS": {DATTO_RMM: "Castle Mews - Leeds", ANY_MODULE: "Castle Mews Dental"},
    "NEAR": {ANY_MODULE: "Harlow and Sons Ltd"},
    "LOWR": {ANY_MODULE: "LOWER WHARF PRINTING"},
    "QUOT": {BULLPHISH: ' O\'Hara "Quote" 100% Ltd ', DARK_WEB: "O'Hara Quote"},
    "MALV": {ROCKETCYBER: "Malvern Spring Water\u00a0", BCDR: "Malvern Spring Water"},
}
_SITES: dict[str, tuple[str, ...]] = {"TWOS": ("Castle Mews - Leeds", "Castle Mews - York", "Castle Mews - Ripon")}
_MAPPED = frozenset({"NAMX", "TWOS"})

_TOWNS = ("Ashford", "Barnet", "Corby", "Dudley", "Epsom", "Fleet", "Gosport", "Hexham")
_TRADES = ("Bakery", "Builders", "Cycles", "Optics", "Vets")


def build_customers() -> tuple[ModuleCustomer, ...]:
    """Return all customers that use a module."""
    made = []
    for code, name in _CUSTOMERS:
        names = _NAMES.get(code, {})
        site = names.get(DATTO_RMM, names.get(ANY_MODULE, name))
        made.append(ModuleCustomer(code, name, names, _SITES.get(code, (site,)), code in _MAPPED))
    return tuple(made)


def other_companies() -> tuple[tuple[str, str], ...]:
    """Return code and name of the companies that use no module."""
    return tuple((f"{town[:4].upper()}-{trade[:3].upper()}", f"{town} {trade}") for town in _TOWNS for trade in _TRADES)
