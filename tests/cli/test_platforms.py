"""auditor platforms: whom the rules know."""

import pytest
from click.testing import CliRunner, Result

from auditor.cli import cli
from auditor.shelf import load_rules

BOOK = load_rules(None)


def platforms(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["platforms", *arguments], prog_name="auditor")


def test_every_platform_is_listed_on_a_line_of_its_own() -> None:
    lines = platforms().stdout.splitlines()
    assert [line.split()[0] for line in lines] == sorted(BOOK.platforms)


@pytest.mark.parametrize("name", sorted(BOOK.platforms))
def test_a_platform_is_shown_with_hosts_claims_limits_and_rules(name: str) -> None:
    result = platforms("show", name)
    platform = BOOK.platforms[name]
    assert result.exit_code == 0
    assert platform.title in result.stdout.splitlines()[0]
    assert result.stdout.count("claim:") == len(platform.claims)
    assert all(limit in result.stdout for limit in platform.limits)
    assert all(rule in result.stdout for rule in BOOK.rules if rule.startswith(f"{name}/"))


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    result = platforms("show", "tiktokk")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean 'tiktok'" in result.stderr
