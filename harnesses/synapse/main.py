# SPDX-License-Identifier: Apache-2.0
"""Answers the operations of e2echeck about events and signed JSON with Synapse's own code.

It runs in Synapse's environment (``tools/make_synapse.sh``), where e2echeck is not installed, so it speaks the protocol
of ``../README.md`` by itself.  A few stand-ins take the place of a running homeserver: they give keys, the time and an
answer of another server, and decide nothing.

Every exception is a refusal, because those who call this code in Synapse catch all of them: for each event, each key
answer and each request.  A panic of Synapse's Rust code is no such exception and ends the process.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
from importlib.metadata import version
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from canonicaljson import encode_canonical_json
from nacl.signing import SigningKey
from signedjson.key import decode_verify_key_bytes, generate_signing_key
from signedjson.sign import sign_json
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS
from synapse.crypto.event_signing import (
    add_hashes_and_signatures,
    compute_content_hash,
    compute_event_reference_hash,
)
from synapse.crypto.keyring import KeyFetcher, Keyring, ServerKeyFetcher
from synapse.events.utils import validate_canonicaljson
from synapse.federation.federation_base import FederationBase, event_from_pdu_json
from synapse.federation.transport.server._base import Authenticator
from synapse.http.servlet import parse_json_object_from_request
from synapse.storage.keys import FetchKeyResult
from synapse.synapse_rust.events import redact_event_dict
from synapse.util.json import json_decoder
from twisted.internet.defer import ensureDeferred
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from unpaddedbase64 import decode_base64, encode_base64

if TYPE_CHECKING:
    from collections.abc import Callable

Values = dict[str, Any]
Keys = dict[str, dict[str, FetchKeyResult]]

ALGORITHM = "ed25519:"
FOR_EVER = 2**63
"""Until when a key is valid that is given without validity, as Synapse writes it for its own."""


class UnsupportedError(Exception):
    """Not to be had from Synapse, or its interface cannot be given this input."""


# Stand-ins for a running homeserver.


class _Clock:
    def __init__(self, now: int) -> None:
        self._now = now

    def time_msec(self) -> int:
        return self._now

    async def sleep(self, _duration: object) -> None:
        """No other request comes in the meantime."""


class _Keys(KeyFetcher):
    """Has the keys that the call gives: by server and key id."""

    def __init__(self, server: _Server, keys: Keys) -> None:
        super().__init__(server)
        self._keys = keys

    async def _fetch_keys(self, keys_to_fetch: list[Any]) -> Keys:
        return {request.server_name: self._keys.get(request.server_name, {}) for request in keys_to_fetch}


class _SpamChecker:
    NOT_SPAM = "not spam"

    async def check_event_for_spam(self, _event: object) -> str:
        return self.NOT_SPAM


class _PolicyHandler:
    async def is_event_allowed(self, _event: object) -> bool:
        return True


class _Store:
    async def get_destination_retry_timings(self, _destination: str) -> None:
        """None are known."""

    async def store_server_keys_response(self, **_response: object) -> None:
        """Nothing is kept."""


class _Client:
    """Fetches the answer that the call gives."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    async def get_json(self, **_request: object) -> Any:
        return json_decoder.decode(self._answer.decode("utf-8"))


