# SPDX-License-Identifier: Apache-2.0
"""Which engine for which primitive: the timings and the rules behind decision 0003.

All candidates of a primitive take turns within each round, so that a slow moment of the machine hits all of them;
a ratio is the median over rounds of the ratio within a round, with the 5th and 95th percentile beside it.
``python -m benches.hazmat_engines`` prints both parts, ``--rules`` the second alone, ``--rounds N`` changes 41.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import importlib
import platform
import ssl
import statistics
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7
from nacl import bindings
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from e2echeck.hazmat import aes, ed25519, edwards, kdf, mac, x25519

if TYPE_CHECKING:
    from collections.abc import Callable

    Work = Callable[[], object]
    Verifier = Callable[[bytes, bytes, bytes], bool]

SEED: Final = bytes(range(32))
SECRET: Final = bytes(range(32, 64))
IV: Final = bytes(16)
KEY: Final = ed25519.public_key(SEED)
OTHER: Final = x25519.public_key(SEED)
MESSAGE: Final = bytes(400)  # about one Megolm message of 300 bytes of plaintext
SIGNATURE: Final = ed25519.sign(SEED, MESSAGE)
RATCHET: Final = bytes(range(128))
INFO: Final = b"MEGOLM_KEYS"
CIPHERTEXT: Final = aes.cbc_encrypt(SECRET, IV, bytes(300))

_SHA256: Final = SHA256()
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))
_INNER_NUMBER: Final = int.from_bytes(b"\x36" * 64, "big")
_OUTER_NUMBER: Final = int.from_bytes(b"\x5c" * 64, "big")


# Candidates that take more than one call


def hmac_standard(key: bytes, data: bytes) -> bytes:
    """One call into the OpenSSL that Python came with."""
    return hmac.digest(key, data, "sha256")


def hmac_two_hashes(key: bytes, data: bytes) -> bytes:
    """RFC 2104 by hand, with tables that are looked up by bytes of the key; keys up to 64 bytes."""
    block = key.ljust(64, b"\0")
    inner = hashlib.sha256(block.translate(_INNER) + data).digest()
    return hashlib.sha256(block.translate(_OUTER) + inner).digest()


def hmac_two_hashes_xor(key: bytes, data: bytes) -> bytes:
    """The same without tables; keys of 32 bytes."""
    number = int.from_bytes(key, "big") << 256
    inner = hashlib.sha256((number ^ _INNER_NUMBER).to_bytes(64, "big") + data).digest()
    return hashlib.sha256((number ^ _OUTER_NUMBER).to_bytes(64, "big") + inner).digest()


def hmac_libsodium(key: bytes, data: bytes) -> bytes:
    """As by hand, over the SHA-256 of libsodium."""
    block = key.ljust(64, b"\0")
    inner = bindings.crypto_hash_sha256(block.translate(_INNER) + data)
    return bindings.crypto_hash_sha256(block.translate(_OUTER) + inner)


def hkdf_from(code: Callable[[bytes, bytes], bytes]) -> bytes:
    """80 bytes of HKDF from four HMACs."""
    key = code(bytes(32), RATCHET)
    block = out = b""
    for i in (b"\x01", b"\x02", b"\x03"):
        block = code(key, block + INFO + i)
        out += block
    return out[:80]


def cbc_with_unpadder() -> bytes:
    """Padding removed by OpenSSL's wrapper instead of two comparisons."""
    padded = Cipher(AES(SECRET), CBC(IV)).decryptor().update(CIPHERTEXT)
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def cbc_finalized() -> bytes:
    """With the final call that can only fail on lengths known to be right."""
    decryptor = Cipher(AES(SECRET), CBC(IV)).decryptor()
    padded = decryptor.update(CIPHERTEXT) + decryptor.finalize()
    return padded[: -padded[-1]]


