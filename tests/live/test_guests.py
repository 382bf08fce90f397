"""Who may use the proxy."""

import pytest
from mitmproxy import connection
from mitmproxy.proxy import mode_specs

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


@pytest.mark.parametrize(("mode", "turned_away"), [("regular", True), ("wireguard", False), ("local", False)])
def test_who_has_the_key_of_the_tunnel_is_the_device(mode: str, turned_away: bool) -> None:
    """It opened the page by Wi-Fi first, and has another address in the tunnel."""
    guests = Guests(())
    assert guests.welcome("192.0.2.7")
    client = connection.Client(
        peername=("10.0.0.1", 5), sockname=("", 0), proxy_mode=mode_specs.ProxyMode.parse(mode)
    )
    guests.client_connected(client)
    assert bool(client.error) is turned_away
