//! Points in a recording, as people write them.

use lmz::pipeline::Position;

/// Reads `1:23`, `1:02:03.5`, `83.25` (seconds), `1h2m3.5s` or `3668400f` (frames).
///
/// # Errors
/// What is expected, for anything else.
pub fn parse(text: &str) -> Result<Position, String> {
    let wrong =
        || "not a time; use 1:23, 1:02:03.5, 83.25 (seconds), 1m23s or 44100f (frames)".to_owned();
    if let Some(frames) = text.strip_suffix('f') {
        return digits(frames).map(Position::Frame).ok_or_else(wrong);
    }
    if text.ends_with(['h', 'm', 's']) {
        return with_units(text).map(Position::Nanoseconds).ok_or_else(wrong);
    }
    let mut fields = text.split(':').rev();
    let seconds = fields.next().and_then(nanoseconds).ok_or_else(wrong)?;
    let mut total = Some(seconds);
    let mut unit: u64 = 60_000_000_000;
    for (number, field) in fields.enumerate() {
        let value = digits(field).filter(|_| number < 2).ok_or_else(wrong)?;
        total = total.and_then(|t| t.checked_add(value.checked_mul(unit)?));
        unit *= 60;
    }
    total.map(Position::Nanoseconds).ok_or_else(wrong)
}

/// Hours, minutes and seconds, each at most once and in this order; the last may be a fraction.
fn with_units(text: &str) -> Option<u64> {
    let mut total = 0_u64;
    let mut rest = text;
    for (unit, seconds) in [('h', 3600), ('m', 60), ('s', 1)] {
        let Some((number, after)) = rest.split_once(unit) else { continue };
        let value = if after.is_empty() {
            nanoseconds(number)?.checked_mul(seconds)?
        } else {
            digits(number)?.checked_mul(seconds)?.checked_mul(1_000_000_000)?
        };
        total = total.checked_add(value)?;
        rest = after;
    }
    rest.is_empty().then_some(total)
}

/// Seconds with up to nine decimals.
fn nanoseconds(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let scale = 9_u32.checked_sub(u32::try_from(decimals.len()).ok()?)?;
    let fraction = digits(decimals)? * 10_u64.pow(scale);
    digits(whole)?.checked_mul(1_000_000_000)?.checked_add(fraction)
}

/// A number without sign or spaces.
fn digits(text: &str) -> Option<u64> {
    let fine = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    fine.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_frames() {
        const SECOND: u64 = 1_000_000_000;
        for (text, nanoseconds) in [
            ("0", 0),
            ("83.25", 83 * SECOND + SECOND / 4),
            ("1:23", 83 * SECOND),
            ("1:02:03.5", 3_723 * SECOND + SECOND / 2),
            ("0:00:00.000000001", 1),
            ("100:00", 6_000 * SECOND),
            ("1m", 60 * SECOND),
            ("1.5h", 5_400 * SECOND),
            ("1h2m3.5s", 3_723 * SECOND + SECOND / 2),
            ("90s", 90 * SECOND),
        ] {
            assert_eq!(parse(text), Ok(Position::Nanoseconds(nanoseconds)), "{text}");
        }
        assert_eq!(parse("44100f"), Ok(Position::Frame(44_100)));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "f",
            ":",
            "1:",
            ":1",
            "-1",
            "1.",
            ".5",
            "1.0000000001",
            "1:2:3:4",
            "1.5:00",
            "1e3",
            "99999999999999999999",
            "99999999999:00:00",
            "+1f",
            "1 f",
            "m",
            "1s2m",
            "1.5h3m",
            "1m2m",
            "1ms",
            "1,5",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
