//! The report for people: one HTML file that needs nothing else.

use anyhow::Result;
use serde::Serialize;

/// Where the data goes in a template.
const PLACE: &str = "\"DATA\"";
/// Where the common style sheet and script go.
const STYLE: &str = "/*STYLE*/";
const SCRIPT: &str = "/*CHARTS*/";

const COMMON_STYLE: &str = include_str!("templates/common.css");
const COMMON_SCRIPT: &str = include_str!("templates/charts.js");
/// Template of a report.
pub const REPORT: &str = include_str!("templates/report.html");
/// Template of a look into one file.
pub const EXPLAIN: &str = include_str!("templates/explain.html");

/// `template` with `data` in it.
///
/// # Errors
/// None that is known of.
pub fn page(template: &str, data: &impl Serialize) -> Result<String> {
    let page = template.replacen(STYLE, COMMON_STYLE, 1).replacen(SCRIPT, COMMON_SCRIPT, 1);
    // Last, because names of files may be anything.
    Ok(page.replacen(PLACE, &script_json(&serde_json::to_string(data)?), 1))
}

/// JSON as it may stand in a script: nothing in it can end the script or open a comment, and
/// the two line ends that old JavaScript does not allow in strings are escaped. All these occur
/// in strings only, where an escape means the same.
fn script_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_leave_its_script() {
        let nasty = "</script><!-- <script>\u{2028}& \"DATA\" /*STYLE*/";
        for template in [REPORT, EXPLAIN] {
            let page = page(template, &[nasty]).unwrap();
            assert!(!page.contains("</script><!--") && !page.contains('\u{2028}'));
            let data = page.split("const DATA = ").nth(1).unwrap();
            let data = data.split(";\n").next().unwrap();
            let read: Vec<String> = serde_json::from_str(data).unwrap();
            assert_eq!(read, [nasty]);
        }
    }

    #[test]
    fn templates_have_their_places_and_fetch_nothing() {
        for template in [REPORT, EXPLAIN] {
            for place in [PLACE, STYLE, SCRIPT] {
                assert_eq!(template.matches(place).count(), 1, "{place}");
            }
            let page = page(template, &0).unwrap();
            for outside in ["http:", "https:", "src=", "href=", "@import", "url(", "fetch("] {
                // The name space of SVG is a name, not an address.
                let page = page.replace("http://www.w3.org/2000/svg", "");
                assert!(!page.contains(outside), "{outside}");
            }
        }
    }
}
