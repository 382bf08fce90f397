"""Multipart bodies (RFC 2046, 5.1): part name to value, cut at the boundary that a header names.

A plain part is its value, text or bytes. A part with a file name, a content type or other
headers is {"@filename": ..., "@type": ..., "@other-header": ..., "#body": value}; base64 and
quoted-printable are undone, Content-Length is dropped. A part without a name is "part" and
its position. Text before the first and after the last boundary is kept as "@preamble" and
"@epilogue". A body whose closing boundary is missing was cut, and is refused whole. Lines
end in CRLF, or all in LF where no boundary line has CRLF.
"""

import binascii
import re
from urllib.parse import quote, unquote

from auditor.decoders import Clue, mime
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text, is_text

BOUNDARY = "auditor-7MA4YWxkTrZu0gW"
CLUE = Clue(kinds=("multipart",), media="multipart/form-data", boundary=BOUNDARY)
EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        b'--auditor-7MA4YWxkTrZu0gW\r\nContent-Disposition: form-data; name="text"\r\n\r\nmeet at 7\r\n'
        b"--auditor-7MA4YWxkTrZu0gW--\r\n",
        {"text": "meet at 7"},
    ),
    (
        b'--auditor-7MA4YWxkTrZu0gW\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n\x89PNG\r\n\x00\r\n"
        b'--auditor-7MA4YWxkTrZu0gW\r\nContent-Disposition: form-data; name="to"\r\n\r\nalice\r\n'
        b'--auditor-7MA4YWxkTrZu0gW\r\nContent-Disposition: form-data; name="to"\r\n\r\nbob\r\n'
        b"--auditor-7MA4YWxkTrZu0gW--",
        {
            "f": {"@filename": "a.png", "@type": "image/png", "#body": b"\x89PNG\r\n\x00"},
            "to": ["alice", "bob"],
        },
    ),
    (
        b"This is a message in MIME format.\r\n--auditor-7MA4YWxkTrZu0gW\r\n\r\nhello\r\n"
        b"--auditor-7MA4YWxkTrZu0gW\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nbWVldCBhdCA3\r\n--auditor-7MA4YWxkTrZu0gW--\r\n",
        {
            "@preamble": "This is a message in MIME format.",
            "part0": "hello",
            "part1": {"@type": "text/plain; charset=utf-8", "#body": "meet at 7"},
        },
    ),
]
order = 15
reads = "both"
needs_clue = True

_LONGEST = 200  # RFC 2046: "no more than 70 characters"; some programs write more
_KNOWN = {"content-disposition", "content-type", "content-transfer-encoding", "content-length"}
_AROUND = ("@preamble", "@epilogue")
_HEADER = re.compile(r"([!#-'*+.0-9A-Z^_`a-z|~-]++):[ \t]*+(.*)", re.DOTALL)
_PARAMETER = re.compile(
    r'[ \t]*+;[ \t]*+([^\s;="]++)[ \t]*+=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"|([^;"\s]*+))', re.DOTALL
)
_CHARSET = re.compile(
    r"(?i);[ \t]*+charset=\"?(utf-?16(?:le|be)?|latin-?1|iso-?8859-\d{1,2}|(?:windows-|cp)125\d"
    r"|gb(?:2312|k|18030)|big5|shift[_-]jis|euc-(?:jp|kr)|iso-2022-jp|koi8-[ru])\"?[ \t]*+(?:;|\Z)"
)
_BENT = re.compile(r"[\x00-\x1f\x7f]")


def unwrap(data: bytes, clue: Clue) -> Tree:
    boundary = clue.boundary.encode()
    if not 0 < len(boundary) <= _LONGEST:
        raise ValueError("no boundary is known")
    end = b"\r\n" if re.search(re.escape(b"--" + boundary) + rb"[ \t]*+\r\n", data) else b"\n"
    preamble, chunks, epilogue = _cut(data, boundary, end)
    if b"--" + boundary in preamble:
        raise ValueError("the first boundary is damaged")
    if len(data) > clue.limit:
        raise TooMuch(f"multipart: more than {clue.limit:,} bytes would come out")
    parts: dict[str, list[Tree]] = {}
    for position, chunk in enumerate(chunks):
        name, value = _part(chunk, end)
        if name in _AROUND:
            raise ValueError(f"a part is called {name}")
        parts.setdefault(name or f"part{position}", []).append(value)
    tree: dict[str, Tree] = {name: values if len(values) > 1 else values[0] for name, values in parts.items()}
    around = zip(_AROUND, (preamble, epilogue), strict=True)
    return tree | {name: as_text(text) for name, text in around if text.strip()}


def wrap(tree: Tree) -> bytes:
    delimiter = f"--{BOUNDARY}".encode()
    preamble, epilogue = (_bytes(tree.get(name, "")) for name in _AROUND)
    if delimiter in preamble:
        raise ValueError("the preamble holds the boundary")
    out = bytearray(preamble + b"\r\n" if preamble else b"")
    for name, value in tree.items():
        for one in value if isinstance(value, list) else [value]:
            if name not in _AROUND:
                out += delimiter + b"\r\n" + _write(str(name), one) + b"\r\n"
    return bytes(out + delimiter + b"--\r\n" + epilogue)


