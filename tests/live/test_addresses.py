"""Which addresses of this machine are worth telling a phone."""

import socket

import pytest

from auditor.live.addresses import LOOPBACK, addresses, shown, worth_using


@pytest.mark.parametrize(
    ("address", "worth"),
    [
        ("192.168.1.20", True), ("10.0.0.1", True), ("2001:db8::5", True),
        ("127.0.0.1", False), ("::1", False), ("169.254.3.4", False), ("fe80::1", False),
        ("0.0.0.0", False), ("::", False), ("lan", False),
    ],
)  # fmt: skip
def test_a_phone_cannot_reach_them_all(address: str, worth: bool) -> None:
    assert worth_using(address) is worth


def test_loopback_is_last_and_all_of_them_can_be_listened_on() -> None:
    *others, last = addresses()
    assert last == LOOPBACK
    assert len(set(others)) == len(others)
    for one in others:
        family = socket.AF_INET6 if ":" in one else socket.AF_INET
        socket.create_server((one, 0), family=family).close()


def test_without_a_network_there_is_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(socket, "socket", gone)
    monkeypatch.setattr(socket, "getaddrinfo", gone)
    assert addresses() == [LOOPBACK]


def test_addresses_are_written_as_browsers_take_them() -> None:
    assert (shown("10.0.0.1", 80), shown("::1", 80)) == ("10.0.0.1:80", "[::1]:80")
