# SPDX-License-Identifier: Apache-2.0
"""HKDF-SHA-256: deriving keys.

Olm, Megolm, backups, secret storage and verification all derive their keys with the same function, and differ in
salt, label and length only. A label that is wrong, or a salt in the wrong place, gives keys that nobody else has.
"""

from __future__ import annotations

from e2echeck.reasons import Reason
from e2echeck.testing.forge import base64_text, hkdf_sha256, seeded
from vectors.registry import Draft, case, invalid, valid

FLAGS: dict[str, str] = {
    "Label": "Input, salt, label and length are those that a Matrix protocol uses.",
    "NoSalt": "The salt is empty, which stands for 32 zero bytes.",
}
_CLAUSE = "RFC 5869 sections 2.2 and 2.3"
_OLM = "Matrix Olm: The Olm algorithm"
_ZERO = bytes(32)


def _derived(ikm: bytes, length: int, *, salt: bytes = b"", info: bytes = b"", note: str = "") -> Draft:
    okm = hkdf_sha256(ikm, salt=salt, info=info, length=length)
    return valid("hkdf.derive", {"okm": okm}, ikm=ikm, salt=salt, info=info, length=length, note=note)


def _refused(length: int, note: str) -> Draft:
    return invalid(
        "hkdf.derive", Reason.KDF_LENGTH, ikm=seeded("hkdf ikm", 32), salt=b"", info=b"", length=length, note=note
    )


def _published(number: int, ikm: str, salt: str, info: str, okm: str) -> Draft:
    return valid(
        "hkdf.derive",
        {"okm": bytes.fromhex(okm)},
        ikm=bytes.fromhex(ikm),
        salt=bytes.fromhex(salt),
        info=bytes.fromhex(info),
        length=len(okm) // 2,
        by=(f"RFC 5869 appendix A.{number}",),
        note=("It is the basic one.", "It has long inputs.", "It has neither salt nor info.")[number - 1],
    )


