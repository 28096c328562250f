# SPDX-License-Identifier: Apache-2.0
"""X-Matrix: what is signed, how the header is spelled, and who may sign when."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from e2echeck import canonical_json
from e2echeck.encoding import encode_base64
from e2echeck.errors import E2EError, InputError
from e2echeck.events import request_auth
from e2echeck.events.request_auth import (
    LONGEST_HEADER,
    XMatrix,
    check_request,
    parse_authorization,
    sign_request,
)
from e2echeck.events.server_keys import ServerKeys, key_ring, parse_pinned
from e2echeck.hazmat import ed25519
from e2echeck.signing import KeyRing, VerifyKey
from tests.canonical_json.values import VALUES
from tests.conftest import find_peer
from tests.events.servers import DAY, NAME, NOW, OLD_SEED, OTHER_SEED, SEED, public, published

HERE = "matrix.example.net:8448"
URI = "/_matrix/federation/v1/send/1?x=%2F&y=ä".replace("ä", "%C3%A4")
BODY = b'{"pdus": [], "b": {"\\u00e4": 1}}'
RING = key_ring([ServerKeys.parse(published(old={"old": (OLD_SEED, NOW + DAY)}), fetched_at=NOW)])


def header(**changed: Any) -> str:
    """The header of one request, with what is changed."""
    request = {"method": "PUT", "uri": URI, "origin": NAME, "destination": HERE, "content": BODY}
    return sign_request(**{"key_id": "ed25519:a_1", "seed": SEED, **request, **changed})


def reasons(value: str | bytes, **changed: Any) -> tuple[str, ...]:
    """What is said of a header of that request, with what is changed at the receiver."""
    request = {"method": "PUT", "uri": URI, "content": BODY, "destination": HERE, "keys": RING, "now": NOW}
    return tuple(map(str, check_request(value, **{**request, **changed}).reasons))


# What is signed


def test_a_request_and_its_header() -> None:
    """The one spelling that older servers read."""
    assert reasons(header()) == ()
    match = re.fullmatch(
        r'X-Matrix origin="([^"]+)",destination="([^"]+)",key="([^"]+)",sig="([A-Za-z0-9+/]{86})"', header()
    )
    assert match is not None
    assert match.groups()[:3] == (NAME, HERE, "ed25519:a_1")


def test_the_bytes_that_are_signed() -> None:
    """Of a request with a body and of one without, put together by hand."""
    members = f'"destination":"{HERE}","method":"PUT","origin":"{NAME}","uri":"{URI}"}}'.encode()
    cases: tuple[tuple[bytes | None, bytes], ...] = (
        (BODY, b'{"content":{"b":{"\xc3\xa4":1},"pdus":[]},'),
        (None, b"{"),
        (b"", b"{"),
    )
    for content, begin in cases:
        signature = encode_base64(ed25519.sign(SEED, begin + members))
        value = header(content=content)
        assert parse_authorization(value) == XMatrix(NAME, HERE, "ed25519:a_1", signature)
        assert reasons(value, content=content) == ()


@pytest.mark.peer("signedjson")
def test_what_signedjson_signs() -> None:
    """The procedure of the specification's example, with the package that Synapse uses."""
    find_peer("signedjson")
    keys, sign = (getattr(__import__(f"signedjson.{name}"), name) for name in ("key", "sign"))
    signing_key = keys.decode_signing_key_base64("ed25519", "a_1", encode_base64(SEED))
    request = {"method": "PUT", "uri": URI, "origin": NAME, "destination": HERE}
    contents: list[Any] = [None, {}, [], {"ä": [1, True, None]}]
    for content in contents:
        whole = request if content is None else {**request, "content": content}
        signature = sign.sign_json(dict(whole), NAME, signing_key)["signatures"][NAME]["ed25519:a_1"]
        assert header(content=content).endswith(f'sig="{signature}"')


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "POST"},
        {"method": "put"},
        {"uri": URI + "x"},
        {"uri": URI.partition("?")[0]},
        {"uri": URI.replace("%2F", "/")},
        {"content": b'{"pdus": [1], "b": {"\\u00e4": 1}}'},
        {"content": None},
        {"content": b"{}"},
        {"content": {}},
        {"content": b"null"},
    ],
)
def test_what_was_changed_on_the_way(changed: dict[str, Any]) -> None:
    """Each part that is signed, one at a time, on either side."""
    assert reasons(header(), **changed) == ("request-auth.signature-invalid",)
    assert reasons(header(**changed)) == ("request-auth.signature-invalid",)


