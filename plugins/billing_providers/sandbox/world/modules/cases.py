"""Everything in the billing of modules that is awkward on purpose. ``docs/sandbox.md`` prints this table."""

from __future__ import annotations

from billing_providers.sandbox.world.records import Case

# Name, customer, service or billing type (empty: the whole customer), what.
_CASES: tuple[tuple[str, str, str, str], ...] = (
    # Customers that cannot be found, or only by a mapping
    ("names_differ_per_module", "NAMX", "", "each module calls it otherwise; a person has mapped all names"),
    ("several_sites_one_company", "TWOS", "", "three sites, mapped by hand to one company: their devices are summed"),
    ("near_miss_of_a_name", "NEAR", "", "Harlow and Sons Ltd, company Harlow & Sons Ltd: a suggestion, no match"),
    ("name_differs_by_case", "LOWR", "", "LOWER WHARF PRINTING, company Lower Wharf Printing"),
    ("organization_without_company", "UNKN", "", "modules know it, Autotask does not"),
    ("company_inactive", "INAC", "", "the company is inactive; its contract and lines remain"),
    ("two_companies_one_name", "TWIN", "", "two active companies of this name, each with a contract"),
    ("site_contradicts_itself", "WRON", "Datto RMM", "the site has its name and the Autotask id of WREX"),
    ("site_of_another_company", "WREX", "Datto RMM", "the site of WRON is linked to it as well"),
    ("subsidiary", "CHLD", "", "its parent is TWOS; it has a contract of its own"),
    ("name_in_unicode", "UNIC", "", "letters beyond ASCII and an ampersand"),
    ("name_with_quotes", "QUOT", "", "both kinds of quotes, per cent; one module has blanks around it"),
    ("name_with_no_break_space", "MALV", "RocketCyber - Agents", "a no-break space ends the name"),
    # Contracts
    ("no_contract", "NOCO", "", "the company has no contract"),
    ("contract_of_another_type", "TYPE", "", "a contract for time and materials only"),
    ("contract_not_monthly", "NMON", "", "the contract's period type is quarterly"),
    ("contract_inactive", "STOP", "", "the contract is inactive"),
    ("contract_ended", "ENDD", "", "ended on 2025-12-31, nothing follows"),
    ("contract_ends_inside_period", "ENDS", "", "ends on 2026-09-20, nothing follows"),
    ("rollover", "ROLL", "", "ends on 2026-06-30; another contract follows on 2026-07-01, with lines of its own"),
    ("rollover_inside_period", "OVER", "", "ends on 2026-07-14; another follows on the next day: two in July"),
    ("contract_starts_inside_period", "STRT", "", "starts on 2026-07-15: no earlier date is taken"),
    ("two_contracts", "TWOC", "", "two in force, each with other lines"),
    ("bundle_contract", "BUND", "Kaseya 365 Endpoint", "the only line is a bundle"),
    # Lines
    ("period_posted", "POST", "", "everything until 2026-12-31 is approved and posted"),
    ("period_posted_in_the_middle", "PMID", "", "posted until 2026-07-14, inside a period"),
    ("prorated_period", "PROR", "Datto RMM - AllDevicesMetric", "3 more since 2026-07-10: a prorated period"),
    ("prorated_leftover", "LEFT", "Datto EDR - Endpoints", "a second line of the service, at 0 since 2025-12-01"),
    ("discount_line", "DISC", "Datto RMM - AllDevicesMetric", "two lines of the service, one of them a discount"),
    ("line_missing", "NOLN", "SaaS Protection - Microsoft 365 Seats", "the contract has no line of the service"),
    ("service_inactive", "SVIN", "Graphus - Protected Users", "the service of its line is inactive"),
    ("line_fed_by_icb", "ICBL", "Datto EDR - Endpoints", "Integrated Customer Billing drives it; told to be ignored"),
    ("line_fed_by_assets", "ASST", "Datto RMM - AllDevicesMetric", "9 configuration items refer to the line"),
    ("line_fed_by_contacts", "CONT", "SaaS Protection - Microsoft 365 Seats", "contacts drive it; told to be ignored"),
    ("scheduled_change", "FUTR", "Datto RMM - AllDevicesMetric", "5 more from 2026-10-01 on, entered by a person"),
    ("shared_service", "", "Datto Endpoint Backup", "PCs and Servers are billed by one service: they are summed"),
    # Counts
    ("increase", "INCR", "Datto EDR - Endpoints", "12 units become 15"),
    ("decrease", "DECR", "Datto EDR - Endpoints", "20 units become 14"),
    ("to_zero", "ZERO", "Datto EDR - Endpoints", "reported 0, line at 6"),
    ("zero_on_zero", "NULL", "Datto EDR - Endpoints", "reported 0, line at 0"),
    ("huge_jump", "JUMP", "Datto EDR - Endpoints", "12 units become 180"),
    ("fractional_count", "FRAC", "RocketCyber - Agents", "12.5: no number of agents"),
    ("negative_count", "NEGA", "BullPhish ID - Users", "-3"),
    ("unknown_module", "UNKM", "Vonahi vPenTest", "no service is meant for it"),
    ("billing_type_ignored", "", "Dark Web ID", "nobody bills its domains; told to be ignored"),
    ("used_in_odd_months", "ODDM", "BullPhish ID - Users", "no row in even months"),
    ("used_in_even_months", "EVNM", "BullPhish ID - Users", "no row in odd months"),
    (
        "devices_not_counted",
        "DEVX",
        "Datto RMM",
        "of 27 devices one is deleted (since 2026-05-20), two are suspended, three in _NotBillable_, three are phones",
    ),
)


def build_cases() -> dict[str, Case]:
    """Return all cases by name; ``sku`` holds the service, the module or the bundle."""
    return {row[0]: Case(*row) for row in _CASES}
