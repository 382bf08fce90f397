"""Whose traffic it is: said by the user, else guessed, and told as a guess."""

from ipaddress import ip_address

import pytest

from auditor.errors import CaptureError
from auditor.sources.pcap import devices
from auditor.sources.pcap.devices import Devices, is_private
from auditor.sources.pcap.wire import End
from auditor.sources.phones import told


def end(address: str) -> End:
    return End(ip_address(address).packed, 443)


PHONE, OTHER, SERVER, PEER = (
    end("192.168.1.5"),
    end("192.168.1.6"),
    end("8.8.8.8"),
    end("2001:4860:4860::8888"),
)


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("10.0.0.1", True), ("172.16.0.9", True), ("192.168.1.5", True), ("100.64.3.2", True),
        ("169.254.1.1", True), ("fe80::1", True), ("fd00::1", True), ("127.0.0.1", True), ("8.8.8.8", False),
        ("2a00:1450::1", False), ("224.0.0.251", False), ("ff02::fb", False), ("0.0.0.0", False),
    ],
)  # fmt: skip
def test_a_private_address_is_one_that_no_router_of_the_world_knows(address: str, private: bool) -> None:
    assert is_private(ip_address(address).packed) is private


def test_what_is_no_address_of_ip_is_not_private() -> None:
    assert not is_private(bytes(6))


def test_the_private_end_is_the_phone() -> None:
    guess = Devices()
    assert (guess.of(PHONE, SERVER), guess.of(SERVER, PHONE)) == (PHONE, PHONE)
    assert told(guess.talks()) == "taken for the phone: 192.168.1.5, the private end"
    assert guess.called(PHONE) == ""


def test_where_both_ends_are_alike_nobody_guesses() -> None:
    guess = Devices()
    assert (guess.of(PHONE, OTHER), guess.of(SERVER, PEER), told(guess.talks())) == (None, None, "")


def test_several_phones_are_told_with_the_busiest_first() -> None:
    guess = Devices()
    for one in (OTHER, PHONE, PHONE):
        guess.of(one, SERVER)
    assert told(guess.talks()) == "taken for phones: 192.168.1.5, 192.168.1.6; --device ADDRESS says which"


def test_what_the_user_says_goes_first() -> None:
    said = Devices(["8.8.8.8"])
    assert (said.of(PHONE, SERVER), said.of(PHONE, PEER), told(said.talks())) == (SERVER, None, "")
    assert said.called(SERVER) == ""


def test_two_that_were_named_are_two_subjects() -> None:
    said = Devices(["192.168.1.5", " 192.168.1.6"])
    assert [said.called(one) for one in (PHONE, OTHER, SERVER)] == ["192.168.1.5", "192.168.1.6", ""]


@pytest.mark.parametrize("text", ["3C:22:fb:01:02:03", "3c-22-fb-01-02-03"])
def test_a_device_may_be_named_by_its_mac_address(text: str) -> None:
    assert Devices([text]).named == {bytes.fromhex("3c22fb010203"): text}


@pytest.mark.parametrize("text", ["", "phone", "300.1.1.1", "3c:22:fb:01:02", "zz:22:fb:01:02:03"])
def test_what_is_no_address_is_one_line(text: str) -> None:
    with pytest.raises(CaptureError, match="not an address of a device"):
        Devices([text])


def test_endless_addresses_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "MOST", 2)
    guess = Devices()
    for number in range(5):
        guess.of(end(f"10.0.0.{number}"), SERVER)
    assert told(guess.talks()) == "taken for phones: 10.0.0.0, 10.0.0.1; --device ADDRESS says which"
