# SPDX-License-Identifier: Apache-2.0
"""A builder of Matrix end-to-end encryption bytes, right and wrong, from explicit seeds.

Use it to test an implementation of your own, in any language: what it writes is the same on every run and every
machine, and each mistake is made alone, so that a refusal can only have one reason.

>>> from e2echeck.testing.forge import MegolmForger, flip_bit, varint_field
>>> alice = MegolmForger.from_label("alice")
>>> to_be_opened = alice.session_key(), alice.message(b"hello", index=7)
>>> to_be_refused = [
...     alice.message(b"hello", index=7, signature=flip_bit),
...     alice.message(b"hello", index=7, mac=bytes(8)),  # with a right signature over the wrong MAC
...     alice.message(b"hello", index=7, index_field=varint_field(1, 7, width=11)),
... ]

It shares no code with the readers of this library, so that an error in one cannot hide in the other: it stands on
hashlib and hmac, on AES of `cryptography`, and on the curve arithmetic of `e2echeck.hazmat.edwards`.  It checks
nothing, keeps no secret and takes variable time.  What it cannot write at all raises ``ValueError`` or
``OverflowError``, not the errors of this library: here the caller is wrong and not the input.
"""

from e2echeck.testing.forge.ed25519 import (
    IDENTITY_KEY,
    Ed25519Key,
    ForgedSignature,
    add_l,
    challenge,
    forge_torsion,
    identity_key_signature,
    little_endian,
    non_canonical_encodings,
    small_order_encodings,
    torsion_points,
)
from e2echeck.testing.forge.encodings import (
    Part,
    base64_text,
    bytes_field,
    fixed32_field,
    fixed64_field,
    flip_bit,
    group_field,
    instead,
    seeded,
    tag,
    varint,
    varint_field,
)
from e2echeck.testing.forge.key_file import KeyFileArmour, key_file, key_file_body, key_file_entry
from e2echeck.testing.forge.libolm_pickle import pickle_account, pickle_session, seal_pickle
from e2echeck.testing.forge.megolm import MegolmForger, megolm_keys, megolm_ratchet, megolm_ratchet_step
from e2echeck.testing.forge.olm import OlmChain, OlmParty, olm_keys, olm_pre_key_message, olm_step, three_dh
from e2echeck.testing.forge.symmetric import (
    cbc_decrypt_raw,
    cbc_encrypt_raw,
    ctr_raw,
    hkdf_sha256,
    hmac_sha256,
    pkcs7_padding,
)
from e2echeck.testing.forge.x25519 import x25519, x25519_low_order, x25519_public_key, x25519_spellings

__all__ = [
    "IDENTITY_KEY",
    "Ed25519Key",
    "ForgedSignature",
    "KeyFileArmour",
    "MegolmForger",
    "OlmChain",
    "OlmParty",
    "Part",
    "add_l",
    "base64_text",
    "bytes_field",
    "cbc_decrypt_raw",
    "cbc_encrypt_raw",
    "challenge",
    "ctr_raw",
    "fixed32_field",
    "fixed64_field",
    "flip_bit",
    "forge_torsion",
    "group_field",
    "hkdf_sha256",
    "hmac_sha256",
    "identity_key_signature",
    "instead",
    "key_file",
    "key_file_body",
    "key_file_entry",
    "little_endian",
    "megolm_keys",
    "megolm_ratchet",
    "megolm_ratchet_step",
    "non_canonical_encodings",
    "olm_keys",
    "olm_pre_key_message",
    "olm_step",
    "pickle_account",
    "pickle_session",
    "pkcs7_padding",
    "seal_pickle",
    "seeded",
    "small_order_encodings",
    "tag",
    "three_dh",
    "torsion_points",
    "varint",
    "varint_field",
    "x25519",
    "x25519_low_order",
    "x25519_public_key",
    "x25519_spellings",
]
