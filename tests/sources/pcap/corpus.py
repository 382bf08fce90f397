"""The shared corpus, where it is there."""

import json
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parents[4] / "shared/corpus"
_CATALOGUE = CORPUS / "catalogue.json"
CAPTURES: list[dict[str, Any]] = (
    [e for e in json.loads(_CATALOGUE.read_text(encoding="utf-8")) if e["kind"] == "capture"]
    if _CATALOGUE.is_file()
    else []
)
