"""Real clients through `auditor live`, on loopback: their verdicts, and the same audit from what was kept.

Each needs its library, and some a server or a browser; what is not installed is skipped. `make lab-clients`
gets the libraries, or LAB_PYTHON names a Python that has them; prosody and chromium are packages of Debian.
"""

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from queue import Queue
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.lab import servers
from tests.lab.far import Far
from tests.live.test_session import Live, run

CLIENTS = Path(__file__).parent / "clients"
PYTHON = os.environ.get("LAB_PYTHON") or str(Path(__file__).parents[2] / ".venv-lab" / "bin" / "python")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
PATIENCE = 120.0
OUT, SOCKET = "Harbor-4471 meet me by the old crane", "Marigold-3318 bring two ropes"
IN = "Ferry-5520 wait for me at the pier"

pytestmark = [pytest.mark.lab, pytest.mark.slow]


class Closing(Protocol):
    def close(self) -> None: ...


Closed = TypeVar("Closed", bound=Closing)
Keep = Callable[[Closed], Closed]
Rows = dict[tuple[str, str, str], tuple[str, set[str]]]


class Phone:
    """The session that a client's messages pass through."""

    def __init__(self, folder: Path, mode: str) -> None:
        planted = [word for text in (SOCKET, IN) for word in ("--canary", text)]
        lazy = ("--set", "connection_strategy=lazy")  # HTTP/2 for the app, though the far end has none
        self.live = Live(folder, "--mode", mode, *lazy, *planted, canary=OUT)
        self.close = self.live.close
        self.proxy = f"http://127.0.0.1:{self.live.port}"

    def talks(self, client: str, **told: object) -> None:
        """A client that trusts the session's authority says OUT, and hears IN where somebody is there."""
        ended = subprocess.run(
            [PYTHON, str(CLIENTS / client), json.dumps({"proxy": self.proxy, "out": OUT, "in": IN, **told})],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
            env={**os.environ, "REQUESTS_CA_BUNDLE": str(self.live.ca), "SSL_CERT_FILE": str(self.live.ca)},
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def ends(self, poured: tuple[str, ...] = ()) -> Rows:
        """What the report says, once it is clear that the folder, and the dump alone, say it again.

        Of a way that was `poured`, passed on as it came, the dump holds no body.
        """
        page, folder = self.live.stop(), self.live.folder
        assert "Traceback" not in self.live.errors.read_text()
        assert run("analyze", folder) == page
        alone = folder.with_name("alone")
        alone.mkdir()
        for name in ("session.mitm", "session.yaml"):
            shutil.copy(folder / name, alone)
        said = rows(folder)
        assert rows(alone / "session.mitm") == {key: row for key, row in said.items() if key[2] not in poured}
        return said


def rows(capture: Path) -> Rows:
    """For each verdict that a message was seen for: what it is, and what it cites: texts, or the seal."""
    found: list[dict[str, Any]] = json.loads(run("analyze", capture, "--format", "json"))["verdicts"]
    return {
        (one["platform"], one["surface"], one["direction"]): (
            one["verdict"],
            {one["detail"]} if one["detail"] else {each["excerpt"] for each in one["evidence"]},
        )
        for one in found
        if one["counts"]
    }


@pytest.fixture
def keep() -> Iterator[Keep[Any]]:
    """What is closed after the test, the last first."""
    with ExitStack() as stack:

        def kept(one: Closed) -> Closed:
            stack.callback(one.close)
            return one

        yield kept


@cache
def installed(library: str) -> bool:
    look = "import sys; from importlib.util import find_spec; sys.exit(find_spec(sys.argv[1]) is None)"
    command = [PYTHON, "-c", look, library]
    return bool(shutil.which(PYTHON)) and subprocess.run(command, check=False).returncode == 0


def needs(*libraries: str) -> None:
    for one in libraries:
        if not installed(one):
            pytest.skip(f"{one} is not installed: make lab-clients, or LAB_PYTHON=a Python that has it")


READ, SEALED = "transport-only", "end-to-end"


@pytest.mark.parametrize(
    ("client", "library", "host", "answer", "expected"),
    [
        (
            "slack.py", "slack_sdk", "slack.com", servers.slack,
            {("slack", "channel", way): (READ, {OUT}) for way in ("out", "in")},
        ),
        (
            "instagram.py", "instagrapi", "i.instagram.com", servers.instagram,
            {("instagram", "dm", "out"): (READ, {OUT})},
        ),
    ],
)  # fmt: skip
def test_a_library_whose_service_is_made_up(
    tmp_path: Path,
    keep: Keep[Any],
    client: str,
    library: str,
    host: str,
    answer: servers.Answer,
    expected: Rows,
) -> None:
    needs(library)
    service = keep(servers.synthetic(answer))
    far = keep(Far(tmp_path / "far", {host: service.port}))
    phone = keep(Phone(tmp_path, far.mode))
    phone.talks(client)
    assert phone.ends() == expected
    assert far.missed == set()


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "encrypted"])
def test_a_room_of_matrix(tmp_path: Path, keep: Keep[Any], sealed: bool) -> None:
    needs("nio", "synapse")
    host = "matrix.harbor.example"
    server = keep(servers.Synapse(tmp_path / "synapse", PYTHON, host))
    far = keep(Far(tmp_path / "far", {host: server.port}))
    phone = keep(Phone(tmp_path, far.mode))
    phone.talks("matrix.py", host=host, port=server.port, sealed=sealed)
    # Who synchronises sees what it said itself come back.
    said = {"out": {OUT}, "in": {OUT, IN}}
    assert phone.ends() == {
        ("matrix", "room", way): (SEALED, {"megolm"}) if sealed else (READ, texts)
        for way, texts in said.items()
    }