class _Server:
    """As much of `synapse.server.HomeServer` as is asked for here."""

    def __init__(
        self, hostname: str = "harness.invalid", *, keys: Keys | None = None, now: int = 0, answer: bytes = b""
    ) -> None:
        self.hostname = hostname
        self.signing_key = generate_signing_key("harness")
        self.config = SimpleNamespace(
            key=SimpleNamespace(old_signing_keys={}),
            federation=SimpleNamespace(federation_domain_whitelist=None),
            worker=SimpleNamespace(worker_app=None),
        )
        self._clock = _Clock(now)
        self._client = _Client(answer)
        self._keyring = Keyring(self, [_Keys(self, keys or {})])

    def is_mine_server_name(self, name: str) -> bool:
        return name == self.hostname

    def run_as_background_process(self, _name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        return ensureDeferred(function(*arguments))

    def get_clock(self) -> _Clock:
        return self._clock

    def get_keyring(self) -> Keyring:
        return self._keyring

    def get_federation_http_client(self) -> _Client:
        return self._client

    def get_datastores(self) -> SimpleNamespace:
        return SimpleNamespace(main=_Store())

    def get_storage_controllers(self) -> None:
        """Not used here."""

    def get_notifier(self) -> None:
        """Not used here."""

    def get_module_api_callbacks(self) -> SimpleNamespace:
        return SimpleNamespace(spam_checker=_SpamChecker())

    def get_room_policy_handler(self) -> _PolicyHandler:
        return _PolicyHandler()


def _now(coroutine: Any) -> Any:
    """What a coroutine returns; nothing here waits for anything, so it is there at once."""
    results = []
    ensureDeferred(coroutine).addBoth(results.append)
    if not results:
        raise SystemExit("a stand-in that lets Synapse wait")
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]


# Input.


def _bytes(value: Any) -> bytes | list[bytes]:
    return [bytes.fromhex(item) for item in value] if isinstance(value, list) else bytes.fromhex(value)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnsupportedError("its interface takes UTF-8") from None


def _object(data: bytes) -> Any:
    """As Synapse reads a body of another server."""
    return json_decoder.decode(data.decode("utf-8"))


def _event_dict(given: Values) -> tuple[Any, Any]:
    """The event as JSON, after the check that Synapse makes of it by room version, received or its own."""
    room_version, event = KNOWN_ROOM_VERSIONS[given["room_version"]], _object(given["event"])
    if room_version.strict_canonicaljson:
        validate_canonicaljson(event)
    return room_version, event


def _event(given: Values) -> tuple[Any, Any]:
    """The event as Synapse takes it from another server."""
    room_version = KNOWN_ROOM_VERSIONS[given["room_version"]]
    return room_version, event_from_pdu_json(_object(given["event"]), room_version)


def _version(key_id: str) -> str:
    if not key_id.startswith(ALGORITHM):
        raise UnsupportedError("there is one algorithm")
    return key_id[len(ALGORITHM) :]


def _signing_key(given: Values) -> SigningKey:
    key_id = _text(given["key_id"])
    if len(given["seed"]) != 32:
        raise UnsupportedError("a seed of another length")
    key = SigningKey(given["seed"])
    key.alg, key.version = ALGORITHM[:-1], _version(key_id)
    return key


def _key(name: str, key_id: str, public_key: bytes) -> Keys:
    _version(key_id)
    return {name: {key_id: FetchKeyResult(decode_verify_key_bytes(key_id, public_key), FOR_EVER)}}


def _server_keys(texts: list[bytes]) -> Keys:
    keys: Keys = {}
    for text in texts:
        name, _, rest = _text(text).partition("=")
        key_id, _, public_key = rest.rpartition(":")
        for server, entry in _key(name, key_id, decode_base64(public_key)).items():
            keys.setdefault(server, {}).update(entry)
    return keys


# Operations.


def redact(given: Values) -> Values:
    room_version, event = _event_dict(given)
    redacted = redact_event_dict(room_version, event)
    redacted.pop("unsigned", None)  # which Synapse writes anew, with members of its own
    return {"redacted": encode_canonical_json(redacted).hex()}


def content_hash(given: Values) -> Values:
    _, event = _event_dict(given)
    return {"hash": compute_content_hash(event, hashlib.sha256)[1].hex()}


def reference_hash(given: Values) -> Values:
    _, event = _event(given)
    return {"hash": compute_event_reference_hash(event)[1].hex()}


def event_id(given: Values) -> Values:
    _, event = _event(given)
    return {"event_id": event.event_id.encode("utf-8").hex()}


def sign_event(given: Values) -> Values:
    room_version, event = _event_dict(given)
    add_hashes_and_signatures(room_version, event, _text(given["server_name"]), _signing_key(given))
    return {"event": encode_canonical_json(event).hex()}


