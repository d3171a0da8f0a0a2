//! Bytes as people compare them.

use std::fmt::Write as _;

/// Lower-case hexadecimal digits, as digests of models, data and results are written everywhere.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A string takes everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_two_digits() {
        assert_eq!(hex(&[]), "");
        assert_eq!(hex(&[0, 10, 0xFF]), "000aff");
    }
}
