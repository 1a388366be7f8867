//! G.711 (§7): the 256 codes of A-law and µ-law as linear values, all different.

use std::sync::LazyLock;

/// Linear value of an A-law code, in units of 1/4096 of full scale: odd or a multiple of 2,
/// -4032 to 4032, never 0.
fn alaw(code: u8) -> i32 {
    let code = code ^ 0x55;
    let mantissa = i32::from(code & 0x0f);
    let magnitude = match (code >> 4) & 7 {
        0 => 2 * mantissa + 1,
        exponent => (2 * mantissa + 33) << (exponent - 1),
    };
    if code & 0x80 != 0 { magnitude } else { -magnitude }
}

/// Linear value of a µ-law code, in units of 1/8192 of full scale: even or, from negative
/// zero, -1; -8031 to 8031.
fn mulaw(code: u8) -> i32 {
    let code = !code;
    let mantissa = i32::from(code & 0x0f);
    let magnitude = ((2 * mantissa + 33) << ((code >> 4) & 7)) - 33;
    match (code & 0x80 != 0, magnitude) {
        (false, _) => magnitude,
        (true, 0) => -1,
        (true, _) => -magnitude,
    }
}

/// Both directions of one law.
pub(super) struct Law {
    /// Linear value of each code.
    linear: [i32; 256],
    /// The same as (value, code), sorted.
    codes: Vec<(i32, u8)>,
}

impl Law {
    /// A-law.
    pub(super) fn a() -> &'static Self {
        static LAW: LazyLock<Law> = LazyLock::new(|| Law::new(alaw));
        &LAW
    }

    /// µ-law.
    pub(super) fn mu() -> &'static Self {
        static LAW: LazyLock<Law> = LazyLock::new(|| Law::new(mulaw));
        &LAW
    }

    fn new(law: fn(u8) -> i32) -> Self {
        let mut linear = [0; 256];
        let mut codes = Vec::with_capacity(256);
        for (code, value) in (0..=255).zip(&mut linear) {
            *value = law(code);
            codes.push((*value, code));
        }
        codes.sort_unstable();
        Law { linear, codes }
    }

    /// Linear value of `code`.
    pub(super) fn decode(&self, code: u8) -> i32 {
        self.linear[usize::from(code)]
    }

    /// The code whose linear value is `value`, if there is one.
    pub(super) fn encode(&self, value: i32) -> Option<u8> {
        let at = self.codes.binary_search_by_key(&value, |&(value, _)| value).ok()?;
        self.codes.get(at).map(|&(_, code)| code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_value() {
        for law in [Law::a(), Law::mu()] {
            for code in 0..=255 {
                assert_eq!(law.encode(law.decode(code)), Some(code));
            }
            assert_eq!(law.encode(i32::MAX), None);
            assert_eq!((i32::MIN..i32::MIN + 10).find_map(|v| law.encode(v)), None);
        }
    }

    /// Ends and centre of the decision tables of G.711, tables 1 and 2 (column 8).
    #[test]
    fn values_are_those_of_the_recommendation() {
        let a = Law::a();
        assert_eq!(
            [0x80, 0xff, 0xaa, 0x2a, 0xd5, 0x55].map(|c| a.decode(c)),
            [688, 106, 4032, -4032, 1, -1]
        );
        let mu = Law::mu();
        assert_eq!(
            [0x80, 0x00, 0xff, 0x7f, 0xfe, 0x7e].map(|c| mu.decode(c)),
            [8031, -8031, 0, -1, 2, -2]
        );
    }
}
