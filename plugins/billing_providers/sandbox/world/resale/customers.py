"""The customers that resell storage: who uses MSP360, who rCloud, and what each system calls them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ResaleCustomer:
    """A customer. In the ordinary case all three names are the same text.

    :param code: ours; also the short company id in ConnectWise.
    :param name: of the company in ConnectWise.
    :param backup_name: of the company in MSP360; empty: it does not use it.
    :param client_name: of the client in rCloud; empty: it does not use it.
    """

    code: str
    name: str
    backup_name: str
    client_name: str


# Code, name, what it uses (B: MSP360, C: rCloud). The first block is awkward on purpose; see the table of cases.
_CUSTOMERS: tuple[tuple[str, str, str], ...] = (
    ("BERG", "Bergmann Optik GmbH", "B"),
    ("KOWA", "Kowalski Transport Sp. z o.o.", "B"),
    ("DELA", "Delacroix Frères SARL", "B"),
    ("FJEL", "Fjellheim Bruk AS", "B"),
    ("LEVA", "Grupo Levante SL", "B"),
    ("OBRI", 'O\'Brien & "Sons" Ltd', "BC"),
    ("PROZ", "100 % Bio_Hofladen*", "B"),
    ("SKOD", "Škoda Ložiska s.r.o.", "BC"),
    ("MULL", "Müller; Partner Steuerberatung", "BC"),
    ("VAND", "Van den Berg, Zonen BV", "BC"),
    ("NOCY", "Nocera Ceramiche SRL", "B"),
    ("QUAR", "Quartier Latin Hôtels SA", "B"),
    ("CANC", "Cancela Pescados Lda", "B"),
    ("EXPI", "Expósito Vinos SL", "B"),
    ("ENDS", "Endersby Garages Ltd", "BC"),
    ("PARE", "Chilterns Vets Group Ltd", "B"),
    ("CHLD", "Chilterns Vets (Aylesbury)", "B"),
    ("TWOA", "Tweed & Avon Logistics Ltd", "BC"),
    ("NOAG", "Noordzee Agentuur NV", "B"),
    ("NOAD", "Nowak Adwokaci", "B"),
    ("DBLA", "Doblado Audio SL", "B"),
    ("ENDD", "Endelave Dyreklinik ApS", "B"),
    ("FUTC", "Futura Cartiere SpA", "B"),
    ("BFOR", "Beförderungen Ruhr GmbH", "B"),
    ("INVD", "Invernizzi Dolci SRL", "B"),
    ("CLSS", "Classen Sondermaschinen GmbH", "B"),
    ("LICX", "Lichtenberg Exporthaus", "B"),
    ("FREE", "Friheden Fonden", "B"),
    ("COST", "Costa Brava Rentals SL", "B"),
    ("DNBL", "Donnybrook Library Trust", "B"),
    ("MIDM", "Midlands Motors Ltd", "B"),
    ("ZERO", "Zerbini Orologi SNC", "B"),
    ("ODDM", "Odense Maskinværksted A/S", "B"),
    ("EVNM", "Evenes Marina AS", "BC"),
    ("FRAC", "Fracasso Notai Associati", "B"),
    ("JUMP", "Jumper Mobilier SAS", "B"),
    ("DESK", "Deskové Hry Praha s.r.o.", "B"),
    ("GONE", "Göner Export GmbH", "B"),
    ("GHCL", "Ghent Cloud Dancers VZW", "C"),
    ("RCAS", "Rotterdam Casco BV", "C"),
    ("RNOA", "Rouen Négoce SAS", "C"),
    ("RDBL", "Ravenna Doppie Linee SRL", "C"),
    ("RZER", "Rostocker Zeltverleih GmbH", "C"),
    ("RODD", "Roskilde Oddfellow Loge", "C"),
    ("RINC", "Reims Incentives SARL", "C"),
    ("AALB", "Aalborg Tandlægehus ApS", "BC"),
    ("BRNO", "Brno Přesné Díly s.r.o.", "BC"),
    ("CORK", "Cork Harbour Pilots Ltd", "BC"),
    ("DIJO", "Dijon Moutarderie SA", "BC"),
    ("ESSE", "Essener Bauphysik GmbH", "BC"),
    ("FIRE", "Firenze Restauri SRL", "BC"),
    ("GENT", "Gent Textiel NV", "B"),
    ("HELS", "Helsingin Kirjapaino Oy", "B"),
    ("INNS", "Innsbrucker Seilbahnen AG", "B"),
    ("JERE", "Jerez Bodegas SL", "B"),
    ("KRAK", "Kraków Druk Sp. z o.o.", "B"),
    ("LYON", "Lyon Traiteurs SARL", "B"),
    ("MALM", "Malmö Arkitekter AB", "C"),
    ("NANT", "Nantes Chaudronnerie SARL", "C"),
    ("OPOR", "Oporto Azulejos Lda", "C"),
    ("PADO", "Padova Cuscinetti SpA", "C"),
    ("RIGA", "Rīgas Namu Pārvalde SIA", "C"),
    ("SEVI", "Sevilla Aceites SL", "C"),
    ("TALL", "Tallinna Tarkvara OÜ", "C"),
    ("UTRE", "Utrechtse Fietsen BV", "C"),
    ("WIEN", "Wiener Zahnlabor GmbH", "C"),
    ("WARS", "Warszawa Meble S.A.", "C"),
)
_OTHER_SPELLING = {"LEVA": "GRUPO LEVANTE SL", "RCAS": "ROTTERDAM CASCO BV"}

_FAMILIES = (
    "Ackermann", "Bianchi", "Carvalho", "Dubois", "Eriksson", "Fiala", "Gallagher", "Horváth", "Ivanov", "Jansen",
)  # fmt: skip
_TRADES = ("Elektro", "Immobilier", "Logistics", "Pharma", "Studio", "Vini")


def build_customers() -> tuple[ResaleCustomer, ...]:
    """Return all customers that use MSP360 or rCloud."""
    made = []
    for code, name, uses in _CUSTOMERS:
        spelt = _OTHER_SPELLING.get(code, name)
        made.append(ResaleCustomer(code, name, spelt if "B" in uses else "", spelt if "C" in uses else ""))
    return tuple(made)


def other_companies() -> tuple[tuple[str, str], ...]:
    """Return code and name of the companies that use neither."""
    return tuple(
        (f"{family[:4].upper()}-{trade[:3].upper()}", f"{family} {trade}") for family in _FAMILIES for trade in _TRADES
    )
