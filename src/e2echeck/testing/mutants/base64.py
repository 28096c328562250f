# SPDX-License-Identifier: Apache-2.0
"""Mistakes in base64."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from e2echeck import encoding
from e2echeck.errors import InputError
from e2echeck.reasons import Reason
from e2echeck.testing.mutants.registry import Patch, mutant
from e2echeck.verdict import Parsed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_DECODE: Final = "base64.decode::"
_PADDING: Final = "base64.padding::"
_CHARACTERS: Final = "base64.characters::"
_ENCODE: Final = "base64.encode::"
_LETTERS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")


def _as_bytes(text: str | bytes) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text


def _reading(patch: Patch, change: Callable[[bytes], bytes]) -> None:
    """The text is changed before it is read."""
    right = encoding.decode_base64

    def decode(text: str | bytes, **options: Any) -> Parsed[bytes]:  # noqa: ANN401 - as they come
        return right(change(_as_bytes(text)), **options)

    patch(encoding, "decode_base64", decode)


def _tolerating(patch: Patch, *reasons: Reason) -> None:
    """Oddities are not reported."""
    right = encoding.decode_base64

    def decode(text: str | bytes, **options: Any) -> Parsed[bytes]:  # noqa: ANN401 - as they come
        parsed = right(text, **options)
        return Parsed(parsed.value, tuple(oddity for oddity in parsed.oddities if oddity not in reasons))

    patch(encoding, "decode_base64", decode)


def _writing(patch: Patch, change: Callable[[str], str]) -> None:
    """The text is changed after it is written."""
    right = encoding.encode_base64
    patch(encoding, "encode_base64", lambda data, **options: change(right(data, **options)))


@mutant(
    f"{_PADDING}right::one-byte",
    f"{_PADDING}right::key",
    f"{_PADDING}right::signature",
    f"{_PADDING}wrong-number::1-bytes-1",
    f"{_PADDING}wrong-number::2-bytes-2",
    f"{_PADDING}wrong-number::3-bytes-1",
    f"{_PADDING}wrong-number-behind-key::2",
    f"{_PADDING}wrong-number-behind-signature",
    f"{_PADDING}nothing-else::1",
)
def padding_tolerated(patch: Patch) -> None:
    """One or two padding characters are taken behind any text."""
    _tolerating(patch, Reason.BASE64_PADDING)


@mutant(
    f"{_PADDING}wrong-number::1-bytes-4",
    f"{_PADDING}wrong-number::3-bytes-3",
    f"{_PADDING}wrong-number-behind-key::3",
    f"{_PADDING}nothing-else::4",
)
def padding_stripped(patch: Patch) -> None:
    """Any number of padding characters is taken off the end."""
    _reading(patch, lambda text: text.rstrip(b"="))


@mutant(f"{_PADDING}in-the-middle::two-texts", f"{_PADDING}in-the-middle::two-texts-unpadded")
def padding_ends_the_text(patch: Patch) -> None:
    """What follows the first padding character is not looked at."""
    _reading(patch, lambda text: text.split(b"=")[0])


@mutant(f"{_DECODE}published::1", f"{_DECODE}published::5", f"{_DECODE}key", f"{_DECODE}signature")
def padding_required(patch: Patch) -> None:
    """A text has to have the padding of RFC 4648."""
    right = encoding.decode_base64

    def decode(text: str | bytes, **options: Any) -> Parsed[bytes]:  # noqa: ANN401 - as they come
        if len(text) % 4:
            raise InputError(Reason.BASE64_MALFORMED, "no padding")
        return right(text, **options)

    patch(encoding, "decode_base64", decode)


@mutant(
    *(f"{_DECODE}stray-bits-behind-one-byte::{bits}" for bits in (1, 2, 4, 8, 15)),
    *(f"{_DECODE}stray-bits-behind-two-bytes::{bits}" for bits in (1, 2, 3)),
    *(f"{_DECODE}stray-bits-in-key::{bits}" for bits in (1, 2, 3)),
    *(f"{_DECODE}stray-bits-in-signature::{bits}" for bits in (1, 8, 15)),
    f"{_DECODE}stray-bits-url-safe",
)
def stray_bits_ignored(patch: Patch) -> None:
    """Bits that are left over are dropped."""
    _tolerating(patch, Reason.BASE64_STRAY_BITS)


@mutant(
    f"{_DECODE}stray-bits-behind-one-byte::4",
    f"{_DECODE}stray-bits-behind-one-byte::8",
    f"{_DECODE}stray-bits-in-signature::8",
)
def two_stray_bits_checked(patch: Patch) -> None:
    """Behind one byte only the last two of the four bits that are left over are looked at."""
    patch(encoding, "_LAST_OF_TWO", encoding._LAST_OF_THREE)


@mutant(f"{_DECODE}no-stray-bits::upper-q", f"{_DECODE}no-stray-bits::lower-w", f"{_DECODE}published::1")
def only_zero_in_the_last_character(patch: Patch) -> None:
    """A last group of two characters has to end in A."""
    patch(encoding, "_LAST_OF_TWO", frozenset(b"A"))


@mutant(
    f"{_CHARACTERS}white-space::space",
    f"{_CHARACTERS}white-space::tab",
    f"{_CHARACTERS}white-space::form-feed",
    f"{_CHARACTERS}white-space-outside::line-feed-behind",
    f"{_CHARACTERS}white-space-only",
    f"{_CHARACTERS}white-space-for-a-character",
)
def white_space_skipped(patch: Patch) -> None:
    """White space is skipped."""
    _tolerating(patch, Reason.BASE64_WHITESPACE)


@mutant(
    f"{_CHARACTERS}white-space::line-feed",
    f"{_CHARACTERS}white-space::carriage-return",
    f"{_CHARACTERS}white-space::new-line",
    f"{_PADDING}before-a-line-feed",
)
def line_breaks_skipped(patch: Patch) -> None:
    """Line breaks are skipped, as in Go."""
    _reading(patch, lambda text: text.translate(None, b"\r\n"))


@mutant(f"{_CHARACTERS}white-space-outside::space-before", f"{_CHARACTERS}white-space-outside::line-feed-before")
def text_trimmed(patch: Patch) -> None:
    """White space is trimmed from the ends of the text."""
    _reading(patch, bytes.strip)


@mutant(
    f"{_CHARACTERS}url-safe-for-standard::hyphen",
    f"{_CHARACTERS}url-safe-for-standard::key",
    f"{_CHARACTERS}standard-for-url-safe::plus",
    f"{_CHARACTERS}standard-for-url-safe::key",
    f"{_CHARACTERS}mixed::as-standard",
    f"{_CHARACTERS}mixed::as-url-safe",
    f"{_CHARACTERS}mixed::one-in-key",
)
def alphabets_mixed(patch: Patch) -> None:
    """Both alphabets are taken everywhere."""
    _tolerating(patch, Reason.BASE64_ALPHABET)


@mutant(f"{_DECODE}url-safe::hyphen", f"{_DECODE}url-safe::underscore", f"{_DECODE}alphabet::url-safe")
def standard_alphabet_only(patch: Patch) -> None:
    """The URL-safe alphabet is not taken where it is right."""
    right = encoding.decode_base64
    patch(encoding, "decode_base64", lambda text, **_: right(text))


@mutant(
    f"{_DECODE}alphabet::standard", f"{_DECODE}key-of-equal-bytes::fb", f"{_CHARACTERS}url-safe-for-standard::both"
)
def two_characters_swapped(patch: Patch) -> None:
    """The last two characters of the alphabet have changed places."""
    swap = bytes.maketrans(b"+/-_", b"/+_-")
    _reading(patch, lambda text: text.translate(swap).replace(b"-", b"/").replace(b"_", b"+"))


@mutant(
    f"{_CHARACTERS}foreign::nul",
    f"{_CHARACTERS}foreign::exclamation-mark",
    f"{_CHARACTERS}foreign::ff",
    f"{_CHARACTERS}foreign::no-break-space",
    f"{_CHARACTERS}foreign::cyrillic",
    f"{_CHARACTERS}foreign-at-the-end::exclamation-mark",
    f"{_CHARACTERS}foreign-only",
)
def foreign_characters_skipped(patch: Patch) -> None:
    """Characters of no alphabet are skipped, as Python does unless told otherwise."""
    _reading(patch, lambda text: bytes(character for character in text if character in _LETTERS))


@mutant(f"{_CHARACTERS}foreign-at-the-end::nul", f"{_CHARACTERS}foreign-at-the-end::nul-and-more")
def nul_ends_the_text(patch: Patch) -> None:
    """The text ends at its first NUL."""
    _reading(patch, lambda text: text.split(b"\0")[0])


@mutant(f"{_CHARACTERS}foreign::high-byte", f"{_CHARACTERS}foreign::letter")
def high_bits_ignored(patch: Patch) -> None:
    """Bytes beyond ASCII are skipped."""
    _reading(patch, lambda text: bytes(character for character in text if character < 0x80))


@mutant(f"{_CHARACTERS}foreign::full-width")
def full_width_folded(patch: Patch) -> None:
    """Letters of full width are taken for plain ones."""
    _reading(patch, lambda text: text.replace("\uff21".encode(), b"A" * 4))


@mutant(f"{_DECODE}published::0", f"{_DECODE}url-safe::empty")
def empty_text_refused(patch: Patch) -> None:
    """The empty text is refused."""
    right = encoding.decode_base64

    def decode(text: str | bytes, **options: Any) -> Parsed[bytes]:  # noqa: ANN401 - as they come
        if not text:
            raise InputError(Reason.BASE64_MALFORMED, "empty")
        return right(text, **options)

    patch(encoding, "decode_base64", decode)


@mutant(*(f"{_DECODE}one-character-too-many::{length}" for length in (1, 5, 9, 13, 85)))
def last_character_dropped(patch: Patch) -> None:
    """A single character behind the last whole group is dropped."""
    _reading(patch, lambda text: text[:-1] if len(text) % 4 == 1 else text)


@mutant(f"{_DECODE}published::1", f"{_DECODE}published::2", f"{_DECODE}longer::7", f"{_DECODE}key")
def last_group_dropped(patch: Patch) -> None:
    """A last group that is not whole is dropped."""
    _reading(patch, lambda text: text[: len(text) // 4 * 4])


@mutant(f"{_ENCODE}published::1", f"{_ENCODE}published::2", f"{_ENCODE}key", f"{_ENCODE}url-safe::hash")
def padding_written(patch: Patch) -> None:
    """What is written has padding."""
    _writing(patch, lambda text: text + "=" * (-len(text) % 4))


@mutant(f"{_ENCODE}long", f"{_ENCODE}signature")
def lines_written(patch: Patch) -> None:
    """What is written is broken into lines of 76 characters, as for mail."""
    _writing(patch, lambda text: "\n".join(text[start : start + 76] for start in range(0, len(text), 76)))


@mutant(f"{_ENCODE}published::0")
def padding_written_for_nothing(patch: Patch) -> None:
    """Nothing is written as four padding characters."""
    _writing(patch, lambda text: text or "====")


@mutant(f"{_ENCODE}url-safe::hyphen", f"{_ENCODE}url-safe::underscore", f"{_ENCODE}alphabet::url-safe")
def standard_alphabet_written(patch: Patch) -> None:
    """The standard alphabet is written whatever is asked for."""
    _writing(patch, lambda text: text.replace("-", "+").replace("_", "/"))


@mutant(f"{_ENCODE}one-byte::f8", f"{_ENCODE}one-byte::ff", f"{_ENCODE}alphabet::standard")
def url_safe_alphabet_written(patch: Patch) -> None:
    """The URL-safe alphabet is written whatever is asked for."""
    _writing(patch, lambda text: text.replace("+", "-").replace("/", "_"))
