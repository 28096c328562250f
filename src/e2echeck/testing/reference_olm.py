# SPDX-License-Identifier: Apache-2.0
"""The ways into Olm and its payload rules; see `e2echeck.testing.reference`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from e2echeck import canonical_json, encoding, olm, room_keys
from e2echeck.errors import E2EError
from e2echeck.olm.chain_key import ChainKey
from e2echeck.olm.ratchet import ActiveRatchet, InactiveRatchet
from e2echeck.olm.receiver_chain import ReceiverChain
from e2echeck.olm.root_key import RootKey
from e2echeck.testing.adapter import Answer, Outcome, accept
from e2echeck.testing.ways import Calls, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from e2echeck.verdict import Strictness

__all__ = ["OLM_WAYS"]


def _from(*parts: bytes) -> Callable[[int], bytes]:
    """A random source that gives these bytes in turn, and fails behind them or for another length."""
    left = list(parts)

    def rng(count: int) -> bytes:
        part = left.pop(0)
        if len(part) != count:
            raise AssertionError(count)
        return part

    return rng


def _olm_config(values: Mapping[str, Any]) -> olm.SessionConfig:
    return olm.SessionConfig.VERSION_2 if values["config"] == 2 else olm.SessionConfig.VERSION_1


def _olm_inbound(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    config = _olm_config(values)
    secrets, fallback = values["one_time_secrets"], values.get("fallback_secrets", [])

    def fresh() -> olm.Account:
        account = olm.Account(rng=_from(bytes(32), values["identity_secret"]))
        account.generate_one_time_keys(len(secrets), rng=_from(*secrets))
        for secret in reversed(fallback):
            account.generate_fallback_key(rng=_from(secret))
        for message in values.get("preceding", []):
            try:
                begin(account, message)
            except E2EError:
                continue
        return account

    def begin(account: olm.Account, message: str | bytes | olm.PreKeyMessage) -> Answer:
        session, plaintext = account.create_inbound_session(
            values["their_identity_key"], message, config=config, strictness=strictness
        )
        return accept(plaintext=plaintext, session_id=encoding.decode_base64(session.session_id).value)

    def parsed() -> Answer:
        message = olm.PreKeyMessage.parse(values["message"], config=config).accept(strictness)
        return begin(fresh(), message)

    def unchanged() -> Answer:
        account = fresh()
        before = account._state()
        try:
            return begin(account, values["message"])
        except E2EError:
            if account._state() != before:
                return Answer(Outcome.ERROR, detail="a refused message changed the account")
            raise

    yield "bytes", lambda: begin(fresh(), values["message"])
    yield "str", lambda: begin(fresh(), encoding.encode_base64(values["message"]))
    yield "PreKeyMessage", parsed
    yield "bytes, state compared", unchanged


def _olm_outbound(values: Mapping[str, Any], _strictness: Strictness) -> Calls:
    def begin(identity_key: str | bytes, one_time_key: str | bytes) -> Answer:
        account = olm.Account(rng=_from(bytes(32), values["identity_secret"]))
        rng = _from(values["base_secret"], values["ratchet_secret"])
        session = account.create_outbound_session(identity_key, one_time_key, config=_olm_config(values), rng=rng)
        message = session.encrypt(values["plaintext"]).to_bytes()
        return accept(message=message, session_id=encoding.decode_base64(session.session_id).value)

    keys: tuple[bytes, bytes] = values["their_identity_key"], values["their_one_time_key"]
    yield "bytes", lambda: begin(*keys)
    if all(len(key) == 32 for key in keys):
        yield "str", lambda: begin(*map(encoding.encode_base64, keys))


def _olm_session(values: Mapping[str, Any]) -> olm.Session:
    """A session in the state that a vector gives."""
    identity_key, base_key, one_time_key = values["session_keys"]
    skipped: dict[bytes, list[tuple[int, bytes]]] = {}
    for entry in values.get("skipped", []):
        skipped.setdefault(entry[:32], []).append((int.from_bytes(entry[64:], "big"), entry[32:64]))
    chains = tuple(
        ReceiverChain(
            entry[:32],
            ChainKey(entry[32:64], int.from_bytes(entry[64:], "big")),
            tuple(sorted(skipped.get(entry[:32], []))),
        )
        for entry in reversed(values["receiving"])
    )
    root_key = RootKey(values["root_key"])
    ratchet: ActiveRatchet | InactiveRatchet
    if "ratchet_secret" in values:
        chain_key = ChainKey(values["chain_key"], values["chain_index"])
        ratchet = ActiveRatchet(root_key, values["ratchet_secret"], chain_key)
    else:
        ratchet = InactiveRatchet(root_key, chains[-1].ratchet_key)
    keys = olm.SessionKeys(identity_key, base_key, one_time_key)
    return olm.Session(keys, _olm_config(values), ratchet, chains)


def _olm_encrypt(values: Mapping[str, Any], _strictness: Strictness) -> Calls:
    def encrypt() -> Answer:
        message = _olm_session(values).encrypt(values["plaintext"], rng=_from())
        return accept(message_type=message.message_type, message=message.to_bytes())

    yield "encrypt", encrypt


def _olm_decrypt(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    config = _olm_config(values)
    kind: type[olm.Message | olm.PreKeyMessage] = olm.PreKeyMessage if values["message_type"] == 0 else olm.Message

    def fresh() -> olm.Session:
        session = _olm_session(values)
        for message in values.get("preceding", []):
            try:
                session.decrypt(
                    olm.Message.parse(message, config=config).accept(strictness), strictness=strictness
                )
            except E2EError:
                continue
        return session

    def decrypt(wire: str | bytes) -> Answer:
        message = kind.parse(wire, config=config).accept(strictness)
        session = fresh()
        before = session._state()
        try:
            return accept(plaintext=session.decrypt(message, strictness=strictness))
        except E2EError:
            if session._state() != before:
                return Answer(Outcome.ERROR, detail="a refused message changed the session")
            raise

    def entry() -> Answer:
        text = encoding.encode_base64(values["message"])
        parsed = olm.read_ciphertext({"type": values["message_type"], "body": text}, config=config)
        return accept(plaintext=fresh().decrypt(parsed.accept(strictness), strictness=strictness))

    yield "bytes", lambda: decrypt(values["message"])
    yield "str", lambda: decrypt(encoding.encode_base64(values["message"]))
    yield "read_ciphertext", entry


def _olm_read_ciphertext(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    def read() -> Answer:
        entry = canonical_json.read(values["entry"]).value
        message = olm.read_ciphertext(entry).accept(strictness)
        return accept(message_type=message.message_type, message=message.to_bytes())

    yield "read_ciphertext", read


def _check_payload(values: Mapping[str, Any], strictness: Strictness) -> Calls:
    arguments = {
        "sender": values["sender"].decode("utf-8"),
        "sender_key": values["sender_key"],
        "recipient": values["recipient"].decode("utf-8"),
        "recipient_ed25519": values["recipient_ed25519"],
        "sender_ed25519": values.get("sender_ed25519"),
        "strictness": strictness,
    }

    def check() -> Answer:
        verdict = room_keys.check_payload(values["plaintext"], **arguments)
        if not verdict.ok and verdict.code is not None:
            raise RefusedError(verdict.code)
        return accept()

    def read() -> Answer:
        room_keys.read_olm_payload(values["plaintext"], **arguments)
        return accept()

    yield "check_payload", check
    yield "read_olm_payload", read


def _check_to_device(values: Mapping[str, Any], _strictness: Strictness) -> Calls:
    def check() -> Answer:
        verdict = room_keys.check_to_device(canonical_json.read(values["event"]).value)
        if verdict.code is not None:
            raise RefusedError(verdict.code)
        return accept()

    yield "check_to_device", check


OLM_WAYS: Final[dict[str, Callable[[Mapping[str, Any], Strictness], Calls]]] = {
    "olm.create_inbound_session": _olm_inbound,
    "olm.create_outbound_session": _olm_outbound,
    "olm.encrypt": _olm_encrypt,
    "olm.decrypt": _olm_decrypt,
    "olm.read_ciphertext": _olm_read_ciphertext,
    "olm.check_payload": _check_payload,
    "olm.check_to_device": _check_to_device,
}
