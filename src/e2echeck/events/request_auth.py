# SPDX-License-Identifier: Apache-2.0
"""Authentication of requests between homeservers: the ``Authorization: X-Matrix`` header.

What is signed is not the header but a JSON object of method, uri, origin, destination and content, which both sides
put together for themselves.  The header tells who signed, with which key, and for whom.

Order of the checks (Matrix SS, "Request Authentication"; all that apply are reported):

1. the header has its form, and all parameters that it needs once;
2. ``destination`` is the server here, where the header has one;
3. the content is canonical JSON;
4. ``key`` is a key of the origin that was current at that time; old keys are for events only;
5. the signature is that key's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2echeck import canonical_json
from e2echeck.encoding import encode_base64
from e2echeck.errors import InputError
from e2echeck.events._server_name import is_key_id, is_server_name
from e2echeck.events.server_keys import PINNED, is_current
from e2echeck.hazmat import ed25519
from e2echeck.limits import DEFAULT, Limits
from e2echeck.reasons import Reason
from e2echeck.signing import check_signatures
from e2echeck.verdict import Verdict

if TYPE_CHECKING:
    from e2echeck.canonical_json import JsonValue
    from e2echeck.signing import KeyRing, VerifyKey

__all__ = ["LONGEST_HEADER", "XMatrix", "check_request", "parse_authorization", "sign_request"]

LONGEST_HEADER: Final = 16 * 2**10
"""Characters of a header that `parse_authorization` reads; the largest that servers take is about half of that."""

_SCHEME: Final = re.compile(r"X-Matrix +", re.IGNORECASE | re.ASCII)
# One element of the list, which may be empty (RFC 9110 section 5.6.1.2).  Colons in unquoted values are the
# leniency that the clause asks for.  Possessive throughout, so that nothing is read twice.
_ELEMENT: Final = re.compile(
    r"[ \t]*+(?:"
    r"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]++)[ \t]*+=[ \t]*+"
    r'(?:(?P<token>[!#$%&\'*+.^_`|~0-9A-Za-z:-]++)|"(?P<quoted>(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*+)")'
    r"[ \t]*+)?+(?P<end>,|\Z)"
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_OPTIONAL: Final = "destination"
_METHOD: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class XMatrix:
    """The parameters of a header of the right form; nothing of them is verified.

    Attributes:
        origin: the sending server, a server name.
        destination: the receiving server, or None: senders from before Matrix 1.3 do not name it.
        key_id: the id of the signing key with its algorithm, any text.
        signature: the signature in base64, any text.
    """

    origin: str
    destination: str | None
    key_id: str
    signature: str


def sign_request(  # noqa: PLR0913 - each is signed, or signs
    method: str,
    uri: str,
    origin: str,
    destination: str,
    content: JsonValue | bytes = None,
    *,
    key_id: str,
    seed: bytes,
    limits: Limits = DEFAULT,
) -> str:
    """The value of the Authorization header for a request, in the spelling that older servers read.

    Args:
        method: of HTTP, in its own case: ``"PUT"``.
        uri: path and query as they stand in the request line, ``/_matrix/...?...``; no scheme, no host.
        origin: the own server name, as it was before any delegation.
        destination: the name of the other server, likewise.
        content: the JSON of the body, or its bytes; None or ``b""`` for a request without body.
        key_id: of the signing key, ``ed25519:`` and its version.
        seed: the secret half of that key, 32 bytes.
        limits: bounds on the content.

    Raises:
        InputError: ``usage.invalid`` for a method, uri, name or key id of another form; ``json.*`` for content that
            is no canonical JSON; ``ed25519.key-length``.

    Clause: Matrix SS, "Request Authentication"; Matrix App, "Signing JSON".
    """
    for name, right in (
        ("method", _METHOD.fullmatch(method) is not None),
        ("uri", uri.startswith("/") and uri.isascii() and uri.isprintable() and " " not in uri),
        ("origin", is_server_name(origin)),
        ("destination", is_server_name(destination)),
        ("key_id", is_key_id(key_id)),
    ):
        if not right:
            raise InputError(Reason.USAGE, name)
    message = _signed_bytes(method, uri, origin, destination, content, limits)
    signature = encode_base64(ed25519.sign(seed, message))
    return f'X-Matrix origin="{origin}",destination="{destination}",key="{key_id}",sig="{signature}"'


def parse_authorization(header: str | bytes) -> XMatrix:
    r"""Read the value of an Authorization header of the scheme X-Matrix.

    Scheme and names in any case, parameters in any order, white space around commas and ``=``, empty elements of the
    list; values as quoted strings, in which a backslash stands for the character behind it, or as tokens that may
    hold colons.  The signature may be called ``sig``, as in all software, or ``signature``, as in the list of the
    specification; both are taken when they agree.  Unknown parameters are ignored, if they come once.

    NOT checked: the key id and the signature, in no way; that the origin is who it says.

    Args:
        header: the value, as str or as bytes; bytes are read as ISO 8859-1, and nothing of use is beyond ASCII.

    Raises:
        InputError: ``evidence.limit`` beyond `LONGEST_HEADER`; ``request-auth.malformed`` (another scheme, a syntax
            error, an origin or destination that is no server name); ``request-auth.parameter-repeated`` (names
            compared without case; also ``sig`` and ``signature`` that differ); ``request-auth.parameter-missing``,
            whose detail names ``origin``, ``key`` and ``sig`` as far as they are missing.

    Clause: Matrix SS, "Request Authentication"; RFC 9110 sections 5.6 and 11.4.
    """
    if len(header) > LONGEST_HEADER:
        raise InputError(Reason.EVIDENCE_LIMIT, f"{len(header)} characters, limit {LONGEST_HEADER}")
    text = (header if isinstance(header, str) else header.decode("iso-8859-1")).strip(" \t")
    parameters = _parameters(text)
    signature = parameters.get("sig", parameters.get("signature"))
    if signature != parameters.get("signature", signature):
        raise InputError(Reason.REQUEST_AUTH_PARAMETER_REPEATED, "sig and signature")
    origin, key_id, destination = (parameters.get(name) for name in ("origin", "key", _OPTIONAL))
    if origin is None or key_id is None or signature is None:
        named = (("origin", origin), ("key", key_id), ("sig", signature))
        missing = ", ".join(name for name, value in named if value is None)
        raise InputError(Reason.REQUEST_AUTH_PARAMETER_MISSING, missing)
    for name, value in (("origin", origin), (_OPTIONAL, destination)):
        if value is not None and not is_server_name(value):
            raise InputError(Reason.REQUEST_AUTH_MALFORMED, f"{name} is no server name")
    return XMatrix(origin, destination, key_id, signature)


def _parameters(text: str) -> dict[str, str]:
    """Values by lower-case name."""
    scheme = _SCHEME.match(text)
    if scheme is None:
        raise InputError(Reason.REQUEST_AUTH_MALFORMED, "another scheme")
    parameters: dict[str, str] = {}
    position = scheme.end()
    while True:
        element = _ELEMENT.match(text, position)
        if element is None:
            raise InputError(Reason.REQUEST_AUTH_MALFORMED, f"at character {position}")
        if element["name"] is not None:
            name = element["name"].lower()
            if name in parameters:
                raise InputError(Reason.REQUEST_AUTH_PARAMETER_REPEATED, f"at character {position}")
            quoted = element["quoted"]
            parameters[name] = element["token"] if quoted is None else _ESCAPE.sub(r"\1", quoted)
        if not element["end"]:
            return parameters
        position = element.end()


def check_request(  # noqa: PLR0913 - each is one side of what was signed
    header: str | bytes,
    method: str,
    uri: str,
    content: JsonValue | bytes = None,
    *,
    destination: str,
    keys: KeyRing,
    now: int,
    limits: Limits = DEFAULT,
) -> Verdict:
    """Check that a request comes from the server that its header names, was meant for this one, and is unchanged.

    Args:
        header: the value of the Authorization header; a request with several is checked once for each.
        method: as in the request line.
        uri: path and query as in the request line, undecoded.
        content: the body as bytes, or its JSON; None or ``b""`` for a request without body.
        destination: the name of the server here.
        keys: what is known of the keys of servers.
        now: milliseconds since 1970 at which the request came.
        limits: bounds on the content.

    NOT checked: that the origin may do what it asks; that the request is not a repetition, against which the
    protocol has nothing but transaction ids; that the keys of the ring are the origin's.

    Returns:
        Alone: ``evidence.limit`` and what `parse_authorization` names.  Otherwise all that apply of
        ``request-auth.destination-missing`` (as information: the signature still covers `destination`),
        ``request-auth.destination-mismatch``; ``json.*`` (content that is not canonical JSON; no more is checked
        then); ``request-auth.key-unknown`` (also another algorithm; nothing can be said of the signature then);
        ``base64.*``, ``request-auth.signature-invalid``, ``signature.key-known-bad``, with
        ``signature.algorithm-unknown`` as information; ``request-auth.key-expired`` (an old key, or a current one
        after its validity), or ``server-key.pinned`` (as information: only a pin says that the key is valid).

    Clause: Matrix SS, "Request Authentication"; Matrix App, "Checking for a Signature".
    """
    try:
        request = parse_authorization(header)
    except InputError as error:
        return Verdict((error.code,), error.detail)
    reasons: list[Reason] = []
    if request.destination is None:
        reasons.append(Reason.REQUEST_AUTH_DESTINATION_MISSING)
    elif request.destination != destination:
        reasons.append(Reason.REQUEST_AUTH_DESTINATION_MISMATCH)
    try:
        message = _signed_bytes(method, uri, request.origin, destination, content, limits)
    except InputError as error:
        return Verdict((*reasons, error.code), error.detail)
    signatures = {request.origin: {request.key_id: request.signature}}
    found = check_signatures(message, signatures, request.origin, keys)
    reasons.extend(dict.fromkeys(_NAMED.get(reason, reason) for reason in found.verdict.reasons))
    # Where none of the keys under the id fits, all of them have to be out of time for the id to be.
    candidates = found.keys or keys.find(request.origin, request.key_id)
    if candidates and not any(is_current(keys, key, now) for key in candidates):
        reasons.append(Reason.REQUEST_AUTH_KEY_EXPIRED)
    elif found.keys and _is_pinned_only(keys, found.keys[0], now):
        reasons.append(Reason.SERVER_KEY_PINNED)
    return Verdict(tuple(reasons))


_NAMED: Final = {
    Reason.SIGNATURE_MALFORMED: Reason.REQUEST_AUTH_SIGNATURE_INVALID,
    Reason.SIGNATURE_INVALID: Reason.REQUEST_AUTH_SIGNATURE_INVALID,
    Reason.SIGNATURE_KEY_UNKNOWN: Reason.REQUEST_AUTH_KEY_UNKNOWN,
    # Nothing but another algorithm in the one signature there is.
    Reason.SIGNATURE_MISSING: Reason.REQUEST_AUTH_KEY_UNKNOWN,
}


def _is_pinned_only(ring: KeyRing, key: VerifyKey, now: int) -> bool:
    """Whether nothing but a pin says that the key is valid now."""
    copies = [copy for copy in ring.find(key.entity, key.key_id) if copy.public_key == key.public_key]
    return all(
        copy.source == PINNED or (copy.valid_until is not None and copy.valid_until < now) for copy in copies
    )


def _signed_bytes(
    method: str, uri: str, origin: str, destination: str, content: JsonValue | bytes, limits: Limits
) -> bytes:
    """The canonical JSON that the origin signs."""
    request: dict[str, object] = {"method": method, "uri": uri, "origin": origin, "destination": destination}
    if isinstance(content, bytes):
        if content:
            request["content"] = canonical_json.parse(content, limits=limits)
    elif content is not None:
        request["content"] = content
    return canonical_json.encode(request, limits=limits)
