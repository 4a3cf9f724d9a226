"""A password as PostgreSQL keeps it, so that no statement, and no log of them, holds the password itself.

Source: RFC 5803 and RFC 7677; PostgreSQL takes `SCRAM-SHA-256$ITERATIONS:SALT$STORED:SERVER` as a role's
password.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

ITERATIONS = 4096
"""PostgreSQL's own (`scram_iterations`)."""


def verifier(password: str, salt: bytes) -> str:
    """What PostgreSQL keeps of a password.

    Args:
        password: in ASCII, for which SASLprep changes nothing.
        salt: 16 random bytes.
    """
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, ITERATIONS)
    client = hmac.new(salted, b"Client Key", hashlib.sha256).digest()
    server = hmac.new(salted, b"Server Key", hashlib.sha256).digest()
    stored = hashlib.sha256(client).digest()
    return f"SCRAM-SHA-256${ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
