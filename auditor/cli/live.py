"""auditor live: a proxy for the phone, and the verdicts form while you type."""

import shlex
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.asking import lines_of, pair_of
from auditor.cli.fitting import fitted
from auditor.model import App
from auditor.reporters import names

if TYPE_CHECKING:
    from auditor.live.session import Live

_A_FILE = click.Path(path_type=Path)


@click.command(epilog="Example:  auditor live --canary 'meet me at the blue door'")
@click.option(
    "--mode",
    "modes",
    multiple=True,
    default=("regular",),
    show_default=True,
    metavar="MODE",
    help="regular, wireguard, socks5, transparent, local[:APP], reverse:URL, upstream:URL (another proxy"
    " behind this one), each with @PORT; repeat it.",
)
@click.option(
    "--listen",
    "address",
    default="",
    metavar="ADDRESS",
    help="The one address to listen on. [default: where this machine's way out begins]",
)
@click.option("--port", type=click.IntRange(1, 65535), help="[default: each mode's own, 8080 for regular]")
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="ADDRESS",
    help="A device that may use the proxy; again for more. [default: the first that comes]",
)
@click.option(
    "--session",
    "folder",
    type=_A_FILE,
    metavar="FOLDER",
    help="Where everything is written. [default: live-DATE-TIME here]",
)
@click.option(
    "--keep-ca",
    "keep",
    type=_A_FILE,
    metavar="FOLDER",
    help="A certificate authority that is used again, until it expires. [default: a new one each time]",
)
@click.option(
    "--after",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Refusals in a row after which a host is passed through unopened.",
)
@click.option("--no-fail-open", "closed", is_flag=True, help="Never pass a host through for its refusals.")
@click.option("--pass", "through", multiple=True, metavar="HOST", help="Never open HOST (* for any).")
@click.option("--open", "opened", multiple=True, metavar="HOST", help="Never pass HOST through (* for any).")
@click.option(
    "--probe",
    "probed",
    multiple=True,
    metavar="HOST",
    help="Show the app at HOST false certificates, one connection each, to see whether it accepts them.",
)
@click.option("--canary", "canaries", multiple=True, metavar="TEXT", help="A text that you will send.")
@click.option("--canaries", "canary_file", type=_A_FILE, metavar="FILE", help="Such texts, one a line.")
@click.option("--as", "renames", multiple=True, metavar="HOST=NAME", help="Audit HOST as if it were NAME.")
@click.option("--app", "app", default="", metavar="NAME", help="What is audited, shown on every verdict.")
@click.option("--app-version", "app_version", default="", metavar="VERSION", help="Its version.")
@click.option("--chat", default="", metavar="TEXT", help="The mode of the chat, in your words.")
@click.option("--rules", type=_A_FILE, metavar="FOLDER", help="Other rules than the built-in ones.")
@click.option("--reveal", is_flag=True, help="Show message texts instead of masking them.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="An option of mitmproxy.")
@click.option("--format", "style", type=click.Choice(names()), default="terminal", show_default=True)
@click.option("--plain", is_flag=True, help="A log line by line, also in a terminal.")
def command(
    modes: tuple[str, ...], address: str, port: int | None, allowed: tuple[str, ...], folder: Path | None,
    keep: Path | None, after: int, closed: bool, through: tuple[str, ...], opened: tuple[str, ...],
    probed: tuple[str, ...], canaries: tuple[str, ...], canary_file: Path | None, renames: tuple[str, ...],
    app: str, app_version: str, chat: str, rules: Path | None, reveal: bool, settings: tuple[str, ...],
    style: str, plain: bool,
) -> None:  # fmt: skip
    """Run a proxy for a phone until you stop it, and say who can read its messages.

    Everything is on disk, in a folder of the session, before it is looked at; `auditor analyze`
    of that folder gives the report again, also after a crash. The proxy listens on one address,
    for one device, with a certificate authority of its own that ends after a week.
    """
    from auditor.live.addresses import addresses
    from auditor.live.session import Live, Plan
    from auditor.shelf import load_rules

    plan = Plan(
        folder or Path(time.strftime("live-%Y%m%d-%H%M%S")), modes, address or addresses()[0], port, allowed,
        0 if closed else after, through, opened, probed, keep, App(app, app_version, chat),
        dict(map(pair_of, renames)), (*canaries, *lines_of(canary_file)), rules, reveal, settings,
    )  # fmt: skip
    watched = sys.stdin.isatty() and sys.stderr.isatty() and not plain
    if rules:
        load_rules(rules)  # what is wrong with them is said before there is a folder
    live = Live(plan, None if watched else sys.stderr)
    if watched:
        _watched(live)
    else:
        live.run(lambda: _begin(live))
    _end(live, style)


def _begin(live: "Live") -> None:
    _say(f"Session {live.folder.path}, listening on {live.plan.address} only. Ctrl-C ends it.")
    _list(live.steps())


def _watched(live: "Live") -> None:
    from auditor.live.keys import pressed
    from auditor.live.view import Face, shown

    face = Face(live)
    with pressed(sys.stdin.fileno(), face.key), shown(face):
        live.run()


def _end(live: "Live", style: str) -> None:
    """The report, and the way back to it, which is said as well where the report cannot be printed."""
    from auditor.reporters import Options, reporter

    _say(f"\nThe session is over: {live.running.why or 'it could not go on'}.")
    try:
        if live.ended:
            reporter(style).render(live.ended.report, list(live.ended.verdicts), sys.stdout, Options())
            sys.stdout.flush()
        else:
            _say("The audit came to an early end; what was recorded is whole.")
    finally:
        _way_back(live)


def _way_back(live: "Live") -> None:
    _say(f"\nThe session: {live.folder.path}")
    _say(f"{'This report again' if live.ended else 'The report'}: {live.command()}")
    _say(f"What went wrong, and what to do: auditor doctor {shlex.quote(str(live.folder.path))}")
    _say("\nNow take the trust away again:")
    _list(live.removal())


def _list(steps: Iterable[str]) -> None:
    for number, step in enumerate(steps, 1):
        _say(fitted(f"  {number}. {step}", sys.stderr, hang=3))


def _say(text: str) -> None:
    with suppress(OSError):  # nobody may be there any more
        click.echo(text, err=True)
