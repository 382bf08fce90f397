"""Mail (RFC 5322, 2045-2047): {"header": {name: [values]}} and what is in it.

"text" and "html" are what people read; "attachment" is {"@filename", "@type", "#body"}, "message" a mail in
a mail. Several of a kind are a list; multiparts in multiparts are flattened. Transfer encodings, charsets
and encoded words are undone. Other headers of a part stand beside its "#body" as "@name"; Content-Length
and Content-Transfer-Encoding are dropped. Text around the parts is "around".

Without a clue it begins with three headers, one of them From, To, Subject, Date or MIME-Version. A multipart
whose closing boundary is missing was cut, and is refused whole. More than 16 levels are too much.
"""

import base64
import binascii
import re
from itertools import pairwise
from urllib.parse import quote, unquote

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import as_text, is_text

EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        b"From: A <a@lab.test>\r\nTo: b@lab.test\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n "
        b"=?utf-8?b?IPCflJA=?=\r\n\r\nmeet at 7\r\n",
        {
            "header": {"from": ["A <a@lab.test>"], "to": ["b@lab.test"], "subject": ["café 🔐"]},
            "text": "meet at 7\r\n",
        },
    ),
    (
        b'From: a\nDate: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b 1"\n\n'
        b"old reader?\n--b 1\n"
        b"Content-Type: multipart/alternative; boundary=in\n\n--in\n"
        b"Content-Type: text/plain; charset=latin-1\n"
        b"Content-Transfer-Encoding: quoted-printable\n\ncaf=E9\n--in\n"
        b"Content-Type: text/html\n\n<b>hi</b>\n--in--\n"
        b'--b 1\nContent-Type: image/png\nContent-Disposition: attachment; filename="a.png"\n'
        b"Content-Transfer-Encoding: base64\n\nAP+A\n--b 1--\n",
        {
            "header": {
                "from": ["a"],
                "date": ["x"],
                "mime-version": ["1.0"],
                "content-type": ['multipart/mixed; boundary="b 1"'],
            },
            "around": "old reader?",
            "text": "café",
            "html": "<b>hi</b>",
            "attachment": {"@filename": "a.png", "@type": "image/png", "#body": b"\x00\xff\x80"},
        },
    ),
]
order = 35
reads = "both"
needs_clue = False
starts = bytes(range(0x21, 0x7F))
least, mark = 20, b"\n"

_DEPTH = 16
_NAMED = ("message/rfc822", "message/global")
_USUAL = {"from", "to", "subject", "date", "mime-version"}
_DROPPED = ("content-length", "content-transfer-encoding")
_KINDS = {"text/plain": "text", "": "text", "text/html": "html"}
_FIELD = re.compile(r"([!-9;-~]++)[ \t]*+:[ \t]*+(.*)", re.DOTALL)
_START = re.compile(rb"[!-9;-~]{1,80}+[ \t]*+:")
_BLANK = re.compile(rb"\r?\n\r?\n")
_LINE = re.compile(rb"(?:\A|\r?\n)--([^\r\n]*+)(?=\r?\n|\Z)")
_WORD = re.compile(
    r"=\?([\w.:-]++)(?:\*[\w-]*+)?\?([bBqQ])\?([^?\s]*+)\?=(?:[ \t]++(?==\?[\w.:*-]++\?[bBqQ]\?))?"
)
_PARAMETER = re.compile(r';[ \t]*+([^\s;="]++)[ \t]*+=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"|([^;"\s]*+))', re.DOTALL)
_CHARSET = re.compile(
    r"(?i:utf-?8|utf-?16(?:le|be)?|us-ascii|latin-?1|iso-?8859-\d{1,2}|(?:windows-|cp)125\d"
    r"|gb(?:2312|k|18030)|big5|shift[_-]jis|euc-(?:jp|kr)|iso-2022-jp|koi8-[ru])"
)
_SIMPLE = re.compile(r"(?!.*=\?)(?:[!-~](?:[ -~]*[!-~])?)?")

_Headers = dict[str, list[str]]


def unwrap(data: bytes, clue: Clue) -> Tree:
    named = "mime" in clue.kinds or clue.media in _NAMED
    if not _START.match(data):
        raise ValueError("not mail: no header")
    headers, body = _headers(data)
    if not named and not (len(headers) > 2 and _USUAL & headers.keys()):
        raise ValueError("perhaps mail, but nothing proves it or names it")
    if len(data) > clue.limit:
        raise TooMuch(f"mail: more than {clue.limit:,} bytes would come out")
    return _mail(headers, body, 0)


