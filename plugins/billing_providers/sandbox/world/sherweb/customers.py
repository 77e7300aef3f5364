"""The customers that the MSP supplies from Sherweb, as Sherweb knows them."""

from __future__ import annotations

from datetime import date

from billing_providers.sandbox.world.sherweb.records import SherwebCustomer

RIGHT_TO_LEFT = "\u200f"
RENAMED_ON = date(2026, 7, 16)
SUSPENDED_ON = date(2026, 6, 10)

# Code and display name. The first block is awkward on purpose; see the table of cases.
_CUSTOMERS: tuple[tuple[str, str], ...] = (
    ("NOAC", "Notting Acoustics"),
    ("DUPA", "Lindqvist Bygg AB"),
    ("DUPB", "Lindqvist Bygg AB"),
    ("RENM", "Renmark Toys"),
    ("MARK", "<b>Bold & Söhne</b> <script>alert(1)</script>"),
    ("QUOT", 'O\'Dowd "Tools", Ltd; & Co'),
    ("RTLM", f"{RIGHT_TO_LEFT}מאפיית השחר{RIGHT_TO_LEFT} Bakery"),
    ("FORM", "=SUM(A1:A9) Trading"),
    ("ODDQ", "Oddments & Quills"),
    ("BOTH", "Bothnia Shipping"),
    ("SEVR", "Severn Estuary Trust"),
    ("NEWO", "Newlyn Oysters"),
    ("UNKT", "Unst Knitwear"),
    ("CURR", "Currency House"),
    ("NEGA", "Negus & Allen"),
    ("CRED", "Creditas Leasing"),
    ("ZERP", "Zermatt Optik"),
    ("LEAP", "Leaper Fitness"),
    ("LAST", "Last Mile Couriers"),
    ("CANC", "Cancello Gates"),
    ("QCON", "Quill Concrete"),
    ("TWOK", "Two Kings Brewery"),
    ("NOLN", "Nolton Haven Surf"),
    ("EDGE", "Edgeware Cutlery"),
    ("TURN", "Turnstone Pottery"),
    ("COMM", "Commons Housing"),
    ("PROM", "Promenade Hotels"),
    ("AZUR", "Azurite Labs"),
    ("ONCE", "Oncewell Clinics"),
    ("SUSP", "Suspiro Bakeries"),
    ("CLOV", "Clover Motors"),
    ("DAIS", "Daisy Chain Nursery"),
    ("ELDE", "Elder Court Care"),
    ("FERN", "Fernleigh Vets"),
)
# Customers of Atria's as well, with the code and name that they have there: one account and contract for both.
_WITH_ATRIA: tuple[tuple[str, str, str], ...] = (
    ("FJRD", "Fjord Seafood", "FJRD-01"),
    ("GRNT", "Granite & Marble Works", "GRNT-01"),
    ("LARK", "Larkspur Housing", "LARK-01"),
)


def build_customers() -> tuple[SherwebCustomer, ...]:
    """Return all customers, in Sherweb's order."""
    own = [
        SherwebCustomer(
            code,
            name,
            "" if code == "NOAC" else f"SW-{code}",
            renamed=(RENAMED_ON, "Renmark Play Group") if code == "RENM" else None,
            suspended_on=SUSPENDED_ON if code == "SUSP" else None,
        )
        for code, name in _CUSTOMERS
    ]
    return (*own, *(SherwebCustomer(*row, with_atria=True) for row in _WITH_ATRIA))
