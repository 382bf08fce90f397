"""One live session: a folder, a proxy with our addons, a page for the phone, and who looks on.

Laws: what is recorded is on disk before it is looked at; whatever ends the session, the folder
says when and why, and `auditor analyze` of it gives the report that was shown.
"""

import asyncio
import io
import logging
import shlex
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from msgspec import Struct

import auditor
from auditor.errors import AuditorError, CaptureError
from auditor.live.addon import Auditor
from auditor.live.addresses import addresses, shown
from auditor.live.analyst import Seen
from auditor.live.authority import authority, called, fingerprint
from auditor.live.folder import About, Folder, said
from auditor.live.guests import Guests
from auditor.live.guide import reach, removal
from auditor.live.lines import Lines, heard
from auditor.live.names import Names
from auditor.live.page import Page, opened
from auditor.live.pins import Pins
from auditor.live.probe import Probe
from auditor.live.proxy import VERSION, Profiles, Running, Wanted
from auditor.live.watch import Watch
from auditor.model import App
from auditor.reporters import Options, reporter
from auditor.sources.records import First, Record, Refused

log = logging.getLogger(__name__)


class Plan(Struct, frozen=True):
    """What the user asked for."""

    folder: Path
    modes: tuple[str, ...]
    address: str
    port: int | None = None
    allowed: tuple[str, ...] = ()
    after: int = 3
    through: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    probed: tuple[str, ...] = ()
    keep: Path | None = None
    app: App = App()
    renamed: dict[str, str] = {}
    texts: tuple[str, ...] = ()
    rules: Path | None = None
    reveal: bool = False
    settings: tuple[str, ...] = ()

    def options(self) -> dict[str, str | list[str] | int | bool]:
        """For the file of the session; texts and names are in the one beside it."""
        return {
            "modes": list(self.modes),
            "address": self.address,
            "allowed": list(self.allowed),
            "pass after": self.after,
            "pass": list(self.through),
            "open": list(self.opened),
            "probe": list(self.probed),
            "settings": list(self.settings),
            "rules": str(self.rules or ""),
            "reveal": self.reveal,
        }


class Live:
    """Everything that a session is made of; `run` returns when it is over."""

    def __init__(self, plan: Plan, stream: TextIO | None) -> None:
        self.plan = plan
        self.name = plan.folder.resolve().name
        versions = {"auditor": auditor.__version__, "mitmproxy": VERSION}
        began = time.time()
        self.folder = Folder(
            plan.folder, About(1, self.name, began, versions=versions, options=plan.options())
        )
        if told := said(plan.app, plan.renamed, plan.texts):
            self.folder.write("session.yaml", told)
        try:
            self.authority = authority(plan.keep or plan.folder / "ca", self.name)
            self._door = _door(plan.address)
        except CaptureError:
            self.folder.discard()
            raise
        self.folder.trust(fingerprint(self.authority))
        self._stream, self.lines, self.watch, self.guests = stream, Lines(), Watch(), Guests(plan.allowed)
        self.auditor = Auditor(self._ended, self._looked, (self._hear,))
        self.probe = Probe(self.auditor.note, plan.probed, plan.keep or plan.folder / "ca")
        self.pins = Pins(self.auditor.note, plan.after, plan.through, plan.opened, self.probe.shown)
        self.profiles = Profiles(lambda text: self.folder.write("wireguard.conf", text.encode()))
        addons = (self.guests, self.pins, self.probe, Names(self.auditor.note), self.auditor, self.profiles)
        self.running = Running(self._wanted(), *addons)
        self.seen: Seen | None = None
        self.ended: Seen | None = None
        self.page = f"http://{shown(plan.address, self._door.getsockname()[1])}/"

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """`ready` is called once the proxy listens; a session that never got so far leaves nothing behind."""
        begun = True
        try:
            with heard(self.lines):
                self.running.run((self._open_page,), lambda: self._ready(ready))
        except AuditorError:
            begun = False
            self.folder.discard()
            raise
        finally:
            self.close()
            if begun:
                self._end()

    def _ready(self, ready: Callable[[], None]) -> None:
        ready()
        for host in self.plan.probed:
            log.warning("auditor: asked to show false certificates to apps that connect to %s", host)
        self.lines.begin(self._stream)

    def _end(self) -> None:
        try:
            self._keep_report()
            self.folder.close(self.running.why or "it could not go on")
        except OSError as exc:
            log.error("auditor: %s: %s", self.folder.path, exc.strerror)  # noqa: TRY400

    def close(self) -> None:
        self._door.close()

    def steps(self) -> list[str]:
        """What is to be done with the phone, in its order."""
        plan = self.plan
        return [
            *reach(plan.modes, plan.address, plan.port),
            f"Open {self.page} on the phone, install the certificate",
            "Open an https page in the phone's browser, then the app, and send your texts",
        ]

    def codes(self) -> list[tuple[str, str]]:
        """What a phone's camera can take: what it is, and the text of its code."""
        codes = [(f"The page with the certificate: {self.page}", self.page)]
        return codes + [("The tunnel, for the WireGuard app", text) for text in self.profiles.texts]

    def command(self) -> str:
        """What gives the report again."""
        plan = self.plan
        words = ["auditor", "analyze", str(plan.folder)]
        words += ["--rules", str(plan.rules)] if plan.rules else []
        words += ["--reveal"] if plan.reveal else []
        return shlex.join(words)

    def removal(self) -> list[str]:
        kept = self.plan.keep
        return removal(called(self.authority), str(kept or self.plan.folder / "ca"), bool(kept))

    def _keep_report(self) -> None:
        """On the disk before it is shown: the terminal may be gone."""
        if self.ended:
            page = io.StringIO()
            reporter("terminal").render(self.ended.report, list(self.ended.verdicts), page, Options())
            self.folder.write("report.txt", page.getvalue().encode())

    def _wanted(self) -> Wanted:
        plan = self.plan
        where = plan.keep or plan.folder / "ca"
        rules = str(plan.rules or "")
        return Wanted(
            plan.modes, plan.address, plan.port, where, self.folder.dump, rules, plan.reveal, plan.settings
        )

    async def _open_page(self) -> asyncio.Server:
        steps = tuple(self.steps()[: len(self.plan.modes)])
        folder = self.plan.keep or self.plan.folder / "ca"
        name, print_of = called(self.authority), fingerprint(self.authority)
        page = Page(name, print_of, steps, folder, self.guests.welcome, self.pins.again)
        return await opened(page, self._door)

    def _hear(self, record: First | Record) -> None:
        if outcome := self.watch.hear(record):
            log.warning("auditor: %s: %s", outcome.hello.host, outcome.reason)
        elif isinstance(record, Refused) and record.side == "client":
            one = self.watch.host(record.host)
            if one.refused == 1:
                log.warning("auditor: %s refused the proxy: %s", record.host, next(iter(one.alerts)))

    def _looked(self, seen: Seen) -> None:
        self.seen = seen

    def _ended(self, seen: Seen) -> None:
        self.ended = seen


def _door(address: str) -> socket.socket:
    """Where the page for the phone will be; also the first sign of a wrong address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, 0), family=family)
    except OSError as exc:
        raise CaptureError(
            f"{address}: not an address of this machine; there are {', '.join(addresses())}"
        ) from exc
