"""What was found, as SARIF 2.1.0: for tools that show it beside the code."""

from urllib.parse import quote

import msgspec

from auditor import __version__
from auditor.notices import Checked

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(checked: Checked) -> str:
    used = sorted({fault.code for fault in checked.all})
    results = [
        {
            "ruleId": fault.code,
            "ruleIndex": used.index(fault.code),
            "level": fault.severity,
            "message": {"text": _encodable(f"{fault.message}. {fault.advice}".strip(" "))},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(_encodable(checked.path(fault.file)))},
                        "region": {"startLine": fault.line, "startColumn": fault.column},
                    }
                }
            ],
        }
        for fault in checked.all
    ]
    rules = [{"id": code, "shortDescription": {"text": checked.documented.get(code, code)}} for code in used]
    driver = {"name": "auditor", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