def candidates() -> dict[str, tuple[int, dict[str, Work]]]:
    """For each primitive how many calls make a turn, and the candidates, the chosen one first."""
    kept_public = Ed25519PublicKey.from_public_bytes(KEY)
    kept_secret = bindings.crypto_sign_seed_keypair(SEED)[1]
    identity = (1).to_bytes(32, "little")
    codes = (mac.hmac_sha256, hmac_standard, hmac_two_hashes_xor, hmac_two_hashes, hmac_libsodium)
    names = (
        "e2echeck: OpenSSL in cryptography",
        "hmac.digest",
        "two hashes of hashlib, key XORed as a number",
        "two hashes of hashlib, key through a table",
        "two hashes of libsodium, key through a table",
    )

    def code_candidates(data: bytes) -> dict[str, Work]:
        return {name: partial(code, SECRET, data) for name, code in zip(names, codes, strict=True)}

    return {
        "Ed25519 verify, 400 bytes": (
            20,
            {
                "e2echeck: libsodium": lambda: ed25519.verify(KEY, SIGNATURE, MESSAGE),
                "libsodium, nacl.bindings.crypto_sign_open alone": lambda: bool(
                    bindings.crypto_sign_open(SIGNATURE + MESSAGE, KEY)
                ),
                "libsodium, nacl.signing.VerifyKey": lambda: bool(VerifyKey(KEY).verify(MESSAGE, SIGNATURE)),
                "OpenSSL, lax": lambda: ed25519._openssl(KEY, SIGNATURE, MESSAGE),
                "OpenSSL, lax, key object kept": lambda: kept_public.verify(SIGNATURE, MESSAGE) is None,
                "OpenSSL behind strict checks": lambda: ed25519._strict_openssl(KEY, SIGNATURE, MESSAGE),
            },
        ),
        "Ed25519 sign, 400 bytes": (
            20,
            {
                "e2echeck: libsodium, key derived": lambda: ed25519.sign(SEED, MESSAGE),
                "OpenSSL, key derived": lambda: Ed25519PrivateKey.from_private_bytes(SEED).sign(MESSAGE),
                "libsodium, key kept": lambda: bindings.crypto_sign(MESSAGE, kept_secret)[:64],
            },
        ),
        "Ed25519 key check": (
            50,
            {
                "e2echeck: libsodium, crypto_core_ed25519_add": lambda: ed25519.check_public_key(KEY).ok,
                "libsodium, is_valid_point (refuses mixed order)": lambda: (
                    bindings.crypto_core_ed25519_is_valid_point(KEY)
                ),
                "crypto_core_ed25519_add alone": lambda: bool(bindings.crypto_core_ed25519_add(KEY, identity)),
                "Python integers": lambda: edwards.decode_point(KEY) is not None,
            },
        ),
        "X25519 exchange": (
            20,
            {
                "e2echeck: libsodium": lambda: x25519.exchange(SECRET, OTHER),
                "OpenSSL": lambda: X25519PrivateKey.from_private_bytes(SECRET).exchange(
                    X25519PublicKey.from_public_bytes(OTHER)
                ),
            },
        ),
        "X25519 public key": (
            20,
            {
                "e2echeck: libsodium": lambda: x25519.public_key(SECRET),
                "OpenSSL": lambda: X25519PrivateKey.from_private_bytes(SECRET).public_key().public_bytes_raw(),
            },
        ),
        "HMAC-SHA-256, 1 byte (a step of the ratchet)": (300, code_candidates(b"\x00")),
        "HMAC-SHA-256, 400 bytes": (300, code_candidates(MESSAGE)),
        "HKDF-SHA-256, 80 bytes from 128": (
            150,
            {
                "e2echeck: OpenSSL in cryptography": lambda: kdf.hkdf_sha256(RATCHET, info=INFO, length=80),
                "the same without our checks": lambda: HKDF(_SHA256, 80, None, INFO).derive(RATCHET),
                "four hmac.digest": lambda: hkdf_from(hmac_standard),
                "four HMACs of cryptography": lambda: hkdf_from(mac.hmac_sha256),
                "four times two hashes, through a table": lambda: hkdf_from(hmac_two_hashes),
            },
        ),
        "AES-256-CBC decrypt, 304 bytes": (
            150,
            {
                "e2echeck: OpenSSL in cryptography": lambda: aes.cbc_decrypt(SECRET, IV, CIPHERTEXT),
                "with finalize, padding cut off unchecked": cbc_finalized,
                "with the unpadder of cryptography": cbc_with_unpadder,
            },
        ),
        "PBKDF2-HMAC-SHA-512, 10,000 iterations": (
            1,
            {
                "e2echeck: OpenSSL in cryptography": lambda: kdf.pbkdf2_hmac_sha512(b"pass", IV, 10_000, 64),
                "the same without our checks": lambda: PBKDF2HMAC(SHA512(), 64, IV, 10_000).derive(b"pass"),
                "hashlib.pbkdf2_hmac": lambda: hashlib.pbkdf2_hmac("sha512", b"pass", IV, 10_000, 64),
            },
        ),
    }


