"""auditor platforms: whom the rules know, and how well."""

from functools import lru_cache

import pytest
from click.testing import CliRunner, Result

from auditor.cli import cli
from auditor.cli.platforms import INSIDE, LAYERS, OUTSIDE, PROXY, described, rules_of, seen_from
from auditor.shelf import load_rules
from auditor.text import printable

BOOK = load_rules(None)
NAMES = sorted(BOOK.platforms)


@lru_cache
def platforms(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["platforms", *arguments], prog_name="auditor")


def said(*arguments: str) -> str:
    """The page without its lines."""
    result = platforms(*arguments)
    assert result.exit_code == 0, result.output
    return " ".join(result.stdout.split())


@lru_cache
def page_of(name: str) -> str:
    return " ".join(described(BOOK, BOOK.platforms[name], 160).text().split())


def row(name: str) -> str:
    lines = platforms("--width", "160").stdout.splitlines()
    return " ".join(next(line for line in lines if line.split()[:1] == [name]).split())


def test_every_platform_has_a_row_of_its_own() -> None:
    table, _, _ = platforms().stdout.partition(f"{len(NAMES)} platforms")
    firsts = [line.split()[0] for line in table.splitlines()[2:] if line.strip() and line[0] != " "]
    assert firsts == NAMES


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("briar", "none none nothing nothing -"),
        ("jami", "0 + 2 none hosts nothing -"),
        ("tox", "1 + 0 1 constructed protocol nothing dm"),
        ("deltachat", "9 + 0 4 recorded, 5 constructed hosts mail -"),  # by the rules about mail
    ],
)
def test_a_row_says_how_well_a_platform_is_known(name: str, shown: str) -> None:
    assert row(name) == f"{name} {shown}"


@pytest.mark.parametrize("columns", [40, 80, 160])
@pytest.mark.parametrize("arguments", [(), ("show", "imessage"), ("show", "briar")])
def test_no_line_is_wider_than_the_page(arguments: tuple[str, ...], columns: int) -> None:
    lines = platforms(*arguments, "--width", str(columns)).stdout.splitlines()
    assert max(map(len, lines)) <= columns


@pytest.mark.parametrize("name", NAMES)
def test_a_page_holds_all_that_is_known(name: str) -> None:
    page, platform = page_of(name), BOOK.platforms[name]
    assert page.startswith(printable(platform.title))
    whole = [*platform.hosts, *platform.limits, *(fact.source for fact in platform.why)]
    whole += [f"({rule.id}" for rule in rules_of(BOOK, platform)]
    whole += [f"({t.id}: {t.grade}" for t in BOOK.transports.values() if t.platform == name]
    for claim in platform.claims:
        whole += [f"since {claim.since}", claim.source, claim.when, f"read {claim.read}"]
    assert [text for text in whole if " ".join(text.split()) not in page] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_somebody_no_longer_claims_is_called_superseded(name: str) -> None:
    page = page_of(name)
    for claim in BOOK.platforms[name].claims:
        if claim.until:
            assert f"since {claim.since} until {claim.until}, superseded" in page
    ended = sum(bool(claim.until) for claim in BOOK.platforms[name].claims)
    assert page.count("superseded.") == ended


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ("discord/message-send", PROXY),
        ("irc/message-send", PROXY),
        ("telegram/cloud-send", INSIDE),
        ("whatsapp/message-node-send", INSIDE),
        ("threema/message", INSIDE),
        ("imessage/message-send", INSIDE),
        ("telegram/frames", OUTSIDE),
        ("whatsapp/socket-noise", OUTSIDE),
    ],
)
def test_where_one_has_to_stand_to_see_a_message(rule: str, place: str) -> None:
    assert seen_from(BOOK.rules[rule]) == place


def test_a_layer_is_spoken_of_by_some_rule() -> None:
    """A name that no rule uses would be a mistake in the list."""
    spoken = {rule.when.protocol for rule in BOOK.rules.values()}
    assert {*LAYERS} - spoken <= {"loco", "rtp"}


def test_a_page_says_what_cannot_be_known_and_who_is_at_the_far_end() -> None:
    page = said("show", "briar")
    assert "What cannot be known - It cannot be recognised." in page
    assert "the other person's device" in page
    assert "a connection that stays shut is not known for it" in page
    assert "speaks mail: their rules count here" in page_of("deltachat")


def test_explaining_a_platform_is_showing_it() -> None:
    shown = CliRunner().invoke(cli, ["explain", "threema"]).stdout
    assert shown == platforms("show", "threema").stdout


@pytest.mark.parametrize("arguments", [("show",), ("hide", "tiktok"), ("show", "a", "b")])
def test_anything_else_is_a_mistake(arguments: tuple[str, ...]) -> None:
    result = platforms(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "show NAME" in result.stderr


def test_a_name_alone_shows_its_page() -> None:
    assert platforms("threema").stdout == platforms("show", "threema").stdout


@pytest.mark.parametrize("arguments", [("show", "tiktokk"), ("tiktokk",)])
def test_a_wrong_name_is_answered_with_the_nearest(arguments: tuple[str, ...]) -> None:
    result = platforms(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean 'tiktok'" in result.stderr
