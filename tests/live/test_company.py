"""The addon among others that change, answer, kill, repeat and stream, in every program of mitmproxy."""

import json
import os
import pty
import signal
import socket
import stat
import subprocess
import sys
import termios
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli import cli
from auditor.model import Parcel
from auditor.sources import read
from tests.live.conftest import (
    ADDON,
    PATIENCE,
    ROOT,
    RUN,
    Proxy,
    Server,
    Start,
    exactly,
    free_port,
    head,
    until,
)

TEXT = "Harbor-4471 meet me by the old crane"
OTHERS = """
from mitmproxy import ctx, http

class Others:
    def requestheaders(self, flow):
        if "/loud" in flow.request.path:
            flow.request.stream = lambda data: data.upper()

    def request(self, flow):
        if "/change" in flow.request.path:
            flow.request.text = "somebody changed it"
        if "/kill" in flow.request.path:
            flow.kill()
        if "/answer" in flow.request.path:
            flow.response = http.Response.make(200, "made up")

    def response(self, flow):
        if "/twice" in flow.request.path and not flow.is_replay:
            ctx.master.commands.call("replay.client", [flow.copy()])
        if "/late" in flow.request.path:
            flow.response.text = "changed on the way back"

addons = [Others()]
"""


def analyze(path: Path) -> str:
    result = CliRunner().invoke(cli, ["analyze", str(path)])
    assert result.exit_code == 0, result.output
    return result.stdout


