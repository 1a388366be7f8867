//! Temporary knobs.
use std::sync::OnceLock;
static T: OnceLock<Vec<Option<f64>>> = OnceLock::new();
pub fn tune(i: usize, default: f64) -> f64 {
    T.get_or_init(|| {
        let mut v = vec![None; 64];
        for (k, x) in std::env::vars() {
            if let Some(n) = k.strip_prefix('T') { if let (Ok(n), Ok(x)) = (n.parse::<usize>(), x.parse::<f64>()) { if n < 64 { v[n] = Some(x); } } }
        }
        v
    })[i].unwrap_or(default)
}
