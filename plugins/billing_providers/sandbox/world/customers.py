"""The MSP's 45 customers, as the usage source knows them."""

from __future__ import annotations

from billing_providers.sandbox.world.records import Customer

# Code, name, billing identifier. The first block is awkward on purpose; see the table of cases.
_CUSTOMERS: tuple[tuple[str, str, str], ...] = (
    ("AERO", "Ærø Tømrer ApS", "AERO-01"),
    ("ECLR", "ÉCLAIR SARL", "ECLR-01"),
    ("ACMEL", "acme ltd", "ACME-L"),
    ("ACMEU", "ACME Ltd", "ACME-U"),
    ("SMTHN", "Smith & Sons", "SMTH-N"),
    ("SMTHS", "Smith & Sons", "SMTH-S"),
    ("NOID", "Nordlys Optik", ""),
    ("GHOST", "Gasthof Ost", "GHOST-77"),
    ("DORM", "Dormouse Books", "DORM-01"),
    ("TWIN", "Twin Rivers Dental", "TWIN-01"),
    ("NOCON", "Novak Consulting", "NOCON-01"),
    ("OLDCON", "Olden Construction", "OLDCON-01"),
    ("CASED", "Casa Edera", "cased-01"),
    ("MULTI", "Multi Trade Group", "MULTI-01"),
    ("NOLIN", "Nolin Freight", "NOLIN-01"),
    ("DBLLN", "Double Lane Logistics", "DBLLN-01"),
    ("SVCX", "Service Exchange Club", "SVCX-01"),
    ("SKUX", "Skukuza Lodges", "SKUX-01"),
    ("QTYX", "Quality Textiles", "QTYX-01"),
    ("ROWX", "Rowan & Oxley LLP", "ROWX-01"),
    ("TERMS", "Terms & Conditions Legal", "TERMS-01"),
    ("DEPRO", "Deprovence Vineyards", "DEPRO-01"),
    ("HOLDA", "Holding Harbour A/S", "HOLD-01"),
    ("HOLDB", "Holding Harbour Logistik A/S", "HOLD-01"),
    ("JUMP", "Jumping Jack Sports", "JUMP-01"),
    ("FREE", "Freedom Foundation", "FREE-01"),
    ("QRTR", "Quarter Past Cafés", "QRTR-01"),
    ("IDLE", "Idle Hands Joinery", "IDLE-01"),
    ("ZZINT", "Harbour MSP (internal)", "ZZINT"),
    ("ALPN", "Alpenblick Hotels", "ALPN-01"),
    ("BAKR", "Baker Street Surgery", "BAKR-01"),
    ("CDRW", "Cedarwood School", "CDRW-01"),
    ("DLTA", "Delta Precision", "DLTA-01"),
    ("EVRG", "Evergreen Nurseries", "EVRG-01"),
    ("FJRD", "Fjord Seafood", "FJRD-01"),
    ("GRNT", "Granite & Marble Works", "GRNT-01"),
    ("HZEL", "Hazel Accounting", "HZEL-01"),
    ("IRIS", "Iris Eye Clinics", "IRIS-01"),
    ("JUNI", "Juniper Energy", "JUNI-01"),
    ("KOI", "鯉 Trading 株式会社", "KOI-01"),
    ("LARK", "Larkspur Housing", "LARK-01"),
    ("MAPL", "Maple Leaf Insurance", "MAPL-01"),
    ("NIGH", "Nightingale Care", "NIGH-01"),
    ("OSPR", "Osprey Surveyors", "OSPR-01"),
    ("PINE", "Pinewood Studios Hire", "PINE-01"),
)


def build_customers() -> tuple[Customer, ...]:
    """Return all customers."""
    return tuple(Customer(*row) for row in _CUSTOMERS)
