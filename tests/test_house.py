"""The laws of the house, read off the source itself. Each table here has two sides: what stands in it
must be so, and what is so must stand in it; an exemption that is no longer needed has to go."""

import ast
import importlib
import pkgutil
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

import auditor
from auditor import notices
from auditor.cli import Commands
from auditor.decoders import DECODERS
from auditor.model import Answer, Content
from auditor.reporters import names
from auditor.rulebook import lints
from auditor.rulebook.seals import SEALS as FUNCTIONS
from auditor.streams import STREAMS

CHECKOUT = Path(__file__).parents[1]
PACKAGE = CHECKOUT / "auditor"

# Lower never imports upper, and names on one step never import each other.
ROOMS = {
    0: ("__init__", "text", "errors", "gsm"),
    1: ("facts", "model", "piles", "stretches"),
    2: ("decoders", "peers", "streams", "needles", "randomness", "words"),
    3: ("report", "rulebook"),
    4: (
        "answers",
        "bosh",
        "claims",
        "doubts",
        "excerpts",
        "grounds",
        "ledger",
        "partial",
        "probes",
        "unread",
    ),
    5: ("fragments", "hiding", "judge", "pieces", "strays"),
    6: ("reading", "recall"),
    7: ("audit",),
    8: ("sources", "reporters", "notices"),
    9: ("shelf",),
    10: ("live",),
    11: ("cli",),
    12: ("__main__",),
}
EDGE = 8  # from this room on there may be files, clocks and sockets

# Who may import a package that is not ours: a file, or a folder with a slash.
DOORS = {
    "ahocorasick_rs": ("needles.py",),
    "brotli": ("decoders/brotli.py",),
    "cryptography": (
        "live/authority.py", "rulebook/keyring.py", "sources/pcap/quic/protection.py",
        "sources/pcap/unlock/", "streams/mtproto_obfuscated.py",
    ),
    "click": ("cli/",),
    "h2": ("sources/pcap/replay/http2.py",),
    "mitmproxy": (
        "live/addon.py", "live/chain.py", "live/guests.py", "live/names.py", "live/pins.py", "live/probe.py",
        "live/proxy.py", "live/states.py", "sources/mitm.py", "sources/pcap/replay/halves.py",
        "sources/pcap/replay/http1.py",
    ),
    "msgspec": (
        "audit.py", "bosh.py", "claims.py", "cli/analyze.py", "cli/asking.py", "cli/shares.py",
        "decoders/", "doubts.py", "fragments.py", "grounds.py",
        "judge.py", "live/", "model.py", "needles.py", "notices/", "peers.py", "reading.py", "recall.py",
        "report.py", "reporters/", "rulebook/", "shelf.py", "sources/", "streams/", "stretches.py",
    ),
    "OpenSSL": ("live/probe.py",),  # the false certificates of the trust probe
    "publicsuffixlist": ("rulebook/lints/hosts.py",),
    "numpy": ("sources/pcap/",),
    "pylsqpack": ("sources/pcap/http3/tables.py",),
    "rich": ("cli/progress.py", "live/view.py", "reporters/terminal.py"),
    "segno": ("live/codes.py",),
    "scapy": ("sources/pcap/odd.py", "sources/sniff.py"),
    "wsproto": ("sources/pcap/replay/websocket.py",),
    "yaml": ("rulebook/yaml.py",),
    "zstandard": ("sources/pcap/packed.py", "decoders/zstd.py", "streams/zstd_stream.py"),
}  # fmt: skip