def post(proxy: Proxy, path: str, body: bytes) -> bytes:
    """The body of the answer; nothing where the connection was closed."""
    link = proxy.connect("http")
    link.sendall(
        b"POST %s HTTP/1.1\r\nHost: chat.example\r\nContent-Length: %d\r\n\r\n" % (path.encode(), len(body))
    )
    link.sendall(body)
    try:
        size = int(head(link).lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return exactly(link, size)
    except OSError:
        return b""


def said(path: Path, out: bool = True) -> list[bytes]:
    """The bodies of one direction, as they are read of a dump or a journal."""
    return sorted(e.body for e in read(path) if isinstance(e, Parcel) and e.outgoing is out and e.body)


def parcels(path: Path) -> list[str]:
    found = [one for one in read(path) if isinstance(one, Parcel)]
    return sorted(repr((one.outgoing, one.body, one.head, one.channel, one.whole)) for one in found)


@pytest.mark.parametrize("first", [True, False], ids=["theirs first", "theirs last"])
def test_what_other_addons_do_is_what_the_journal_and_the_dump_say(
    start: Start, tmp_path: Path, first: bool
) -> None:
    others = tmp_path / "others.py"
    others.write_text(OTHERS)
    given = ("-s", str(others))
    proxy = start(*given, before=first)
    assert post(proxy, "/say", b"as it was") == b"as it was"
    assert post(proxy, "/change", b"as it was not") == b"somebody changed it"
    assert post(proxy, "/answer", b"to nobody") == b"made up"
    assert post(proxy, "/late", b"there") == b"changed on the way back"
    assert post(proxy, "/kill", b"cut off") == b""
    assert post(proxy, "/twice", b"again and") == b"again and"
    until(lambda: said(proxy.journal, False).count(b"again and") == 2)
    page, _ = proxy.stop().split("\nThis report again: ")
    if first:  # who comes after us may still change what we have written down
        assert parcels(proxy.journal) == parcels(proxy.dump)
    assert said(proxy.journal) == sorted(
        [b"as it was", b"somebody changed it", b"to nobody", b"there", b"cut off", b"again and", b"again and"]
    )
    assert analyze(proxy.dump).strip() == page.strip()


def test_a_body_that_streams_is_in_the_journal_though_no_dump_has_it(start: Start, tmp_path: Path) -> None:
    others = tmp_path / "others.py"
    others.write_text(OTHERS)
    proxy = start("-s", str(others), "--set", "stream_large_bodies=10k", before=True)
    large = TEXT.encode() * 1000
    assert post(proxy, "/say", large) == large
    assert post(proxy, "/loud", b"quiet") == b"QUIET"
    proxy.stop()
    assert said(proxy.dump) == []
    assert said(proxy.journal) == sorted([large, b"quiet"])  # what the app said, not what was made of it
    assert said(proxy.journal, False) == sorted([large, b"QUIET"])


def test_a_body_whose_size_nobody_told_is_not_whole_in_the_report(start: Start) -> None:
    """mitmproxy begins to stream it when it has held too much already, and tells no addon."""
    proxy = start("--set", "stream_large_bodies=10k")
    link = proxy.connect("http")
    link.sendall(b"POST /say HTTP/1.1\r\nHost: chat.example\r\nTransfer-Encoding: chunked\r\n\r\n")
    with suppress(OSError):
        for _ in range(4):
            link.sendall(b"2710\r\n" + bytes(10_000) + b"\r\n")
        link.sendall(b"0\r\n\r\n")
        head(link)
    proxy.stop()
    (one,) = [e for e in read(proxy.journal) if isinstance(e, Parcel) and e.outgoing]
    assert (one.body, one.whole) == (b"", False)


def test_an_event_reaches_the_app_before_the_stream_ends_and_outlives_a_kill(start: Start) -> None:
    proxy = start()
    link = proxy.connect("http")
    link.sendall(b"GET /events HTTP/1.1\r\nHost: chat.example\r\n\r\n")
    head(link)
    assert b"by the crane" in exactly(link, 22)
    proxy.kill()
    assert said(proxy.journal, False) == [b"data: by the crane\n\n"]


def test_flows_that_a_client_repeats_are_written_down(start: Start, tmp_path: Path) -> None:
    first = start()
    assert post(first, "/say", TEXT.encode())
    first.stop()
    kept = tmp_path / "kept.mitm"
    first.dump.rename(kept)
    first.journal.unlink()
    second = start("--client-replay", str(kept))
    until(lambda: said(second.journal, False) == [TEXT.encode()])
    second.stop()
    assert said(second.journal) == said(second.dump) == [TEXT.encode()]


def test_answers_of_a_recording_are_written_down(start: Start, tmp_path: Path) -> None:
    first = start()
    assert post(first, "/say", TEXT.encode())
    first.stop()
    kept = tmp_path / "kept.mitm"
    first.dump.rename(kept)
    second = start("--server-replay", str(kept), "--set", "server_replay_ignore_port=true")
    assert post(second, "/say", TEXT.encode()) == TEXT.encode()
    second.stop()
    assert said(second.journal) == said(second.dump) == [TEXT.encode()]


def test_in_mitmweb_it_is_the_same_addon(start: Start) -> None:
    web = ("--set", "web_open_browser=false", "--set", f"web_port={free_port()}")
    proxy = start("--set", f"auditor_canary={TEXT}", *web, tool="mitmweb")
    assert post(proxy, "/say", TEXT.encode()) == TEXT.encode()
    assert "Harbor-4471" in proxy.stop()
    assert said(proxy.journal) == said(proxy.dump) == [TEXT.encode()]


def test_in_the_console_of_mitmproxy_the_report_comes_after_the_screen(
    tmp_path: Path, server: Server
) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (24, 80))
    port, dump, shown = free_port(), tmp_path / "session.mitm", bytearray()
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", RUN.format("mitmproxy"), "-s", str(ADDON), "-w", str(dump)),
            *("--set", f"confdir={tmp_path / 'ca'}", "--set", f"auditor_canary={TEXT}"),
            *("--mode", f"reverse:http://127.0.0.1:{server.port}@{port}", "--set", "listen_host=127.0.0.1"),
        ],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)

    def look() -> None:
        with suppress(OSError):
            while data := os.read(ours, 65536):
                shown.extend(data)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    link = None
    end = time.monotonic() + PATIENCE
    while link is None and time.monotonic() < end:
        with suppress(OSError):
            link = socket.create_connection(("127.0.0.1", port), PATIENCE)
        time.sleep(0.05)
    assert link
    body = TEXT.encode()
    link.sendall(b"POST /say HTTP/1.1\r\nHost: a.example\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    head(link)
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE)
    looking.join(PATIENCE)
    link.close()
    assert said(dump) == [body]
    screen, _, after = shown.rpartition(b"\x1b[?1049l")  # back from the screen of its own
    assert b"Harbor-4471" in after, shown[-3000:]
    assert screen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_way_to_be_told_to_end_gives_the_report(start: Start, number: int) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("whoever started the tests had them ignore this signal, as nohup does")
    proxy = start("--set", f"auditor_canary={TEXT}")
    say = proxy.irc()
    say(TEXT)
    page, _ = proxy.stop(number).split("\nThis report again: ")
    assert "Harbor-4471" in page
    proxy.journal.unlink()  # the dump alone says the same
    assert "Harbor-4471" in CliRunner().invoke(cli, ["analyze", str(proxy.dump), "--canary", TEXT]).stdout


def test_a_full_disk_ends_in_an_audit_of_what_there_was(start: Start) -> None:
    proxy = start("--set", f"auditor_canary={TEXT}", fullest=60_000)
    for _ in range(100):
        if not post(proxy, "/say", TEXT.encode() + b"x" * 2000):
            break
    page = proxy.process.communicate(timeout=PATIENCE)[0]
    assert "Harbor-4471" in page
    printed = CliRunner().invoke(cli, ["analyze", str(proxy.dump), "--canary", TEXT, "--format", "json"])
    assert json.loads(printed.stdout)["verdicts"]


def test_looks_for_garbage_pass_over_what_stays(start: Start, tmp_path: Path) -> None:
    other, count = tmp_path / "other.py", tmp_path / "count"
    other.write_text(f"""
import gc
from pathlib import Path

def done():
    Path({str(count)!r}).write_text(f"{{len(gc.get_objects())}} {{gc.get_freeze_count()}}")
""")
    proxy = start("-s", str(other))
    assert post(proxy, "/chat", b"hello") == b"hello"
    proxy.stop()
    looked_at, passed_over = map(int, count.read_text().split())
    assert looked_at < passed_over


def test_nobody_else_may_read_the_journal(start: Start) -> None:
    proxy = start()
    proxy.stop()
    assert stat.S_IMODE(proxy.journal.stat().st_mode) == 0o600