def measure(calls: int, works: dict[str, Work], rounds: int) -> dict[str, list[float]]:
    """Microseconds per call, one value per round; the order of turns rotates."""
    answers = [work() for work in works.values()]
    assert all(answer == answers[0] for answer in answers), "candidates disagree"
    times: dict[str, list[float]] = {name: [] for name in works}
    order = list(works)
    for _ in range(rounds):
        order.append(order.pop(0))
        for name in order:
            work = works[name]
            start = time.perf_counter_ns()
            for _ in range(calls):
                work()
            times[name].append((time.perf_counter_ns() - start) / calls / 1000)
    return times


def print_timings(rounds: int) -> None:
    """A table for each primitive; ratios are to its first line, which is what e2echeck does."""
    for primitive, (calls, works) in candidates().items():
        measure(calls, works, 2)  # warm up
        times = measure(calls, works, rounds)
        chosen = times[next(iter(works))]
        print(f"\n{primitive}\n{'':50}{'median us':>11}{'ratio':>8}   5% .. 95%")
        for name, values in times.items():
            ratios = [value / base for value, base in zip(values, chosen, strict=True)]
            cuts = statistics.quantiles(ratios, n=20)
            spread = f"{cuts[0]:.2f} .. {cuts[-1]:.2f}"
            print(f"{name:50}{statistics.median(values):11.2f}{statistics.median(ratios):8.2f}   {spread}")


# Rules


def text(data: bytes) -> str:
    """Unpadded base64."""
    return base64.b64encode(data).decode().rstrip("=")


def libsodium(key: bytes, signature: bytes, message: bytes) -> bool:
    """PyNaCl and nothing else."""
    try:
        bindings.crypto_sign_open(signature + message, key)
    except BadSignatureError:
        return False
    return True