def test_no_body_is_not_an_empty_one() -> None:
    """A body that is the JSON `null` is content, too."""
    bodies: list[Any] = [None, {}, [], b"null", False, 0, ""]
    for index, sent in enumerate(bodies):
        for other, received in enumerate(bodies):
            expected = () if index == other else ("request-auth.signature-invalid",)
            assert reasons(header(content=sent), content=received) == expected


@pytest.mark.parametrize(
    "content", [b'{"a":1.5}', b'{"a":1,"a":1}', b"{", b"[" * 100_000, b"\xff", {1: 2}, {"a": {1}}]
)
def test_content_that_is_no_canonical_json(content: Any) -> None:
    """Said with the code of canonical JSON, by both sides."""
    (code,) = reasons(header(), content=content)
    assert code.startswith("json.")
    with pytest.raises(InputError) as refused:
        header(content=content)
    assert refused.value.code == code


def test_destination() -> None:
    """Another one is refused even though its signature is good for that one; none is the way of older senders."""
    other = header(destination="other.example.net")
    assert reasons(other) == ("request-auth.destination-mismatch", "request-auth.signature-invalid")
    forged = other.replace("other.example.net", HERE)
    assert reasons(forged) == ("request-auth.signature-invalid",)
    relabelled = header().replace(HERE, "other.example.net")
    assert reasons(relabelled) == ("request-auth.destination-mismatch",)
    assert reasons(header().replace(HERE, HERE.upper())) == ("request-auth.destination-mismatch",)
    older = header().replace(f'destination="{HERE}",', "")
    assert reasons(older) == ("request-auth.destination-missing",)
    assert reasons(other.replace('destination="other.example.net",', "")) == (
        "request-auth.destination-missing",
        "request-auth.signature-invalid",
    )


# Keys


def test_whose_key() -> None:
    """One of the origin, under the id that the header has."""
    assert reasons(header(seed=OTHER_SEED)) == ("request-auth.signature-invalid",)
    for unknown in ({"key_id": "ed25519:a_2"}, {"origin": "example.com"}):
        assert reasons(header(**unknown)) == ("request-auth.key-unknown",)
    assert reasons(header(), keys=KeyRing()) == ("request-auth.key-unknown",)
    assert reasons(header().replace("ed25519:a_1", "rsa:a_1")) == (
        "signature.algorithm-unknown",
        "request-auth.key-unknown",
    )


def test_when() -> None:
    """While the key is valid, to the millisecond; an old one never."""
    assert reasons(header(), now=NOW + DAY) == ()
    assert reasons(header(), now=NOW + DAY + 1) == ("request-auth.key-expired",)
    for now in (0, NOW, NOW + 2 * DAY):
        old = header(key_id="ed25519:old", seed=OLD_SEED)
        assert reasons(old, now=now) == ("request-auth.key-expired",)
        wrong = header(key_id="ed25519:old", seed=SEED)
        assert reasons(wrong, now=now) == ("request-auth.signature-invalid", "request-auth.key-expired")


def test_pinned_keys_are_reported() -> None:
    """As far as nothing better says that they are valid."""
    pinned = parse_pinned(f"{NAME}=ed25519:a_1:{public(SEED)}")
    assert reasons(header(), keys=KeyRing([pinned])) == ("server-key.pinned",)
    both = RING.with_keys([pinned])
    assert reasons(header(), keys=both) == ()
    assert reasons(header(), keys=both, now=NOW + DAY + 1) == ("server-key.pinned",)
    given_up = VerifyKey(NAME, "ed25519:a_1", pinned.public_key, expired=NOW + DAY)
    assert reasons(header(), keys=KeyRing([pinned, given_up])) == ("request-auth.key-expired",)


