"""Whose traffic a capture of packets is taken for is told as the guess that it is."""

import pytest

from auditor.sources.phones import is_hardware, told


@pytest.mark.parametrize(
    ("talks", "said"),
    [
        ({}, ""),
        ({"10.0.0.7": 3}, "taken for the phone: 10.0.0.7, the private end"),
        ({"10.0.0.7": 3, "10.0.0.8": 4}, "taken for phones: 10.0.0.8, 10.0.0.7; --device ADDRESS says which"),
        (
            {"10.0.0.9": 1, "10.0.0.7": 1, "10.0.0.8": 1, "10.0.0.6": 2},
            "taken for phones: 10.0.0.6, 10.0.0.7, 10.0.0.8 ...; --device ADDRESS says which",
        ),
    ],
)
def test_the_busiest_comes_first_and_a_guess_is_called_one(talks: dict[str, int], said: str) -> None:
    assert told(talks) == said
    assert told(dict(reversed(talks.items()))) == said


@pytest.mark.parametrize(
    ("address", "hardware"),
    [("192.168.1.5", False), (" fe80::1 ", False), ("3c:22:fb:01:02:03", True), ("3c-22-fb-01-02-03", True)],
)
def test_a_mac_address_is_no_address_of_ip(address: str, hardware: bool) -> None:
    assert is_hardware(address) is hardware
