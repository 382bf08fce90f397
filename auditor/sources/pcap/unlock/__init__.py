"""Opening what TLS and DTLS sealed, with secrets that somebody logged.

    kinds ─▶ derive  ─▶ ciphers ─▶ side ─▶ agreement     tls.py and dtls.py put them together
    names     keys      one record  one way  one handshake

Laws: bytes that fail their check are never given out; whatever stays shut has a reason in
plain words; what a stranger can make this compute is bounded.
"""
