"""A line is named by what is known of it."""

from auditor.model import Channel, Road
from auditor.sources.pcap.line import line_to
from auditor.sources.pcap.wire import End


def test_a_line_has_the_address_of_its_server_and_the_name_that_others_gave_it() -> None:
    line = line_to(End(b"\xc0\0\2\1", 80), "h.example")
    assert line.channel() == Channel("h.example", 80, Road.CLEAR, "192.0.2.1")
    assert line_to(End(bytes(15) + b"\1", 1), "").address == "::1"
    assert line_to(End(b"\1\2\3\4\5\6", 0), "").address == "01:02:03:04:05:06"


def test_who_leads_on_leads_to_another_host_on_the_same_line() -> None:
    line = line_to(End(b"\xc0\0\2\1", 8080), "proxy.example")
    led = line.to("x.example", 443)
    assert (led.host, led.port, led.address) == ("x.example", 443, "192.0.2.1")
    assert line.to("", 0) == line
