# SPDX-License-Identifier: Apache-2.0
"""Requests between servers: the X-Matrix header, and what it signs.

What is signed is an object that both sides put together from the request. The header says only who signed and for
whom, and how it is written has changed over the years: receivers have to read all spellings alike.
"""

from __future__ import annotations

from typing import Any

from e2echeck.reasons import Reason
from e2echeck.testing.forge import Ed25519Key, base64_text, seeded
from e2echeck.vectors import Result
from vectors.cases.signing._signed import canonical
from vectors.registry import Draft, case

FLAGS = {
    "Spelling": "It is about how the header is written.",
    "Destination": "It is about the server for which the request was made.",
}
_CLAUSE = "Matrix SS: Request Authentication"
_SPELLING = "Matrix SS: Request Authentication; RFC 9110 sections 5.6 and 11.4"
_KEY = Ed25519Key(seeded("request origin", 32))
_OTHER = Ed25519Key(seeded("request mallory", 32))
_ORIGIN, _HERE, _KEY_ID = "origin.example.org", "here.example.com", "ed25519:a_1"
_METHOD, _URI = "PUT", "/_matrix/federation/v1/send/1?a=b%20c"
_CONTENT: dict[str, Any] = {"pdus": [], "origin": _ORIGIN, "b": "\u00e9"}


def _signature(
    content: object = _CONTENT,
    *,
    method: str = _METHOD,
    uri: str = _URI,
    destination: str | None = _HERE,
    origin: str = _ORIGIN,
    key: Ed25519Key = _KEY,
) -> str:
    request: dict[str, object] = {"method": method, "uri": uri, "origin": origin}
    if destination is not None:
        request["destination"] = destination
    if content is not ...:
        request["content"] = content
    return base64_text(key.sign(canonical(request)))


_SIG = _signature()


def _header(sig: str = _SIG, *, destination: str = _HERE, origin: str = _ORIGIN, key_id: str = _KEY_ID) -> str:
    return f'X-Matrix origin="{origin}",destination="{destination}",key="{key_id}",sig="{sig}"'


def _values(header: str | bytes, content: object, changes: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "header": header.encode("latin-1") if isinstance(header, str) else header,
        "method": _METHOD.encode(),
        "uri": _URI.encode(),
        "destination": _HERE.encode(),
        "origin": _ORIGIN.encode(),
        "key_id": _KEY_ID.encode(),
        "public_key": _KEY.public_key,
        **changes,
    }
    if content is not ...:
        values["content"] = content if isinstance(content, bytes) else canonical(content)
    return values


def _good(header: str, note: str = "", content: object = _CONTENT, **changes: bytes) -> Draft:
    return Draft("request_auth.check", _values(header, content, changes), Result.VALID, {}, note=note)


def _bad(
    reason: Reason,
    header: str | bytes,
    note: str = "",
    content: object = _CONTENT,
    *,
    unrefused: str | None = None,
    **changes: bytes,
) -> Draft:
    values = _values(header, content, changes)
    return Draft("request_auth.check", values, Result.INVALID, reason=reason, note=note, unrefused=unrefused)


@case(clause=_CLAUSE)
def honest() -> dict[str, Draft]:
    """A request as servers send it."""
    nothing = _header(_signature(..., method="GET"))
    port = _header(_signature(origin="[2001:db8::1]:8448"), origin="[2001:db8::1]:8448")
    return {
        "put": _good(_header(), "It has a body."),
        "get": _good(nothing, "It has none.", ..., method=b"GET"),
        "empty-object": _good(_header(_signature({})), "Its body is an empty object.", {}),
        "spaces": _good(
            _header(),
            "Its body has white space and escapes.",
            b' {"b":"\\u00e9", "pdus": [],"origin":"origin.example.org"}\n',
        ),
        "address": _good(port, "The origin is an address with a port.", origin=b"[2001:db8::1]:8448"),
    }  # fmt: skip


