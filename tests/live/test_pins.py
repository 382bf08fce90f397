"""When a host is passed through unopened, and when not. Real clients: tests/live/test_session.py."""

from auditor.live.pins import MOST, Pins
from auditor.sources.records import Passed


def nowhere(record: Passed) -> None:
    raise AssertionError(record)


def tried(pins: Pins, host: str, times: int) -> str:
    for _ in range(times):
        pins.refused(host)
    return pins.why(host)


def test_refusals_open_the_way_after_so_many() -> None:
    assert tried(Pins(nowhere, 3), "a.example", 2) == ""
    assert tried(Pins(nowhere, 3), "a.example", 3) == "the app refused the proxy's certificate 3 times"
    assert tried(Pins(nowhere, 0), "a.example", 99) == ""


def test_who_takes_the_certificate_is_counted_anew_until_somebody_trusts_it() -> None:
    pins = Pins(nowhere, 3)
    tried(pins, "a.example", 3)
    pins.again()
    assert (tried(pins, "a.example", 2), bool(tried(pins, "a.example", 1))) == ("", True)
    pins.trusted = True
    pins.again()
    assert tried(pins, "a.example", 0)


def test_lists_go_before_counts() -> None:
    pins = Pins(nowhere, 3, through=("*.bank.example",), opened=("chat.example", "*.Never.example"))
    assert tried(pins, "www.bank.example", 0) == "you asked for it"
    assert tried(pins, "chat.example", 9) == ""
    assert tried(pins, "a.never.example", 9) == ""


def test_hosts_are_counted_one_by_one_and_not_without_end() -> None:
    pins = Pins(nowhere, 3)
    tried(pins, "a.example", 2)
    assert tried(pins, "b.example", 1) == ""
    for number in range(MOST + 5):
        pins.refused(f"h{number}.example")
    assert len(pins.refusals) == MOST
    assert tried(pins, "a.example", 1)
