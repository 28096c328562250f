# SPDX-License-Identifier: Apache-2.0
"""The report for people, in English or German."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, Literal

from e2echeck.audit.report.records import finding_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2echeck.audit.evidence import Source
    from e2echeck.audit.finding import Finding
    from e2echeck.audit.report.pseudonyms import Pseudonyms
    from e2echeck.audit.summary import ProofTotals, RoomTotals, Summary, ToDeviceTotals

__all__ = ["finding_lines", "safe", "summary_lines"]

Language = Literal["en", "de"]
_MOST_EVENTS_SHOWN: Final = 20

_WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "error": "error", "warning": "warning", "info": "info", "events": "events", "sender": "sender",
        "senders": "senders", "rooms": "rooms", "room": "room", "session": "session",
        "index": "index", "count": "count", "more": "{} more",
        "summary": "Summary", "of": "of", "input": "input", "keys": "keys", "sessions": "sessions",
        "skipped": "skipped", "encrypted": "encrypted", "authentic": "authentic", "opened": "opened",
        "not_opened": "no keys given", "clear": "in clear",
        "on": "encryption on", "off": "not encrypted", "unknown": "encryption unknown",
        "pruned": "pruned", "rejected": "rejected", "soft": "soft-failed",
        "findings": "Findings", "none": "none", "not_assessed": "Not assessed", "undecidable": "undecidable",
        "repeated": "further copies of events", "malformed": "malformed", "incomplete": "The audit is INCOMPLETE.",
        "to_device": "to-device messages", "recipient": "recipient", "pre_key": "pre-key", "normal": "normal",
        "sender_key": "key", "recipient_key": "recipient's key", "copies": "further copies",
        "server": "server", "signing_key_id": "signing key", "server_keys": "server keys", "answers": "answers",
        "pinned": "pinned", "checked": "events as servers send them", "id_holds": "id right",
        "hash_holds": "hash right", "signature_holds": "signature right", "cut": "redacted copies",
        "no_server_keys": "no server keys", "auth": "events that authorise others", "missing": "not in the evidence",
        "forked": "rooms with several latest events",
    },
    "de": {
        "error": "Fehler", "warning": "Warnung", "info": "Hinweis", "events": "Ereignisse", "sender": "Absender",
        "senders": "Absender", "rooms": "Räume", "room": "Raum", "session": "Sitzung",
        "index": "Index", "count": "Anzahl",
        "more": "{} weitere", "summary": "Zusammenfassung", "of": "von", "input": "Eingabe",
        "keys": "Schlüssel", "sessions": "Sitzungen", "skipped": "ausgelassen", "encrypted": "verschlüsselt",
        "authentic": "echt", "opened": "geöffnet", "not_opened": "keine Schlüssel gegeben", "clear": "im Klartext",
        "on": "Verschlüsselung an", "off": "unverschlüsselt", "unknown": "Verschlüsselung unbekannt",
        "pruned": "gekürzt", "rejected": "abgelehnt", "soft": "weich abgelehnt",
        "findings": "Befunde", "none": "keine", "not_assessed": "Nicht geprüft", "undecidable": "unentscheidbar",
        "repeated": "weitere Kopien von Ereignissen", "malformed": "unlesbar",
        "incomplete": "Die Prüfung ist UNVOLLSTÄNDIG.",
        "to_device": "To-Device-Nachrichten", "recipient": "Empfänger", "pre_key": "Pre-Key", "normal": "gewöhnlich",
        "sender_key": "Schlüssel", "recipient_key": "Schlüssel des Empfängers", "copies": "weitere Kopien",
        "server": "Server", "signing_key_id": "Signaturschlüssel", "server_keys": "Serverschlüssel",
        "answers": "Antworten", "pinned": "von Hand vorgegeben", "checked": "Ereignisse, wie Server sie senden",
        "id_holds": "Bezeichner richtig", "hash_holds": "Hash richtig", "signature_holds": "Signatur richtig",
        "cut": "bereinigte Kopien", "no_server_keys": "keine Serverschlüssel",
        "auth": "Ereignisse, die andere autorisieren", "missing": "nicht in den Beweismitteln",
        "forked": "Räume mit mehreren letzten Ereignissen",
    },
}  # fmt: skip


# What and why of `NotAssessed`, as `e2echeck.audit.totals` writes them; a test looks that none is missing.
GERMAN: Final = {
    "MAC, padding, plaintext and inner room of some messages": "MAC, Auffüllung, Klartext und innerer Raum mancher Nachrichten",
    "no key for them": "kein Schlüssel für sie",
    "entries of key lists": "Einträge von Schlüssellisten",
    "they are unusable": "sie sind unbrauchbar",
    "MAC, padding, plaintext and inner room": "MAC, Auffüllung, Klartext und innerer Raum",
    "no keys were given": "es wurden keine Schlüssel gegeben",
    "whether clear events had to be encrypted": "ob Ereignisse im Klartext verschlüsselt sein mussten",
    "the evidence does not order them and the room's encryption": "ihre Reihenfolge zur Verschlüsselung des Raums ist nicht belegt",
    "which device and user a session belongs to": "zu welchem Gerät und Benutzer eine Sitzung gehört",
    "attribution needs device keys": "dazu braucht es Geräteschlüssel",
    "MAC and plaintext of Olm messages": "MAC und Klartext von Olm-Nachrichten",
    "only the devices hold the state of a session": "den Zustand einer Sitzung haben nur die Geräte",
    "whose keys Olm messages name": "wessen Schlüssel Olm-Nachrichten nennen",
    "whether keys of several sessions are fallback keys": "ob Schlüssel mehrerer Sitzungen Ersatzschlüssel sind",
    "the evidence lists them neither as one-time nor as fallback keys": "die Beweismittel führen sie weder als Einmal- noch als Ersatzschlüssel",
    "whether repeated pre-key messages were answered": "ob wiederholte Pre-Key-Nachrichten beantwortet wurden",
    "the evidence holds no message to their sender": "die Beweismittel enthalten keine Nachricht an ihren Absender",
    "signatures of events": "Signaturen von Ereignissen",
    "no server keys were given": "es wurden keine Serverschlüssel gegeben",
    "signatures of some events": "Signaturen mancher Ereignisse",
    "no key of their servers": "kein Schlüssel ihrer Server",
    "server keys in databases": "Serverschlüssel in Datenbanken",
    "the table of them is missing": "die Tabelle dafür fehlt",
    "hashes and signatures of some events": "Hashes und Signaturen mancher Ereignisse",
    "the version of their room is not known": "die Version ihres Raums ist nicht bekannt",
    "hashes and signatures of events in client format": "Hashes und Signaturen von Ereignissen im Client-Format",
    "that format has none": "dieses Format hat keine",
    "content hashes of some events": "Inhalts-Hashes mancher Ereignisse",
    "redaction took their content": "die Bereinigung nahm ihren Inhalt",
}


def safe(text: str) -> str:
    r"""Text for a terminal: control, format (bidi), private and unassigned characters as ``\u{...}``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        rf"\u{{{ord(character):x}}}"
        if unicodedata.category(character)[0] in "CZ" and character != " "
        else character
        for character in text
    )