@case(clause=_CLAUSE)
def changed_on_the_way() -> dict[str, Draft]:
    """A part of the request is not as it was signed."""
    invalid = Reason.REQUEST_AUTH_SIGNATURE_INVALID
    header = _header()
    return {
        "method": _bad(invalid, header, "It is the method.", method=b"POST"),
        "method-case": _bad(invalid, header, "It is the case of the method.", method=b"put"),
        "path": _bad(invalid, header, "It is the path.", uri=_URI.replace("send/1", "send/2").encode()),
        "query": _bad(invalid, header, "It is the query.", uri=_URI.replace("a=b", "a=c").encode()),
        "query-gone": _bad(invalid, header, "The query is gone.", uri=_URI.partition("?")[0].encode()),
        "decoded": _bad(invalid, header, "The query is decoded.", uri=_URI.replace("%20", "+").encode()),
        "escape-case": _bad(invalid, _header(_signature(uri="/a%2F")), "It is the case of an escape.", uri=b"/a%2f"),
        "slash": _bad(invalid, header, "The path has a second slash.", uri=b"/" + _URI.encode()),
        "content": _bad(invalid, header, "It is the body.", {**_CONTENT, "pdus": [1]}),
        "content-gone": _bad(invalid, header, "The body is gone.", ..., method=b"PUT"),
        "content-added": _bad(invalid, _header(_signature(...)), "A body was added."),
        "empty-object-added": _bad(invalid, _header(_signature(...)), "An empty object was added.", {}),
        "member-added": _bad(invalid, header, "A member was added to the body.", {**_CONTENT, "edus": []}),
    }  # fmt: skip


@case(clause=_CLAUSE, flags=("Destination",))
def destination() -> dict[str, Draft]:
    """The request was made for another server, or does not say for which."""
    mismatch = Reason.REQUEST_AUTH_DESTINATION_MISMATCH
    invalid = Reason.REQUEST_AUTH_SIGNATURE_INVALID
    other = "other.example.net"
    older = _header().replace(f'destination="{_HERE}",', "")
    return {
        "missing": _good(older, "The header does not say, as older servers do, and the signature does."),
        "other": _bad(
            mismatch, _header(_signature(destination=other), destination=other), "It was made for another."
        ),
        "other-in-header": _bad(mismatch, _header(destination=other), "Only the header names another."),
        "other-signed": _bad(
            invalid, _header(_signature(destination=other)), "Only the signature is for another."
        ),
        "other-signed-missing": _bad(
            invalid,
            _header(_signature(destination=other)).replace(f'destination="{_HERE}",', ""),
            "The signature is for another, and the header does not say.",
        ),
        "case": _bad(mismatch, _header(destination=_HERE.upper()), "It has another case."),
        "port": _bad(mismatch, _header(destination=_HERE + ":8448"), "It has a port."),
        "dot": _bad(mismatch, _header(destination=_HERE + "."), "It has a dot behind it."),
        "not-signed": _bad(
            invalid, _header(_signature(destination=None)), "It is in the header and not under the signature."
        ),
    }


@case(clause=_CLAUSE)
def whose_key() -> dict[str, Draft]:
    """The key is not the one that signed, or not that of the origin."""
    invalid, unknown = Reason.REQUEST_AUTH_SIGNATURE_INVALID, Reason.REQUEST_AUTH_KEY_UNKNOWN
    mallory = "mallory.example.net"
    return {
        "other-key": _bad(invalid, _header(_signature(key=_OTHER)), "Another key signed."),
        "other-public-key": _bad(invalid, _header(), "Another key is known.", public_key=_OTHER.public_key),
        "key-id": _bad(unknown, _header(key_id="ed25519:b"), "It names another key."),
        "algorithm": _bad(unknown, _header(key_id="rsa:a_1"), "It names another algorithm."),
        "no-algorithm": _bad(unknown, _header(key_id="a_1"), "It names no algorithm."),
        "other-origin": _bad(
            unknown, _header(_signature(origin=mallory), origin=mallory), "Another server claims the key."
        ),
        "origin-in-header": _bad(unknown, _header(origin=mallory), "Only the header names another origin."),
        "origin-case": _bad(
            unknown,
            _header(_signature(origin=_ORIGIN.upper()), origin=_ORIGIN.upper()),
            "The origin has another case.",
        ),
    }


@case(clause=_CLAUSE)
def signature_itself() -> dict[str, Draft]:
    """The signature is none of 64 bytes, or one that does not hold."""
    invalid = Reason.REQUEST_AUTH_SIGNATURE_INVALID
    texts = {
        "empty": "",
        "zeros": base64_text(bytes(64)),
        "short": base64_text(bytes(63)),
        "long": base64_text(bytes(65)),
        "no-base64": "*" * 86,
    }
    return {name: _bad(invalid, _header(text), f"It is this: {name}.") for name, text in texts.items()}