def wrap(tree: Tree) -> bytes:
    headers = {name: value if isinstance(value, list) else [value] for name, value in tree["header"].items()}
    lines = [f"{name}: {_encoded(str(one))}" for name, several in headers.items() for one in several]
    head = "\r\n".join([*lines, "Content-Transfer-Encoding: base64", "", ""]).encode()
    kind, settings = _content(headers, "content-type")
    if not kind.startswith("multipart/"):
        value = next((value for name, value in tree.items() if name not in ("header", "around")), "")
        body = (
            wrap(value)
            if isinstance(value, dict) and "header" in value
            else _bytes(_body(value), settings.get("charset", ""))
        )
        return head + base64.encodebytes(body)
    head = "\r\n".join([*lines, "", ""]).encode()
    delimiter = f"--{settings.get('boundary', '')}\r\n".encode()
    parts = [
        delimiter + _part(name, one)
        for name, value in tree.items()
        if name not in ("header", "around")
        for one in (value if isinstance(value, list) else [value])
    ]
    around = _bytes(tree.get("around", ""), "")
    return b"\r\n".join([head + around, *parts, delimiter.rstrip(b"\r\n") + b"--\r\n"])


def _headers(data: bytes) -> tuple[_Headers, bytes]:
    found = _BLANK.search(data)
    head, body = (data[: found.start()], data[found.end() :]) if found else (data, b"")
    if data.startswith((b"\r\n", b"\n")):  # a part without headers
        return {}, data[1 + data.startswith(b"\r") :]
    try:
        text = head.decode()
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    headers: _Headers = {}
    for line in re.split(r"\r?\n", re.sub(r"\r?\n[ \t]++", " ", text)):
        field = _FIELD.fullmatch(line)
        if line and not field:
            raise ValueError("not mail: a line that is no header")
        if field:
            headers.setdefault(field[1].lower(), []).append(_decoded(field[2].strip()))
    return headers, body


def _decoded(text: str) -> str:
    return _WORD.sub(_word, text) if "=?" in text else text


def _word(found: re.Match[str]) -> str:
    try:
        if found[2] in "bB":
            data = base64.b64decode(found[3] + "=" * (-len(found[3]) % 4), validate=True)
        else:
            data = binascii.a2b_qp(found[3].encode(), header=True)
        text = data.decode(found[1]) if _CHARSET.fullmatch(found[1]) else ""
    except (ValueError, LookupError):
        return found[0]
    return text or found[0]


def _encoded(text: str) -> str:
    return text if _SIMPLE.fullmatch(text) else f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="


def _content(headers: _Headers, name: str) -> tuple[str, dict[str, str]]:
    """The first word of a header, and its parameters."""
    header = headers.get(name, [""])[0]
    settings: dict[str, str] = {}
    for key, quoted, plain in _PARAMETER.findall(header):
        settings.setdefault(key.lower(), re.sub(r"\\(.)", r"\1", quoted) or plain)
    for key in [key for key in settings if key.endswith("*")]:
        charset, _, rest = settings[key].partition("'")
        if rest and _CHARSET.fullmatch(charset):
            settings[key[:-1]] = unquote(rest.partition("'")[2], charset)
    return header.partition(";")[0].strip().lower(), settings


def _mail(headers: _Headers, body: bytes, depth: int) -> dict[str, Tree]:
    leaves: list[tuple[str, Tree]] = []
    _leaves(headers, body, depth, leaves, {})
    tree: dict[str, Tree] = {"header": {name: v for name, v in headers.items() if name not in _DROPPED}}
    around = [value for name, value in leaves if name == "around"]
    if around:
        tree["around"] = as_text(b"\r\n".join(around))
    for name, value in leaves:
        if name != "around":
            tree.setdefault(name, []).append(value)
    return {n: v[0] if isinstance(v, list) and len(v) == 1 else v for n, v in tree.items()}


