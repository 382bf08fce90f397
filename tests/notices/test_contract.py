"""Every format shows the same findings, and none can be broken by what stands in a rule file."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import pytest

from auditor.errors import Fault
from auditor.notices import Checked, failure, names, notice
from auditor.rulebook.selftest import Outcome

NASTY = 'a: "b" <c> & %25\x1b[31m\r\n::error::x,y \ud800\ufffe]]>'
FAULTS = (
    Fault("p/a.yaml", 2, 7, "'slott' is wrong", "R301", "Write slot.", "error"),
    Fault("p/a.yaml", 9, 1, NASTY, "R503", NASTY, "warning"),
    Fault("p/b:,.yaml", 1, 1, "a note", "R806", "", "note"),
)
OUTCOMES = (
    Outcome("x/a", "p/a.yaml", 5, "it works", "readable", "readable"),
    Outcome("x/a", "p/a.yaml", 6, NASTY, "readable", NASTY),
    Outcome("x/a", "p/a.yaml", 7, "known", "readable", "readable", todo="a gap"),
    Outcome("x/a", "p/a.yaml", 8, "away", "readable", "", skipped="no recording"),
)
CHECKED = Checked(
    FAULTS, OUTCOMES, {"p/a.yaml": "title: T\nslot: slott\n"}, ("4 tests",), "rules", {"R301": "T."}
)
NOTHING = Checked(())


def page(form: str, checked: Checked = CHECKED) -> str:
    return notice(form).render(checked)


@pytest.mark.parametrize("form", names())
def test_a_page_is_plain_text_that_every_encoding_has(form: str) -> None:
    text = page(form)
    assert text.endswith("\n")
    assert "\x1b" not in text
    if form not in ("github", "terminal"):
        text.encode()


@pytest.mark.parametrize("form", names())
def test_the_same_findings_give_the_same_page(form: str) -> None:
    assert page(form) == page(form, Checked(FAULTS[::-1], OUTCOMES, *astuple()))


def astuple() -> tuple[dict[str, str], tuple[str, ...], str, dict[str, str]]:
    return dict(CHECKED.texts), CHECKED.said, CHECKED.root, dict(CHECKED.documented)


@pytest.mark.parametrize("form", names())
def test_where_nothing_is_wrong_there_is_nothing_to_say(form: str) -> None:
    assert "R301" not in page(form, NOTHING)


def test_the_terminal_ends_with_the_sums_and_says_where_more_is_known() -> None:
    last = page("terminal").splitlines()[-1]
    assert last == "3 errors, 1 warning, 1 note; more about one: auditor explain R301"


def test_the_terminal_points_at_the_place() -> None:
    assert page("terminal").splitlines()[:5] == [
        "p/a.yaml:2:7: error R301: 'slott' is wrong",
        "        2 | slot: slott",
        "          |       ^",
        "    Write slot.",
        'p/a.yaml:9:1: warning R503: a: "b" <c> & %25·[31m··::error::x,y ·\ufffe]]>',
    ]
    assert "    this was a known gap (a gap); it passes now" in page("terminal")


def test_many_of_one_kind_are_one_line_that_says_where_to_see_them() -> None:
    many = tuple(Fault(f"p/{n % 7}.yaml", n, 1, f"it is {n}", "R807", "Do.", "warning") for n in range(1, 22))
    checked = Checked((*many, *FAULTS), (), {}, (), "rules", {"R807": "Nobody notices."})
    lines = page("terminal", checked).splitlines()
    at = lines.index("warning R807, 21 times in 7 files: Nobody notices")
    assert lines[at + 1] == "    One by one: auditor check FILE; most (3) are in rules/p/0.yaml."
    assert not any("it is 3" in line for line in lines) and any("R301" in line for line in lines)
    assert "it is 3" in page("terminal", Checked((*many[1:], *FAULTS)))
    assert "it is 3" in page("json", checked)


def test_a_long_line_is_shown_around_the_place() -> None:
    text = "x" * 500 + "HERE" + "y" * 500
    lines = page("terminal", Checked((Fault("f", 1, 501, "m", "R301"),), (), {"f": text})).splitlines()
    assert lines[1][lines[2].index("^") :].startswith("HERE")
    assert len(lines[1]) < 130


def test_json_holds_everything() -> None:
    document = json.loads(page("json"))
    assert document["found"][0] == {
        "id": "R301",
        "severity": "error",
        "file": "rules/p/a.yaml",
        "line": 2,
        "column": 7,
        "message": "'slott' is wrong",
        "advice": "Write slot.",
    }
    assert [t["passed"] for t in document["tests"]] == [True, False, False, True]
    assert [f["id"] for f in document["found"]].count("R801") == 2


def test_junit_counts_what_failed() -> None:
    suites = ET.fromstring(page("junit").split("\n", 1)[1])
    first = suites[0].attrib
    assert first == {"name": "rules/p/a.yaml", "tests": "5", "failures": "3", "skipped": "1"}
    failures = list(suites[0].iter("failure"))
    assert len(failures) == 3
    assert failures[0].attrib == {"message": "'slott' is wrong", "type": "R301"}
    assert len(suites[0].findall("testcase")) == 5


def test_sarif_names_place_and_rule() -> None:
    document = json.loads(page("sarif"))
    run = document["runs"][0]
    assert document["version"] == "2.1.0"
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note", "none")
        assert result["message"]["text"]
    first = run["results"][0]["locations"][0]["physicalLocation"]
    assert first == {
        "artifactLocation": {"uri": "rules/p/a.yaml"},
        "region": {"startLine": 2, "startColumn": 7},
    }
    assert (
        run["results"][-1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        == "rules/p/b%3A%2C.yaml"
    )


# What the schema of SARIF 2.1.0 asks of the objects we write: keys that must be there (with a bang) and
# keys that may be, each with its type, an object's name, or a list of one. No others are allowed.
SARIF: dict[str, dict[str, Any]] = {
    "log": {"$schema": str, "version!": str, "runs!": ["run"]},
    "run": {"tool!": "tool", "columnKind": str, "results": ["result"]},
    "tool": {"driver!": "driver"},
    "driver": {"name!": str, "version": str, "rules": ["rule"]},
    "rule": {"id!": str, "shortDescription": "text"},
    "text": {"text!": str},
    "result": {"ruleId": str, "ruleIndex": int, "level": str, "message!": "text", "locations": ["location"]},
    "location": {"physicalLocation": "place"},
    "place": {"artifactLocation!": "file", "region": "region"},
    "file": {"uri": str},
    "region": {"startLine!": int, "startColumn": int},
}


def unlike(value: Any, wanted: Any, place: str = "") -> Iterator[str]:
    """Where a value is not as the table says."""
    if isinstance(wanted, list):
        assert isinstance(value, list), place
        for number, item in enumerate(value):
            yield from unlike(item, wanted[0], f"{place}[{number}]")
    elif isinstance(wanted, str):
        keys = {key.rstrip("!"): kind for key, kind in SARIF[wanted].items()}
        yield from (f"{place}.{key}: not in the schema" for key in value if key not in keys)
        must = (key[:-1] for key in SARIF[wanted] if key.endswith("!"))
        yield from (f"{place}.{key}: missing" for key in must if key not in value)
        for key in set(value) & set(keys):
            yield from unlike(value[key], keys[key], f"{place}.{key}")
    elif type(value) is not wanted or (wanted is int and value < 0):
        yield f"{place}: {value!r}"


@pytest.mark.parametrize("checked", [CHECKED, NOTHING], ids=["faults", "nothing"])
def test_sarif_holds_nothing_that_its_schema_does_not_know(checked: Checked) -> None:
    document = json.loads(page("sarif", checked))
    assert list(unlike(document, "log")) == []
    (run,) = document["runs"]
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert all(p["region"]["startLine"] > 0 and p["region"]["startColumn"] > 0 for p in places)
    assert len({rule["id"] for rule in run["tool"]["driver"]["rules"]}) == len(run["tool"]["driver"]["rules"])
    assert list(unlike(document | {"more": 1}, "log")) == [".more: not in the schema"]


def test_github_gets_one_command_a_line() -> None:
    lines = page("github").splitlines()
    assert lines[0] == "::error file=rules/p/a.yaml,line=2,col=7,title=R301::'slott' is wrong. Write slot."
    assert len(lines) == 5
    assert all(line.startswith(("::error file=", "::warning file=", "::notice file=")) for line in lines)
    assert "file=rules/p/b%3A%2C.yaml,line=1" in lines[-1]
    assert "·%0A::error" in page("github")


def test_a_failed_test_is_a_fault_at_its_place() -> None:
    one = failure(OUTCOMES[1])
    assert (one.file, one.line, one.code, one.severity) == ("p/a.yaml", 6, "R801", "error")