def finding_lines(finding: Finding, names: Pseudonyms, language: Language = "en") -> Iterator[str]:
    """A headline and indented lines of one finding."""
    words, record = _WORDS[language], finding_record(finding, names)
    detail = f" ({finding.detail})" if finding.detail else ""
    yield safe(f"{words[finding.severity]:<8}{finding.code}: {finding.code.text(language)}{detail}")
    if finding.event_id is not None:
        yield f"        {safe(finding.event_id)}"
    related = finding.related_event_ids or tuple(
        f"{words['input']} {locator}" for locator in finding.related_locators
    )
    for name in related[:_MOST_EVENTS_SHOWN]:
        yield f"        {safe(name)}"
    if len(related) > _MOST_EVENTS_SHOWN:
        yield f"        {words['more'].format(len(related) - _MOST_EVENTS_SHOWN)}"
    about = []
    rooms, senders = record["room_ids"], record["senders"]
    if isinstance(rooms, list) and rooms:
        about.append(f"{words['room' if len(rooms) == 1 else 'rooms']} {', '.join(rooms)}")
    if isinstance(senders, list) and senders:
        about.append(f"{words['sender' if len(senders) == 1 else 'senders']} {', '.join(senders)}")
    about += [
        f"{words[name]} {record[name]}"
        for name in ("sender_key", "recipient", "recipient_key", "server", "signing_key_id")
        if record[name] is not None
    ]
    if record["session_id"] is not None:
        about.append(f"{words['session']} {record['session_id']}")
    if finding.index_from is not None:
        span = str(finding.index_from)
        if finding.index_to != finding.index_from:
            span += f"-{finding.index_to}"
        about.append(f"{words['index']} {span}")
    if finding.count is not None:
        about.append(f"{words['count']} {finding.count}")
    if finding.locator is not None:
        where = finding.locator if finding.input is None else f"{words['input']} {finding.input}:{finding.locator}"
        about.append(where)
    if about:
        yield f"        {safe('; '.join(about))}"


