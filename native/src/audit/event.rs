// SPDX-License-Identifier: Apache-2.0
//! Recognising plain events: encrypted room events in client format about whose form there is nothing to say.
//!
//! The definition of what an event is stands in `e2echeck.audit.readers.normalise`; what is not plain is read there.

use simdutf8::basic::from_utf8;

use super::json::{Cursor, ESCAPED, Rules, Text, Value};

/// `NO_TIME` of `e2echeck.audit.table`.
pub const NO_TIME: i64 = i64::MIN;
/// Ids of at most so many bytes have at most 255 characters.
const LONGEST_ID: usize = 255;
const KIND: &[u8] = b"m.room.encrypted";
const ALGORITHM: &[u8] = b"m.megolm.v1.aes-sha2";
/// Members that make an event another thing than one in client format that is not state.
const NOT_PLAIN: [&[u8]; 7] =
    [b"state_key", b"pdu", b"hashes", b"signatures", b"auth_events", b"chunk", ESCAPED];

/// A part of the text: from, to.
pub type Span = (u32, u32);

/// A plain event; its texts are parts of the whole text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: Span,
    /// Where it stands.
    pub room: Span,
    /// Who sent it.
    pub sender: Span,
    /// The device that is claimed, empty when none is.
    pub device: Span,
    /// The session, as text.
    pub session: Span,
    /// The message, as text.
    pub ciphertext: Span,
    /// `origin_server_ts`, or `NO_TIME`.
    pub timestamp: i64,
    /// `depth`, or -1.
    pub depth: i64,
}

fn span(text: Text) -> Option<Span> {
    if text.escaped {
        return None;
    }
    Some((u32::try_from(text.start).ok()?, u32::try_from(text.end).ok()?))
}

/// An id: a string of 1 to 255 bytes.
fn id(value: Value) -> Option<Span> {
    match value {
        Value::Text(text) if text.end > text.start && text.end - text.start <= LONGEST_ID => span(text),
        _ => None,
    }
}

/// Reads the plain event that begins at `start`, where an opening bracket stands; also gives where it ends.
///
/// The bytes have to be UTF-8, which is found out here.
#[must_use]
pub fn read(bytes: &[u8], start: usize) -> Option<(Event, usize)> {
    let mut event = Event { timestamp: NO_TIME, depth: -1, ..Event::default() };
    let (mut has_id, mut has_room, mut has_sender, mut has_kind) = (false, false, false, false);
    let mut has_content = false;
    let mut cursor = Cursor::new(bytes, start, Rules::Event);
    cursor.members(0, |cursor, name| {
        if name == b"content" {
            has_content = true;
            return read_content(cursor, &mut event);
        }
        let value = cursor.value(1)?;
        match name {
            b"event_id" => {
                event.id = id(value)?;
                has_id = true;
            }
            b"room_id" => {
                event.room = id(value)?;
                has_room = true;
            }
            b"sender" => {
                event.sender = id(value)?;
                has_sender = true;
            }
            b"type" => {
                let Value::Text(text) = value else { return None };
                has_kind = !text.escaped && bytes.get(text.start..text.end)? == KIND;
                if !has_kind {
                    return None;
                }
            }
            b"origin_server_ts" => {
                if let Value::Integer(number) = value {
                    event.timestamp = number;
                }
            }
            b"depth" => {
                if let Value::Integer(number) = value {
                    event.depth = number;
                }
            }
            name if NOT_PLAIN.contains(&name) => return None,
            _ => {}
        }
        Some(())
    })?;
    let end = cursor.at;
    if !(has_id && has_room && has_sender && has_kind && has_content) {
        return None;
    }
    if cursor.not_ascii {
        from_utf8(bytes.get(start..end)?).ok()?;
    }
    Some((event, end))
}

/// The content, at which the cursor stands.
fn read_content(cursor: &mut Cursor<'_>, event: &mut Event) -> Option<()> {
    let (mut has_algorithm, mut has_session, mut has_ciphertext) = (false, false, false);
    cursor.object(1, |name, value, bytes| {
        match (name, value) {
            (b"algorithm", Value::Text(text)) => {
                has_algorithm = !text.escaped && bytes.get(text.start..text.end)? == ALGORITHM;
            }
            (b"session_id", Value::Text(text)) => {
                event.session = span(text)?;
                has_session = true;
            }
            (b"ciphertext", Value::Text(text)) => {
                event.ciphertext = span(text)?;
                has_ciphertext = true;
            }
            (b"device_id", Value::Text(text)) => {
                if text.end - text.start > LONGEST_ID {
                    return None;
                }
                event.device = span(text)?;
            }
            (b"algorithm" | b"session_id" | b"ciphertext" | ESCAPED, _) => return None,
            _ => {}
        }
        Some(())
    })?;
    (has_algorithm && has_session && has_ciphertext).then_some(())
}

/// What a decrypted payload says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// A payload of the right form for this room.
    For(&'a [u8]),
    /// Not surely one: Python decides.
    Unsure,
}

