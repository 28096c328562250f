// SPDX-License-Identifier: Apache-2.0
//! Floats as Python's `repr` writes them, for events of room versions 1 to 5.

use std::io::Write;

/// Append what `repr` of a finite float is: the shortest digits that read back as the same float, with an exponent when
/// it is below -4 or above 15.  Nothing is appended for what is not finite.
pub fn python_repr(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        return;
    }
    // One digit, the others behind a point, and the exponent: `1.25e-7`.
    let mut scientific = Vec::with_capacity(32);
    if write!(scientific, "{value:e}").is_err() {
        return;
    }
    // Of two shortest spellings that are equally near Python takes the even one, as rounding to so many digits does.
    // Next to a power of two that may be another float.
    let places =
        scientific.iter().take_while(|byte| **byte != b'e').filter(|byte| byte.is_ascii_digit()).count();
    let places = places.saturating_sub(1);
    let mut rounded = Vec::with_capacity(32);
    if write!(rounded, "{value:.places$e}").is_ok()
        && std::str::from_utf8(&rounded).ok().and_then(|text| text.parse().ok()) == Some(value)
    {
        scientific = rounded;
    }
    let negative = scientific.first() == Some(&b'-');
    let unsigned = scientific.get(usize::from(negative)..).unwrap_or_default();
    let mark = unsigned.iter().position(|byte| *byte == b'e').unwrap_or(unsigned.len());
    let digits: Vec<u8> = unsigned[..mark].iter().copied().filter(u8::is_ascii_digit).collect();
    let exponent: i32 = unsigned
        .get(mark + 1..)
        .and_then(|text| std::str::from_utf8(text).ok())
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    if negative {
        out.push(b'-');
    }
    match usize::try_from(exponent) {
        Ok(whole @ 0..=15) => {
            let whole = whole + 1;
            let known = whole.min(digits.len());
            out.extend_from_slice(&digits[..known]);
            out.resize(out.len() + whole - known, b'0');
            out.push(b'.');
            let fraction = &digits[known..];
            out.extend_from_slice(if fraction.is_empty() { b"0" } else { fraction });
        }
        Err(_) if exponent >= -4 => {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + exponent.unsigned_abs() as usize - 1, b'0');
            out.extend_from_slice(&digits);
        }
        _ => {
            out.extend_from_slice(&digits[..1]);
            if digits.len() > 1 {
                out.push(b'.');
                out.extend_from_slice(&digits[1..]);
            }
            out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
            let size = exponent.unsigned_abs();
            if size < 10 {
                out.push(b'0');
            }
            out.extend_from_slice(size.to_string().as_bytes());
        }
    }
}
