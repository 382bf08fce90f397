"""Who may use the proxy."""

import pytest

from auditor.live.guests import Guests


@pytest.mark.parametrize(
    ("allowed", "come", "let_in"),
    [
        ((), ("10.0.0.7", "10.0.0.9", "10.0.0.7"), (True, False, True)),
        (("10.0.0.9",), ("10.0.0.7", "10.0.0.9"), (False, True)),
        (("10.0.0.9", "fe80::1"), ("fe80::1%eth0", "::ffff:10.0.0.9", "10.0.0.8"), (True, True, False)),
    ],
)
def test_the_first_device_or_those_that_were_allowed(
    allowed: tuple[str, ...], come: tuple[str, ...], let_in: tuple[bool, ...]
) -> None:
    guests = Guests(allowed)
    assert tuple(map(guests.welcome, come)) == let_in


def test_strangers_are_counted_and_cost_no_memory_without_end() -> None:
    guests = Guests(("10.0.0.1",))
    for number in range(3000):
        assert not guests.welcome(f"10.1.{number // 250}.{number % 250}")
    assert len(guests.strangers) == 1000