def test_two_keys_under_one_id() -> None:
    """The one that fits counts, with its own validity."""
    other = VerifyKey(NAME, "ed25519:a_1", ed25519.public_key(OTHER_SEED), valid_until=NOW - 1)
    ring = RING.with_keys([other])
    assert reasons(header(), keys=ring) == ()
    assert reasons(header(seed=OTHER_SEED), keys=ring) == ("request-auth.key-expired",)
    assert reasons(header(seed=OLD_SEED), keys=ring) == ("request-auth.signature-invalid",)


def test_a_key_that_everybody_has() -> None:
    """Its signature proves nothing."""
    ring = KeyRing(RING.keys, known_bad=frozenset({public(SEED)}))
    assert reasons(header(), keys=ring) == ("signature.key-known-bad",)


@pytest.mark.parametrize("signature", ["", "AAAA", "?", "A" * 86, "A" * 87, "ä"])
def test_signatures_that_are_none(signature: str) -> None:
    """Of another length, or no base64."""
    value = re.sub('sig="[^"]*"', f'sig="{signature}"', header())
    assert reasons(value)[0] == "request-auth.signature-invalid"


def test_padding_is_read_and_reported() -> None:
    """A quoted value may hold it."""
    assert reasons(header()[:-1] + '=="') == ("base64.padding",)


# The header


EXAMPLE = XMatrix("origin.hs.example.com", "destination.hs.example.com", "ed25519:key1", "ABCDEF...")
NAMED = 'origin="origin.hs.example.com",destination="destination.hs.example.com",key="ed25519:key1"'


@pytest.mark.parametrize(
    "value",
    [
        # the example of the specification
        f'X-Matrix {NAMED},sig="ABCDEF..."',
        # tokens, and colons in them
        f'X-Matrix {NAMED},sig="ABCDEF..."'.replace('"', ""),
        # the name in the list of parameters
        f'X-Matrix {NAMED},signature="ABCDEF..."',
        f'X-Matrix {NAMED},signature="ABCDEF...",sig=ABCDEF...',
        # case, order, spaces, tabs, empty elements
        f'x-MATRIX   SIG="ABCDEF..." \t,\t {NAMED}'.replace("key=", " ,\tKEY\t= "),
        f'\t X-Matrix ,,{NAMED},\tsig="ABCDEF...", ',
        # backslashes
        f'X-Matrix {NAMED},sig="\\ABCDEF\\.\\.."'.replace("ed25519:key1", "\\ed25519\\:key1"),
        # unknown parameters, with commas and quotes in them
        f'X-Matrix a="x,sig=\\"y\\",\\\\",{NAMED},b=c,sig="ABCDEF...",z=""',
    ],
)
def test_spellings(value: str) -> None:
    """One meaning each, as str and as bytes."""
    assert parse_authorization(value) == parse_authorization(value.encode()) == EXAMPLE


