"""What a proxy passes on counts once; where one word is its own, everything counts."""

from dataclasses import dataclass, field

import pytest

from auditor.model import Channel, Contact, Event, Head, Parcel, Ref, Road
from auditor.sources.pcap.legs import Legs
from auditor.sources.pcap.wire import End

PHONE, PROXY, SERVER = b"\x0a\0\0\2", b"\x0a\0\0\1", b"\xc0\0\2\1"


@dataclass
class Scene:
    """Connections as they end, and what is told of them."""

    legs: Legs = field(default_factory=Legs)
    told: list[Event] = field(default_factory=list)
    entries: int = 0

    def talk(
        self,
        client: End,
        server: End,
        *words: bytes,
        road: Road = Road.PROTECTED,
        host: str = "h",
        when: float = 0.0,
        over: bool = True,
    ) -> int:
        self.entries += 1
        channel = Channel(host, server.port, road)
        events: list[Event] = []
        for n, text in enumerate(words):
            way, at = text != text.upper(), when or float(self.entries)
            ref = Ref("x.pcap", self.entries, f".{n}{'>' if way else '<'}@1")
            events.append(Parcel(ref, channel, way, text, "irc", Head(method="SAY"), when=at))
        self.told += self.legs.take(self.entries, client, server, events, over)
        return self.entries

    def end(self) -> tuple[list[bytes], list[str]]:
        self.told += self.legs.finish()
        said = [one.body for one in self.told if isinstance(one, Parcel)]
        return said, [
            f"{one.ref} {dict(one.facts)['passed on']}" for one in self.told if isinstance(one, Contact)
        ]


def near(port: int = 50_000) -> tuple[End, End]:
    return End(PHONE, port), End(PROXY, 8_080)


def far(port: int = 40_000) -> tuple[End, End]:
    return End(PROXY, port), End(SERVER, 443)


def test_what_was_passed_on_is_told_once_and_named() -> None:
    scene = Scene()
    scene.talk(*near(), b"hello", b"HI", b"bye")
    scene.talk(*far(), b"hello", b"HI", b"bye")
    assert scene.end() == ([b"hello", b"HI", b"bye"], ["x.pcap#2 3 messages of x.pcap#1"])


def test_without_a_proxy_nothing_is_held_back() -> None:
    scene = Scene()
    scene.talk(End(PHONE, 1), End(SERVER, 443), b"hello", over=False)
    assert len(scene.told) == 1
    scene.talk(End(PHONE, 2), End(SERVER, 443), b"hello")
    assert scene.end() == ([b"hello", b"hello"], [])


@dataclass(frozen=True)
class Own:
    """Why the second connection is one of its own."""

    name: str
    words: tuple[bytes, ...] = (b"hello",)
    road: Road = Road.PROTECTED
    host: str = "h"
    when: float = 0.0


@pytest.mark.parametrize(
    "own",
    [
        Own("it says more", (b"hello", b"and this")),
        Own("it says something else", (b"hullo",)),
        Own("it says nothing", (b"HI",)),
        Own("its road is open", road=Road.CLEAR),
        Own("it is to somebody else", host="g"),
        Own("it was earlier", when=0.5),
        Own("it was much later", when=500.0),
    ],
    ids=lambda own: own.name,
)
def test_a_connection_with_anything_of_its_own_counts(own: Own) -> None:
    scene = Scene()
    scene.talk(*near(), b"hello")
    scene.talk(*far(), *own.words, road=own.road, host=own.host, when=own.when)
    assert scene.end() == ([b"hello", *own.words], [])


def test_the_same_word_said_twice_counts_twice() -> None:
    scene = Scene()
    for port in (1, 2):
        scene.talk(*near(port), b"hello")
        scene.talk(*far(port), b"hello")
    said, passed_on = scene.end()
    assert said == [b"hello", b"hello"]
    assert passed_on == ["x.pcap#2 1 messages of x.pcap#1", "x.pcap#4 1 messages of x.pcap#3"]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 1, 3)])
def test_on_one_machine_the_same_word_said_twice_counts_twice(order: tuple[int, ...]) -> None:
    here = b"\x7f\0\0\1"
    scene = Scene()
    talks = [
        (End(here, 50_001), End(here, 8_080)),
        (End(here, 40_001), End(here, 443)),
        (End(here, 50_002), End(here, 8_080)),
        (End(here, 40_002), End(here, 443)),
    ]
    for n in order:
        scene.talk(*talks[n], b"hello")
    said, passed_on = scene.end()
    assert said == [b"hello", b"hello"]
    assert len(passed_on) == 2


def test_two_people_on_one_machine_who_say_the_same_to_one_server_both_count() -> None:
    here = b"\x7f\0\0\1"
    scene = Scene()
    scene.talk(End(here, 50_001), End(here, 443), b"hello")
    scene.talk(End(here, 50_002), End(here, 443), b"hello")
    assert scene.end() == ([b"hello", b"hello"], [])


def test_a_leg_that_is_still_open_at_the_end_is_told() -> None:
    scene = Scene()
    scene.talk(*near(), b"hello", over=False)
    scene.talk(*far(), b"hello", over=False)
    said, passed_on = scene.end()
    assert said == [b"hello", b"hello"]
    assert passed_on == []


def test_a_near_leg_that_nobody_could_open_hides_nothing() -> None:
    scene = Scene()
    scene.talk(*near())
    scene.talk(*far(), b"hello")
    assert scene.end() == ([b"hello"], [])


def test_an_answer_that_was_not_passed_on_counts() -> None:
    """A proxy, or whoever looks like one, may keep to itself what it was told."""
    scene = Scene()
    scene.talk(*near(), b"hello", b"HI")
    scene.talk(*far(), b"hello", b"HI", b"A SECRET")
    assert scene.end() == ([b"hello", b"HI", b"A SECRET"], ["x.pcap#2 2 messages of x.pcap#1"])
