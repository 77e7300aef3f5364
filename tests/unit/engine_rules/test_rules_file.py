"""A rules file is either understood wholly or refused wholly, with every fault at its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from billing_providers.engine.rules import BillingRules, load_rules, load_rules_file
from billing_providers.errors import SettingsError

SHIPPED = Path(__file__).resolve().parents[3] / "include" / "rules" / "atria.yaml"


def fault_of(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load_rules(text, "rules.yaml")
    assert caught.value.finding_number == 13
    return str(caught.value)


def fault_in_rule(text: str) -> str:
    return fault_of(f"rules:\n  - name: r\n    {text}\n").removeprefix("rules.yaml, line 3: rule 1 'r'")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("exclude:", ".exclude: has no value; allowed: a value; \"\" for an empty text"),
        ("exclude: ''", ".exclude: is empty; got ''"),
        ("exclude: [a]", ".exclude: is not a single value"),
        ("multiply: 1,5", ".multiply: '1,5' is not a number; allowed: a decimal number"),
        ("multiply: .nan", ".multiply: '.nan' is not a number; allowed: a decimal number"),
        ("multiply: 1e99", ".multiply: '1e99' has an exponent beyond 10^±18; allowed: a decimal number"),
        ("multiply: 0", ".multiply: is not above zero; got '0'"),
        ("multiply: -1", ".multiply: is not above zero; got '-1'"),
        ("floor: -1", ".floor: is too small; got '-1'; allowed: 0 or more"),
        ("included: 0", ".included: is not above zero; got '0'"),
        ("count: assinged", ".count: unknown value; did you mean 'assigned'?; got 'assinged'; "
                            "allowed: assigned, enabled, total"),
        ("round: {to: up, step: 5, places: 2}", ".round: has both step and places; allowed: one of them"),
        ("round: {step: 5}", ".round.to: is missing"),
        ("round: {to: up, step: 0}", ".round.step: is not above zero; got '0'"),
        ("unit: {from: bytes, to: GB}", ".unit: needs exactly one of gb and factor; allowed: gb: decimal or gb: binary "
                                        "for sizes in bytes, factor: number for other units"),
        ("unit: {from: bytes, to: GB, gb: 1024}", ".unit.gb: unknown value; got '1024'; allowed: decimal, binary"),
        ("unit: {from: hours, to: days, gb: decimal}", ".unit: gb is for sizes in bytes; allowed: bytes, KB"),
        ("set: {skuu: A}", ".set.skuu: unknown field that a rule may set; did you mean 'sku'?"),
        ("set: {customer_code: A}", ".set.customer_code: unknown field that a rule may set"),
        ("set: {billable: maybe}", ".set.billable: unknown value; got 'maybe'; allowed: true, false"),
        ("set: {kind: recuring}", ".set.kind: unknown kind; did you mean 'recurring'?"),
        ("set: {quantity: -2}", ".set.quantity: is too small; got '-2'; allowed: 0 or more"),
        ("set: {quantity: {field: sku}}", ".set.quantity.field: unknown number field; got 'sku'"),
        ("set: {}", ".set: sets nothing"),
        ("bundle: {skus: [], into: C, count: sum}", ".bundle.skus: is an empty list"),
        ("bundle: {skus: [A], count: sum}", ".bundle.into: is missing"),
        ("bundle: {skus: [A], into: C, count: mean}", ".bundle.count: unknown value"),
    ],
)  # fmt: skip
def test_wrong_action_is_told_with_its_place(rule, told):
    """Each fault of an action names key, value, what is allowed and the nearest name."""
    assert fault_in_rule(rule).startswith(told)


def test_unknown_action_is_told_with_the_nearest_name():
    """A misspelt action is an unknown key, and leaves the rule without an action."""
    told = fault_of("rules:\n  - name: r\n    exclud: why\n")

    assert "line 3: rule 1.exclud: unknown key; did you mean 'exclude'?" in told
    assert "line 2: rule 1 'r': has no action" in told


@pytest.mark.parametrize(
    ("match", "told"),
    [
        ("skuu: A", ".match.skuu: unknown field; did you mean 'sku'?"),
        ("attributes.: A", ".match.attributes.: unknown field"),
        ("sku: {prefx: A}", ".match.sku.prefx: unknown test of a text field; did you mean 'prefix'?"),
        ("sku: {}", ".match.sku: has no test"),
        ("sku:", ".match.sku: has no value"),
        ("sku: []", ".match.sku: is an empty list"),
        ("sku: {regex: '('}", ".match.sku.regex: is no regex: missing ), unterminated subpattern"),
        ("sku: {not: {not: A}}", ".match.sku.not.not: is a negation inside a negation"),
        ("sku: {min: 3}", ".match.sku.min: unknown test of a text field"),
        ("quantity: five", ".match.quantity: 'five' is not a number"),
        ("quantity: {prefix: 5}", ".match.quantity.prefix: unknown test of a number field"),
        ("quantity: {min: 5, max: 4}", ".match.quantity: no value is from 5 to 4"),
        ("quantity: {min: 5, max: x}", ".match.quantity.max: 'x' is not a number"),
        ("period_end: 26.01.2026", ".match.period_end: is not a date; got '26.01.2026'; allowed: YYYY-MM-DD"),
        ("period_end: 2026-02-30", ".match.period_end: is not a date"),
        ("billable: 1", ".match.billable: unknown value; got '1'; allowed: true, false"),
        ("kind: monthly", ".match.kind: unknown kind"),
    ],
)
def test_wrong_condition_is_told_with_its_place(match, told):
    """Each fault of a condition names field and test."""
    assert fault_in_rule(f"match: {{{match}}}\n    exclude: x").startswith(told)


def test_line_rules_cannot_match_what_only_rows_have():
    """A rule of sums that asks for a field of rows is refused, with the fields it may ask for."""
    told = fault_in_rule("match: {actor: joe}\n    floor: 5")

    assert told.startswith(".match.actor: unknown field of charge lines, which floor works on; allowed: customer_code,")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "rules.yaml: is empty; allowed: rules: followed by a list"),
        ("# only a comment\n", "rules.yaml: is empty; allowed: rules: followed by a list"),
        ("{}", "rules.yaml, line 1: has no rules; allowed: version, description, exclude_without_sku, rules"),
        ("- a", "rules.yaml, line 1: is not a mapping; allowed: key: value pairs"),
        ("rules: 5", "rules.yaml, line 1: rules: is not a list"),
        ("version: 2\nrules: []", "rules.yaml, line 1: version: unknown value; got '2'; allowed: 1"),
        ("rules: []\nrules: []", "rules.yaml, line 2: key is given twice; got 'rules'"),
        ("ruels: []", "rules.yaml, line 1: ruels: unknown key; did you mean 'rules'?"),
        ("rules: [", "rules.yaml, line 1, column 9: is not readable as YAML: expected the node content"),
        ("rules:\n\t- a", "rules.yaml, line 2, column 1: is not readable as YAML: found character '\\t'"),
        ("--- {}\n--- {}", "rules.yaml, line 2, column 1: is not readable as YAML: but found another document"),
        ("a: \"\\UFFFFFFFF\"", "rules.yaml: is not readable as YAML"),
        ("[" * 5000, "rules.yaml: is not readable as YAML"),
        ("a: \0", "rules.yaml: is not readable as YAML"),
        ("rules: [{name: a, exclude: \"\\ud800\"}]", "rules.yaml, line 1: rule 1 'a'.exclude: holds half a character"),
        ("rules: [{name: a}]", "rules.yaml, line 1: rule 1 'a': has no action; allowed: exactly one of exclude, set"),
        ("rules: [{name: a, floor: 1, multiply: 2}]", "rules.yaml, line 1: rule 1 'a': has 2 actions (multiply,"),
        ("rules: [{exclude: x}]", "rules.yaml, line 1: rule 1.name: is missing"),
        ("rules: [{name: a, floor: 1, from: 2026-02-01, until: 2026-01-01}]",
         "rules.yaml, line 1: rule 1 'a'.from: is after until (2026-01-01)"),
        ("rules: [{name: exclude_without_sku, floor: 1}]", "rules.yaml, line 1: rule 1.name: the name "),
        ("exclude_without_sku: perhaps", "rules.yaml, line 1: exclude_without_sku: unknown value"),
    ],
)  # fmt: skip
def test_wrong_file_is_told(text, told):
    """What is no rules file at all is told with its place; an empty file is no set of rules."""
    assert fault_of(text).startswith(told)


def test_all_faults_are_told_together_in_the_order_of_lines():
    """Who corrects a file reads all that is wrong with it, not the first fault of many."""
    told = fault_of(
        "rules:\n"
        "  - name: a\n"
        "    match: {skuu: 1}\n"
        "    multiply: x\n"
        "  - name: a\n"
        "    floor: -1\n"
        "  - {name: ok, floor: 1}\n"
        "  - {name: ok, floor: 2}\n"
    )

    assert told.startswith("rules.yaml: 4 faults:\n")
    assert re.findall(r"line (\d+)", told) == ["3", "4", "6", "8"]


def test_alias_that_holds_itself_is_refused():
    """A YAML alias inside its own anchor cannot make the reader run for ever."""
    assert "negation inside a negation" in fault_of("rules: [{name: a, exclude: x, match: {sku: &a {not: *a}}}]")


@pytest.mark.parametrize(
    "other",
    [
        "# a comment\nrules:\n- name: a\n  exclude: x\n  match:\n    quantity: {max: 5.00, min: 0.50}\n    sku: A\n",
        "rules: [{match: {sku: 'A', quantity: {min: 0.5, max: 5}}, name: a, exclude: 'x'}]",
        "version: 1\nrules: [{name: a, match: {sku: [A], quantity: {min: 0.5, max: 5}}, exclude: x}]",
    ],
)
def test_digest_is_of_the_content(other):
    """Comments, spacing, order of keys and the way a number is written do not change the digest."""
    first = load_rules("rules: [{name: a, match: {sku: A, quantity: {min: 0.5, max: 5}}, exclude: x}]", "one.yaml")

    assert load_rules(other, "two.yaml").digest == first.digest


def test_whatever_decides_changes_the_digest():
    """Names, reasons, conditions, actions, validity and order each give another digest."""
    texts = [
        "rules: []",
        "exclude_without_sku: true",
        "rules: [{name: a, exclude: x}]",
        "rules: [{name: b, exclude: x}]",
        "rules: [{name: a, exclude: y}]",
        "rules: [{name: a, exclude: x, match: {sku: A}}]",
        "rules: [{name: a, exclude: x, match: {sku: {not: A}}}]",
        "rules: [{name: a, exclude: x, match: {sku: {prefix: A}}}]",
        "rules: [{name: a, exclude: x, customers: A}]",
        "rules: [{name: a, exclude: x, from: 2026-01-01}]",
        "rules: [{name: a, multiply: 2}]",
        "rules: [{name: a, floor: 2}]",
        "rules: [{name: a, ceiling: 2}]",
        "rules: [{name: a, multiply: 2}, {name: b, rename_sku: C}]",
        "rules: [{name: b, rename_sku: C}, {name: a, multiply: 2}]",
    ]

    assert len({load_rules(text, "r").digest for text in texts}) == len(texts)


def test_no_rules_are_a_set_of_rules():
    """A missing file and an empty list decide alike."""
    assert BillingRules.none().digest == load_rules("rules: []", "r").digest


def test_file_is_read_as_utf8_and_named_in_faults(tmp_path):
    """Faults of a file name its path; a byte order mark is no fault, another encoding is."""
    path = tmp_path / "rules.yaml"
    path.write_bytes(b"\xef\xbb\xbfrules: [{name: \xc3\x86r\xc3\xb8, floor: 1}]")

    rules = load_rules_file(path)

    assert (rules.origin, rules.line_rules[0].name) == (str(path), "Ærø")
    path.write_bytes(b"rules: [{name: \xe6, floor: 1}]")
    with pytest.raises(SettingsError, match=r"rules\.yaml: rules: is not UTF-8 at byte 15"):
        load_rules_file(path)
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load_rules_file(tmp_path / "missing.yaml")


def test_shipped_example_is_valid_with_and_without_its_comments():
    """The rules that we ship load, and so does every commented example in them."""
    text = SHIPPED.read_text(encoding="utf-8")
    head, _, examples = text.partition("# Examples.")
    uncommented = "\n".join(line.removeprefix("#") for line in examples.splitlines()[1:])

    assert [rule.name for rule in load_rules_file(SHIPPED).row_rules] == [
        "Internal customer",
        "Internal tools",
        "Trials",
    ]
    rules = load_rules(head + uncommented, "examples")
    assert (len(rules.row_rules), len(rules.line_rules)) == (8, 5)


def test_rules_explain_themselves():
    """Every rule is a sentence that a person can check against what was meant."""
    rules = load_rules(
        """
        rules:
          - {name: a, match: {sku: {not: [A, B]}, quantity: {min: 1}}, customers: ASP, exclude: no}
          - {name: b, unit: {from: MB, to: GB, gb: decimal}}
          - {name: c, set: {term: monthly, item_id: {field: attributes.site}}}
          - {name: d, match: {sku: {glob: "A*"}}, round: {to: nearest, step: 5}, from: 2026-01-01}
        """,
        "r",
    )

    assert [rule.explain() for rule in (*rules.row_rules, *rules.line_rules)] == [
        "Leaves out usage where sku is not one of 'A', 'B' and quantity is at least 1 and customer_code is 'ASP': no.",
        "Converts MB to GB (times 0.001) for usage where unit is 'MB'.",
        "Sets term to 'monthly', item_id to the value of attributes.site for usage.",
        "Rounds the sum of charge lines where sku fits glob 'A*' to the nearest multiple of 5. From 2026-01-01.",
    ]
