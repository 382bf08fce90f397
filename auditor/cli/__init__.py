"""The command line: one file a command, imported when it is asked for. Nothing is decided here."""

import atexit
import gc
import os
import pkgutil
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import click

from auditor import __version__
from auditor.errors import AuditorError, RuleError

# Modules here that are not commands.
_EDGES = ("asking", "auditing", "captures", "fitting", "progress", "shares", "spread")

SEEN_ENOUGH = 128 + 13  # whoever read our output is gone: as a program that SIGPIPE ends
RARELY = 100_000  # new objects between two looks for circles


class Commands(click.Group):
    """The commands in this folder. A mistake of the user is one line and exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in _EDGES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"{__name__}.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from difflib import get_close_matches

        names = self.list_commands(ctx)
        if args[0] not in names and (close := get_close_matches(args[0], names, 1)):
            ctx.fail(f"No such command {args[0]!r}. Did you mean {close[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The first line of each file says what its command does: nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _purpose(name)) for name in self.list_commands(ctx)])

    def __call__(self, *args: object, **given: object) -> object:
        """What is printed is written before the end, while somebody can still be told that it cannot be."""
        try:
            try:
                return super().__call__(*args, **given)
            finally:
                if sys.stdout:
                    sys.stdout.flush()
        except OSError as exc:
            sys.exit(_unwritten(exc))

    def invoke(self, ctx: click.Context) -> object:
        _tidy_seldom()
        if sys.stdout is None:  # it was closed before we came
            sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
        try:
            return super().invoke(ctx)
        except RuleError as exc:
            click.echo(str(exc), err=True)
            faults = "1 fault" if len(exc.faults) == 1 else f"{len(exc.faults)} faults"
            click.echo(f"auditor: {faults}; nothing was done", err=True)
        except AuditorError as exc:
            click.echo(f"auditor: {exc}", err=True)
        except OSError as exc:
            ctx.exit(_unwritten(exc))
        except KeyboardInterrupt:
            click.echo("auditor: stopped; nothing was reported", err=True)
            ctx.exit(130)
        return ctx.exit(2)


def _unwritten(exc: OSError) -> int:
    """Most of all a disk that is full; what is left unwritten cannot be written later either."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(exc, BrokenPipeError):
        return SEEN_ENOUGH
    with suppress(OSError):  # a terminal that closed takes both
        click.echo(f"auditor: {exc.filename or 'the output'}: {exc.strerror or exc}", err=True)
    return 2


def _tidy_seldom() -> None:
    """Rules and what is seen are many objects in no circle: to look for circles often is in vain, and at
    the end all of it goes with the process."""
    gc.set_threshold(RARELY, *gc.get_threshold()[1:])
    atexit.register(gc.freeze)


def _purpose(name: str) -> str:
    with (Path(__file__).parent / f"{name}.py").open(encoding="utf-8") as file:
        return file.readline().strip().strip('"').partition(": ")[2]


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example:  auditor analyze alice.mitm --canary 'meet me at the blue door'",
)
@click.version_option(__version__, prog_name="auditor")
def cli() -> None:
    """Who can read this app's messages: anyone on the path, the service, or only the two ends?

    Saved captures in, verdicts with evidence out. Nothing is fetched from the internet.
    """