def openssl(key: bytes, signature: bytes, message: bytes) -> bool:
    """The package cryptography and nothing else."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def verifiers() -> dict[str, Verifier]:
    """Ours, both engines, and the peers that are installed."""
    found: dict[str, Verifier] = {"e2echeck": ed25519.verify, "libsodium": libsodium, "OpenSSL": openssl}
    try:
        vodozemac = importlib.import_module("vodozemac")
    except ImportError:
        pass
    else:

        def by_vodozemac(key: bytes, signature: bytes, message: bytes) -> bool:
            try:
                public = vodozemac.Ed25519PublicKey.from_base64(text(key))
                public.verify_signature(message, vodozemac.Ed25519Signature.from_base64(text(signature)))
            except (vodozemac.KeyException, vodozemac.SignatureException):
                return False
            return True

        found["vodozemac"] = by_vodozemac
    try:
        olm = importlib.import_module("olm")
    except ImportError:
        pass
    else:

        def by_libolm(key: bytes, signature: bytes, message: bytes) -> bool:
            try:
                olm.ed25519_verify(text(key), message, text(signature))
            except olm.utility.OlmVerifyError:
                return False
            return True

        found["libolm"] = by_libolm
    return found


def number(value: int) -> bytes:
    """32 bytes, little endian."""
    return value.to_bytes(32, "little")


def rule_cases() -> dict[str, list[tuple[bytes, bytes, bytes]]]:
    """Signatures for which the equation without the cofactor holds over the points, but for the last row."""
    base, length = edwards.BASE, edwards.L
    torsion = next(
        point
        for point in map(edwards.decode_point, sorted(edwards.SMALL_ORDER_ENCODINGS))
        if point is not None and not edwards.same_point(edwards.multiply(4, point), edwards.IDENTITY)
    )

    def challenge(r: bytes, key: bytes, message: bytes) -> int:
        return int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % length

    def forge(secret: int, key: bytes, nonce: int, r: bytes, message: bytes) -> tuple[bytes, bytes, bytes]:
        s = (nonce + challenge(r, key, message) * secret) % length
        return key, r + number(s), message

    plain_r = edwards.encode_point(edwards.multiply(3, base))
    plain_key = edwards.encode_point(edwards.multiply(7, base))
    keys = [edwards.add(edwards.multiply(7, base), edwards.multiply(i, torsion)) for i in range(8)]
    messages = [b"%d" % i for i in range(64)]

    def vanishes(scalar: int, point: edwards.Point) -> bool:
        return edwards.same_point(edwards.multiply(scalar % 8, point), edwards.IDENTITY)

    cases: dict[str, list[tuple[bytes, bytes, bytes]]] = {}
    key, signature, message = forge(7, plain_key, 3, plain_r, b"")
    cases["honest"] = [(key, signature, message)]
    s = int.from_bytes(signature[32:], "little")
    cases["S + L"] = [(key, plain_r + number(s + length), message)]
    for canonical in (True, False):
        spelling = "canonical" if canonical else "not canonical"
        small_keys, small_rs = [], []
        for encoding in sorted(edwards.SMALL_ORDER_ENCODINGS):
            point = edwards.decode_point(encoding)
            assert point is not None
            if edwards.is_canonical_point(encoding) is not canonical:
                continue
            found = (m for m in messages if vanishes(challenge(plain_r, encoding, m), point))
            small_keys.append(forge(0, encoding, 3, plain_r, next(found)))
            small_rs.append(
                next(
                    forge(7, edwards.encode_point(mixed), 0, encoding, m)
                    for i, mixed in enumerate(keys)
                    for m in messages
                    if edwards.same_point(
                        edwards.add(
                            point,
                            edwards.multiply(challenge(encoding, edwards.encode_point(mixed), m) * i % 8, torsion),
                        ),
                        edwards.IDENTITY,
                    )
                )
            )
        cases[f"A of small order, {spelling}"] = small_keys
        cases[f"R of small order, {spelling}"] = small_rs
    mixed_key = edwards.encode_point(keys[1])
    cancelling: list[tuple[bytes, bytes, bytes]] = []
    residue: list[tuple[bytes, bytes, bytes]] = []
    for i in range(8):
        mixed_r = edwards.encode_point(edwards.add(edwards.multiply(3, base), edwards.multiply(i, torsion)))
        for m in messages:
            kept = (i + challenge(mixed_r, mixed_key, m)) % 8 == 0
            (cancelling if kept else residue).append(forge(7, mixed_key, 3, mixed_r, m))
    cases["A, R of mixed order, torsion cancels"] = cancelling
    cases["A, R of mixed order, cofactor needed"] = residue
    return cases


def print_rules() -> None:
    """How many signatures of each kind each verifier accepts."""
    columns = verifiers()
    print(f"\naccepted{'':34}" + "".join(f"{name:>12}" for name in columns))
    for kind, signatures in rule_cases().items():
        counts = [sum(verifier(*signature) for signature in signatures) for verifier in columns.values()]
        print(f"{kind:42}" + "".join(f"{f'{count} of {len(signatures)}':>12}" for count in counts))


def print_machine() -> None:
    """Processor and versions."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [line for line in info.read_text("utf-8").splitlines() if line.startswith("model name")]
        processor = models[0].partition(":")[2].strip() if models else processor
    print(f"processor     {processor}")
    print(f"Python        {platform.python_version()}, with {ssl.OPENSSL_VERSION}")
    print(f"cryptography  {version('cryptography')}, with {backend.openssl_version_text()}")
    print(f"PyNaCl        {version('pynacl')}, engine for Ed25519: {ed25519.ENGINE}")


def main() -> None:
    """Machine, timings, rules."""
    parser = argparse.ArgumentParser(description="Measure the engines of e2echeck.hazmat.")
    parser.add_argument("--rules", action="store_true", help="only which signatures are accepted")
    parser.add_argument("--rounds", type=int, default=41, help="rounds of timing, at least 2")
    arguments = parser.parse_args()
    print_machine()
    if not arguments.rules:
        print_timings(arguments.rounds)
    print_rules()


if __name__ == "__main__":
    main()
