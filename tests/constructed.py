"""The sessions in captures/ that no client sent: built from what is known of a layout.

    python -m tests.constructed        writes them again

They show verdicts that no recording of ours shows; what they prove is that the rules and
the engine agree with the facts, not that the facts are right.
"""

import base64
import json
import random
import sys
from pathlib import Path
from typing import Any

from auditor.decoders import DECODERS

CAPTURES = Path(__file__).parent.parent / "captures"
PROTOBUF = "application/x-protobuf"
TEXTS = {
    "short": "Lighthouse-5523 bring the spare oars",
    "unicode": "Jalka-8841 мост 🚲 جسر",
    "answer": "Lighthouse-5524 they are in the shed",
}


def protobuf(tree: dict[int, Any]) -> bytes:
    return DECODERS["protobuf"].wrap(tree)


def entry(url: str, body: bytes, media: str, answer: bytes = b"", second: int = 0) -> dict[str, Any]:
    """One request and its answer, as a HAR has them."""
    return {
        "startedDateTime": f"2026-11-21T10:00:{second:02}Z",
        "time": 20,
        "request": {
            "method": "POST",
            "url": url,
            "httpVersion": "HTTP/2.0",
            "cookies": [],
            "headers": [{"name": "content-type", "value": media}],
            "queryString": [],
            "headersSize": -1,
            "bodySize": len(body),
            "postData": {"mimeType": media, "text": coded(body), "encoding": "base64"},
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "HTTP/2.0",
            "cookies": [],
            "headers": [{"name": "content-type", "value": media}],
            "content": {"size": len(answer), "mimeType": media, "text": coded(answer), "encoding": "base64"},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(answer),
        },
        "cache": {},
        "timings": {"send": 1, "wait": 18, "receive": 1},
    }


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def archive(entries: list[dict[str, Any]]) -> str:
    log = {"version": "1.2", "creator": {"name": "auditor tests", "version": "1"}, "entries": entries}
    return json.dumps({"log": log}, indent=1) + "\n"


def content(text: str) -> bytes:
    return DECODERS["json"].wrap({"aweType": 0, "text": text})


def sent(text: str, number: int) -> dict[str, Any]:
    """A TikTok message on its way out: request > body > command 100 > content."""
    command = {1: "0:1:7100000000000000001:7100000000000000002", 2: 1, 4: content(text), 6: 7}
    body = protobuf({1: 100, 2: number, 8: protobuf({100: protobuf(command)}), 9: "7400000000000000003"})
    answer = protobuf({1: 100, 3: "OK"})
    return entry("https://im-api.tiktok.com/v1/message/send?aid=1988", body, PROTOBUF, answer, number)


def pushed(text: str) -> dict[str, Any]:
    """The websocket on which a message arrives, squeezed by gzip."""
    message = {2: 1, 3: 44, 7: 7100000000000000002, 8: content(text), 10: 1795255227}
    inner = protobuf({1: 500, 6: protobuf({500: protobuf({2: "0:1:71:72", 5: protobuf(message)})})})
    frame = protobuf({1: 10001, 3: 33554513, 6: "gzip", 8: DECODERS["gzip"].wrap(inner)})
    socket = entry("wss://im-ws.tiktok.com/ws/v2?aid=1988", b"", "", second=9)
    socket["request"] |= {"method": "GET", "headers": [], "bodySize": 0}
    del socket["request"]["postData"]
    socket["response"] |= {
        "status": 101,
        "headers": [],
        "bodySize": 0,
        "content": {"size": 0, "mimeType": ""},
    }
    socket["_webSocketMessages"] = [
        {"type": "receive", "time": 1795255227.5, "opcode": 2, "data": coded(frame)}
    ]
    return socket


def tiktok() -> str:
    typing = protobuf({1: 411, 8: protobuf({411: protobuf({1: "0:1:71:72"})}), 9: "7400000000000000003"})
    receipt = protobuf({1: 2002, 8: protobuf({2002: protobuf({1: "0:1:71:72"})}), 9: "7400000000000000003"})
    return archive(
        [
            entry("https://im-api.tiktok.com/v1/client/input_status", typing, PROTOBUF, second=1),
            sent(TEXTS["short"], 2),
            sent(TEXTS["unicode"], 3),
            pushed(TEXTS["answer"]),
            entry("https://im-api.tiktok.com/v3/conversation/mark_read", receipt, PROTOBUF, second=10),
        ]
    )


def tiktok_moved() -> str:
    """A layout that no rule knows: the message is reported, not overlooked."""
    entries = []
    for number in (1, 2):
        body = protobuf({1: 100, 8: protobuf({940: protobuf({9: protobuf({3: 17, 5: number})})})})
        entries.append(entry("https://im-api.tiktok.com/v1/message/send", body, PROTOBUF, second=number))
    return archive(entries)


def slack_locked() -> str:
    """An add-on that encrypts texts in its own way: bytes that nothing here knows."""
    chance = random.Random("slack")
    entries = []
    for number, size in enumerate((96, 128, 112), 1):
        locked = DECODERS["json"].wrap({"channel": "C0HARBOR71", "text": coded(chance.randbytes(size))})
        answer = b'{"ok":true,"channel":"C0HARBOR71"}'
        entries.append(
            entry("https://slack.com/api/chat.postMessage", locked, "application/json", answer, number)
        )
    return archive(entries)


SESSIONS = {"tiktok-constructed": tiktok, "tiktok-moved": tiktok_moved, "slack-locked": slack_locked}


def main() -> None:
    for name, make in SESSIONS.items():
        (CAPTURES / name).mkdir(exist_ok=True)
        (CAPTURES / name / "client.har").write_text(make(), encoding="utf-8")
        sys.stdout.write(f"captures/{name}/client.har\n")


if __name__ == "__main__":
    main()