@pytest.mark.parametrize("name", ["[::1]", "[1234:5678::abcd]:5678", "1.2.3.4:1234"])
def test_names_with_brackets_and_ports(name: str) -> None:
    """Quoted, because brackets are no token."""
    value = header(origin=name)
    assert parse_authorization(value).origin == name
    ring = KeyRing([VerifyKey(name, "ed25519:a_1", ed25519.public_key(SEED))])
    assert reasons(value, keys=ring) == ()
    if "[" in name:
        assert reasons(value.replace(f'"{name}"', name)) == ("request-auth.malformed",)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "X-Matrix",
        "X-Matrixorigin=a,key=b,sig=c",
        "X-Matrix\torigin=a,key=b,sig=c",
        "Bearer origin=a,key=b,sig=c",
        "X-Matrix2 origin=a,key=b,sig=c",
        "X-Matrix origin=a;key=b;sig=c",
        "X-Matrix origin=a key=b,sig=c",
        "X-Matrix origin,key=b,sig=c",
        "X-Matrix =a,key=b,sig=c",
        "X-Matrix origin=,key=b,sig=c",
        'X-Matrix origin="a,key=b,sig=c',
        'X-Matrix origin="a"x,key=b,sig=c',
        'X-Matrix origin=a"b",key=b,sig=c',
        'X-Matrix origin="a\\",key=b,sig=c',
        'X-Matrix "origin"=a,key=b,sig=c',
        "X-Matrix origin=a,key=b,sig=c\r\n",
        "X-Matrix origin=a,\r\n key=b,sig=c",
        'X-Matrix origin="a\n",key=b,sig=c',
        'X-Matrix origin="a\0",key=b,sig=c',
        'X-Matrix origin="a\\\n",key=b,sig=c',
        'X-Matrix x="a\n",origin=a,key=b,sig=c',
        'X-Matrix x="a\x7f",origin=a,key=b,sig=c',
        'X-Matrix x="a\\\n",origin=a,key=b,sig=c',
        'X-Matrix x="a\\\0",origin=a,key=b,sig=c',
        "X-Matrix origin=a,key=b,sig=c/d",
        "X-Matrix origin=a,key=b,sig=c=",
        "X-Matrix origin=a,key=b,sig=ä",
        "X-Matrix or igin=a,key=b,sig=c",
        "X-Matrix orig\u0131n=a,key=b,sig=c",
        # origins and destinations that are no server names
        'X-Matrix origin="",key=b,sig=c',
        'X-Matrix origin="a b",key=b,sig=c',
        "X-Matrix origin=a_b,key=b,sig=c",
        'X-Matrix origin="ä",key=b,sig=c',
        'X-Matrix origin=a,destination="",key=b,sig=c',
        'X-Matrix origin=a,destination="@a:b",key=b,sig=c',
    ],
)
def test_malformed(value: str) -> None:
    """Refused as a whole; the error does not quote it."""
    with pytest.raises(InputError) as refused:
        parse_authorization(value)
    assert refused.value.code == "request-auth.malformed"
    assert "key=b" not in str(refused.value)
    assert reasons(value) == ("request-auth.malformed",)


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ("X-Matrix ,", "origin, key, sig"),
        ("X-Matrix key=b,sig=c", "origin"),
        ("X-Matrix origin=a,sig=c", "key"),
        ("X-Matrix origin=a,key=b", "sig"),
        ("X-Matrix destination=a,keys=b,sign=c,x=origin", "origin, key, sig"),
    ],
)
def test_missing_parameters_are_named(value: str, detail: str) -> None:
    """All of them."""
    with pytest.raises(InputError) as refused:
        parse_authorization(value)
    assert (refused.value.code, refused.value.detail) == ("request-auth.parameter-missing", detail)


@pytest.mark.parametrize(
    "more",
    ["origin=a", 'ORIGIN="a"', "key=b", "sig=c", "sig=d", "signature=d", "x=1,X=2", "destination=a,destination=b"],
)
def test_repeated_parameters(more: str) -> None:
    """Readers that take the first and readers that take the last would see two requests."""
    for value in (f"X-Matrix origin=a,key=b,sig=c,{more}", f"X-Matrix {more},origin=a,key=b,sig=c"):
        assert reasons(value) == ("request-auth.parameter-repeated",)


def test_the_size_is_bounded() -> None:
    """One character more than allowed is not read."""
    value = "X-Matrix origin=a,key=b,sig="
    assert parse_authorization(value + "c" * (LONGEST_HEADER - len(value))).origin == "a"
    for longer in ("c" * (LONGEST_HEADER - len(value) + 1), "c" * 2**20):
        assert reasons(value + longer) == ("evidence.limit",)


