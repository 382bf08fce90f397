"""What a certificate says about whose it is. Anybody can have written it."""

import warnings
from functools import lru_cache

LARGEST = 65536  # bytes of one certificate
MOST = 12  # names that are shown
REMEMBERED = 128  # certificates: a capture shows few, many times


@lru_cache(REMEMBERED)
def names(data: bytes) -> tuple[str, ...]:
    """For whom it is, the subject first; nothing where it cannot be read. It is not checked."""
    # Imported late: only captures have certificates in the open.
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509.oid import NameOID

    if len(data) > LARGEST:
        return ()
    found: list[str] = []
    faults = (
        ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound, x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType, x509.InvalidVersion,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about certificates that are odd
        try:
            made = x509.load_der_x509_certificate(data)
            found += [str(one.value) for one in made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        except faults:
            pass
        else:
            try:
                other = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
                found += other.get_values_for_type(x509.DNSName)
                found += [str(one) for one in other.get_values_for_type(x509.IPAddress)]
            except faults:
                pass
    return tuple(dict.fromkeys(name for name in found if name))[:MOST]