/// Reads a payload as `e2echeck.room_keys.read_payload`.
#[must_use]
pub fn read_payload(plaintext: &[u8]) -> Payload<'_> {
    fn room(plaintext: &[u8]) -> Option<&[u8]> {
        from_utf8(plaintext).ok()?;
        let mut cursor = Cursor::new(plaintext, 0, Rules::Payload);
        let (mut kind, mut content, mut room) = (false, false, None);
        cursor.space();
        cursor.object(0, |name, value, bytes| {
            // Of several members of one name the last one counts.
            match name {
                b"type" => kind = matches!(value, Value::Text(_)),
                b"content" => content = matches!(value, Value::Object(..)),
                b"room_id" => {
                    room = match value {
                        Value::Text(text) if !text.escaped => Some(bytes.get(text.start..text.end)?),
                        _ => return None,
                    }
                }
                ESCAPED => return None,
                _ => {}
            }
            Some(())
        })?;
        cursor.space();
        (cursor.at == plaintext.len() && kind && content).then_some(room).flatten()
    }
    room(plaintext).map_or(Payload::Unsure, Payload::For)
}

#[cfg(test)]
mod tests {
    use super::{Payload, read, read_payload};

    const PLAIN: &str = concat!(
        r#"{"content":{"algorithm":"m.megolm.v1.aes-sha2","ciphertext":"AwgA","device_id":"DEVICE","session_id":"abc"},"#,
        r#""event_id":"$a","origin_server_ts":12,"room_id":"!r","sender":"@a","type":"m.room.encrypted","unsigned":{"age":1}}"#
    );

    #[test]
    fn a_plain_event_is_read() {
        let text = format!("  {PLAIN}\n");
        let (event, end) = read(text.as_bytes(), 2).expect("it is plain");
        let of = |(from, to): (u32, u32)| &text[from as usize..to as usize];
        assert_eq!(end, text.len() - 1);
        assert_eq!(
            (of(event.id), of(event.room), of(event.sender), of(event.device)),
            ("$a", "!r", "@a", "DEVICE")
        );
        assert_eq!(
            (of(event.session), of(event.ciphertext), event.timestamp, event.depth),
            ("abc", "AwgA", 12, -1)
        );
    }

    #[test]
    fn what_is_not_plain_is_left_to_python() {
        for (part, other) in [
            (r#""event_id":"$a","#, ""),
            (r#""$a""#, r#""""#),
            (r#""$a""#, "1"),
            (r#""sender":"@a","#, ""),
            (r#""room_id":"!r","#, ""),
            ("m.room.encrypted", "m.room.message"),
            (r#""unsigned""#, r#""state_key""#),
            (r#""unsigned""#, r#""hashes""#),
            (r#""unsigned""#, r#""pdu""#),
            (r#""age":1"#, r#""age":1.5"#),
            (r#""age":1"#, r#""age":1,"age":2"#),
            ("m.megolm.v1.aes-sha2", "m.megolm.v2"),
            (r#""abc""#, "null"),
            (r#""AwgA""#, "null"),
            (r#""AwgA""#, r#""Aw\/A""#),
            (r#""ciphertext""#, r#""cipher""#),
        ] {
            assert!(PLAIN.contains(part));
            assert_eq!(read(PLAIN.replacen(part, other, 1).as_bytes(), 0), None, "{other}");
        }
        let long = "x".repeat(256);
        assert_eq!(read(PLAIN.replace("$a", &long).as_bytes(), 0), None);
    }

    #[test]
    fn only_utf8_is_plain() {
        let good = PLAIN.replace("$a", "$\u{e4}");
        assert!(read(good.as_bytes(), 0).is_some());
        let mut bad = good.into_bytes();
        let place = bad.iter().position(|byte| *byte == 0xc3).expect("it is there");
        bad[place + 1] = b'a';
        assert_eq!(read(&bad, 0), None);
    }

    #[test]
    fn other_types_of_time_count_as_none() {
        let text = PLAIN.replace(r#""origin_server_ts":12"#, r#""origin_server_ts":"12""#);
        assert_eq!(read(text.as_bytes(), 0).map(|(event, _)| event.timestamp), Some(super::NO_TIME));
    }

    #[test]
    fn payloads() {
        let room = |text: &'static str| read_payload(text.as_bytes());
        assert_eq!(room(r#" {"type":"m","content":{"a":1.5,"a":-0},"room_id":"!r"} "#), Payload::For(b"!r"));
        assert_eq!(room(r#"{"room_id":"!x","type":"m","content":{},"room_id":"!r"}"#), Payload::For(b"!r"));
        for text in [
            "",
            "{",
            "[]",
            r#"{"type":"m","content":[],"room_id":"!r"}"#,
            r#"{"type":1,"content":{},"room_id":"!r"}"#,
            r#"{"type":"m","content":{},"room_id":"\u0021r"}"#,
            r#"{"type":"m","content":{},"room_id":"!r"}x"#,
            r#"{"type":"m","content":{},"room_id":"!r","\u0072oom_id":"!x"}"#,
            r#"{"type":"m","content":{"a":NaN},"room_id":"!r"}"#,
        ] {
            assert_eq!(room(text), Payload::Unsure, "{text}");
        }
        assert_eq!(read_payload(b"{\"type\":\"m\",\"content\":{},\"room_id\":\"\xff\"}"), Payload::Unsure);
    }
}
