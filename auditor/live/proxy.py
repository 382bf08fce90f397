"""mitmproxy in this process, set up for one session, without a face of its own."""

import asyncio
import logging
import re
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from mitmproxy import ctx, exceptions, options, version
from mitmproxy.addons import default_addons
from mitmproxy.master import Master
from msgspec import Struct

from auditor.errors import AuditorError
from auditor.live.chain import Chain

log = logging.getLogger(__name__)

SIGNALS = {
    signal.SIGINT: "Ctrl-C",
    signal.SIGTERM: "it was told to end",
    signal.SIGHUP: "the terminal closed",
}
VERSION: str = version.VERSION
LARGE = "5m"  # bodies that are larger are passed on as they come, and lie in the journal alone


_NEXT = (  # what went wrong, and what to do about it
    ("already in use", "name another port: --port PORT, or --mode MODE@PORT"),
    ("run sudo", "this mode asks for more rights by the program sudo: install it, or --mode wireguard"),
    ("(?i)permission|not permitted|privilege|root|sudo|tun device", "it takes a port above 1023, or sudo"),
    (
        "(?i)only available|not (yet )?supported|redirect",
        "--mode regular or --mode wireguard work everywhere",
    ),
    (
        "unknown mode",
        "there are regular, wireguard, socks5, transparent, local[:APP] and reverse:URL, each with @PORT",
    ),
    ("(?i)invalid server specification", "it takes an address, as in reverse:https://example.org"),
)


def cannot(wrong: str) -> str:
    """Why the proxy does not start, in one line, and what to do next."""
    wrong = wrong.removeprefix("auditor: ")
    short = re.sub(r"(?i)\[errno -?\d+\] ", "", re.sub(r" with \[Errno.*: (?=[^:]*$)", ": ", wrong))
    fix = next((f"; {fix}" for pattern, fix in _NEXT if re.search(pattern, wrong)), "")
    return f"the proxy cannot start: {short.rstrip('.')}{fix}"


class Wanted(Struct, frozen=True):
    """How the proxy is asked to run."""

    modes: tuple[str, ...]
    address: str
    port: int | None  # each mode has its own
    authority: Path
    dump: Path
    rules: str = ""
    reveal: bool = False
    settings: tuple[str, ...] = ()  # of mitmproxy, as for its --set


class StartUp:
    """Ends a proxy that could not begin as it was asked to; mitmproxy asks whoever has this name."""

    name = "errorcheck"

    def __init__(self, ready: Callable[[], None]) -> None:
        self.ready = ready
        self.wrong: list[str] = []
        self._handler: logging.StreamHandler[StartUp] = logging.StreamHandler(self)
        self._handler.setLevel(logging.ERROR)
        logging.getLogger().addHandler(self._handler)

    def write(self, text: str) -> None:
        self.wrong += filter(None, text.splitlines())

    def flush(self) -> None:
        pass

    async def shutdown_if_errored(self) -> None:
        await asyncio.sleep(0)
        if self.wrong:
            self.finish()
            raise AuditorError(cannot(self.wrong[0]))

    def running(self) -> None:
        self.finish()
        self.ready()

    def finish(self) -> None:
        logging.getLogger().removeHandler(self._handler)


class Profiles:
    """An addon that hands out what the WireGuard app on the phone needs, once the servers are up."""

    def __init__(self, keep: Callable[[str], None]) -> None:
        self.keep = keep
        self.texts: list[str] = []

    def running(self) -> None:
        for server in ctx.master.addons.get("proxyserver").servers:
            if text := server.to_json().get("wireguard_conf"):
                self.texts.append(text)
                self.keep(text)
                log.info("auditor: the profile for the WireGuard app is in the session: wireguard.conf")


class Running:
    """A proxy that runs until it is told to stop, from wherever."""

    def __init__(self, wanted: Wanted, *addons: object) -> None:
        self.wanted, self.addons = wanted, addons
        self.why = ""
        self._master: Master | None = None

    def stop(self, why: str) -> None:
        self.why = self.why or why
        if self._master:
            self._master.shutdown()

    def run(self, beside: Sequence[Callable[[], Awaitable[object]]], ready: Callable[[], None]) -> None:
        """Returns when the session is over; `beside` starts what else runs on the same loop."""
        try:
            asyncio.run(self._run(beside, ready))
        except SystemExit:
            # mitmproxy would rather end than let traffic through that it cannot write down.
            self.why = self.why or "the dump could not be written: is the disk full?"

    async def _run(
        self, beside: Sequence[Callable[[], Awaitable[object]]], ready: Callable[[], None]
    ) -> None:
        master = self._master = Master(options.Options())
        master.addons = Chain(master)
        master.addons.add(*default_addons(), *self.addons, StartUp(ready))
        try:
            _set_up(master.options, self.wanted)
        except (exceptions.OptionsError, ValueError) as exc:
            raise AuditorError(cannot(str(exc))) from exc
        loop = asyncio.get_running_loop()
        for number, why in SIGNALS.items():
            loop.add_signal_handler(number, self.stop, why)
        kept = [await start() for start in beside]  # what is not held here would be thrown away
        await master.run()
        loop.set_exception_handler(_at_the_end)
        del kept


def _at_the_end(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Connections that are still open are cancelled, which some Pythons take for failures of theirs."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


def _set_up(given: options.Options, wanted: Wanted) -> None:
    given.update(
        mode=list(wanted.modes),
        listen_host=wanted.address,
        listen_port=wanted.port,
        confdir=str(wanted.authority),
        save_stream_file=f"+{wanted.dump}".replace("%", "%%"),  # it is a pattern for a time
        stream_large_bodies=LARGE,
        auditor_rules=wanted.rules,
        auditor_reveal=wanted.reveal,
    )
    given.set(*wanted.settings)
