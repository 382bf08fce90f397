"""DNS: names for addresses, and nothing that leads in a circle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap import dns
from auditor.sources.pcap.dns import MOST_NAMES, MOST_RECORDS, Names, agreed, read

A, CNAME, AAAA, HTTPS = 1, 5, 28, 65


def name(text: str) -> bytes:
    return b"".join(bytes((len(one),)) + one.encode() for one in text.split(".")) + b"\0"


def question(asked: str, kind: int = A) -> bytes:
    return name(asked) + kind.to_bytes(2) + b"\0\1"


def entry(owner: bytes, kind: int, data: bytes) -> bytes:
    return owner + kind.to_bytes(2) + b"\0\1" + bytes(4) + len(data).to_bytes(2) + data


def message(asked: str, *answers: bytes, flags: int = 0x8180, more: bytes = b"") -> bytes:
    head = b"\xab\xcd" + flags.to_bytes(2) + b"\0\1" + len(answers).to_bytes(2) + bytes(2) + b"\0\0"
    return head + question(asked) + b"".join(answers) + more


SAME = b"\xc0\x0c"  # the name that was asked for
ADDRESS = bytes((192, 0, 2, 7))


def test_an_address_has_the_name_that_was_asked_for_not_the_one_it_leads_to() -> None:
    edge = entry(name("edge.cdn.example"), A, ADDRESS)
    chain = message("Chat.Example", entry(SAME, CNAME, name("front.cdn.example")),
                    entry(name("front.cdn.example"), CNAME, name("edge.cdn.example")), edge)  # fmt: skip
    assert read(chain).addresses == (("chat.example", ADDRESS),)


def test_addresses_are_short_or_long_and_hidden_in_hints() -> None:
    long = bytes(range(16))
    hints = b"\0\1\0" + b"\0\4\0\4" + ADDRESS + b"\0\6\0\x10" + long
    for answers in ([entry(SAME, A, ADDRESS), entry(SAME, AAAA, long)], [entry(SAME, HTTPS, hints)]):
        assert read(message("a.example", *answers)).addresses == (
            ("a.example", ADDRESS),
            ("a.example", long),
        )


def test_a_question_teaches_nothing() -> None:
    asked = message("a.example", flags=0x0100)
    names = Names()
    names.learn(asked)
    assert (read(asked).answer, read(asked).asked, names.of(ADDRESS)) == (False, ("a.example",), ())


def test_the_newest_name_of_an_address_stands_last() -> None:
    names = Names()
    for asked in ("a.example", "b.example", "a.example"):
        names.learn(message(asked, entry(SAME, A, ADDRESS)))
    assert names.of(ADDRESS) == ("b.example", "a.example")
    for number in range(MOST_NAMES + 3):
        names.learn(message(f"n{number}.example", entry(SAME, A, ADDRESS)))
    assert len(names.of(ADDRESS)) == MOST_NAMES


def test_the_oldest_addresses_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns, "MOST_ADDRESSES", 2)
    names = Names()
    for number in range(3):
        names.learn(message("a.example", entry(SAME, A, bytes((10, 0, 0, number)))))
    assert [bool(names.of(bytes((10, 0, 0, number)))) for number in range(3)] == [False, True, True]


OWNERS = {
    ("a.chat.example",): "a.chat.example",
    ("a.chat.example", "b.chat.example", "chat.example"): "chat.example",
    ("a.chat.example", "a.mail.example"): "",
    ("a.chat.co.uk", "b.chat.co.uk"): "b.chat.co.uk",
    ("chat.co.uk", "mail.co.uk"): "",
    (): "",
}


@pytest.mark.parametrize("names", OWNERS)
def test_several_names_are_believed_where_they_have_one_owner(names: tuple[str, ...]) -> None:
    assert agreed(names) == OWNERS[names]


HOSTILE = {
    "points to itself": message("a.example", entry(b"\xc0\x1b", A, ADDRESS)),
    "points forward": message("a.example", entry(b"\xc0\xff", A, ADDRESS)),
    "two that point to each other": message("a.example", entry(b"\1a\xc0\x1f\xc0\x1b", A, ADDRESS)),
    "a label of 64": message("a.example", entry(b"\x40" + bytes(80), A, ADDRESS)),
    "cut off": message("a.example", entry(SAME, A, ADDRESS))[:-1],
    "a name without end": message("a.example", b"\1a" * 4),
    "more records than a message has": message("a.example").replace(
        b"\0\1\0\0\0\0", (MOST_RECORDS + 1).to_bytes(2) + bytes(4), 1
    ),
    "text": b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
    "nothing": b"",
    "zeroes": bytes(40),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_messages_are_refused(what: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(HOSTILE[what])
    Names().learn(HOSTILE[what])


@given(st.binary(max_size=120), st.integers(0, 60))
def test_damage_is_refused_or_another_message(junk: bytes, at: int) -> None:
    good = message("chat.example", entry(SAME, CNAME, b"\1b" + SAME), entry(b"\1b" + SAME, A, ADDRESS))
    try:
        found = read(good[:at] + junk + good[at + len(junk) :])
    except ValueError:
        return
    assert all(len(one) <= 300 for one in found.asked)
