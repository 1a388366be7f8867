//! The report for programs: CSV of its rows, JSON of all of it.

use anyhow::{Result, anyhow};
use serde::Serialize;

use super::report::Row;

/// One line per row under a line of names; what is unknown is empty.
///
/// # Errors
/// None that is known of.
pub fn csv(rows: &[Row]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row)?;
    }
    let bytes = writer.into_inner().map_err(|error| anyhow!("{error}"))?;
    Ok(String::from_utf8(bytes)?)
}

/// # Errors
/// None that is known of.
pub fn json(value: &impl Serialize) -> Result<String> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::coders::Check;
    use crate::bench::report::Scope;

    #[test]
    fn csv_is_read_again_as_it_was_whatever_the_names() {
        let rows = [
            Row {
                name: "a, \"b\"\nc — ø.wav".to_owned(),
                coder: "lmz, lm auto".to_owned(),
                coded_bytes: Some(7),
                ratio: Some(1.0 / 3.0),
                check: Some(Check::Samples),
                ..Row::default()
            },
            Row { scope: Scope::Total, failure: Some("=1+1".to_owned()), ..Row::default() },
        ];
        let text = csv(&rows).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let read: Vec<Row> = reader.deserialize().map(Result::unwrap).collect();
        assert_eq!(read, rows);
    }
}
