"""`auditor live` as a whole: real clients through a proxy that really runs, on loopback."""

import base64
import hashlib
import json
import os
import pty
import random
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from mitmproxy import version

import auditor
from auditor.cli import cli
from auditor.model import Parcel
from auditor.sources import read
from tests.live.conftest import PATIENCE, Server, Site, exactly, free_port, shut, until, upgraded

ROOT = Path(__file__).parents[2]
TEXT = "Harbor-4471 meet me by the old crane"
PATH = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))


# No file of the process may grow longer: a disk that is full.
FULL = "import resource; size = {} or -1; resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)); "
RUN = "from auditor.cli import cli; cli()"


class Live:
    """`auditor live` in a process of its own, and ways through it."""

    def __init__(self, folder: Path, *options: str, canary: str = TEXT, fullest: int = 0) -> None:
        self.folder = folder / "session"
        self.port = free_port()
        fixed = ("--listen", "127.0.0.1", "--port", str(self.port), "--session", str(self.folder))
        lax = ("--set", "ssl_insecure=true", *(("--canary", canary) if canary else ()))
        self.errors = folder / "stderr"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", FULL.format(fullest) + RUN, "live", *fixed, *lax, *options],
                stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL, text=True,
                env={**os.environ, "PYTHONPATH": PATH, "PYTHONWARNINGS": "ignore"},
            )  # fmt: skip
        try:
            self.log("Ctrl-C ends it")
        except AssertionError:
            self.close()
            raise

    @property
    def ca(self) -> Path:
        return self.folder / "ca" / "mitmproxy-ca-cert.pem"

    def tunnel(self, port: int, device: str = "127.0.0.1") -> socket.socket:
        link = socket.create_connection(("127.0.0.1", self.port), PATIENCE, (device, 0))
        link.sendall(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            try:
                more = link.recv(1)
            except OSError:
                more = b""
            if not more:
                link.close()
                raise ConnectionError("closed")
            answer += more
        assert b" 200 " in answer
        return link

    def app(self, host: str, port: int, trusts: Path | None = None) -> ssl.SSLSocket:
        """An app that trusts the system's certificates, or those in a file."""
        context = ssl.create_default_context(cafile=str(trusts) if trusts else None)
        return context.wrap_socket(self.tunnel(port), server_hostname=host)

    def post(self, host: str, port: int, body: bytes) -> bytes:
        with self.app(host, port, self.ca) as link:
            head = f"POST /say HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\n"
            link.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = link.recv(65536)
            while not answer.endswith(body):
                more = link.recv(65536)
                if not more:
                    raise ConnectionError("closed")
                answer += more
            return answer

    def stop(self, number: int = signal.SIGINT) -> str:
        self.process.send_signal(number)
        return self.process.communicate(timeout=PATIENCE)[0]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def log(self, words: str) -> str:
        """The log, once these words are in it."""
        end = time.monotonic() + PATIENCE
        while words not in (text := self.errors.read_text()):
            assert time.monotonic() < end, text
            assert self.process.poll() is None, text
            time.sleep(0.05)
        return text


Start = Callable[..., Live]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Live] = []

    def begin(*options: str, canary: str = TEXT, fullest: int = 0) -> Live:
        running.append(Live(tmp_path, *options, canary=canary, fullest=fullest))
        return running[-1]

    yield begin
    for one in running:
        one.close()


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(cli, [*map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_session_gives_its_report_and_the_folder_gives_it_again(start: Start, site: Site) -> None:
    live = start("--app", "Chat", "--as", "chat.example=chat.signal.org")
    live.post("chat.example", site.port, TEXT.encode())
    live.log("by now")
    page = live.stop()
    assert "Harbor-4471" in page
    assert run("analyze", live.folder) == page == (live.folder / "report.txt").read_text()
    log = live.errors.read_text()
    assert f"This report again: auditor analyze {live.folder}" in log
    assert "remove the profile" in log
    about = json.loads((live.folder / "session.json").read_text())
    assert (about["why"], about["ended"] > about["began"]) == ("Ctrl-C", True)
    assert about["versions"] == {"auditor": auditor.__version__, "mitmproxy": version.VERSION}
    assert (about["options"]["address"], about["options"]["modes"]) == ("127.0.0.1", ["regular"])
    assert TEXT not in json.dumps(about)  # texts and names are in the file beside it
    for name, digest in about["hashes"].items():
        assert hashlib.sha256((live.folder / name).read_bytes()).hexdigest() == digest
    assert sorted(about["hashes"]) == ["session.mitm", "session.mitm.journal"]


def test_a_reader_that_goes_away_ends_no_session_and_is_no_error(start: Start) -> None:
    live = start()
    assert live.process.stdout
    live.process.stdout.close()
    live.process.send_signal(signal.SIGINT)
    assert live.process.wait(PATIENCE) == 141
    log = live.errors.read_text()
    assert "The session is over: Ctrl-C." in log
    assert not re.search("Traceback|rror", log)
    assert (live.folder / "report.txt").read_text() == run("analyze", live.folder)


def test_nobody_else_may_read_a_session(start: Start) -> None:
    live = start()
    live.stop()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in live.folder.iterdir()}
    assert modes == {name: 0o700 if name == "ca" else 0o600 for name in modes}
    assert stat.S_IMODE(live.folder.stat().st_mode) == 0o700
    assert "session.json" in modes


def test_without_anything_said_of_it_a_session_is_audited_as_well(start: Start) -> None:
    live = start(canary="")
    assert "No message was found" in live.stop()
    assert not (live.folder / "session.yaml").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_way_to_be_told_to_end_gives_the_report(start: Start, site: Site, number: int) -> None:
    live = start()
    with live.app("open.example", site.port, live.ca) as link:
        link.sendall(b"\0\1 said on a connection that is still open: " + TEXT.encode())
        link.recv(100)
        assert "Harbor-4471" in live.stop(number)
    assert "Traceback" not in live.errors.read_text()
    assert json.loads((live.folder / "session.json").read_text())["why"]


def test_a_verdict_forms_while_its_connection_is_still_open(start: Start, site: Site) -> None:
    live = start()
    with live.app("open.example", site.port, live.ca) as link:
        link.sendall(b"\0\1 nothing yet")
        link.recv(100)
        link.sendall(b"\0\1 and then " + TEXT.encode())
        link.recv(100)
        live.log("host open.example planted text sent: transport-only by now")
    assert "1 readable" in live.stop()


def test_after_a_kill_the_folder_holds_what_was_said_last(start: Start, site: Site) -> None:
    live = start()
    with live.app("open.example", site.port, live.ca) as link:
        link.sendall(b"\0\1 said on a connection that is still open: " + TEXT.encode())
        link.recv(100)
        live.close()
    page = run("analyze", live.folder)
    assert "Harbor-4471" in page
    assert run("analyze", live.folder) == page
    assert json.loads((live.folder / "session.json").read_text())["ended"] is None
    assert "reached by 127.0.0.1" in run("doctor", live.folder)


def refuse(live: Live, site: Site, host: str) -> None:
    with pytest.raises(ssl.SSLError):
        live.app(host, site.port)


def anybody() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def own_server_answers(live: Live, site: Site, host: str) -> bool:
    """An app that shakes hands first, looks whose certificate it got, and leaves if it is not its own."""
    real = ssl.get_server_certificate(("127.0.0.1", site.port))
    with anybody().wrap_socket(live.tunnel(site.port), server_hostname=host) as link:
        if ssl.DER_cert_to_PEM_cert(link.getpeercert(binary_form=True) or b"") != real:
            return False
        link.sendall(b"hello")
        return link.recv(5) == b"hello"


def test_an_app_that_refuses_is_passed_through_after_three_tries(start: Start, site: Site) -> None:
    live = start("--open", "never.example")
    live.post("chat.example", site.port, b"somebody trusts us")
    for host in ("pinned.example", "never.example"):
        for _ in range(3):
            refuse(live, site, host)
    live.log("pinned.example refused 3 times: passed through unopened from now on")
    assert own_server_answers(live, site, "pinned.example")
    refuse(live, site, "never.example")
    until(lambda: shut(live.folder / "session.mitm.journal").count("never.example") == 4)
    live.stop()
    contacts = json.loads(run("analyze", live.folder, "--format", "json"))["contacts"]
    reasons = {one["host"]: one["reason"] for one in contacts if "passed" in one["reason"]}
    why = "passed through unopened: the app refused the proxy's certificate 3 times"
    assert reasons == {"pinned.example": why}
    told = run("doctor", live.folder)
    assert "pinned.example: 1 connection passed through unopened: the app refused" in told
    assert "pinned.example: refused the proxy 3 times: unknown CA; others trust the certificate" in told
    assert "never.example: refused the proxy 4 times" in told
    assert "never.example: 1 connection passed" not in told


def test_an_app_that_looks_at_the_certificate_late_is_passed_through_as_well(
    start: Start, site: Site
) -> None:
    live = start()
    live.post("chat.example", site.port, b"somebody trusts us")
    assert [own_server_answers(live, site, "late.example") for _ in range(3)] == [False] * 3
    live.log("late.example refused 3 times")
    assert own_server_answers(live, site, "late.example")
    live.stop()
    told = run("doctor", live.folder)
    assert "late.example: shook hands and left without a word, 3 times" in told
    assert "late.example: 1 connection passed through unopened" in told


def test_without_fail_open_nothing_is_passed_through(start: Start, site: Site) -> None:
    live = start("--no-fail-open", "--pass", "*.bank.example")
    for _ in range(5):
        refuse(live, site, "pinned.example")
    until(lambda: shut(live.folder / "session.mitm.journal").count("pinned.example") == 5)
    assert own_server_answers(live, site, "www.bank.example")
    live.stop()
    told = run("doctor", live.folder)
    assert "no app trusts the proxy's certificate" in told
    assert "pinned.example: refused the proxy 5 times" in told
    assert "www.bank.example: 1 connection passed through unopened: you asked for it" in told


def test_the_page_for_the_phone_has_the_certificate(start: Start) -> None:
    live = start()
    address = re.findall(r"http://127\.0\.0\.1:\d+/", live.log("certificate"))[0]
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # through no proxy
    with direct.open(address) as page:
        assert "auditor session" in page.read().decode()
    with direct.open(f"{address}ca.cer") as file:
        assert file.headers["Content-Type"] == "application/x-x509-ca-cert"
        assert file.read() == live.ca.read_bytes()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        direct.open(f"{address}../mitmproxy-ca.pem")


def test_a_host_that_was_let_go_is_opened_once_the_certificate_was_taken(start: Start, site: Site) -> None:
    live = start()
    address = re.findall(r"http://127\.0\.0\.1:\d+/", live.log("certificate"))[0]
    for _ in range(3):
        refuse(live, site, "page.example")
    live.log("page.example refused 3 times: passed through unopened from now on")
    assert own_server_answers(live, site, "page.example")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{address}ca.cer") as file:
        file.read()
    live.post("page.example", site.port, TEXT.encode())
    assert "host page.example" in live.stop()
    told = run("doctor", live.folder)
    assert "page.example: 1 connection passed through" in told
    assert "pins its own" not in told


def test_a_client_of_the_standard_library_and_a_websocket(start: Start, site: Site) -> None:
    live = start()
    context = ssl.create_default_context(cafile=str(live.ca))
    proxied = urllib.request.build_opener(
        urllib.request.ProxyHandler({"https": f"http://127.0.0.1:{live.port}"}),
        urllib.request.HTTPSHandler(context=context),
    )
    with proxied.open(f"https://localhost:{site.port}/say", TEXT.encode()) as answer:
        assert answer.read() == TEXT.encode()
    key = base64.b64encode(bytes(16)).decode()
    with live.app("raw.example", site.port, live.ca) as link:
        link.sendall(b"\x01\x02\x03 no HTTP " + key.encode())
        assert link.recv(100)
    page = live.stop()
    assert "host localhost" in page
    assert "raw.example: raw bytes, not HTTP, on 1 connection" in run("doctor", live.folder)


def test_what_cannot_begin_says_why_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "auditor", "live", "--listen", "127.0.0.1", "--port", port]
        ended = subprocess.run(
            [*command, "--session", str(tmp_path / "s")], capture_output=True, text=True, timeout=PATIENCE,
            check=False, env={**os.environ, "PYTHONPATH": PATH, "PYTHONWARNINGS": "ignore"},
        )  # fmt: skip
    assert ended.returncode == 2
    assert re.fullmatch(
        r"auditor: the proxy cannot start: [^\n]+:\d+: address already in use; name another port: [^\n]+\n",
        ended.stderr,
    )
    assert not (tmp_path / "s").exists()


