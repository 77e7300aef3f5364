"""Everything in the resale of storage that is awkward on purpose. ``docs/sandbox.md`` tells it."""

from __future__ import annotations

from billing_providers.sandbox.world.records import Case

# Name, customer, product (empty: the whole customer), what.
_CASES: tuple[tuple[str, str, str, str], ...] = (
    # Companies that cannot be found
    ("two_companies_one_name", "BERG", "", "two companies of this name, each with an agreement"),
    ("deleted_company", "KOWA", "", "the company is deleted; its agreement and additions remain"),
    ("company_not_approved", "DELA", "", "the company's status is Not-Approved"),
    ("company_unknown_in_connectwise", "FJEL", "", "MSP360 has it, ConnectWise does not"),
    ("client_unknown_in_connectwise", "GHCL", "", "rCloud has it, ConnectWise does not"),
    ("company_name_differs_by_case", "LEVA", "", "GRUPO LEVANTE SL in MSP360, Grupo Levante SL in ConnectWise"),
    ("client_name_differs_by_case", "RCAS", "", "ROTTERDAM CASCO BV in rCloud, Rotterdam Casco BV in ConnectWise"),
    # Names that trouble conditions, CSV and URLs
    ("name_with_quotes_and_ampersand", "OBRI", "", "both kinds of quotes and an ampersand"),
    ("name_with_wildcards", "PROZ", "", "per cent, underscore, asterisk"),
    ("name_in_unicode", "SKOD", "", "letters beyond Latin-1"),
    ("name_with_semicolon", "MULL", "", "the delimiter of many CSV files"),
    ("name_with_comma", "VAND", "", "the delimiter of the others"),
    # Agreements
    ("agreement_without_cycle", "NOCY", "", "no billing cycle is set"),
    ("agreement_quarterly", "QUAR", "", "billed by the quarter"),
    ("agreement_cancelled", "CANC", "", "cancelled on 2025-11-30"),
    ("agreement_expired", "EXPI", "", "ended on 2025-06-30"),
    ("agreement_ending_soon", "ENDS", "", "ends on 2026-12-31"),
    ("child_agreement", "CHLD", "", "a child of the agreement of PARE"),
    ("two_agreements", "TWOA", "", "two of the type, each with other products"),
    ("no_agreement", "NOAG", "", "no agreement at all"),
    ("agreement_of_another_type_beside", "AALB", "", "a Block Time agreement that holds an OnlineBackup too"),
    # Additions
    ("addition_missing", "NOAD", "OnlineBackup-Computer", "the agreement has no addition of it"),
    ("storage_addition_missing", "RNOA", "RCloud-Storage", "the agreement has no addition of it"),
    ("two_open_additions", "DBLA", "OnlineBackup-Computer", "two open additions of it"),
    ("two_open_storage_additions", "RDBL", "RCloud-Storage", "two open additions of it"),
    ("addition_ended", "ENDD", "OnlineBackup-Computer", "the only one ended on 2025-12-31"),
    ("ended_addition_beside_open", "ENDD", "OnlineBackup", "an ended one beside the open one"),
    ("addition_cancelled_in_future", "FUTC", "OnlineBackup", "cancelled on 2027-03-31: billable until then"),
    ("addition_before_billing_start", "BFOR", "", "additions since 2025-01-01, billing starts on 2025-03-01"),
    ("period_invoiced_without_proration", "INVD", "OnlineBackup-Computer", "missing; invoiced until 2027-01-01"),
    ("bundle_class_product", "CLSS", "OnlineBackup-SQL", "a product of class Bundle cannot be an addition"),
    ("inactive_product", "CLSS", "OnlineBackup-VM", "the product is inactive"),
    ("licence_type_without_product", "LICX", "", "licences of type Exchange; no product is meant for them"),
    ("addition_price_zero", "FREE", "OnlineBackup", "the addition's price is 0"),
    ("cost_above_price", "COST", "OnlineBackup", "costs more than its price"),
    ("do_not_bill", "DNBL", "OnlineBackup", "the addition is on no invoice"),
    ("starts_mid_period_without_proration", "MIDM", "OnlineBackup", "starts on 2026-07-15, no proration"),
    # Usage
    ("zero_usage", "ZERO", "OnlineBackup", "0 bytes stored, addition at 0; its cost stays"),
    ("zero_usage_on_live_addition", "RZER", "RCloud-Storage", "0 GB, addition at 120"),
    ("used_in_odd_months", "ODDM", "", "no rows in even months"),
    ("used_in_even_months", "EVNM", "", "no rows in odd months, in MSP360 and rCloud"),
    ("client_in_odd_months", "RODD", "RCloud-Storage", "the file names it in odd months only"),
    ("quantity_at_a_half", "FRAC", "OnlineBackup", "12.125 GB: half up is 12.13"),
    ("unit_cost_at_a_half", "DESK", "OnlineBackup", "0.33 for 8 GB is 0.04125 each: half up is 0.0413"),
    ("computer_with_two_destinations", "DESK", "OnlineBackup-Computer", "two rows of one computer: counts once"),
    ("huge_jump_of_storage", "JUMP", "OnlineBackup", "40 GB become 4,000"),
    ("below_the_included_volume", "RINC", "RCloud-Storage", "20 GB used, 50 GB included"),
    ("deleted_user", "GONE", "", "one of its users is deleted, its billing rows remain"),
    ("user_without_company", "", "", "backup user direct@harbourmsp.example belongs to no company"),
)  # fmt: skip


def build_cases() -> dict[str, Case]:
    """Return all cases by name; ``sku`` holds the product."""
    return {row[0]: Case(*row) for row in _CASES}