def summary_lines(summary: Summary, names: Pseudonyms, language: Language = "en") -> Iterator[str]:
    """The summary: inputs, keys, rooms, findings by code, and what was not assessed."""
    words = _WORDS[language]
    yield words["summary"]
    for source in summary.inputs:
        yield safe(
            f"  {words['input']} {source.number}: {names.path(source.path)}"
            f" ({source.shape}, {_rows(source, words)}, SHA-256 {source.sha256[:16]}...)"
        )
        for note in source.notes:
            yield safe(f"    {note}")
    for item in summary.keys:
        yield safe(
            f"  {words['keys']} {item.number}: {names.path(item.path)} ({item.sessions} {words['sessions']})"
        )
    for file in summary.server_keys:
        yield safe(
            f"  {words['server_keys']} {file.number}: {names.path(file.path)} ({file.answers} {words['answers']})"
        )
    for key in summary.pinned_server_keys:
        yield safe(f"  {words['server_keys']}: {key.entity} {key.key_id} ({words['pinned']})")
    if summary.skipped:
        yield f"  {words['skipped']}: {len(summary.skipped)}"
        for skipped in summary.skipped:
            yield safe(f"    {names.path(skipped.path)}: {skipped.reason}")
    for room in summary.rooms:
        yield safe(f"  {words['room']} {room.room_id}: {_room(room, summary, words)}")
    total = _counts(summary.total, summary, words)
    yield f"  {words['of'].capitalize()} {len(summary.rooms)} {words['rooms']}: {total}"
    if summary.repeated or summary.malformed:
        yield f"  {words['repeated']}: {summary.repeated}; {words['malformed']}: {summary.malformed}"
    yield from _proof_lines(summary.proofs, words)
    yield from _to_device_lines(summary.to_device, words)
    yield words["findings"]
    if not summary.codes:
        yield f"  {words['none']}"
    for (code, severity), count in sorted(summary.codes.items(), key=lambda item: (-item[0][1].rank, item[0][0])):
        yield f"  {words[severity]:<8}{count:>8}  {code}"
    if summary.not_assessed:
        yield words["not_assessed"]
        for gap in summary.not_assessed:
            number = f" ({gap.count})" if gap.count is not None else ""
            what, why = (GERMAN[text] if language == "de" else text for text in (gap.what, gap.why))
            yield f"  {what}{number}: {why}"
    if not summary.complete:
        yield words["incomplete"]


def _rows(source: Source, words: dict[str, str]) -> str:
    """How much was read from an input."""
    counts = [(source.to_device, words["to_device"])] if source.to_device else []
    if source.events or not counts:
        counts.insert(0, (source.events, words["events"]))
    return ", ".join(f"{count} {name}" for count, name in counts)


def _proof_lines(totals: ProofTotals, words: dict[str, str]) -> Iterator[str]:
    if not totals.checked:
        return
    signed = f"{totals.signature_holds} {words['signature_holds']}"
    parts = [
        f"{totals.id_holds} {words['id_holds']}",
        f"{totals.hash_holds} {words['hash_holds']}",
        signed if totals.server_keys else words["no_server_keys"],
    ]
    if totals.redacted:
        parts.append(f"{totals.redacted} {words['cut']}")
    yield f"  {totals.checked} {words['checked']}: {', '.join(parts)}"
    if totals.auth_missing or totals.auth_rejected:
        yield (
            f"    {totals.auth_events} {words['auth']}: {totals.auth_missing} {words['missing']},"
            f" {totals.auth_rejected} {words['rejected']}"
        )
    if totals.forked_rooms:
        yield f"    {totals.forked_rooms} {words['forked']}"


def _to_device_lines(totals: ToDeviceTotals, words: dict[str, str]) -> Iterator[str]:
    if not (totals.messages or totals.malformed):
        return
    yield (
        f"  {totals.messages} {words['to_device']}: {totals.encrypted} {words['encrypted']}"
        f" (Olm: {totals.olm_pre_key} {words['pre_key']}, {totals.olm_normal} {words['normal']},"
        f" {totals.sessions} {words['sessions']}), {sum(totals.clear.values())} {words['clear']}"
    )
    if totals.clear:
        yield f"    {words['clear']}: {', '.join(f'{kind} {count}' for kind, count in totals.clear.items())}"
    if totals.repeated or totals.malformed:
        yield f"    {words['copies']}: {totals.repeated}; {words['malformed']}: {totals.malformed}"


def _room(room: RoomTotals, summary: Summary, words: dict[str, str]) -> str:
    return f"{words[room.encryption]}; {_counts(room, summary, words)}"


def _counts(room: RoomTotals, summary: Summary, words: dict[str, str]) -> str:
    opened = words["not_opened"] if summary.session_keys is None else f"{room.opened} {words['opened']}"
    parts = [
        f"{room.events} {words['events']}",
        f"{room.encrypted} {words['encrypted']}",
        f"{room.authentic} {words['authentic']}",
        opened,
    ]
    clear = room.clear_before + room.clear_after + room.undecidable
    if clear:
        parts.append(f"{clear} {words['clear']}")
    if room.undecidable:
        parts.append(f"{room.undecidable} {words['undecidable']}")
    for count, name in ((room.pruned, "pruned"), (room.rejected, "rejected"), (room.soft_failed, "soft")):
        if count:
            parts.append(f"{count} {words[name]}")
    return ", ".join(parts)
