"""Opening what TLS and DTLS sealed, with secrets that somebody logged.

    derive ─▶ ciphers ─▶ keying ─▶ agreement ─▶ tls.py, dtls.py      search ─▶ side
    secrets   a record    suites    a handshake   a connection         after     one
              is opened             and its keys                       a loss    direction

Laws: bytes that fail their check are never given out; whatever stays shut has a reason in
plain words; what a stranger can make this compute is bounded.
"""