@pytest.mark.parametrize(
    "unit", [",", " ", "\t", "a=b,", "a", "\\", '\\"', '"', "a ", " ,", "a=", '"a"', ',a="\\a"']
)
def test_no_part_is_read_twice(unit: str) -> None:
    """Each element begins where the last one ended, so that matching takes at most one try for each comma."""
    for begin in ("X-Matrix ", 'X-Matrix a="'):
        text = begin + unit * ((LONGEST_HEADER - len(begin)) // len(unit))
        assert reasons(text)[0].startswith("request-auth.")
    # Possessive quantifiers only: none of the loops gives back what it took.
    without_classes = re.sub(r"\[(?:\\.|[^\]\\])*\]", "C", request_auth._ELEMENT.pattern)
    assert {len(quantifier) for quantifier in re.findall(r"(?<!\()[*+?]+", without_classes)} == {2}


@given(st.text() | st.binary())
@example("X-Matrix \ud800=a")
@example('X-Matrix origin="\ud800",key=b,sig=c')
def test_any_header(value: str | bytes) -> None:
    """A verdict, or an error of ours."""
    assert reasons(value)[0].startswith("request-auth.")


@given(
    st.lists(
        st.sampled_from(
            [
                "X-Matrix ",
                "origin",
                "key",
                "sig",
                "destination",
                "=",
                '"',
                "\\",
                ",",
                " ",
                "a",
                ":",
                "b.c",
                "é",
                "\t",
            ]
        )
    )
)
def test_any_header_of_its_parts(parts: list[str]) -> None:
    """Likewise, deeper inside."""
    value = "X-Matrix " + "".join(parts)
    try:
        parsed = parse_authorization(value)
    except E2EError as error:
        assert reasons(value) == (error.code,)  # noqa: PT017
    else:
        assert {parsed.origin, parsed.key_id, parsed.signature} <= {*re.split('[",= ]', value), parsed.key_id}


QUOTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"))


@given(QUOTABLE, QUOTABLE, st.booleans())
def test_quoting_round_trip(key_id: str, signature: str, every: bool) -> None:
    """Escaped where it must be, or everywhere, what was quoted comes back."""

    def quote(text: str) -> str:
        return (
            '"' + re.sub(r"." if every else r'["\\]', lambda match: "\\" + match[0], text, flags=re.DOTALL) + '"'
        )

    value = f"X-Matrix sig={quote(signature)},key={quote(key_id)},origin={quote(NAME)},x={quote(key_id)}"
    expected = XMatrix(NAME, None, key_id, signature)
    assert parse_authorization(value) == parse_authorization(value.encode("iso-8859-1")) == expected


@given(VALUES, st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)))
def test_round_trip(content: Any, path: str) -> None:
    """Whatever is sent: as JSON and as bytes of any spelling."""
    value = header(content=content, uri=f"/{path}")
    assert reasons(value, content=content, uri=f"/{path}") == ()
    if content is not None:
        spelled = b" " + canonical_json.encode(content) + b"\n"
        assert reasons(value, content=spelled, uri=f"/{path}") == ()


@given(VALUES, VALUES, st.text(), st.text(), st.text())
def test_any_request(content: Any, other: Any, method: str, uri: str, destination: str) -> None:
    """The receiver never fails on what others chose."""
    value = header(content=content)
    for received in (other, b"\xff", 1.5):
        assert isinstance(reasons(value, content=received, method=method, uri=uri, destination=destination), tuple)


@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        ({"method": ""}, "method"),
        ({"method": "P UT"}, "method"),
        ({"uri": ""}, "uri"),
        ({"uri": "_matrix"}, "uri"),
        ({"uri": "https://example.org/_matrix"}, "uri"),
        ({"uri": "/a b"}, "uri"),
        ({"uri": "/ä"}, "uri"),
        ({"uri": "/a\n"}, "uri"),
        ({"origin": 'a"'}, "origin"),
        ({"origin": ""}, "origin"),
        ({"destination": "a,b"}, "destination"),
        ({"key_id": "a_1"}, "key_id"),
        ({"key_id": 'ed25519:a"'}, "key_id"),
        ({"key_id": "ed25519:"}, "key_id"),
    ],
)
def test_what_cannot_be_signed(changed: dict[str, Any], detail: str) -> None:
    """Nothing that would need an escape, or that is no request line."""
    with pytest.raises(InputError) as refused:
        header(**changed)
    assert (refused.value.code, refused.value.detail) == ("usage.invalid", detail)


def test_a_seed_of_the_wrong_length() -> None:
    """Refused by its length."""
    with pytest.raises(InputError) as refused:
        header(seed=b"x" * 31)
    assert refused.value.code == "ed25519.key-length"