def test_a_tunnel_of_wireguard_comes_with_its_profile(start: Start) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    live = start("--mode", "regular", "--mode", f"wireguard@{port}")
    live.log("profile for the WireGuard app")
    profile = live.folder / "wireguard.conf"
    assert f"Endpoint = 127.0.0.1:{port}" in profile.read_text()
    assert stat.S_IMODE(profile.stat().st_mode) == 0o600


def test_a_second_device_is_turned_away(start: Start, site: Site) -> None:
    live = start()
    live.tunnel(site.port).close()
    with pytest.raises(ConnectionError):
        live.tunnel(site.port, "127.0.0.2")
    live.log("127.0.0.2 was turned away: --allow 127.0.0.2 lets it in")
    live.tunnel(site.port).close()


# KILLS=50 kills more often.
SEEDS = range(int(os.environ.get("KILLS", "10")))
KILLS = [pytest.param(seed, marks=[pytest.mark.slow] if seed else []) for seed in SEEDS]


def lines(link: socket.socket) -> Callable[[str], None]:
    """What is no HTTP, on a connection to a server that gives it back."""

    def say(text: str) -> None:
        link.sendall(b"\0" + text.encode())
        exactly(link, len(text) + 1)

    return say


@pytest.mark.parametrize("seed", KILLS)
def test_a_kill_at_any_moment_loses_nothing_that_was_answered(
    start: Start, site: Site, server: Server, tmp_path: Path, seed: int
) -> None:
    live, chance = start(), random.Random(seed)
    ends = time.monotonic() + chance.uniform(0, 3)
    answered: dict[str, list[str]] = {"ann": [], "bob": [], "cyd": []}
    links = {
        "ann": live.app("ann.example", site.port, live.ca),
        "bob": live.tunnel(server.port),
        "cyd": live.tunnel(server.port),
    }

    def chat(name: str) -> None:
        with suppress(OSError), links[name] as link:
            say = upgraded(link) if name == "cyd" else lines(link)
            for number in range(1_000_000):
                said = f"{name} {number:09} {TEXT}"
                say(said)
                answered[name].append(said)

    talking = [threading.Thread(target=chat, args=(name,)) for name in links]
    for one in talking:
        one.start()
    until(lambda: all(answered.values()) and time.monotonic() > ends)
    live.close()
    for one in talking:
        one.join(PATIENCE)
    events = list(read(live.folder / "session.mitm.journal"))
    kept = b"".join(event.body for event in events if isinstance(event, Parcel) and event.outgoing).decode()
    found = re.findall(rf"\w{{3}} \d{{9}} {TEXT}", kept)
    assert len(found) == len(set(found))
    assert {said for texts in answered.values() for said in texts} - set(found) == set()
    pages = [run("analyze", live.folder, "--format", "json", "--evidence", tmp_path / one) for one in "ab"]
    evidence = [(tmp_path / one).read_text().splitlines() for one in "ab"]
    assert (pages[0], evidence[0]) == (pages[1], evidence[1])
    assert len(evidence[0]) == len(set(evidence[0])) >= len(found)