def _leaves(
    headers: _Headers, body: bytes, depth: int, leaves: list[tuple[str, Tree]], marks: dict[str, Tree]
) -> None:
    if depth > _DEPTH:
        raise TooMuch(f"mail is nested more than {_DEPTH} deep")
    kind, settings = _content(headers, "content-type")
    if not kind.startswith("multipart/"):
        sent = undone(body, headers.get("content-transfer-encoding", [""])[0])
        leaves.append(_leaf(kind, settings, headers, sent, depth, marks))
        return
    pieces, around = _cut(body, settings.get("boundary", ""))
    leaves += [("around", piece.strip(b"\r\n")) for piece in around if piece.strip()]
    for piece in pieces:
        inner, content = _headers(piece)
        known = (*_DROPPED, "content-type", "content-disposition")
        others = {f"@{n}": v[0] if len(v) == 1 else v for n, v in inner.items() if n not in known}
        if others.keys() & {"@type", "@filename"}:
            raise ValueError("mail: a part has a header type or filename")
        _leaves(inner, content, depth + 1, leaves, marks | others)
        marks = {}


def _leaf(
    kind: str, settings: dict[str, str], headers: _Headers, body: bytes, depth: int, marks: dict[str, Tree]
) -> tuple[str, Tree]:
    disposition, more = _content(headers, "content-disposition")
    filename = more.get("filename") or settings.get("name")
    if kind in _NAMED and not marks and _START.match(body):
        return "message", _mail(*_headers(body), depth + 1)
    value = _text(body, settings.get("charset", ""))
    name = _KINDS.get(kind, "attachment") if disposition != "attachment" and not filename else "attachment"
    if name != "attachment":
        return name, marks | {"#body": value} if marks else value
    about: dict[str, Tree] = {"@filename": filename, "@type": headers.get("content-type", [None])[0]}
    return name, {n: v for n, v in about.items() if v} | marks | {"#body": value}


def _cut(body: bytes, boundary: str) -> tuple[list[bytes], list[bytes]]:
    mark = boundary.encode()
    if not 0 < len(mark) <= 200:
        raise ValueError("mail: a multipart without a boundary")
    places = []
    for found in _LINE.finditer(body):
        rest = found[1][len(mark) :].rstrip(b" \t") if found[1].startswith(mark) else None
        if rest in (b"", b"--"):
            places.append(found.span())
        if rest == b"--":
            break
    else:
        raise ValueError("mail: the closing boundary is missing")
    pieces = [body[a:b] for (_, a), (b, _) in pairwise(places)]
    if not pieces:
        raise ValueError("mail: a multipart without parts")
    # The line end behind the boundary is its own.
    pieces = [piece[1 + piece.startswith(b"\r") :] or b"\n" for piece in pieces]
    return pieces, [body[: places[0][0]], body[places[-1][1] :]]


def undone(body: bytes, encoding: str) -> bytes:
    """What was written so that it could pass through old programs, as it was before."""
    match encoding.lower():
        case "base64":
            return base64.b64decode(b"".join(body.split()), validate=True)
        case "quoted-printable":
            return binascii.a2b_qp(body)
        case _:
            return body


def _text(data: bytes, charset: str) -> str | bytes:
    value = as_text(data)
    if _CHARSET.fullmatch(charset) and not (isinstance(value, str) and data.isascii()):
        try:
            text = data.decode(charset)
        except (UnicodeDecodeError, LookupError):
            return value
        return text if is_text(text) else value
    return value


def _body(value: Tree) -> Tree:
    return value.get("#body", "") if isinstance(value, dict) else value


def _bytes(value: Tree, charset: str) -> bytes:
    if isinstance(value, bytes):
        return value
    if _CHARSET.fullmatch(charset):
        try:
            data = str(value).encode(charset)
        except (UnicodeEncodeError, LookupError):
            data = b""
        if _text(data, charset) == value:
            return data
    return str(value).encode()


def _part(name: str, value: Tree) -> bytes:
    if name == "message":
        return b"Content-Type: message/rfc822\r\n\r\n" + wrap(value)
    fields = value if isinstance(value, dict) else {"#body": value}
    kind = str({"text": "text/plain", "html": "text/html"}.get(name) or fields.get("@type", ""))
    lines = [f"Content-Type: {_encoded(kind)}"] if kind else []
    if name == "attachment":
        filename = quote(fields.get("@filename", ""), safe="")
        lines.append(
            "Content-Disposition: attachment" + (f"; filename*=utf-8''{filename}" if filename else "")
        )
    for key, several in fields.items():
        if key not in ("@filename", "@type", "#body"):
            values = several if isinstance(several, list) else [several]
            lines += [f"{key[1:]}: {_encoded(str(one))}" for one in values]
    body = _bytes(fields["#body"], _content({"content-type": [kind]}, "content-type")[1].get("charset", ""))
    lines += ["Content-Transfer-Encoding: base64", "", base64.b64encode(body).decode()]
    return "\r\n".join(lines).encode()
