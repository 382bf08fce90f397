"""Streams say the same of a connection wherever it was recorded."""

from auditor.model import Channel, Problem, Road
from auditor.sources import talk
from auditor.sources.heads import Place
from auditor.streams import STREAMS

PLACE, CHANNEL = Place("x"), Channel("h.example", 25, Road.CLEAR)


def test_a_message_is_a_parcel_that_can_be_found_again() -> None:
    stream = STREAMS["irc"].Stream()
    (message,) = stream.feed(True, b"PRIVMSG bob :hello\r\n")
    parcel = talk.parcel(PLACE, 3, CHANNEL, "irc", message, 7.0)
    assert (str(parcel.ref), parcel.outgoing, parcel.head.method, parcel.when) == (
        "x#3.0>",
        True,
        "PRIVMSG",
        7.0,
    )
    assert talk.parcel(PLACE, 3, CHANNEL, "irc", message, None, ".0>@9").ref.part == ".0>@9"


def test_what_was_left_over_is_said_but_for_what_tls_hides() -> None:
    stream = STREAMS["smtp"].Stream()
    stream.feed(False, b"220 mail\r\n")
    stream.feed(True, b"STARTTLS\r\n")
    stream.feed(False, b"220 go\r\nabc")
    assert talk.handed_over(stream) == "TLS"
    assert talk.rest(stream) == {True: 0, False: 3}
    assert list(talk.left_over(PLACE, 3, CHANNEL, "smtp", stream)) == []
    stream = STREAMS["smtp"].Stream()
    stream.feed(False, b"220 mail\r\n25")
    assert [one for one in talk.left_over(PLACE, 3, CHANNEL, "smtp", stream) if isinstance(one, Problem)] == [
        PLACE.problem(
            3, "cut", "2 bytes at the end of the connection make no message", "", (CHANNEL,), ("smtp",)
        )
    ]