# Modules of the standard library that reach the world outside, and who may use them below the edges.
WORLD = (
    "asyncio", "concurrent", "ctypes", "datetime", "ftplib", "getpass", "glob", "http", "io", "logging",
    "mmap", "multiprocessing", "os", "pathlib", "pickle", "platform", "random", "secrets", "select",
    "shelve", "shutil", "signal", "smtplib", "socket", "socketserver", "sqlite3", "ssl", "subprocess",
    "sys", "tempfile", "threading", "time", "urllib.request", "uuid", "webbrowser",
)  # fmt: skip
SEALS = tuple(
    sorted(f.relative_to(PACKAGE).as_posix() for f in (PACKAGE / "rulebook/seals").glob("*.py"))
)  # each makes examples of its own
LINTS = tuple(sorted(f.relative_to(PACKAGE).as_posix() for f in (PACKAGE / "rulebook/lints").glob("*.py")))
ALLOWED_WORLD = {
    "random": (
        "rulebook/build.py",
        *SEALS,
        "rulebook/shape.py",
        "rulebook/tree.py",
    ),  # with a seed: see below
    "datetime": ("claims.py",),  # for the date of a capture: see below
}
OUTSIDE_CALLS = ("open", "print", "input", "eval", "exec", "compile", "breakpoint", "__import__")
OUTSIDE_METHODS = (
    "now",
    "today",
    "utcnow",
    "read_text",
    "write_text",
    "read_bytes",
    "write_bytes",
    "environ",
)

# Parts are found by what lies in a folder; nobody else imports by name.
DISCOVER = (
    "cli/__init__.py",
    "decoders/__init__.py",
    "notices/__init__.py",
    "reporters/__init__.py",
    "rulebook/lints/__init__.py",
    "rulebook/seals/__init__.py",
    "sources/__init__.py",
    "streams/__init__.py",
)
# Trees as decoders yield them, and documents that nobody has checked yet.
ANY = (
    "live/addon.py",
    "model.py",
    "rulebook/build.py",
    "rulebook/fields.py",
    "rulebook/grammar.py",
    "rulebook/tree.py",
    "rulebook/types.py",
    "rulebook/yaml.py",
    "sources/exchange.py",
    "sources/flows.py",
    "sources/mitm.py",
    "sources/tnetstring.py",
    "streams/irc.py",
)
# May import inside a function, besides cli/.
HEAVY_DOORS: tuple[str, ...] = (
    "rulebook/keyring.py",
    "sources/pcap/http3/exchange.py",
    "sources/pcap/unlock/agreement.py",
    "sources/mitm.py",
    "sources/pcap/odd.py",
    "sources/pcap/quic/protection.py",
    "sources/pcap/speech.py",
    "streams/mtproto_obfuscated.py",
)
LINES, FUNCTION_LINES, MEDIAN = 300, 50, 12
TOO_LONG: tuple[str, ...] = ()
BANNED = {
    "utils",
    "util",
    "common",
    "helpers",
    "helper",
    "manager",
    "managers",
    "base",
    "misc",
    "shared",
    "tools",
}