@case(clause=_SPELLING, flags=("Spelling",))
def other_spellings() -> dict[str, Draft]:
    """The header is written in another way that means the same."""
    header = _header()
    reverse = f'X-Matrix sig="{_SIG}",key="{_KEY_ID}",destination="{_HERE}",origin="{_ORIGIN}"'
    return {
        "without-quotes": _good(
            f'X-Matrix origin={_ORIGIN},destination={_HERE},key="{_KEY_ID}",sig="{_SIG}"',
            "Names of servers are not quoted.",
        ),
        "colon-without-quotes": _good(
            f'X-Matrix origin={_ORIGIN},destination={_HERE},key={_KEY_ID},sig="{_SIG}"',
            "The key id is not quoted though it has a colon, as older servers write it.",
        ),
        "order": _good(reverse, "The parameters are in another order."),
        "spaces": _good(header.replace(",", ", "), "There are spaces behind commas."),
        "unknown": _good(header + ',org.example.more="1"', "There is a parameter that nobody knows."),
        "unknown-token": _good(header + ",more=1", "There is a token that nobody knows."),
        "several-spaces": _good(header.replace("X-Matrix ", "X-Matrix   "), "Several spaces are behind the scheme."),
        "scheme-case": _good(header.replace("X-Matrix", "x-matrix"), "The scheme is in lower case."),
        "names-case": _good(
            header.replace("origin=", "Origin=").replace("sig=", "SIG="), "Names of parameters have other cases."
        ),
        "spaces-around-comma": _good(header.replace(",", " , "), "There are spaces on both sides of commas."),
        "tab": _good(header.replace(",", ",\t"), "There are tabs behind commas."),
        "escaped": _good(header.replace("origin.", "origin\\."), "A character in quotes has a backslash before it."),
    }  # fmt: skip


@case(clause=_SPELLING, flags=("Spelling",))
def parameters_missing() -> dict[str, Draft]:
    """A parameter that the header must have is missing."""
    header = _header()
    missing = Reason.REQUEST_AUTH_PARAMETER_MISSING
    return {
        "origin": _bad(missing, header.replace(f'origin="{_ORIGIN}",', ""), "It is the origin."),
        "key": _bad(missing, header.replace(f'key="{_KEY_ID}",', ""), "It is the key."),
        "sig": _bad(missing, header.partition(",sig")[0], "It is the signature."),
        "all": _bad(missing, f'X-Matrix destination="{_HERE}"', "They are all but the destination."),
    }


@case(clause=_SPELLING, flags=("Spelling",))
def parameters_twice() -> dict[str, Draft]:
    """A parameter comes twice, so that one reader takes the first and another the last."""
    header = _header()
    twice = Reason.REQUEST_AUTH_PARAMETER_REPEATED
    return {
        "origin": _bad(twice, header + ',origin="mallory.example.net"', "It is the origin."),
        "origin-first": _bad(
            twice,
            header.replace("X-Matrix ", 'X-Matrix origin="mallory.example.net",'),
            "It is the origin, another one first.",
        ),
        "destination": _bad(twice, header + ',destination="other.example.net"', "It is the destination."),
        "sig-other": _bad(
            twice,
            header + f',signature="{base64_text(bytes(64))}"',
            "It is the signature, under the name that the list of the clause gives it.",
            unrefused="Those that are asked here do not know the second name.",
        ),
        "key": _bad(twice, header + ',key="ed25519:b"', "It is the key."),
    }


@case(clause=_SPELLING, flags=("Spelling",))
def malformed() -> dict[str, Draft]:
    """The header is no list of parameters of this scheme, or names no server."""
    header = _header()
    wrong = Reason.REQUEST_AUTH_MALFORMED
    made = {
        "empty": "",
        "scheme": "Bearer " + header.partition(" ")[2],
        "no-scheme": header.partition(" ")[2],
        "scheme-only": "X-Matrix",
        "open-quote": header[:-1],
        "semicolons": header.replace(",", ";"),
        "space-in-origin": header.replace("origin.", "origin ."),
        "empty-origin": header.replace(_ORIGIN, ""),
    }
    return {name: _bad(wrong, text, f"It is this: {name}.") for name, text in made.items()}


@case(clause="Matrix App: Canonical JSON")
def content_without_canonical_form() -> dict[str, Draft]:
    """The body cannot be expressed in canonical JSON, so that nothing can be verified."""
    made = {
        "cut": (b'{"a":', Reason.JSON_MALFORMED),
        "fraction": (b'{"a":1.5}', Reason.JSON_FORBIDDEN_VALUE),
        "surrogate": (b'{"a":"\\ud800"}', Reason.JSON_SURROGATE),
    }
    return {name: _bad(reason, _header(), f"It is this: {name}.", text) for name, (text, reason) in made.items()}
