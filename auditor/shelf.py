"""The shelf where the rules stand: the edge that reads rule files and the recordings their tests cite."""

from functools import lru_cache
from pathlib import Path

import auditor
from auditor.errors import CaptureError, RuleError
from auditor.model import Parcel
from auditor.rulebook.book import Rulebook
from auditor.rulebook.yaml import Block, load
from auditor.sources import read as read_capture

LARGEST = 1_000_000  # a rule file of more bytes is somebody's joke
MOST_FILES = 20_000
LARGEST_RECORDING = 50_000_000


def own_rules() -> Path:
    """The rules that came with this program: beside the package in a checkout, inside it when installed."""
    package = Path(auditor.__file__).parent
    inside = package / "_rules"
    return inside if inside.is_dir() else package.parent / "rules"


def load_rules(folder: Path | None) -> Rulebook:
    return Rulebook.of(texts_of(folder or own_rules()))


def texts_of(folder: Path) -> dict[str, str]:
    """Every rule file below a folder, by its path there."""
    if not folder.is_dir():
        raise CaptureError(f"{folder}: no such folder of rules")
    files = sorted(folder.rglob("*.yaml"))[:MOST_FILES]
    texts = {}
    for file in files:
        if file.is_symlink() or "captures" in file.relative_to(folder).parts[:1]:
            continue
        try:
            if file.stat().st_size > LARGEST:
                raise CaptureError(f"{file}: too large for a rule file")
            texts[file.relative_to(folder).as_posix()] = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise CaptureError(f"{file}: cannot be read: {exc}") from exc
    if not texts:
        raise CaptureError(f"{folder}: no rule files (*.yaml) in this folder")
    return texts


def root_of(path: Path) -> Path:
    """The rule set that a file or folder belongs to: the folder above platforms/ or envelopes/."""
    for parent in (path, *path.parents):
        if (parent / "platforms").is_dir() or (parent / "envelopes").is_dir():
            return parent
    raise CaptureError(f"{path}: not in a rule set (a folder with platforms/ and envelopes/)")


class Recordings:
    """Finds parcels of recorded sessions by their refs: `captures/alice.mitm#8>`.

    Only below the rule set's own captures/ folder, or the one beside it in a checkout.
    """

    def __init__(self, rules: Path) -> None:
        self.homes = [p.resolve() for p in (rules, rules.parent) if (p / "captures").is_dir()]
        self._parcels = lru_cache(maxsize=64)(self._read)

    def find(self, ref: str) -> Parcel | None:
        name, _, place = ref.rpartition("#")
        if not name.startswith("captures/") or ".." in name.split("/"):
            raise CaptureError(f"{ref}: recordings lie below captures/, like captures/alice.mitm#8>")
        for home in self.homes:
            file = (home / name).resolve()
            if file.is_relative_to(home / "captures") and file.is_file():
                parcel = self._parcels(file).get(place)
                if parcel is None:
                    raise CaptureError(f"{ref}: no such parcel in this recording")
                return parcel
        return None

    @staticmethod
    def _read(file: Path) -> dict[str, Parcel]:
        if file.stat().st_size > LARGEST_RECORDING:
            raise CaptureError(f"{file.name}: too large for a recorded test")
        names = _names_beside(file)
        events = read_capture(file, renamed=names)
        return {f"{e.ref.entry}{e.ref.part}": e for e in events if isinstance(e, Parcel)}


def _names_beside(file: Path) -> dict[str, str]:
    """The other name of a local server, where the recording's truth.yaml gives one."""
    truth = file.parent / "truth.yaml"
    if not truth.is_file() or truth.stat().st_size > LARGEST:
        return {}
    try:
        names = load(truth.read_text(encoding="utf-8"), truth.name).get("as")
    except (RuleError, UnicodeDecodeError):
        return {}
    return {str(k): str(v) for k, v in names.items()} if isinstance(names, Block) else {}
