// SPDX-License-Identifier: Apache-2.0
//! Varints and the field encoding of Olm and Megolm messages, as `e2echeck.encoding.read_fields` reads them.

use std::ops::Range;

use crate::oddity::Oddities;
use crate::reason::Reason;

/// The highest number of a field.
const HIGHEST_NUMBER: u64 = 0x1FFF_FFFF;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An unsigned 32-bit varint (wire type 0).
    Varint,
    /// Bytes (wire type 2), exactly so many or any number.
    Bytes(Option<usize>),
}

/// One field of a message format.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its number.
    pub number: u32,
    /// What it holds.
    pub kind: Kind,
}

impl Field {
    /// The tag that introduces the field: number and wire type.
    #[must_use]
    pub fn tag(&self) -> u64 {
        u64::from(self.number) << 3 | if self.kind == Kind::Varint { 0 } else { 2 }
    }
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of a varint.
    Varint(u32),
    /// Where the bytes stand.
    Bytes(Range<usize>),
}

/// A varint that was read.
struct Varint {
    value: u64,
    /// The position behind it.
    end: usize,
    /// Whether it has its shortest form.
    short: bool,
}

/// Read the varint at `position`, which ends before `end`.
#[inline]
fn read_varint(data: &[u8], mut position: usize, end: usize) -> Result<Varint, Reason> {
    let mut value = 0_u64;
    let mut shift = 0;
    let data = data.get(..end).ok_or(Reason::WireVarintMalformed)?;
    loop {
        let byte = *data.get(position).ok_or(Reason::WireVarintMalformed)?;
        // The tenth byte has room for one bit, and there is no eleventh.
        if shift > 63 || (shift == 63 && byte & 0x7E != 0) {
            return Err(Reason::WireVarintMalformed);
        }
        position += 1;
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Ok(Varint { value, end: position, short: byte != 0 || shift == 0 });
        }
        shift += 7;
    }
}