@pytest.mark.parametrize(
    ("sealed", "beside", "expected"),
    [
        (False, "", {"out": (READ, {OUT}), "in": (READ, {IN})}),
        (True, "", {"out": (SEALED, {"omemo"}), "in": (SEALED, {"omemo"})}),
        (True, OUT, {"out": (READ, {OUT}), "in": (READ, {OUT})}),
    ],
    ids=["plain", "OMEMO", "OMEMO, and the text beside it"],
)
@pytest.mark.skipif(shutil.which("prosody") is None, reason="no prosody: apt-get install prosody")
def test_a_chat_of_xmpp(
    tmp_path: Path, keep: Keep[Any], sealed: bool, beside: str, expected: dict[str, tuple[str, set[str]]]
) -> None:
    needs("slixmpp", "slixmpp_omemo")
    far = keep(Far(tmp_path / "far", {}))
    server = keep(servers.Prosody(tmp_path / "prosody", far.certificate, "harbor.example"))
    phone = keep(Phone(tmp_path, f"reverse:tls://127.0.0.1:{server.port}"))
    phone.talks(
        "xmpp.py",
        host="harbor.example",
        port=server.port,
        proxied=phone.live.port,
        sealed=sealed,
        beside=beside,
    )
    assert phone.ends() == {("xmpp", "dm", way): row for way, row in expected.items()}


QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
)  # fmt: skip


@contextmanager
def browser(phone: Phone, address: str, folder: Path) -> Iterator[None]:
    """Chromium, which trusts whatever is signed for the key of the session's authority."""
    certificate = x509.load_pem_x509_certificate(phone.live.ca.read_bytes())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    trusted = base64.b64encode(hashlib.sha256(key).digest()).decode()
    process = subprocess.Popen(
        [CHROMIUM, *QUIET, f"--user-data-dir={folder}", f"--proxy-server={phone.proxy}",
         f"--ignore-certificate-errors-spki-list={trusted}", address],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def stopped(phone: Phone) -> Rows:
    return phone.ends(poured=("in",))


def killed(phone: Phone) -> Rows:
    phone.close()
    return rows(phone.live.folder)


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium")
@pytest.mark.parametrize("end", [stopped, killed])
def test_a_page_that_fetches_and_keeps_a_socket_and_listens_for_events(
    tmp_path: Path, keep: Keep[Any], end: Callable[[Phone], Rows]
) -> None:
    done = Queue[str]()
    site = keep(servers.page(CLIENTS / "page.html", IN, done))
    host = "chat.harbor.example"
    far = keep(Far(tmp_path / "far", {host: site.port}))
    phone = keep(Phone(tmp_path, far.mode))
    texts = quote(json.dumps({"fetch": OUT, "socket": SOCKET}))
    with browser(phone, f"https://{host}/#{texts}", tmp_path / "chromium"):
        assert json.loads(done.get(timeout=PATIENCE)) == {"text": len(IN)}
        # The socket and the events are still open, and what they said is known all the same.
        phone.live.log(f"host {host} planted text received: {READ} by now")
        assert end(phone) == {
            (f"unknown:{host}", "other", "out"): (READ, {OUT, SOCKET}),
            (f"unknown:{host}", "other", "in"): (READ, {IN}),
        }
