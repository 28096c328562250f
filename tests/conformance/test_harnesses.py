# SPDX-License-Identifier: Apache-2.0
"""The harnesses answer truly: what they are asked is made here, by this library or byte by byte."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from e2echeck.conformance.adapters import peers
from e2echeck.megolm import GroupSession, InboundGroupSession, SessionConfig
from e2echeck.testing.adapter import Outcome
from e2echeck.testing.child import ChildAdapter
from e2echeck.testing.forge import MegolmForger
from e2echeck.vectors.model import write_values
from e2echeck.vectors.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2echeck.vectors import Value

HARNESSES = Path(__file__).resolve().parents[2] / "harnesses"
NAMES = {"goolm": "goolm", "matrix_sdk_crypto": "matrix-sdk-crypto", "vodozemac_rust": "vodozemac (Rust)"}
V1, V2 = SessionConfig.VERSION_1, SessionConfig.VERSION_2
BOTH = [("goolm", V1), ("vodozemac_rust", V1), ("vodozemac_rust", V2)]
SALT, IV, PASSPHRASE = bytes(range(16)), bytes(range(16, 32)), "pässphrase"
ALICE = MegolmForger.from_label("alice", index=3)
SPOILT_INPUTS = {"no hexadecimal": "xy", "half a byte": "000", "null in it": None}
# Written by GroupSession::new(SessionConfig::version_2()) of vodozemac 0.11.1: the session, and its first two messages.
THEIR_KEY = (
    "AgAAAABEqNEclG6BnJ93LPFp2Qfn/XC1dvLzbpr1TfdfiZZ1sq3ykx6/2XkGLDofHBRMYQqLZ6zCl2+tijHxzdr+Xebw2VbRq2Qh"
    "sEdp9I4EZLuHnXwwa9kbgoHRV4fwU1nlwfnBMK7x5dFeOuq1ZPYV2UdwPWsDQOFL+exrE5pHc1shDCU5q5rFpU4ik9yo2p50r7qT"
    "kSz3DHdmWJQ3p1zLpchR3x0l7s8eiC/ZtWSZPT33XZocpW9qT4xbyczpNjEaviyu8541TlOgNcg3Cpsv2B+pIwpNROFNJx1WwK/r"
    "8JsGAg"
)
THEIR_MESSAGES = {
    b"": (
        "BAgAEhDaWmvw3CHlNoLgaaQMVqb6awCrvqqgtw4Q5UVVyXHINtxEsJ5dLPRNEjtsbiwZG68aCOcUdQrEVSTjSeBPzJGUD+yliE4J"
        "7zKx5yEQbk2pnlPJ7Wph1pi9SK7vGbn8sywujdKp90N0B8o/4JshGpwN"
    ),
    b"second configuration": (
        "BAgBEiDizkDfhwqbJwKCaKKSfiuphLOJPxL3OMjRglnVSajYTWPL9gZsGa8+oM7Fwa5iOO+jTNTM/pV0cXujFH0ivGF9IXJvxmy+"
        "xBLHJnLpu8kbE1xr0UHabuqkerr90gfqx0t91r20etDQXLMKz9+U32QAwDP5qJYBxF9vVgMnK6loDw"
    ),
}


def start(name: str) -> ChildAdapter:
    """The harness, if it is built."""
    command = peers.command(name)
    if command is None:
        reason = f"harness {name} is not built"
        if "harnesses" in os.environ.get("E2ECHECK_REQUIRE", "").replace(",", " ").split():
            pytest.fail(f"{reason}, and E2ECHECK_REQUIRE names harnesses", pytrace=False)
        pytest.skip(reason)
    return ChildAdapter(command)


@pytest.fixture(params=sorted(NAMES))
def key(request: pytest.FixtureRequest) -> str:
    """The key of each harness."""
    return str(request.param)


@pytest.fixture
def harness(key: str) -> Iterator[ChildAdapter]:
    """Each harness."""
    with start(key) as child:
        yield child


@pytest.fixture(params=["goolm", "matrix_sdk_crypto"])
def reader(request: pytest.FixtureRequest) -> Iterator[ChildAdapter]:
    """Each harness that reads key files."""
    with start(request.param) as child:
        yield child


@pytest.fixture(params=["goolm", "vodozemac_rust"])
def peer(request: pytest.FixtureRequest) -> Iterator[ChildAdapter]:
    """Each harness that has Megolm and what it stands on."""
    with start(request.param) as child:
        yield child


@pytest.fixture
def goolm() -> Iterator[ChildAdapter]:
    """The harness with nearly all operations."""
    with start("goolm") as child:
        yield child


@pytest.fixture
def vodozemac() -> Iterator[ChildAdapter]:
    """The harness with both configurations of Megolm."""
    with start("vodozemac_rust") as child:
        yield child


def encode(data: bytes) -> str:
    return base64.b64encode(data).rstrip(b"=").decode("ascii")


def entry(session: GroupSession, index: int, room_id: str) -> dict[str, object]:
    """One session of a key file, at an index."""
    exported = InboundGroupSession(session.session_key()).export_at(index).to_bytes()
    return {
        "algorithm": "m.megolm.v1.aes-sha2",
        "forwarding_curve25519_key_chain": [],
        "room_id": room_id,
        "sender_claimed_keys": {},
        "sender_key": encode(bytes((9, *bytes(31)))),
        "session_id": session.session_id,
        "session_key": encode(exported),
    }


def key_file(entries: list[dict[str, object]]) -> bytes:
    """A key file (Matrix CS, "Key exports"), by the standard library and AES."""
    keys = hashlib.pbkdf2_hmac("sha512", PASSPHRASE.encode(), SALT, 1000, 64)
    encryptor = Cipher(algorithms.AES(keys[:32]), modes.CTR(IV)).encryptor()
    head = b"\x01" + SALT + IV + (1000).to_bytes(4, "big") + encryptor.update(json.dumps(entries).encode())
    text = base64.b64encode(head + hmac.digest(keys[32:], head, "sha256"))
    lines = [text[i : i + 76] for i in range(0, len(text), 76)]
    return b"\n".join([b"-----BEGIN MEGOLM SESSION DATA-----", *lines, b"-----END MEGOLM SESSION DATA-----", b""])


def accepted_call(key: str) -> tuple[str, dict[str, Value]]:
    """A call that the harness accepts, with two inputs of bytes."""
    if key == "vodozemac_rust":
        return "ed25519.sign", {"seed": bytes(32), "message": b""}
    return "key_file.read", {
        "file": key_file([entry(GroupSession(), 0, "!a:example.org")]),
        "passphrase": PASSPHRASE.encode(),
    }


def test_describe(key: str, harness: ChildAdapter) -> None:
    """A name, and a version that is a number."""
    assert harness.name == NAMES[key]
    assert harness.version.removeprefix("v")[0].isdecimal()


def test_goolm_is_the_version_that_is_pinned(goolm: ChildAdapter) -> None:
    assert f"maunium.net/go/mautrix {goolm.version}\n" in (HARNESSES / "goolm" / "go.mod").read_text("utf-8")


def test_vodozemac_is_the_version_that_is_pinned(vodozemac: ChildAdapter) -> None:
    lock = (HARNESSES / "vodozemac" / "Cargo.lock").read_text("utf-8")
    assert f'name = "vodozemac"\nversion = "{vodozemac.version}"\n' in lock


def test_present_is_what_can_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A harness that is built is not offered without the interpreter that it needs."""
    for name in ("goolm/goolm", "matrix_sdk_crypto/main.mjs", "node"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n", "utf-8")
        path.chmod(0o755)
    monkeypatch.setattr(peers, "_BUILT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = set(peers.present())
    assert found.intersection(NAMES) == {"goolm", "matrix_sdk_crypto"}
    monkeypatch.setenv("PATH", str(tmp_path / "goolm"))
    assert found - set(peers.present()) == {"matrix_sdk_crypto"}


@pytest.mark.parametrize("form", ["exported", "session_key"])
@pytest.mark.parametrize(("name", "config"), BOTH)
def test_decrypts(name: str, config: SessionConfig, form: str) -> None:
    """What this library encrypts, by either form of the session: raw, and as text behind other messages."""
    plaintexts = (b"", b"hello", b"\x00\xff" * 500)
    session = GroupSession(config=config)
    key = session.session_key()
    messages = [session.encrypt(text) for text in plaintexts]
    given = key.to_bytes()
    if form == "exported":
        given = InboundGroupSession(key, config=config).export_at(0).to_bytes()
    values: dict[str, Value] = {form: given, "config": 2 if config is V2 else 1}
    preceding = [messages[2].to_bytes(), b"no message"]
    with start(name) as peer:
        for index, plaintext in enumerate(plaintexts):
            raw: dict[str, Value] = {"message": messages[index].to_bytes()}
            text: dict[str, Value] = {
                "preceding": preceding,
                "message_base64": messages[index].to_base64().encode(),
            }
            for message in (raw, text):
                answer = peer.answer("megolm.decrypt", {**values, **message})
                assert answer.outcome is Outcome.ACCEPT, answer.detail
                assert answer.output == {"plaintext": plaintext, "message_index": index}


@pytest.mark.parametrize("known", [V1, V2])
def test_vodozemac_of_either_configuration_refuses_the_other(
    vodozemac: ChildAdapter, known: SessionConfig
) -> None:
    """The configuration is what the asker says, and not what the message is."""
    lengths = {V1: (3, 8), V2: (4, 32)}
    for config, (version, mac_length) in lengths.items():
        message = ALICE.message(version=version, mac_length=mac_length)
        values: dict[str, Value] = {"exported": ALICE.exported(), "config": 2 if known is V2 else 1}
        answer = vodozemac.answer("megolm.decrypt", {**values, "message": message})
        assert answer.outcome is (Outcome.ACCEPT if config is known else Outcome.REJECT)
    third: dict[str, Value] = {"exported": ALICE.exported(), "config": 3, "message": ALICE.message()}
    assert vodozemac.answer("megolm.decrypt", third).outcome is Outcome.UNSUPPORTED


def test_what_vodozemac_encrypts_in_the_second_configuration() -> None:
    """The other way round; no operation encrypts, so it was written once."""
    session = InboundGroupSession(THEIR_KEY, config=V2)
    opened = [session.decrypt(message) for message in THEIR_MESSAGES.values()]
    assert [(message.plaintext, message.message_index) for message in opened] == [
        (plaintext, index) for index, plaintext in enumerate(THEIR_MESSAGES)
    ]


@pytest.mark.parametrize(
    "message",
    [
        ALICE.message(signature=bytes(64)),
        ALICE.message(mac=bytes(8)),
        ALICE.message(seed=bytes(32)),
        ALICE.message(version=2),
        ALICE.message()[:-1],
        MegolmForger.from_label("bob", index=3).message(),
        b"",
    ],
    ids=["signature", "mac", "signer", "version", "short", "session", "empty"],
)
def test_refuses(peer: ChildAdapter, message: bytes) -> None:
    values: dict[str, Value] = {"exported": ALICE.exported(), "config": 1}
    assert peer.answer("megolm.decrypt", {**values, "message": ALICE.message()}).outcome is Outcome.ACCEPT
    assert peer.answer("megolm.decrypt", {**values, "message": message}).outcome is Outcome.REJECT


def test_imports_and_exports(peer: ChildAdapter) -> None:
    """Sessions in both formats, raw and as text; an index that lies before the session is refused."""
    output = {"public_key": ALICE.public_key, "first_known_index": 3}
    for operation, name, session in (
        ("megolm.import_session_key", "session_key", ALICE.session_key()),
        ("megolm.import_exported", "exported", ALICE.exported()),
    ):
        for values in ({name: session}, {f"{name}_base64": encode(session).encode()}):
            answer = peer.answer(operation, values)
            assert (answer.outcome, answer.output) == (Outcome.ACCEPT, output)
    forged = peer.answer("megolm.import_session_key", {"session_key": ALICE.session_key(seed=bytes(32))})
    assert forged.outcome is Outcome.REJECT
    later = peer.answer("megolm.export_at", {"exported": ALICE.exported(), "index": 2**17})
    assert later.output == {"exported": ALICE.exported(index=2**17)}
    earlier = peer.answer("megolm.export_at", {"exported": ALICE.exported(), "index": 2})
    assert earlier.outcome is Outcome.REJECT
    beyond = peer.answer("megolm.export_at", {"exported": ALICE.exported(), "index": 2**32})
    assert beyond.outcome is Outcome.UNSUPPORTED


@pytest.mark.parametrize(
    ("first", "second", "ordering"),
    [(3, 3, "equal"), (3, 4, "better"), (4, 3, "worse"), (3, None, "unconnected")],
)
def test_vodozemac_compares(vodozemac: ChildAdapter, first: int, second: int | None, ordering: str) -> None:
    other = MegolmForger.from_label("bob").exported() if second is None else ALICE.exported(index=second)
    answer = vodozemac.answer("megolm.compare", {"first": ALICE.exported(index=first), "second": other})
    assert answer.output == {"ordering": ordering}


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ('{ "two": "Two", "one": 1 }', '{"one":1,"two":"Two"}'),
        ('{"b":[ true, null ],"a":"\\u65e5","\\u672c":2}', '{"a":"日","b":[true,null],"本":2}'),
        ("{}", "{}"),
        ('{"a": 1', None),
        ('{"a": 1.5}', None),
        ('{"a": 9007199254740992}', None),
    ],
)
def test_goolm_writes_canonical_json(goolm: ChildAdapter, text: str, canonical: str | None) -> None:
    """Matrix appendices, "Canonical JSON"."""
    answer = goolm.answer("canonical_json.canonicalise", {"json": text.encode()})
    if canonical is None:
        assert answer.outcome is Outcome.REJECT
    else:
        assert answer.output == {"canonical": canonical.encode()}