def check_event(given: Values) -> Values:
    if "event_id" in given:
        raise UnsupportedError("it checks no id here")
    room_version, event = _event(given)
    server = _Server(keys=_server_keys(given["server_keys"]))
    checked = _now(FederationBase(server)._check_sigs_and_hash(room_version, event))
    return {"outcome": "genuine" if checked is event else "redacted"}


def sign(given: Values) -> Values:
    signed = sign_json(_object(given["json"]), _text(given["entity"]), _signing_key(given))
    return {"json": encode_canonical_json(signed).hex()}


def verify(given: Values) -> Values:
    entity = _text(given["entity"])
    keyring = _Server(keys=_key(entity, _text(given["key_id"]), given["public_key"])).get_keyring()
    _now(keyring.verify_json_for_server(entity, _object(given["json"]), 0))
    return {}


def check_request(given: Values) -> Values:
    keys = _key(_text(given["origin"]), _text(given["key_id"]), given["public_key"])
    server = _Server(_text(given["destination"]), keys=keys)
    request = SimpleNamespace(
        method=given["method"],
        uri=given["uri"],
        requestHeaders=Headers({b"Authorization": [given["header"]]}),
        content=BytesIO(given.get("content", b"")),
    )
    # As in `BaseFederationServlet`: the body of any other method is not looked at.
    content = parse_json_object_from_request(request) if request.method in {b"PUT", b"POST"} else None
    _now(Authenticator(server).authenticate_request(request, content))
    return {}


def check_server_keys(given: Values) -> Values:
    server = _Server(now=given["fetched_at"], answer=given["answer"])
    keys = _now(ServerKeyFetcher(server).get_server_verify_keys_v2_direct(_text(given["server_name"])))
    name, present = _text(given["server_name"]), _object(given["answer"])["verify_keys"]
    texts = sorted(
        f"{name}={key_id}:{encode_base64(keys[key_id].verify_key.encode())}".encode()
        for key_id in present
        if key_id in keys
    )
    valid_until = max(keys[key_id].valid_until_ts for key_id in present if key_id in keys)
    if type(valid_until) is not int:
        raise UnsupportedError("it takes a validity that an answer here cannot tell")
    return {"server_keys": [text.hex() for text in texts], "valid_until": valid_until}


PLAIN = {"room_version", "fetched_at"}
"""The inputs that are no bytes: a word and a number."""

OPERATIONS = {
    "events.redact": (redact, {"room_version", "event"}),
    "events.content_hash": (content_hash, {"room_version", "event"}),
    "events.reference_hash": (reference_hash, {"room_version", "event"}),
    "events.event_id": (event_id, {"room_version", "event"}),
    "events.sign": (sign_event, {"room_version", "event", "server_name", "key_id", "seed"}),
    "events.check": (check_event, {"room_version", "event", "event_id", "server_keys"}),
    "signing.sign_json": (sign, {"json", "entity", "key_id", "seed"}),
    "signing.verify_json": (verify, {"json", "entity", "key_id", "public_key"}),
    "request_auth.check": (
        check_request,
        {"header", "method", "uri", "destination", "content", "origin", "key_id", "public_key"},
    ),
    "server_keys.check": (check_server_keys, {"answer", "server_name", "fetched_at"}),
}


def _answer(name: str, written: Values) -> Values:
    if name not in OPERATIONS:
        return {"outcome": "unsupported", "detail": "no such call"}
    call, inputs = OPERATIONS[name]
    # To leave an unknown input out of account could make the answer a wrong one.
    if not written.keys() <= inputs:
        return {"outcome": "unsupported", "detail": "no such input"}
    # A value of another form than the operation has ends the process: then the asker is wrong.
    given = {key: value if key in PLAIN else _bytes(value) for key, value in written.items()}
    try:
        return {"outcome": "accept", "output": call(given)}
    except UnsupportedError as error:
        return {"outcome": "unsupported", "detail": str(error)}
    except Exception as error:
        return {"outcome": "reject", "detail": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Answer requests until there are no more."""
    logging.disable(logging.CRITICAL)
    # What Synapse prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        if request["operation"] == "describe":
            reply = {"name": "Synapse", "version": version("matrix-synapse")}
        else:
            reply = _answer(request["operation"], request.get("input", {}))
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
