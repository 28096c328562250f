# SPDX-License-Identifier: Apache-2.0
"""Findings and summary as JSON objects; the schemas lie beside this package in ``audit/schema/``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import e2echeck
from e2echeck.audit.finding import SCHEMA_VERSION, Finding
from e2echeck.audit.later import Later

if TYPE_CHECKING:
    import platform

    from e2echeck.audit.report.pseudonyms import Pseudonyms
    from e2echeck.audit.summary import Summary
    from e2echeck.hazmat import libraries
else:
    libraries, platform = Later("e2echeck.hazmat.libraries"), Later("platform")

__all__ = ["finding_record", "summary_record"]


def finding_record(finding: Finding, names: Pseudonyms) -> dict[str, object]:
    """A finding by ``finding.schema.json``; every member is always there."""
    senders = finding.senders or ((finding.sender,) if finding.sender is not None else ())
    room_ids = finding.room_ids or ((finding.room_id,) if finding.room_id is not None else ())
    return {
        "schema_version": SCHEMA_VERSION,
        "code": str(finding.code),
        "severity": str(finding.severity),
        "event_id": finding.event_id,
        "related_event_ids": list(finding.related_event_ids),
        "room_id": finding.room_id,
        "room_ids": list(room_ids),
        "sender": names.user(finding.sender),
        "senders": [names.user(sender) for sender in senders],
        "device_id": names.device(finding.device_id),
        "session_id": names.session(finding.session_id),
        "recipient": names.user(finding.recipient),
        "recipient_device_id": names.device(finding.recipient_device_id),
        "sender_key": names.key(finding.sender_key),
        "recipient_key": names.key(finding.recipient_key),
        "server": finding.server,
        "signing_key_id": finding.signing_key_id,
        "index_from": finding.index_from,
        "index_to": finding.index_to,
        "count": finding.count,
        "input": finding.input,
        "locator": finding.locator,
        "related_locators": list(finding.related_locators),
        "attributable_to": list(finding.attributable_to),
        "detail": finding.detail,
        "clause": finding.code.clause,
    }


def summary_record(summary: Summary, names: Pseudonyms, options: dict[str, object]) -> dict[str, object]:
    """A summary by ``summary.schema.json``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {
            "name": "e2echeck",
            "version": e2echeck.__version__,
            "backend": summary.backend,
            "python": platform.python_version(),
            **libraries.versions(),
        },
        "options": options,
        "complete": summary.complete,
        "inputs": [
            {
                "number": source.number,
                "path": names.path(source.path),
                "shape": source.shape,
                "order": source.order,
                "size": source.size,
                "sha256": source.sha256,
                "events": source.events,
                "to_device": source.to_device,
                "notes": source.notes,
            }
            for source in summary.inputs
        ],
        "keys": [
            {
                "number": item.number,
                "path": names.path(item.path),
                "size": item.size,
                "sha256": item.sha256,
                "sessions": item.sessions,
                "refused": {str(reason): count for reason, count in item.refused.items()},
                "oddities": [str(oddity) for oddity in item.oddities],
                "iterations": item.iterations,
            }
            for item in summary.keys
        ],
        "server_keys": [
            {
                "number": file.number,
                "path": names.path(file.path),
                "size": file.size,
                "sha256": file.sha256,
                "answers": file.answers,
                "refused": {str(reason): count for reason, count in file.refused.items()},
            }
            for file in summary.server_keys
        ],
        "pinned_server_keys": [f"{key.entity} {key.key_id}" for key in summary.pinned_server_keys],
        "skipped": [{"path": names.path(item.path), "reason": item.reason} for item in summary.skipped],
        "totals": {
            **{name: value for name, value in asdict(summary.total).items() if isinstance(value, int)},
            "attributed": None,
            "repeated": summary.repeated,
            "malformed": summary.malformed,
            "sessions": summary.sessions,
            "session_keys": summary.session_keys,
        },
        "proofs": asdict(summary.proofs),
        "to_device": asdict(summary.to_device),
        "rooms": [asdict(room) for room in summary.rooms],
        "findings": [
            {"code": str(code), "severity": str(severity), "count": count}
            for (code, severity), count in sorted(summary.codes.items())
        ],
        "checks": [str(reason) for reason in summary.checks],
        "not_assessed": [asdict(item) for item in summary.not_assessed],
    }