@case(clause="RFC 5869 appendix A")
def published() -> dict[str, Draft]:
    """One of the three examples of RFC 5869 with SHA-256."""
    return {
        "a1": _published(
            1,
            "0b" * 22,
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        "a2": _published(
            2,
            bytes(range(0x50)).hex(),
            bytes(range(0x60, 0xB0)).hex(),
            bytes(range(0xB0, 0x100)).hex(),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            "cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ),
        "a3": _published(
            3,
            "0b" * 22,
            "",
            "",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    }


@case(clause=_CLAUSE)
def length() -> dict[str, Draft]:
    """The output has as many bytes as were asked for, in blocks of 32 that build on each other."""
    lengths = {
        1: "It is one byte.",
        31: "It is one byte less than a block.",
        32: "It is one block.",
        33: "It is one byte more than a block.",
        64: "It is two blocks.",
        80: "It is two blocks and a half, as for Olm and Megolm.",
        8160: "It is 255 blocks, the most there is.",
    }
    ikm = seeded("hkdf ikm", 32)
    return {str(count): _derived(ikm, count, info=b"length", note=note) for count, note in lengths.items()}


@case(clause="RFC 5869 section 2.3")
def length_impossible() -> dict[str, Draft]:
    """A length that HKDF cannot give is asked for."""
    return {
        "0": _refused(0, "It is 0: no key is no key."),
        "8161": _refused(8161, "It is 8161, one byte more than 255 blocks."),
        "8192": _refused(8192, "It is 8192, which would be block 256, whose number is no byte."),
    }


@case(clause="RFC 5869 section 2.2")
def salt() -> dict[str, Draft]:
    """The salt is the key of the first HMAC, which fills up short keys with zeros and hashes long ones."""
    ikm = seeded("hkdf ikm", 32)
    lengths = {
        1: "It has one byte.",
        31: "It has 31 bytes.",
        64: "It has 64 bytes, one block of SHA-256.",
        65: "It has 65 bytes, one more than a block of SHA-256, and is hashed first.",
        200: "It has 200 bytes.",
    }
    return {
        str(count): _derived(ikm, 64, salt=seeded("hkdf salt", count), info=b"salt", note=note)
        for count, note in lengths.items()
    }


@case(clause="RFC 5869 section 2.2")
def salt_of_zeros() -> dict[str, Draft]:
    """No salt, or any number of zero bytes up to 64, gives one and the same output."""
    ikm = seeded("hkdf zeros", 32)
    lengths = {
        0: "It is empty.",
        1: "It is one zero byte.",
        32: "It is 32 zero bytes, which RFC 5869 puts in the place of no salt.",
        64: "It is 64 zero bytes.",
    }
    return {
        str(count): _derived(ikm, 64, salt=bytes(count), info=b"", note=note) for count, note in lengths.items()
    }


@case(clause="RFC 5869 section 2.2")
def salt_of_65_zeros() -> Draft:
    """A salt of 65 zero bytes is hashed first, so it is another one than fewer zeros."""
    return _derived(seeded("hkdf zeros", 32), 64, salt=bytes(65))


@case(clause=_CLAUSE, flags=("NoSalt",))
def input_length() -> dict[str, Draft]:
    """The input key material has any length."""
    return {
        "0": _derived(b"", 32, info=b"input", note="It is empty."),
        "1": _derived(b"\x01", 32, info=b"input", note="It is one byte."),
        "96": _derived(seeded("hkdf ikm", 96), 32, info=b"input", note="It has 96 bytes."),
        "1000": _derived(seeded("hkdf ikm", 1000), 32, info=b"input", note="It has 1000 bytes."),
    }


@case(clause="RFC 5869 section 2.3")
def info_with_zero_byte() -> dict[str, Draft]:
    """A zero byte in the info is a byte like any other."""
    ikm = seeded("hkdf ikm", 32)
    return {
        "inside": _derived(ikm, 32, info=b"OLM\0KEYS", note="It stands in the middle."),
        "behind": _derived(ikm, 32, info=b"OLM_KEYS\0", note="It stands at the end, as a string of C has it."),
        "alone": _derived(ikm, 32, info=b"\0", note="There is nothing else."),
    }


@case(clause=_OLM, flags=("Label", "NoSalt"))
def olm_root() -> Draft:
    """The first root key and chain key of an Olm session come from three shared secrets, 96 bytes, without salt."""
    return _derived(seeded("hkdf triple secret", 96), 64, info=b"OLM_ROOT")


@case(clause=_OLM, flags=("Label",))
def olm_ratchet() -> Draft:
    """The next root key and chain key of an Olm session come from a new shared secret, with the root key as salt."""
    return _derived(seeded("hkdf shared secret", 32), 64, salt=seeded("hkdf root key", 32), info=b"OLM_RATCHET")


@case(clause=_OLM, flags=("Label", "NoSalt"))
def olm_keys() -> Draft:
    """The AES key, MAC key and IV of an Olm message come from its message key."""
    return _derived(seeded("hkdf message key", 32), 80, info=b"OLM_KEYS")


@case(clause="Matrix Megolm: Message encryption", flags=("Label", "NoSalt"))
def megolm_keys() -> Draft:
    """The AES key, MAC key and IV of a Megolm message come from all 128 bytes of the ratchet."""
    return _derived(seeded("hkdf ratchet", 128), 80, info=b"MEGOLM_KEYS")


@case(clause="Matrix CS: m.megolm_backup.v1.curve25519-aes-sha2", flags=("Label",))
def backup() -> Draft:
    """The AES key, MAC key and IV of a backed up session come from a shared secret, with 32 zero bytes and no label."""
    return _derived(seeded("hkdf backup secret", 32), 80, salt=_ZERO)


@case(clause="Matrix CS: m.secret_storage.v1.aes-hmac-sha2", flags=("Label",))
def secret_storage() -> dict[str, Draft]:
    """The AES key and MAC key of a stored secret come from the storage key, with 32 zero bytes and its name."""
    names = {
        "master": "m.cross_signing.master",
        "self-signing": "m.cross_signing.self_signing",
        "user-signing": "m.cross_signing.user_signing",
        "backup": "m.megolm_backup.v1",
    }
    key = seeded("hkdf storage key", 32)
    return {
        variant: _derived(key, 64, salt=_ZERO, info=name.encode(), note=f"The secret is {name}.")
        for variant, name in names.items()
    }


@case(clause="Matrix CS: m.secret_storage.v1.aes-hmac-sha2", flags=("Label",))
def secret_storage_key_check() -> Draft:
    """The keys that check the storage key itself come from it with 32 zero bytes and an empty label."""
    return _derived(seeded("hkdf storage key", 32), 64, salt=_ZERO)


@case(clause="vodozemac: pickle/libolm pickles", flags=("Label", "NoSalt"))
def pickle() -> dict[str, Draft]:
    """The AES key, MAC key and IV of a pickled object come from the pickle key, which may have any length."""
    return {
        "32-bytes": _derived(seeded("hkdf pickle key", 32), 80, info=b"Pickle", note="It has 32 bytes here."),
        "passphrase": _derived(b"secret_key", 80, info=b"Pickle", note="It is a word here."),
        "empty": _derived(b"", 80, info=b"Pickle", note="It is empty here, which libolm allows."),
    }


_ALICE = "@alice:example.org", "ALICEDEVICE"
_BOB = "@bob:example.org", "BOBDEVICE"
_KEY_A = base64_text(seeded("hkdf first key", 32))
_KEY_B = base64_text(seeded("hkdf second key", 32))
_TRANSACTION = "S0meUniqueAndOpaqueString"


@case(clause="Matrix CS: SAS HKDF calculation", flags=("Label", "NoSalt"))
def sas() -> dict[str, Draft]:
    """The bytes that two people compare come from a shared secret and say between whom, by which keys and when."""
    parts = ("MATRIX_KEY_VERIFICATION_SAS", *_ALICE, _KEY_A, *_BOB, _KEY_B, _TRANSACTION)
    info = "|".join(parts).encode()
    secret = seeded("hkdf sas secret", 32)
    return {
        "decimal": _derived(secret, 5, info=info, note="For three numbers it is 5 bytes."),
        "emoji": _derived(secret, 6, info=info, note="For seven emoji it is 6 bytes."),
    }


@case(clause="Matrix CS: MAC calculation", flags=("Label", "NoSalt"))
def sas_mac() -> dict[str, Draft]:
    """The key of a MAC in a verification comes from a shared secret and says from whom, to whom and over what."""
    base = "".join(("MATRIX_KEY_VERIFICATION_MAC", *_ALICE, *_BOB, _TRANSACTION))
    secret = seeded("hkdf sas secret", 32)
    over = {
        "device-key": ("ed25519:ALICEDEVICE", "It is over a device key."),
        "master-key": (f"ed25519:{_KEY_A}", "It is over a master key."),
        "key-ids": ("KEY_IDS", "It is over the list of key ids."),
    }
    return {
        name: _derived(secret, 32, info=f"{base}{what}".encode(), note=note) for name, (what, note) in over.items()
    }
