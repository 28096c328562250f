// SPDX-License-Identifier: Apache-2.0

use super::{Limits, Reader, Tape, write_value};
use crate::reason::Reason;

fn canonical(data: &[u8]) -> Result<(Vec<u8>, Vec<Reason>), Reason> {
    let mut reader = Reader::new();
    let tape = reader.read(data, Limits::default()).map_err(|fault| fault.0)?;
    let mut out = Vec::new();
    match write_value(&mut out, &tape, Tape::ROOT).reason() {
        Some(reason) => Err(reason),
        None => Ok((out, tape.oddities().reasons().collect())),
    }
}

#[test]
fn sorts_by_code_points_and_writes_the_one_spelling() {
    let data = r#" {"b": [1, -2, true, false, null, "\u0001\n\/"], "a": {"\ud83d\ude00": 1, "\uffff": 2}} "#;
    let expected = "{\"a\":{\"\u{ffff}\":2,\"\u{1f600}\":1},\"b\":[1,-2,true,false,null,\"\\u0001\\n/\"]}";
    let (bytes, odd) = canonical(data.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    assert!(odd.is_empty());
}
