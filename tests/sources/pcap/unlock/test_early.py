"""What was said before it was answered."""

from auditor.sources.pcap.unlock.early import Early


def test_it_waits_until_it_is_taken() -> None:
    early = Early()
    assert [early.say(b"meet "), early.say(b"at "), early.take(), early.say(b"seven")] == [
        b"",
        b"",
        b"meet at ",
        b"seven",
    ]


def test_what_is_refused_was_not_said() -> None:
    early = Early()
    early.say(b"meet")
    early.refuse()
    assert (early.refused, early.take()) == (True, b"")


def test_what_was_taken_is_refused_no_more() -> None:
    early = Early()
    early.take()
    early.refuse()
    assert not early.refused
