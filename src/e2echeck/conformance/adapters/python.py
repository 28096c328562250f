# SPDX-License-Identifier: Apache-2.0
"""Python packages that do one thing each: what Synapse signs with, OpenSSL, and the standard library."""

from __future__ import annotations

import hmac
import json
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from e2echeck.conformance.adapters import calls
from e2echeck.testing.adapter import Answer, accept, reject, unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2echeck.vectors import Value

__all__ = ["CanonicalJson", "OpenSsl", "SignedJson", "StandardLibrary", "UnpaddedBase64"]


class CanonicalJson:
    """canonicaljson behind ``json.loads``, as Synapse reads events."""

    name = "canonicaljson"

    def __init__(self) -> None:
        self.version = version("canonicaljson")

    def answer(self, operation: str, values: Mapping[str, Value]) -> Answer:
        """As `e2echeck.testing.adapter.Adapter.answer`."""
        return calls.answer(self, operation, values, refusals=(ValueError, RecursionError))

    def canonical_json_canonicalise(self, values: Mapping[str, Any]) -> Answer:
        """Parse and encode."""
        from canonicaljson import encode_canonical_json  # noqa: PLC0415 - a peer, imported in the child

        return accept(canonical=encode_canonical_json(json.loads(values["json"])))


class UnpaddedBase64:
    """unpaddedbase64, as signedjson decodes keys and signatures."""

    name = "unpaddedbase64"

    def __init__(self) -> None:
        self.version = version("unpaddedbase64")

    def answer(self, operation: str, values: Mapping[str, Value]) -> Answer:
        """As `e2echeck.testing.adapter.Adapter.answer`."""
        return calls.answer(self, operation, values, refusals=(ValueError,))

    def base64_decode(self, values: Mapping[str, Any]) -> Answer:
        """Either alphabet, whatever is asked for."""
        from unpaddedbase64 import decode_base64  # noqa: PLC0415 - a peer, imported in the child

        return accept(data=decode_base64(values["text"].decode("ascii")))

    def base64_encode(self, values: Mapping[str, Any]) -> Answer:
        """Encode."""
        from unpaddedbase64 import encode_base64  # noqa: PLC0415 - a peer, imported in the child

        return accept(text=encode_base64(values["data"], urlsafe=values["url_safe"]).encode("ascii"))


class SignedJson:
    """signedjson over canonicaljson behind ``json.loads``."""

    name = "signedjson"

    def __init__(self) -> None:
        self.version = version("signedjson")

    def answer(self, operation: str, values: Mapping[str, Value]) -> Answer:
        """As `e2echeck.testing.adapter.Adapter.answer`."""
        from signedjson.sign import SignatureVerifyException  # noqa: PLC0415 - a peer, imported in the child

        # It looks into JSON without asking what is there.
        shapes = (AttributeError, KeyError, TypeError)
        refusals = (SignatureVerifyException, ValueError, RecursionError, *shapes)
        return calls.answer(self, operation, values, refusals=refusals)

    def signing_sign_json(self, values: Mapping[str, Any]) -> Answer:
        """Sign, and write the whole object as canonical JSON."""
        from canonicaljson import encode_canonical_json  # noqa: PLC0415 - peers, imported in the child
        from signedjson.key import decode_signing_key_base64  # noqa: PLC0415
        from signedjson.sign import sign_json  # noqa: PLC0415

        algorithm, _, name = values["key_id"].decode("utf-8").partition(":")
        if algorithm != "ed25519":
            return unsupported("there is one algorithm")
        key = decode_signing_key_base64(algorithm, name, calls.to_base64(values["seed"]))
        signed = sign_json(json.loads(values["json"]), values["entity"].decode("utf-8"), key)
        return accept(json=encode_canonical_json(signed))

    def signing_verify_json(self, values: Mapping[str, Any]) -> Answer:
        """Verify with one key."""
        from signedjson.key import decode_verify_key_bytes  # noqa: PLC0415 - a peer, imported in the child
        from signedjson.sign import verify_signed_json  # noqa: PLC0415

        key_id = values["key_id"].decode("utf-8")
        if not key_id.startswith("ed25519:"):
            return unsupported("there is one algorithm")
        key = decode_verify_key_bytes(key_id, values["public_key"])
        verify_signed_json(json.loads(values["json"]), values["entity"].decode("utf-8"), key)
        return accept()


class OpenSsl:
    """OpenSSL through cryptography: Ed25519, X25519 and HKDF."""

    name = "OpenSSL"

    def __init__(self) -> None:
        from cryptography.hazmat.backends.openssl import backend  # noqa: PLC0415 - only in the child

        self.version = backend.openssl_version_text().split()[1]

    def answer(self, operation: str, values: Mapping[str, Value]) -> Answer:
        """As `e2echeck.testing.adapter.Adapter.answer`."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only in the child

        return calls.answer(self, operation, values, refusals=(ValueError, InvalidSignature))

    def ed25519_verify(self, values: Mapping[str, Any]) -> Answer:
        """Verification as OpenSSL does it."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

        Ed25519PublicKey.from_public_bytes(values["public_key"]).verify(values["signature"], values["message"])
        return accept()

    def ed25519_sign(self, values: Mapping[str, Any]) -> Answer:
        """Sign."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

        key = Ed25519PrivateKey.from_private_bytes(values["seed"])
        return accept(public_key=key.public_key().public_bytes_raw(), signature=key.sign(values["message"]))

    def x25519_exchange(self, values: Mapping[str, Any]) -> Answer:
        """Key agreement."""
        from cryptography.hazmat.primitives.asymmetric import x25519  # noqa: PLC0415

        secret = x25519.X25519PrivateKey.from_private_bytes(values["secret"])
        return accept(shared_secret=secret.exchange(x25519.X25519PublicKey.from_public_bytes(values["public"])))

    def x25519_public_key(self, values: Mapping[str, Any]) -> Answer:
        """The public key."""
        from cryptography.hazmat.primitives.asymmetric import x25519  # noqa: PLC0415

        secret = x25519.X25519PrivateKey.from_private_bytes(values["secret"])
        return accept(public=secret.public_key().public_bytes_raw())


class StandardLibrary:
    """HKDF put together from Python's hmac."""

    name = "Python hmac"
    version = platform.python_version()

    def answer(self, operation: str, values: Mapping[str, Value]) -> Answer:
        """As `e2echeck.testing.adapter.Adapter.answer`."""
        return calls.answer(self, operation, values, refusals=())

    def hkdf_derive(self, values: Mapping[str, Any]) -> Answer:
        """RFC 5869 sections 2.2 and 2.3."""
        length = values["length"]
        if not 1 <= length <= 255 * 32:
            return reject("length")
        key = hmac.digest(values["salt"] or bytes(32), values["ikm"], "sha256")
        block = okm = b""
        for counter in range(1, (length + 31) // 32 + 1):
            block = hmac.digest(key, block + values["info"] + bytes((counter,)), "sha256")
            okm += block
        return accept(okm=okm[:length])
