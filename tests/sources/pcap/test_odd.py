"""Link types that hardly anybody captures go through Scapy."""

import pytest

from auditor.sources.pcap.links import IPV4, LINKS, NOTHING, Unread
from auditor.sources.pcap.odd import begin
from tests.sources.pcap.building import conversation as all_of
from tests.sources.pcap.building import ipv4, only, pcap, tcp

INSIDE = ipv4(tcp(1, 2, 3, 24, b"hello"))
COOKED = bytes(14) + b"\x08\0" + INSIDE


def test_scapy_finds_ip_where_nobody_here_knows_the_way() -> None:
    assert 144 not in LINKS
    assert begin(144, COOKED) == (IPV4, 16)
    found = only(COOKED, link=144)
    assert found is not None
    assert found.payload == b"hello"


def test_what_holds_no_ip_is_no_conversation() -> None:
    assert begin(187, bytes(16))[0] == NOTHING
    assert all_of(pcap([bytes(16)], link=187)) == []


def test_what_even_scapy_cannot_read_is_named() -> None:
    with pytest.raises(Unread, match=r"link type 227 \(CAN\), which cannot be read"):
        begin(227, bytes(16))
    with pytest.raises(Unread, match=r"link type 9999 \(unknown\)"):
        begin(9999, bytes(16))


def test_rubbish_does_no_harm() -> None:
    for link in (144, 187, 195, 201, 230, 251, 256):
        for size in range(0, 60, 3):
            try:
                begin(link, bytes(range(200, 200 + size % 50)) * 2)
            except Unread as why:
                assert str(link) in str(why)
