"""What can be asked of an audit, whatever is audited: the options that its commands share."""

from collections.abc import Callable, Iterable
from functools import reduce, wraps
from pathlib import Path

import click
from msgspec import Struct

from auditor.errors import CaptureError
from auditor.model import App
from auditor.reporters import names
from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules
from auditor.sources.heads import Place
from auditor.sources.keylogs import keys_of


class Wish(Struct, frozen=True):
    """What the user wants to know, and says."""

    book: Rulebook
    texts: tuple[str, ...] = ()
    renamed: dict[str, str] = {}
    keylogs: tuple[Path, ...] = ()
    devices: tuple[str, ...] = ()
    style: str = "terminal"
    evidence: Path | None = None
    app: App = App()
    reveal: bool = False

    def said(self, *keylogs: Path) -> Place:
        """What the user says of all captures, and the secrets of these key logs besides."""
        keys = keys_of(dict.fromkeys((*self.keylogs, *keylogs)))
        return Place(renamed=self.renamed, keys=keys, devices=self.devices, search=bool(self.texts))


_A_FILE = click.Path(path_type=Path)
TEXTS = (  # which texts are looked for, and in what
    click.option(
        "--canary",
        "canaries",
        multiple=True,
        metavar="TEXT",
        help="A text that you sent; give it again for more.",
    ),
    click.option(
        "--canaries", "canary_file", type=_A_FILE, metavar="FILE", help="Texts that you sent, one a line."
    ),
    click.option(
        "--as",
        "renames",
        multiple=True,
        metavar="HOST=NAME",
        help="Audit a local or staging HOST as if it were NAME.",
    ),
    click.option(
        "--keylog",
        "keylogs",
        multiple=True,
        type=_A_FILE,
        metavar="FILE",
        help="Secrets that open TLS and QUIC in captures of packets; give it again for more.",
    ),
    click.option(
        "--device",
        "devices",
        multiple=True,
        metavar="ADDRESS",
        help="IP or MAC address of the phone in captures of packets; give it again for more.",
    ),
)
_OPTIONS = (
    *TEXTS,
    click.option("--rules", type=_A_FILE, metavar="FOLDER", help="Other rules than the built-in ones."),
    click.option("--format", "style", type=click.Choice(names()), default="terminal", show_default=True),
    click.option(
        "--evidence", type=_A_FILE, metavar="FILE", help="Write every finding to FILE, one JSON line each."
    ),
    click.option(
        "--app", "app_name", default="", metavar="NAME", help="What was audited, shown on every verdict."
    ),
    click.option("--app-version", default="", metavar="VERSION", help="Its version."),
    click.option("--mode", default="", metavar="TEXT", help="The mode of the chat, in your words."),
    click.option("--reveal", is_flag=True, help="Show message texts instead of masking them."),
)


def asking(
    command: Callable[..., None], options: Iterable[Callable[..., None]] = _OPTIONS
) -> Callable[..., None]:
    """A command with these options, which it gets as one wish."""

    @wraps(command)
    def asked(
        *, canaries: tuple[str, ...], canary_file: Path | None, renames: tuple[str, ...],
        keylogs: tuple[Path, ...], devices: tuple[str, ...], rules: Path | None = None, style: str = "",
        evidence: Path | None = None, app_name: str = "", app_version: str = "", mode: str = "",
        reveal: bool = False, **others: object,
    ) -> None:  # fmt: skip
        wish = Wish(
            load_rules(rules), (*canaries, *lines_of(canary_file)), dict(map(pair_of, renames)), keylogs,
            devices, style, evidence, App(app_name, app_version, mode), reveal,
        )  # fmt: skip
        command(wish=wish, **others)

    return reduce(lambda inner, option: option(inner), reversed([*options]), asked)


def lines_of(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        return [text for text in file.read_text(encoding="utf-8-sig").splitlines() if text.strip()]
    except OSError as exc:
        raise CaptureError(f"{file}: the texts cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise CaptureError(f"{file}: not a list of texts in UTF-8, one a line") from exc


def pair_of(text: str) -> tuple[str, str]:
    host, equals, name = text.partition("=")
    if not (host and equals and name):
        raise click.BadParameter(
            f"{text!r} is not HOST=NAME, like localhost=chat.signal.org", param_hint="--as"
        )
    return host, name
