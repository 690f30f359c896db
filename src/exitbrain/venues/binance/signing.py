"""The venue's signature over a query: HMAC-SHA256 with a secret, Ed25519 with a private key in PEM."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import quote

from exitbrain.errors import InvalidInput, Unavailable


def signer(secret: str) -> Callable[[str], str]:
    """The signature of a query, ready to stand in a URL. InvalidInput for a private key that is none."""
    if "PRIVATE KEY" in secret:
        return _ed25519(secret)
    return lambda query: hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()


def _ed25519(secret: str) -> Callable[[str], str]:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        raise Unavailable("a private key needs the package cryptography: install exitbrain[exchange]") from None
    try:
        key = load_pem_private_key(secret.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidInput("the API secret is no Ed25519 private key", accepted="PEM without password, or a secret")
    return lambda query: quote(base64.b64encode(key.sign(query.encode())).decode(), safe="")
