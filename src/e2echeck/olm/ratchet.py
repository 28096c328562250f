# SPDX-License-Identifier: Apache-2.0
"""The double ratchet's sending half, as two types.

`ActiveRatchet` has a chain to send with.  A message under a new ratchet key of the other side turns it into an
`InactiveRatchet`, which has none until something is to be sent.  Neither ever changes; each step makes another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2echeck.errors import StateError
from e2echeck.hazmat import x25519
from e2echeck.olm.chain_key import ChainKey
from e2echeck.olm.receiver_chain import ReceiverChain
from e2echeck.olm.root_key import RootKey
from e2echeck.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ActiveRatchet", "InactiveRatchet"]

_LAST_INDEX: Final = 0xFFFF_FFFF


class ActiveRatchet:
    """A ratchet that can send; secret.

    Args:
        root_key: R_i.
        ratchet_secret: our T_i, secret half, 32 bytes.
        chain_key: C_ij for the next message.
        ratchet_key: our T_i, public half; computed when not given.
    """

    __slots__ = ("chain_key", "ratchet_key", "ratchet_secret", "root_key")

    def __init__(
        self, root_key: RootKey, ratchet_secret: bytes, chain_key: ChainKey, ratchet_key: bytes | None = None
    ) -> None:
        self.root_key = root_key
        self.ratchet_secret = ratchet_secret
        self.chain_key = chain_key
        self.ratchet_key = x25519.public_key(ratchet_secret) if ratchet_key is None else ratchet_key

    def __repr__(self) -> str:
        return f"<ActiveRatchet at index {self.chain_key.index}, secret>"

    def next(self) -> tuple[bytes, ActiveRatchet]:
        """The key M (32 bytes, secret) of the next message, whose index is that of `chain_key`, and what follows.

        Raises:
            StateError: ``olm.index-exhausted`` past index 2^32-1, which the format cannot express.
        """
        chain_key = self.chain_key
        if chain_key.index > _LAST_INDEX:
            raise StateError(Reason.OLM_INDEX_EXHAUSTED)
        after = ActiveRatchet(self.root_key, self.ratchet_secret, chain_key.next(), self.ratchet_key)
        return chain_key.message_key(), after

    def advance(self, their_ratchet_key: bytes) -> tuple[InactiveRatchet, ReceiverChain]:
        """Take a new ratchet key of the other side: the ratchet without a sending chain, and the new receiving one.

        Raises:
            VerificationError: ``x25519.non-contributory``.
        """
        root_key, chain_key = self.root_key.advance(self.ratchet_secret, their_ratchet_key)
        return InactiveRatchet(root_key, their_ratchet_key), ReceiverChain(their_ratchet_key, chain_key)


class InactiveRatchet:
    """A ratchet that has received and not yet sent; secret.

    Args:
        root_key: R_i.
        their_ratchet_key: the other side's T_i, 32 bytes.
    """

    __slots__ = ("root_key", "their_ratchet_key")

    def __init__(self, root_key: RootKey, their_ratchet_key: bytes) -> None:
        self.root_key = root_key
        self.their_ratchet_key = their_ratchet_key

    def __repr__(self) -> str:
        return "<InactiveRatchet, secret>"

    def activate(self, rng: Callable[[int], bytes]) -> ActiveRatchet:
        """Begin a sending chain under a new ratchet key.

        Args:
            rng: gives n random bytes; asked for 32, the secret ratchet key.

        Raises:
            VerificationError: ``x25519.non-contributory``.
        """
        ratchet_secret = rng(32)
        root_key, chain_key = self.root_key.advance(ratchet_secret, self.their_ratchet_key)
        return ActiveRatchet(root_key, ratchet_secret, chain_key)
