"""The addon in a proxy that really runs, and that dies."""

import json
import os
import random
import runpy
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from mitmproxy import hooks
from mitmproxy.tools import main

from auditor.cli import cli
from auditor.model import Contact, Event, Parcel
from auditor.sources import read
from auditor.sources.beside import journal_of
from tests.live.conftest import ADDON, PATIENCE, shut, until

TEXT = "Harbor-4471 meet me by the old crane"


def analyze(*arguments: str | Path) -> str:
    result = CliRunner().invoke(cli, ["analyze", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout


def texts(events: list[Event]) -> list[str]:
    """What the app said, whatever it said it with."""
    bodies = [event.body for event in events if isinstance(event, Parcel) and event.outgoing]
    return [json.loads(body)["text"] if body[:1] == b"{" else body.decode() for body in bodies if body]


def told(event: Event) -> Any:
    assert isinstance(event, Parcel)
    return event.protocol, event.outgoing, event.body, event.head, event.channel


def test_an_app_that_was_there_before_the_audit_is_served(start) -> None:  # type: ignore[no-untyped-def]
    """mitmproxy would end at an error as it starts, and knows no certificates until every addon has begun."""
    proxy = start()
    proxy.handshake("early.example", trusting=True)
    until(lambda: "early.example" in shut(proxy.journal))
    assert "early.example:443" in proxy.stop()


def test_rules_that_are_wrong_cost_the_report_and_no_traffic(start) -> None:  # type: ignore[no-untyped-def]
    proxy = start("--set", "auditor_rules=nowhere")
    proxy.irc()(TEXT)
    assert "What was read" not in proxy.stop()
    assert texts(list(read(proxy.journal))) == [TEXT]


def test_a_session_gives_its_report_and_gives_it_again(start) -> None:  # type: ignore[no-untyped-def]
    proxy = start("--set", f"auditor_canary={TEXT}", "--set", "auditor_canary=ok")
    irc, websocket, http = proxy.irc(), proxy.websocket(), proxy.http()
    for say in (irc, websocket, http, irc, websocket):
        say(TEXT)
    with pytest.raises(OSError, match="verify failed"):
        proxy.handshake("chat.signal.org", trusting=False)
    proxy.handshake("left.example", trusting=True)
    until(lambda: shut(proxy.journal) == ["chat.signal.org", "left.example"])
    page, rest = proxy.stop().split("\nThis report again: ")
    assert rest.strip() == f"auditor analyze {proxy.dump} --canary '{TEXT}' --canary ok"
    assert analyze(proxy.dump, "--canary", TEXT, "--canary", "ok").strip() == page.strip()
    assert "weak text" in page
    for words in ("session.mitm: session journal", "chat.signal.org:443", "left.example:443", "Harbor-4471"):
        assert words in page

    kept = list(read(proxy.journal, name="session.mitm"))
    assert texts(kept) == [TEXT] * 5
    saved = [told(event) for event in read(proxy.dump) if isinstance(event, Parcel)]
    written = [told(event) for event in kept if isinstance(event, Parcel)]
    assert sorted(map(repr, saved)) == sorted(map(repr, written))
    refused, left = [event for event in kept if isinstance(event, Contact)]
    assert (refused.channel.host, refused.channel.port) == ("chat.signal.org", 443)
    assert refused.reason == "the app refused the proxy's certificate"
    assert (left.channel.host, "left without a word" in left.reason) == ("left.example", True)

    proxy.journal.rename(proxy.journal.with_name("elsewhere"))
    page = " ".join(analyze(proxy.dump, "--canary", TEXT).split())
    assert "a dump does not hold the handshakes that the app refused" in page
    assert "chat.signal.org" not in page


def test_two_runs_that_append_are_one_session(start) -> None:  # type: ignore[no-untyped-def]
    first = start(dump="+session.mitm")
    first.http()("the first run")
    first.stop()
    second = start(dump="+session.mitm")
    second.http()("the second run")
    page, _ = second.stop().split("\nThis report again: ")
    assert texts(list(read(second.journal))) == ["the first run", "the second run"]
    assert analyze(second.dump).strip() == page.strip()


def test_mitmproxy_never_looks_in_vain_for_a_hook_in_the_file() -> None:
    assert main  # with it come all hooks
    inside = runpy.run_path(str(ADDON))
    assert [name for name in hooks.all_hooks if inside.get(name, "missing") is not None] == []
    assert [type(one).__name__ for one in inside["addons"]] == ["Auditor"]


class Chatter(threading.Thread):
    """Says one thing after the other until the connection breaks; knows when each one came back."""

    def __init__(self, name: str, connect: Callable[[], Callable[[str], None]], pause: float) -> None:
        super().__init__(daemon=True)
        self.word, self.pause = name, pause
        self.back: list[tuple[str, float]] = []
        self.say = connect()
        self.start()

    def run(self) -> None:
        for number in range(1_000_000):
            try:
                self.say(f"{self.word} {number}")
            except OSError:
                return
            self.back.append((f"{self.word} {number}", time.monotonic()))
            time.sleep(self.pause)


# KILLS=500 kills more often.
SEEDS = range(int(os.environ.get("KILLS", "50")))
KILLS = [pytest.param(seed, marks=[pytest.mark.slow] if seed >= 2 else []) for seed in SEEDS]


@pytest.mark.parametrize("seed", KILLS)
def test_a_proxy_that_is_killed_leaves_a_session_that_can_be_read(start, tmp_path: Path, seed: int) -> None:  # type: ignore[no-untyped-def]
    chance = random.Random(seed)
    proxy = start()
    ways = {"irc": proxy.irc, "websocket": proxy.websocket, "http": proxy.http}
    chatters = [Chatter(name, way, chance.choice([0, 0.001, 0.02])) for name, way in ways.items()]
    until(lambda: all(chatter.back for chatter in chatters))
    time.sleep(chance.uniform(0, 1.5))
    killed = time.monotonic()
    proxy.kill()
    for chatter in chatters:
        chatter.join(PATIENCE)

    source = read(proxy.journal, name="session.mitm")
    every = texts(list(source))
    kept = set(every)
    assert len(every) == len(kept)  # nothing twice
    came_back = [item for chatter in chatters for item in chatter.back]
    lost = [(text, killed - when) for text, when in came_back if text not in kept]
    print(f"seed {seed}: {len(came_back)} came back, {len(lost)} of them lost, {source.unread} B unread")
    assert [age for _, age in lost if age > 1] == []
    assert lost == []  # stronger than promised: a message is written down before it is passed on
    assert journal_of(proxy.dump) == proxy.journal
    pages = [findings(proxy.dump, tmp_path / name) for name in ("once", "again")]
    assert pages[0] == pages[1]
    page, found = pages[0]
    assert len(found) == len(set(found)) > 0
    (capture,) = json.loads(page)["captures"]
    assert (capture["name"], capture["kind"]) == ("session.mitm", "session journal")


def findings(dump: Path, evidence: Path) -> tuple[str, list[str]]:
    """The report, and every finding of it."""
    page = analyze(dump, "--format", "json", "--evidence", evidence)
    return page, evidence.read_text().splitlines()


def test_without_a_dump_there_is_a_report_and_no_journal(start) -> None:  # type: ignore[no-untyped-def]
    proxy = start(dump="")
    proxy.http()(TEXT)
    page = proxy.stop()
    assert "live: live proxy" in page
    assert "This report again" not in page
    assert not proxy.journal.exists()