# Source files whose tests lie elsewhere.
TESTED_ELSEWHERE = {
    "__init__.py": "a version",
    "__main__.py": "tests/cli/test_program.py",
    "cli/__init__.py": "tests/cli/test_program.py",
    "cli/asking.py": "tests/cli/test_analyze.py",
    "cli/auditing.py": "tests/cli/test_analyze.py",
    "decoders/__init__.py": "tests/decoders/test_contract.py",
    "decoders/tables/__init__.py": "a docstring",
    "decoders/tables/telegram.py": "tests/decoders/test_telegram_tl.py",
    "decoders/tables/telegram_calls.py": "tests/decoders/test_telegram_tl.py",
    "decoders/tables/telegram_objects.py": "tests/decoders/test_telegram_tl.py",
    "decoders/tables/whatsapp.py": "tests/decoders/test_whatsapp_nodes.py",
    "claims.py": "tests/test_judge.py",
    "grounds.py": "tests/test_judge.py",
    "reporters/__init__.py": "tests/reporters/test_contract.py",
    "reporters/fields.py": "tests/reporters/test_json.py",
    "reporters/phrases.py": "tests/reporters/test_terminal.py",
    "reporters/summary.py": "tests/reporters/test_contract.py",
    "reporters/tables.py": "tests/reporters/test_json.py",
    **{f"notices/{n}.py": "tests/notices/test_contract.py" for n in ("__init__", *notices.names())},
    **{f: "tests/rulebook/lints/test_lints.py" for f in LINTS if not f.endswith("__init__.py")},
    "rulebook/build.py": "tests/test_rules.py",
    "rulebook/examination.py": "tests/cli/test_check.py",
    "rulebook/files.py": "tests/rulebook/test_book.py",
    "rulebook/grafts.py": "tests/rulebook/test_derived.py",
    "rulebook/mutants.py": "tests/rulebook/test_mutation.py",
    "rulebook/opening.py": "tests/test_audit.py",
    "rulebook/read.py": "tests/rulebook/test_book.py",
    "rulebook/selftest.py": "tests/test_rules.py",
    "rulebook/testcases.py": "tests/test_rules.py",
    "rulebook/types.py": "tests/rulebook/test_book.py",
    **{f: "tests/rulebook/seals/test_seals.py" for f in SEALS if not f.endswith("__init__.py")},
    "sources/beside.py": "tests/sources/test_journal.py",
    "sources/exchange.py": "tests/sources/test_har.py",
    "sources/pcap/__init__.py": "a docstring",
    "sources/pcap/readers.py": "tests/sources/pcap/test_conversation.py",
    "sources/pcap/stream.py": "tests/sources/pcap/test_conversation.py",
    "sources/pcap/reasons.py": "tests/sources/pcap/test_conversation.py",
    "sources/pcap/replay/__init__.py": "a docstring",
    "sources/pcap/replay/exchange.py": "tests/sources/pcap/test_conversation.py",
    "sources/pcap/replay/halves.py": "tests/sources/pcap/replay/test_http1.py",
    "sources/pcap/replay/web.py": "tests/sources/pcap/test_conversation.py",
    "sources/pcap/speech.py": "tests/sources/pcap/test_conversation.py",
    "sources/pcap/unlock/__init__.py": "a docstring",
    "sources/pcap/unlock/stage.py": "words, in all tests of unlocking",
    "sources/pcap/http3/exchange.py": "tests/sources/pcap/http3/test_http3.py",
    "sources/pcap/quic/locks.py": "tests/sources/pcap/quic/test_quic.py",
    "sources/pcap/ends.py": "tests/sources/pcap/test_flows.py",
    "sources/pcap/nested.py": "tests/sources/pcap/test_columns.py",
    "sources/pcap/notes.py": "tests/sources/pcap/test_pcapng.py",
    "sources/pcap/closed.py": "tests/sources/pcap/test_reader.py",
    "sources/pcap/flow.py": "tests/sources/pcap/test_reader.py",
    "sources/pcap/known.py": "tests/sources/pcap/test_reader.py",
    "sources/pcap/onlooker.py": "tests/sources/pcap/test_reader.py",
    "sources/pcap/talks.py": "tests/sources/pcap/test_reader.py",
    "sources/pcap/rows.py": "tests/sources/pcap/test_table.py",
    "sources/pcap/sums.py": "tests/sources/pcap/test_flows.py",
    "sources/pcap/window.py": "tests/sources/pcap/test_frames.py",
    "sources/pcap/wire.py": "words, in all tests of packets",
    "sources/records.py": "tests/sources/test_journal.py",
    "sources/tape.py": "tests/sources/test_sources.py",
    "live/__init__.py": "a docstring",
    "probes/__init__.py": "a docstring",
    "reading.py": "tests/test_audit.py",
    "rulebook/__init__.py": "a docstring",
}


@cache
def tree(file: str) -> ast.Module:
    return ast.parse((PACKAGE / file).read_text(encoding="utf-8"), file)


FILES = tuple(sorted(f.relative_to(PACKAGE).as_posix() for f in PACKAGE.rglob("*.py")))
MODULES = {
    ".".join(("auditor", *f.removesuffix(".py").split("/"))).removesuffix(".__init__"): f for f in FILES
}


@cache
def imports(file: str) -> tuple[str, ...]:
    """Full names of all that a file imports; `from package import module` names the module."""
    found: list[str] = []
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            inner = [f"{module}.{a.name}" for a in node.names if f"{module}.{a.name}" in MODULES]
            found += inner or [module]
    return tuple(found)


