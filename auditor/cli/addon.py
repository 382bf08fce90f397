"""auditor addon: where the mitmproxy addon lies."""

import click


@click.command(epilog='Example:  mitmdump -w session.mitm -s "$(auditor addon)"')
def command() -> None:
    """Print the path of the mitmproxy addon, for `mitmdump -s`.

    Its options: --set auditor_canary=TEXT, auditor_as=HOST=NAME, auditor_rules=FOLDER,
    auditor_reveal=true, auditor_journal=FILE (else beside the dump). The report is printed
    when the proxy stops; after that, or after a crash: auditor analyze session.mitm

    Beside addons that change what passes, name it last: it writes down what it sees. Bodies
    that are streamed (--set stream_large_bodies=5m) are in the journal, though in no dump.
    """
    from pathlib import Path

    import auditor

    click.echo(Path(auditor.__file__).parent / "live" / "addon.py")