def _cut(data: bytes, boundary: bytes, end: bytes) -> tuple[bytes, list[bytes], bytes]:
    line = re.compile(rb"(?:\A|%b)--%b(--)?[ \t]*+(?=%b|\Z)" % (end, re.escape(boundary), end))
    starts: list[int] = []
    stops: list[int] = []
    for found in line.finditer(data):
        stops.append(found.start())
        starts.append(found.end())
        if found[1]:
            break
    else:
        raise ValueError("the closing boundary is missing")
    chunks = [data[start:stop] for start, stop in zip(starts, stops[1:], strict=False)]
    if not chunks or not all(chunk.startswith(end) for chunk in chunks):
        raise ValueError("multipart without parts")
    return data[: stops[0]], chunks, data[starts[-1] :].removeprefix(end)


def _part(chunk: bytes, end: bytes) -> tuple[str, Tree]:
    # The line end of the boundary stands first, so an empty head is two line ends.
    head, _, body = chunk.partition(end + end)
    headers = _headers(head, end)
    disposition = _parameters(_single(headers, "content-disposition"))
    kind = _single(headers, "content-type")
    plain = mime.undone(body, _single(headers, "content-transfer-encoding") or "")
    marks: dict[str, Tree] = {"@filename": disposition.get("filename"), "@type": kind}
    marks = {name: value for name, value in marks.items() if value is not None}
    for name, values in headers.items():
        if name not in _KNOWN:
            if name in ("type", "filename"):
                raise ValueError(f"a part has a header {name}")
            marks[f"@{name}"] = values if len(values) > 1 else values[0]
    value = _value(plain, kind)
    return disposition.get("name", ""), marks | {"#body": value} if marks else value


def _headers(head: bytes, end: bytes) -> dict[str, list[str]]:
    try:
        text = head.decode()
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    stop = end.decode()
    unfolded = re.sub(rf"{stop}[ \t]++", " ", text)
    headers: dict[str, list[str]] = {}
    for line in unfolded.split(stop):
        if line:
            found = _HEADER.fullmatch(line)
            if not found:
                raise ValueError("a part has something that is no header")
            headers.setdefault(found[1].lower(), []).append(found[2].rstrip(" \t"))
    return headers


def _single(headers: dict[str, list[str]], name: str) -> str | None:
    values = headers.get(name, [])
    if len(values) > 1:
        raise ValueError(f"a part has two {name}")
    return values[0] if values else None


def _parameters(header: str | None) -> dict[str, str]:
    if not header:
        return {}
    found: dict[str, str] = {}
    at, stop = len(header.partition(";")[0]), len(header.rstrip("; \t"))
    while at < stop:
        match = _PARAMETER.match(header, at)
        if not match:
            raise ValueError("a part has a damaged header")
        name = match[1].lower()
        value = match[3] if match[2] is None else re.sub(r'\\(["\\])', r"\1", match[2])
        if name in found:
            raise ValueError(f"a part has two {name}")
        found[name] = value
        at = match.end()
    for name in [name for name in found if name.endswith("*")]:
        found[name[:-1]] = _extended(found[name])
    return found


def _extended(value: str) -> str:
    """RFC 8187, 3.2.1: charset, language and percent-encoded value, with two quotes between them."""
    charset, _, rest = value.partition("'")
    text = rest.partition("'")[2]
    match charset.lower():
        case "utf-8":
            return unquote(text)
        case "iso-8859-1":
            return unquote(text, "latin-1")
        case _:
            return value


def _value(body: bytes, kind: str | None) -> str | bytes:
    value = as_text(body)
    found = _CHARSET.search(kind or "")
    if isinstance(value, str) or not found:
        return value
    try:
        text = body.decode(found[1])
    except (UnicodeDecodeError, LookupError):
        return value
    return text if is_text(text) else value


def _write(name: str, value: Tree) -> bytes:
    fields = value if isinstance(value, dict) else {"#body": value}
    body = _bytes(fields.get("#body", ""))
    lines = [f"Content-Disposition: form-data; {_parameter('name', name)}"]
    if "@filename" in fields:
        lines[0] += f"; {_parameter('filename', fields['@filename'])}"
    for key, several in fields.items():
        header = {"@type": "Content-Type"}.get(key, key.removeprefix("@"))
        if key not in ("@filename", "#body"):
            lines += [f"{header}: {one}" for one in (several if isinstance(several, list) else [several])]
    if f"--{BOUNDARY}".encode() in body:
        lines.append("Content-Transfer-Encoding: base64")
        body = binascii.b2a_base64(body, newline=False)
    return "\r\n".join([*lines, "", ""]).encode() + body


def _parameter(key: str, text: str) -> str:
    if _BENT.search(text):
        return f"{key}*=utf-8''{quote(text, safe='')}"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'{key}="{escaped}"'


def _bytes(value: Tree) -> bytes:
    if isinstance(value, bytes):
        return value
    return (str(value).lower() if isinstance(value, bool) else str(value)).encode()