def own(file: str) -> list[str]:
    return sorted({MODULES[name] for name in imports(file) if name.split(".")[0] == "auditor"})


def part(file: str) -> str:
    """The name a file has in ROOMS: a module, or its folder."""
    return file.split("/", maxsplit=1)[0].removesuffix(".py")


@cache
def room(file: str) -> int:
    return next((step for step, parts in ROOMS.items() if part(file) in parts), -1)


def functions(file: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (n for n in ast.walk(tree(file)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """Everything that is written in the package, file by file."""
    return ((file, node) for file in FILES for node in ast.walk(tree(file)))


def inside(file: str, doors: Iterable[str]) -> bool:
    return any(file == door or (door.endswith("/") and file.startswith(door)) for door in doors)


def calls(file: str) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


# Rooms


def test_every_file_has_a_room() -> None:
    assert [f for f in FILES if room(f) < 0] == []


def test_nothing_imports_what_lies_above_or_beside_it() -> None:
    pairs = [(file, other) for file in FILES for other in own(file) if part(other) != part(file)]
    assert [(file, other) for file, other in pairs if room(other) >= room(file)] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    finished: set[str] = set()

    def visit(file: str, way: tuple[str, ...]) -> None:
        assert file not in way, " > ".join((*way, file))
        if file not in finished:
            for other in own(file):
                visit(other, (*way, file))
            finished.add(file)

    for file in FILES:
        visit(file, ())


def test_imports_are_absolute_and_name_one_thing_each() -> None:
    for file, node in nodes():
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: {ast.unparse(node)}"
            assert [a.name for a in node.names] != ["*"], f"{file}: {ast.unparse(node)}"


def test_imports_stand_at_the_top_except_at_heavy_doors() -> None:
    late = {
        file
        for file in FILES
        for function in functions(file)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert {f for f in late if not f.startswith("cli/")} == set(HEAVY_DOORS)


def test_only_the_folders_of_parts_import_by_name() -> None:
    dynamic = {f for f in FILES if {"importlib", "pkgutil"} & {n.split(".")[0] for n in imports(f)}}
    assert dynamic == set(DISCOVER)


# Doors


def outside(file: str) -> set[str]:
    tops = {name.split(".")[0] for name in imports(file)}
    return tops - {"auditor"} - set(sys.stdlib_module_names)


def test_every_outside_package_comes_in_by_its_door() -> None:
    through = [(package, f) for f in FILES for package in outside(f)]
    assert [(p, f) for p, f in through if not inside(f, DOORS.get(p, ()))] == []


def test_no_door_stands_open_unused() -> None:
    used = [
        (p, d)
        for p, doors in DOORS.items()
        for d in doors
        for f in FILES
        if p in outside(f) and inside(f, [d])
    ]
    assert sorted(set(used)) == sorted((p, d) for p, doors in DOORS.items() for d in doors)


def test_every_outside_package_is_asked_for_in_the_project_file() -> None:
    project = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8").replace("-", "_")
    spelled = {"OpenSSL": "pyopenssl", "yaml": "pyyaml"}
    assert [p for p in DOORS if f'"{spelled.get(p, p)}' not in project] == []


# Below the edges


def world(file: str) -> set[str]:
    return {w for w in WORLD for name in imports(file) if name == w or name.startswith(f"{w}.")}


def test_below_the_edges_nothing_reaches_the_world() -> None:
    found = sorted((name, f) for f in FILES if room(f) < EDGE for name in world(f))
    assert found == sorted((name, f) for name, files in ALLOWED_WORLD.items() for f in files)


def test_below_the_edges_nothing_is_opened_printed_or_run() -> None:
    for file, node in nodes():
        if room(file) < EDGE and isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            assert name not in OUTSIDE_CALLS, f"{file}:{node.lineno} {name}"
        elif room(file) < EDGE and isinstance(node, ast.Attribute):
            assert node.attr not in OUTSIDE_METHODS, f"{file}:{node.lineno} .{node.attr}"


@pytest.mark.parametrize("file", ALLOWED_WORLD["random"])
def test_chance_has_a_seed(file: str) -> None:
    """`random` appears only as random.Random: a type, or a generator that is given its seed."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "random":
            assert node.attr == "Random", f"{file}:{node.lineno}"
    for call, name in calls(file):
        if name == "random.Random":
            assert call.args, f"{file}:{call.lineno} has no seed"


def test_no_function_changes_a_global() -> None:
    assert [(file, node.names) for file, node in nodes() if isinstance(node, ast.Global)] == []


def test_only_the_command_line_may_catch_everything() -> None:
    for file, node in nodes():
        if isinstance(node, ast.ExceptHandler) and not file.startswith("cli/"):
            caught = ast.unparse(node.type) if node.type else "everything"
            assert not {"everything", "Exception", "BaseException"} & set(caught.strip("()").split(", ")), (
                f"{file}:{node.lineno}"
            )


def test_only_exceptions_inherit() -> None:
    """Enums, structs, typed mappings and protocols are forms, not parents."""
    forms = {"Struct", "StrEnum", "Protocol", "Exception", "dict", "list"}
    forms |= {"click.Group", "AddonManager", "yaml.SafeLoader"}  # of other packages
    for file, node in nodes():
        if isinstance(node, ast.ClassDef) and file != "errors.py":
            for parent in node.bases:
                name = ast.unparse(parent).split("[")[0]
                assert name in forms or name.endswith("Error"), f"{file}:{node.lineno} {name}"


def test_any_stands_only_where_trees_are_decoded() -> None:
    loose = {file for file, node in nodes() if isinstance(node, ast.Name) and node.id == "Any"}
    assert loose == set(ANY)


# Small


def lengths() -> list[tuple[str, int]]:
    """Every function and its lines."""
    return [
        (f"{file}: {one.name}", (one.end_lineno or one.lineno) - one.lineno + 1)
        for file in FILES
        for one in functions(file)
    ]


def test_modules_are_short() -> None:
    long = {f for f in FILES if len((PACKAGE / f).read_text(encoding="utf-8").splitlines()) > LINES}
    assert long == set(TOO_LONG)


def test_functions_are_short() -> None:
    assert {name: size for name, size in lengths() if size >= FUNCTION_LINES} == {}


def test_the_usual_function_is_a_dozen_lines_at_most() -> None:
    assert statistics.median(size for _, size in lengths()) <= MEDIAN


def test_every_module_says_what_it_is_for() -> None:
    assert [file for file in FILES if not ast.get_docstring(tree(file))] == []


def test_every_module_is_named_for_what_it_does() -> None:
    assert [file for file in FILES if BANNED & set(file.removesuffix(".py").split("/"))] == []


# Tests beside code


def home(file: str) -> Path:
    """Where the tests of a file belong."""
    folder, _, name = file.rpartition("/")
    stem = folder.rpartition("/")[2] if name == "__init__.py" else name.removesuffix(".py")
    return CHECKOUT / "tests" / folder / f"test_{stem}.py"


def test_every_source_file_has_its_test_file() -> None:
    assert [f for f in FILES if not home(f).is_file() and f not in TESTED_ELSEWHERE] == []


def test_no_file_is_excused_that_has_its_tests() -> None:
    assert [f for f in TESTED_ELSEWHERE if f not in FILES or home(f).is_file()] == []
    places = [where for where in TESTED_ELSEWHERE.values() if where.startswith("tests/")]
    assert [where for where in places if not (CHECKOUT / where).is_file()] == []


# Parts are files


def stems(folder: str, *besides: str) -> set[str]:
    return {f.stem for f in (PACKAGE / folder).glob("*.py")} - {"__init__", *besides}


def test_every_file_of_a_kind_is_found() -> None:
    assert set(DECODERS) == stems("decoders", "clues", "unwrap")
    assert set(STREAMS) == stems("streams", "talk")
    assert {name.replace("-", "_") for name in FUNCTIONS} == stems("rulebook/seals")
    assert set(names()) == stems("reporters", "fields", "phrases", "tables")
    assert set(notices.names()) == stems("notices")
    subjects = {one.check.__module__.rpartition(".")[2] for one in lints.LINTS.values()}
    assert subjects == stems("rulebook/lints", "reading")
    listed = {m.name for m in pkgutil.iter_modules([str(PACKAGE / "cli")])} - {
        "asking",
        "auditing",
        "captures",
        "fitting",
        "progress",
        "shares",
        "spread",
    }
    assert set(Commands().list_commands(None)) == listed  # type: ignore[arg-type]


NEW_PARTS = {
    "auditor/decoders/mirror.py": (
        'EXAMPLES = [(b"ba", "ab")]\norder, reads, needs_clue = 99, "bytes", True\n'
        "def unwrap(data, clue): return data[::-1]\ndef wrap(tree): return tree[::-1]\n"
    ),
    "auditor/streams/telegraph.py": (
        'name = "telegraph"\ndef recognises(outgoing, start): return False\nclass Stream: pass\n'
    ),
    "auditor/reporters/haiku.py": 'name = "haiku"\ndef render(report, verdicts, stream, options): pass\n',
    "auditor/cli/greet.py": (
        'import click\n@click.command()\ndef command():\n    """Say hello."""\n    click.echo("hello")\n'
    ),
    "rules/envelopes/wax.yaml": "",
}
FOUND = """
from click.testing import CliRunner
from auditor.cli import cli
from auditor.decoders import DECODERS
from auditor.reporters import names
from auditor.streams import STREAMS
from auditor.shelf import load_rules
print("mirror" in DECODERS, "telegraph" in STREAMS, "haiku" in names(), "wax" in load_rules(None).envelopes)
print(CliRunner().invoke(cli, ["greet"]).output.strip())
"""


def test_a_new_part_is_one_new_file(tmp_path: Path) -> None:
    for folder in ("auditor", "rules"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in NEW_PARTS.items():
        (tmp_path / name).write_text(text)
    envelope = (CHECKOUT / "rules/envelopes/megolm-message.yaml").read_text(encoding="utf-8")
    tests = (
        "{name: built, bytes: !sealed wax, expect: wax}",
        "{name: not, bytes: !random 64, expect: nothing}",
    )
    written = "".join(f"  - {test}\n" for test in tests)
    (tmp_path / "rules/envelopes/wax.yaml").write_text(f"{envelope.partition('tests:')[0]}tests:\n{written}")
    said = python(FOUND, cwd=tmp_path)
    assert said.splitlines() == ["True True True True", "hello"]


# Words


def test_the_readme_uses_the_words_of_the_program() -> None:
    readme = CHECKOUT / "README.md"
    if not readme.is_file():
        pytest.skip("no README.md yet")
    text = readme.read_text(encoding="utf-8").lower()
    assert [word for word in (*Answer, *Content) if word.value not in text] == []


# Start


def python(code: str, *arguments: str, cwd: Path = CHECKOUT) -> str:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True, timeout=60).stdout


HEAVY = (
    "cryptography",
    "rich",
    "mitmproxy",
    "scapy",
    "numpy",
    "yaml",
    "msgspec",
    "ahocorasick_rs",
    "asyncio",
)
ASK = "import sys; sys.argv[1:] = [{!r}]\ntry: import auditor.__main__\nexcept SystemExit: pass"
STARTS = {
    "importing the command line": "import auditor.cli",
    "asking for help": ASK.format("--help"),
    "asking for the version": ASK.format("--version"),
}


@pytest.mark.parametrize("what", STARTS)
def test_starting_imports_nothing_heavy(what: str) -> None:
    code = f"{STARTS[what]}\nimport sys\nprint('LOADED', *sorted(set(sys.modules) & set({HEAVY!r})))"
    assert python(code).splitlines()[-1] == "LOADED"


def test_rules_are_read_without_loading_a_proxy() -> None:
    code = "import sys, auditor.shelf\nauditor.shelf.load_rules(None)\nprint('mitmproxy' in sys.modules)"
    assert python(code).strip() == "False"


def test_the_package_is_the_one_in_this_checkout() -> None:
    assert Path(auditor.__file__).parent == PACKAGE
    assert importlib.import_module("auditor").__version__