def test_a_full_disk_ends_in_a_report_of_what_there_was(start: Start, site: Site) -> None:
    live = start(fullest=60_000)
    for _ in range(100):
        try:
            live.post("chat.example", site.port, TEXT.encode() + b"x" * 2000)
        except OSError:
            break
    page = live.process.communicate(timeout=PATIENCE)[0]
    assert "Harbor-4471" in page
    assert run("analyze", live.folder) == page
    assert "is the disk full?" in json.loads((live.folder / "session.json").read_text())["why"]


def test_in_a_terminal_there_is_a_view_and_a_report_even_if_it_closes(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    folder = tmp_path / "session"
    command = [sys.executable, "-m", "auditor", "live", "--listen", "127.0.0.1", "--session", str(folder)]
    process = subprocess.Popen(
        [*command, "--mode", "regular@0"], stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True, env={**os.environ, "PYTHONPATH": PATH, "TERM": "xterm", "COLUMNS": "80"},
    )  # fmt: skip
    os.close(theirs)
    shown, until = b"", time.monotonic() + PATIENCE
    while b"marked: sent" not in shown and time.monotonic() < until:
        if b"What stays shut" in shown and b"m sent" in shown:
            os.write(ours, b"m")
        shown += os.read(ours, 65536)
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    process.wait(PATIENCE)
    about = json.loads((folder / "session.json").read_text())
    assert (about["why"], about["marks"][0]["what"]) == ("the terminal closed", "sent")
    assert (folder / "report.txt").read_text() == run("analyze", folder)