def test_primitives(peer: ChildAdapter) -> None:
    """RFC 8032 section 7.1 (test 2) and RFC 7748 section 6.1."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    signed = peer.answer("ed25519.sign", {"seed": seed, "message": b"\x72"}).output
    assert isinstance(signed["public_key"], bytes)
    assert signed["public_key"].hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    for message, outcome in ((b"\x72", Outcome.ACCEPT), (b"\x73", Outcome.REJECT)):
        assert peer.answer("ed25519.verify", {**signed, "message": message}).outcome is outcome

    secret = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    public = bytes.fromhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
    shared = bytes.fromhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    agreed = peer.answer("x25519.exchange", {"secret": secret, "public": public})
    assert agreed.output == {"shared_secret": shared}
    zero = peer.answer("x25519.exchange", {"secret": secret, "public": bytes(32)})
    assert zero.outcome is Outcome.REJECT
    own = peer.answer("x25519.public_key", {"secret": secret}).output
    assert own == {"public": bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")}


@pytest.mark.parametrize("length", [31, 33])
def test_vodozemac_takes_keys_of_32_bytes(vodozemac: ChildAdapter, length: int) -> None:
    """Its interface rules other lengths out, but for the public key of an agreement."""
    key = bytes(length)
    for operation, values in (
        ("ed25519.verify", {"public_key": key, "message": b"", "signature": bytes(64)}),
        ("ed25519.sign", {"seed": key, "message": b""}),
        ("x25519.exchange", {"secret": key, "public": bytes(32)}),
        ("x25519.public_key", {"secret": key}),
    ):
        assert vodozemac.answer(operation, values).outcome is Outcome.UNSUPPORTED
    agreed = vodozemac.answer("x25519.exchange", {"secret": bytes(32), "public": key})
    assert agreed.outcome is Outcome.REJECT


def test_goolm_hkdf(goolm: ChildAdapter) -> None:
    """RFC 5869 appendix A.3."""
    okm = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    hkdf: dict[str, Value] = {"ikm": b"\x0b" * 22, "salt": b"", "info": b""}
    assert goolm.answer("hkdf.derive", {**hkdf, "length": 42}).output == {"okm": bytes.fromhex(okm)}
    assert goolm.answer("hkdf.derive", {**hkdf, "length": 255 * 32 + 1}).outcome is Outcome.REJECT


@pytest.mark.parametrize(("text", "data"), [(b"", b""), (b"-_", None), (b"+/8", b"\xfb\xff"), (b"+/8=", None)])
def test_goolm_base64(goolm: ChildAdapter, text: bytes, data: bytes | None) -> None:
    """Unpadded, in the standard alphabet."""
    answer = goolm.answer("base64.decode", {"text": text, "url_safe": False})
    if data is None:
        assert answer.outcome is Outcome.REJECT
    else:
        assert answer.output == {"data": data}
        assert goolm.answer("base64.encode", {"data": data, "url_safe": False}).output == {"text": text}
    assert goolm.answer("base64.decode", {"text": text, "url_safe": True}).outcome is Outcome.UNSUPPORTED


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (b"A" * 43, bytes(32)),
        (b"+/" * 21 + b"8", base64.b64decode(b"+/" * 21 + b"8=")),
        (b"-_" * 21 + b"8", None),
        (b"A" * 42 + b"B", None),
        (b"A" * 42 + b" ", None),
        (b"A" * 42, None),
        (b"A" * 46, None),
    ],
)
def test_vodozemac_base64(vodozemac: ChildAdapter, text: bytes, data: bytes | None) -> None:
    """Unpadded, in the standard alphabet, and read as the base64 of a key."""
    answer = vodozemac.answer("base64.decode", {"text": text, "url_safe": False})
    if data is None:
        assert answer.outcome is Outcome.REJECT
    else:
        assert answer.output == {"data": data}
        assert vodozemac.answer("base64.encode", {"data": data, "url_safe": False}).output == {"text": text}
    assert vodozemac.answer("base64.encode", {"data": text, "url_safe": True}).outcome is Outcome.UNSUPPORTED


@pytest.mark.parametrize(
    ("text", "url_safe"), [(b"A" * 43, True), (b"A" * 41, False), (b"A" * 47, False), (b"\xff" * 43, False)]
)
def test_base64_that_vodozemac_is_not_given(vodozemac: ChildAdapter, text: bytes, url_safe: bool) -> None:
    answer = vodozemac.answer("base64.decode", {"text": text, "url_safe": url_safe})
    assert answer.outcome is Outcome.UNSUPPORTED


def test_key_files(reader: ChildAdapter) -> None:
    """The sessions in their order, two of them the same at different indices; a wrong passphrase is refused."""
    first, second = GroupSession(), GroupSession()
    places = [(second, 0, "!b:example.org"), (first, 2, "!a:example.org"), (second, 1, "!b:example.org")]
    room_keys = [
        (room_id, session.session_id, InboundGroupSession(session.session_key()).export_at(index).to_bytes())
        for session, index, room_id in places
    ]
    file = key_file([entry(*place) for place in places])
    answer = reader.answer("key_file.read", {"file": file, "passphrase": PASSPHRASE.encode()})
    assert answer.outcome is Outcome.ACCEPT, answer.detail
    assert answer.output == {"room_keys": room_keys}
    wrong = reader.answer("key_file.read", {"file": file, "passphrase": b"another"})
    assert wrong.outcome is Outcome.REJECT
    assert reader.answer("key_file.read", {"file": b"[]"}).outcome is Outcome.UNSUPPORTED


def test_a_session_of_another_algorithm(reader: ChildAdapter) -> None:
    """Such a session of a key file is left out, and the others are read."""
    session = GroupSession()
    usable = entry(session, 0, "!a:example.org")
    file = key_file([{**usable, "algorithm": "org.example.other"}, usable])
    answer = reader.answer("key_file.read", {"file": file, "passphrase": PASSPHRASE.encode()})
    exported = InboundGroupSession(session.session_key()).export_at(0).to_bytes()
    assert answer.output == {"room_keys": [("!a:example.org", session.session_id, exported)]}


def test_what_is_not_to_be_had(key: str, harness: ChildAdapter) -> None:
    exported = ALICE.exported()
    other: dict[str, Value] = {
        "exported": exported,
        "config": 2,
        "message": ALICE.message(version=4, mac_length=32),
    }
    calls: list[tuple[str, dict[str, Value]]] = [
        ("megolm.decrypt", other),
        ("megolm.compare", {"first": exported, "second": exported}),
    ]
    if key == "vodozemac_rust":
        calls = [
            ("canonical_json.canonicalise", {"json": b"{}"}),
            ("hkdf.derive", {"ikm": b"", "salt": b"", "info": b"", "length": 32}),
            ("key_file.read", {"file": b"[]"}),
        ]
    for operation, values in calls:
        assert harness.answer(operation, values).outcome is Outcome.UNSUPPORTED


@pytest.mark.parametrize("spoilt", ["garbage", "[]", "null", "{}", "left out", *SPOILT_INPUTS])
def test_a_line_that_is_no_request(key: str, harness: ChildAdapter, spoilt: str) -> None:
    """It ends the harness, which counts as a crash; the next call starts another."""
    operation, values = accepted_call(key)
    line, written = spoilt, write_values(OPERATIONS[operation].input, values)
    first = next(iter(values))
    if spoilt == "left out":
        del written[first]
    elif spoilt in SPOILT_INPUTS:
        written[first] = SPOILT_INPUTS[spoilt]
    if " " in spoilt:
        line = json.dumps({"operation": operation, "input": written})
    before = harness._start()
    assert before.stdin is not None
    before.stdin.write(line.encode() + b"\n")
    assert harness.answer(operation, values).outcome is Outcome.CRASH
    assert before.returncode not in {None, 0}
    assert harness.answer(operation, values).outcome is Outcome.ACCEPT


@pytest.mark.parametrize("member", ["operation", "input"])
def test_an_unknown_word(key: str, harness: ChildAdapter, member: str) -> None:
    """An operation, or an input, that is newer than the harness is unsupported and not left out of account."""
    operation, values = accepted_call(key)
    written = write_values(OPERATIONS[operation].input, values)
    request: dict[str, object] = {"operation": operation, "input": written | {"new": 1}}
    if member == "operation":
        request = {"operation": "new.call", "input": written}
    reply = harness._ask(request)
    assert isinstance(reply, dict)
    assert reply["outcome"] == "unsupported"


@pytest.mark.parametrize("name", sorted(path.name for path in HARNESSES.iterdir() if path.is_dir()))
@pytest.mark.parametrize("required", ["", "peers", "peers,harnesses", "peers,synapse"])
def test_building_without_the_toolchain(tmp_path: Path, name: str, required: str) -> None:
    """It says so in one line, and fails only when asked to; Synapse has a word of its own."""
    status = int(("synapse" if name == "synapse" else "harnesses") in required.split(","))
    for tool in ("bash", "dirname", "mkdir", "mktemp", "rm"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / tool).symlink_to(found)
    done = subprocess.run(
        ["bash", str(HARNESSES / "build.sh"), name],
        env={"PATH": str(tmp_path), "E2ECHECK_REQUIRE": required},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout.startswith(f"harness {name} is not built: ")
    assert done.stdout.count("\n") == 1
