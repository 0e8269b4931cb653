"""Secrets that let someone in: made here, shown once, and kept only as hashes."""

from __future__ import annotations

import hashlib
import secrets
import string

SECRET_BITS = 256
SECRET_LENGTH = 43
"""Characters that 256 bits need, in an alphabet of 62."""

_ALPHABET = string.digits + string.ascii_letters


def new_secret(start: str = "") -> str:
    """256 random bits, in letters and digits only: a double click selects all of it."""
    rest = secrets.randbits(SECRET_BITS)
    digits: list[str] = []
    while rest or len(digits) < SECRET_LENGTH:
        rest, digit = divmod(rest, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return start + "".join(digits)


def hash_of(secret: str) -> str:
    """What is kept of a secret. Only for random ones: passwords need a slow hash.

    Nobody can guess 256 random bits: a fast hash without salt keeps them as well as a slow one.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