/// Put the shortest varint of `value` behind `out`.
pub fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7F {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Read the fields in `data[start..end]`, values in the order of `fields`.
///
/// Of a repeated field the last value counts; a missing varint is 0; of a larger varint the low 32 bits count.  No
/// oddity means that writing the values again gives the same bytes.
///
/// # Errors
///
/// As the reference, which see.
pub fn read_fields<const COUNT: usize>(
    data: &[u8],
    start: usize,
    end: usize,
    fields: &[Field; COUNT],
) -> Result<([Value; COUNT], Oddities), Reason> {
    let mut values: [Option<Value>; COUNT] = [const { None }; COUNT];
    let mut oddities = Oddities::NONE;
    let mut position = start;
    let mut highest = 0;
    while position < end {
        let tag = read_varint(data, position, end)?;
        position = tag.end;
        if !tag.short {
            oddities.add(Reason::WireVarintLong);
        }
        let number = tag.value >> 3;
        let place = fields.iter().position(|field| u64::from(field.number) == number);
        if number == 0
            || number > HIGHEST_NUMBER
            || place.is_some_and(|place| fields[place].tag() != tag.value)
        {
            return Err(Reason::WireType);
        }
        let Some(place) = place else {
            oddities.add(Reason::WireFieldUnknown);
            position = skip(data, position, end, tag.value)?;
            continue;
        };
        if values[place].is_some() {
            oddities.add(Reason::WireFieldRepeated);
        } else if number < highest {
            oddities.add(Reason::WireFieldOrder);
        }
        highest = highest.max(number);
        let varint = read_varint(data, position, end)?;
        position = varint.end;
        if !varint.short {
            oddities.add(Reason::WireVarintLong);
        }
        values[place] = Some(match fields[place].kind {
            Kind::Varint => {
                if varint.value > u64::from(u32::MAX) {
                    oddities.add(Reason::WireVarintRange);
                }
                Value::Varint(varint.value as u32)
            }
            Kind::Bytes(exactly) => {
                let past_end = advance(position, varint.value, end)?;
                if exactly.is_some_and(|length| length != past_end - position) {
                    return Err(Reason::WireFieldLength);
                }
                let bytes = position..past_end;
                position = past_end;
                Value::Bytes(bytes)
            }
        });
    }
    for (value, field) in values.iter_mut().zip(fields) {
        if value.is_none() {
            if field.kind != Kind::Varint {
                return Err(Reason::WireFieldMissing);
            }
            *value = Some(Value::Varint(0));
            oddities.add(Reason::WireFieldMissing);
        }
    }
    // None is left out above.
    Ok((values.map(|value| value.unwrap_or(Value::Varint(0))), oddities))
}

/// The position `length` bytes on, which may be `end` and not lie beyond it.
fn advance(position: usize, length: u64, end: usize) -> Result<usize, Reason> {
    usize::try_from(length)
        .ok()
        .and_then(|length| position.checked_add(length))
        .filter(|position| *position <= end)
        .ok_or(Reason::WireLengthPastEnd)
}

/// The position behind an unknown field.  Groups (wire types 3 and 4) nest without recursion.
fn skip(data: &[u8], mut position: usize, end: usize, mut tag: u64) -> Result<usize, Reason> {
    let mut groups: Vec<u64> = Vec::new();
    loop {
        let number = tag >> 3;
        match tag & 7 {
            0 => position = read_varint(data, position, end)?.end,
            1 => position = advance(position, 8, end)?,
            2 => {
                let length = read_varint(data, position, end)?;
                position = advance(length.end, length.value, end)?;
            }
            3 => groups.push(number),
            4 if groups.pop() == Some(number) => {}
            5 => position = advance(position, 4, end)?,
            _ => return Err(Reason::WireType),
        }
        if groups.is_empty() {
            return Ok(position);
        }
        let next = read_varint(data, position, end)?;
        position = next.end;
        tag = next.value;
        if tag >> 3 == 0 {
            return Err(Reason::WireType);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, Kind, Value, read_fields, write_varint};
    use crate::oddity::Oddities;
    use crate::reason::Reason;
    use proptest::prelude::*;
    use std::collections::HashMap;

    const FIELDS: [Field; 3] = [
        Field { number: 1, kind: Kind::Varint },
        Field { number: 2, kind: Kind::Bytes(None) },
        Field { number: 3, kind: Kind::Bytes(Some(2)) },
    ];
    type Read = Result<([Value; 3], Oddities), Reason>;

    /// A varint as a number without bounds, the rest, and whether it is short.
    fn slow_varint(data: &[u8]) -> Result<(u128, &[u8], bool), Reason> {
        let last = data.iter().position(|byte| *byte < 0x80).filter(|last| *last < 10);
        let last = last.ok_or(Reason::WireVarintMalformed)?;
        let value =
            data[..=last].iter().rev().fold(0_u128, |value, byte| value << 7 | u128::from(byte & 0x7F));
        if value > u128::from(u64::MAX) {
            return Err(Reason::WireVarintMalformed);
        }
        Ok((value, &data[last + 1..], last == 0 || data[last] != 0))
    }

    fn slow_take(data: &[u8], length: u128) -> Result<&[u8], Reason> {
        if length > data.len() as u128 {
            Err(Reason::WireLengthPastEnd)
        } else {
            Ok(&data[length as usize..])
        }
    }

    /// An unknown field by recursion: what follows it.
    fn slow_skip(data: &[u8], number: u128, wire_type: u128) -> Result<&[u8], Reason> {
        match wire_type {
            0 => Ok(slow_varint(data)?.1),
            1 => slow_take(data, 8),
            2 => {
                let (length, rest, _) = slow_varint(data)?;
                slow_take(rest, length)
            }
            3 => {
                let mut rest = data;
                loop {
                    let (tag, behind, _) = slow_varint(rest)?;
                    if tag >> 3 == 0 || (tag & 7 == 4 && tag >> 3 != number) {
                        return Err(Reason::WireType);
                    }
                    if tag & 7 == 4 {
                        return Ok(behind);
                    }
                    rest = slow_skip(behind, tag >> 3, tag & 7)?;
                }
            }
            5 => slow_take(data, 4),
            _ => Err(Reason::WireType),
        }
    }

    /// A reader that takes what it has read off the front of the data.
    fn slow(whole: &[u8]) -> Read {
        let mut oddities = Oddities::NONE;
        let mut values: HashMap<u128, Value> = HashMap::new();
        let mut data = whole;
        while !data.is_empty() {
            let (tag, rest, short) = slow_varint(data)?;
            data = rest;
            if !short {
                oddities.add(Reason::WireVarintLong);
            }
            let number = tag >> 3;
            if number == 0 || number >= 1 << 29 || (number == 1 && tag != 8) {
                return Err(Reason::WireType);
            }
            if number > 3 {
                oddities.add(Reason::WireFieldUnknown);
                data = slow_skip(data, number, tag & 7)?;
                continue;
            }
            if number > 1 && tag & 7 != 2 {
                return Err(Reason::WireType);
            }
            if values.contains_key(&number) {
                oddities.add(Reason::WireFieldRepeated);
            } else if values.keys().any(|known| *known > number) {
                oddities.add(Reason::WireFieldOrder);
            }
            let (value, rest, short) = slow_varint(data)?;
            data = rest;
            if !short {
                oddities.add(Reason::WireVarintLong);
            }
            if number == 1 {
                if value >= 1 << 32 {
                    oddities.add(Reason::WireVarintRange);
                }
                values.insert(1, Value::Varint((value % (1 << 32)) as u32));
                continue;
            }
            let at = whole.len() - data.len();
            data = slow_take(data, value)?;
            if number == 3 && value != 2 {
                return Err(Reason::WireFieldLength);
            }
            values.insert(number, Value::Bytes(at..whole.len() - data.len()));
        }
        if !values.contains_key(&1) {
            oddities.add(Reason::WireFieldMissing);
        }
        let bytes = |number| values.get(&number).cloned().ok_or(Reason::WireFieldMissing);
        Ok(([values.get(&1).cloned().unwrap_or(Value::Varint(0)), bytes(2)?, bytes(3)?], oddities))
    }

    /// Bytes that are fields, mostly: each piece is a tag, a number, or something to break them.
    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => Just(vec![0x08, 0x05]),
            4 => Just(vec![0x12, 0x03, 1, 2, 3]),
            4 => Just(vec![0x1A, 0x02, 1, 2]),
            2 => Just(vec![0x08, 0x85, 0x80, 0x00]),
            1 => Just(vec![0x92, 0x00, 0x01, 7]),
            1 => Just(vec![0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
            1 => Just(vec![0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02]),
            1 => Just(vec![0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x81, 0x00]),
            2 => Just(vec![0x20, 0x05]),
            1 => Just(vec![0x21, 1, 2, 3, 4, 5, 6, 7, 8]),
            1 => Just(vec![0x22, 0x01, 9]),
            1 => Just(vec![0x22, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
            2 => Just(vec![0x23, 0x08, 0x01, 0x24]),
            2 => Just(vec![0x23]),
            2 => Just(vec![0x24]),
            1 => Just(vec![0x25, 1, 2, 3, 4]),
            1 => Just(vec![0x26]),
            1 => Just(vec![0x00]),
            1 => Just(vec![0xF8, 0xFF, 0xFF, 0xFF, 0x0F, 0x01]),
            1 => Just(vec![0xF8, 0xFF, 0xFF, 0xFF, 0x1F, 0x01]),
            2 => prop::collection::vec(any::<u8>(), 1..4),
        ];
        prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn agrees_with_the_slow_reader(data in pieces(), cut in 0..3_usize) {
            let data = &data[..data.len().saturating_sub(cut)];
            let expected = slow(data);
            prop_assert_eq!(read_fields(data, 0, data.len(), &FIELDS), expected.clone());
            // What stands before and behind is not looked at.
            let inside = [&[0xFF, 0x80], data, &[0x08, 0x01]].concat();
            let found = read_fields(&inside, 2, 2 + data.len(), &FIELDS).map(|(values, oddities)| {
                (values.map(|value| match value {
                    Value::Bytes(range) => Value::Bytes(range.start - 2..range.end - 2),
                    number => number,
                }), oddities)
            });
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn varints_come_back(value: u64) {
            let mut data = vec![0x12, 0, 0x1A, 2, 0, 0, 0x08];
            write_varint(value, &mut data);
            let (values, oddities) = read_fields(&data, 0, data.len(), &FIELDS).unwrap();
            prop_assert_eq!(&values[0], &Value::Varint(value as u32));
            prop_assert_eq!(oddities.into_iter().any(|o| o == Reason::WireVarintRange), value >> 32 != 0);
            prop_assert!(!oddities.into_iter().any(|o| o == Reason::WireVarintLong));
        }
    }

    #[test]
    fn deep_groups_and_an_end_behind_the_data() {
        let mut data = vec![0x23; 100_000];
        data.extend(vec![0x24; 100_000]);
        data.extend([0x12, 0, 0x1A, 2, 0, 0]);
        assert!(read_fields(&data, 0, data.len(), &FIELDS).is_ok());
        assert_eq!(read_fields(&data, 0, 150_000, &FIELDS), Err(Reason::WireVarintMalformed));
        assert_eq!(read_fields(&data, 0, data.len() + 1, &FIELDS), Err(Reason::WireVarintMalformed));
    }
}
