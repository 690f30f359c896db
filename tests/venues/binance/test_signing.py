"""Signatures against values that others published or computed."""

from __future__ import annotations

import base64
from urllib.parse import unquote

import pytest

from exitbrain.errors import InvalidInput
from exitbrain.venues.binance.signing import signer

# The example of the venue's own documentation.
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
QUERY = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"


def test_hmac_is_that_of_the_venues_documentation() -> None:
    assert signer(SECRET)(QUERY) == "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"


def test_ed25519_is_verified_by_its_public_key() -> None:
    pytest.importorskip("cryptography")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    key.public_key().verify(base64.b64decode(unquote(signer(pem)(QUERY))), QUERY.encode())
    with pytest.raises(InvalidInput, match="no Ed25519 private key"):
        signer("-----BEGIN PRIVATE KEY-----\nnot one\n-----END PRIVATE KEY-----")
