//! Which operators are built in.
//!
//! All of them, unless `ONCHIP_OPERATORS` lists numbers of the schema's `BuiltinOperator`, such as `3,4,25`, when this
//! crate is compiled: then the others are not linked, and a model that has one is refused as if it were unknown. Images
//! for a few given models save most of their flash by that.

use crate::opcode::Opcode;

/// A set of operators, by number.
#[derive(Clone, Copy)]
pub(crate) struct Linked([u64; 4]);

/// The operators that this build has.
pub(crate) const LINKED: Linked = match option_env!("ONCHIP_OPERATORS") {
    Some(list) => Linked::parse(list.as_bytes()),
    None => Linked([u64::MAX; 4]),
};

impl Linked {
    /// Reads numbers with commas between them; anything else stops the build.
    const fn parse(list: &[u8]) -> Self {
        let mut linked = Self([0; 4]);
        let mut number = 0;
        let mut i = 0;
        while i <= list.len() {
            if i == list.len() || list[i] == b',' {
                linked.0[number / 64] |= 1 << (number % 64);
                number = 0;
            } else {
                assert!(
                    list[i].is_ascii_digit(),
                    "ONCHIP_OPERATORS must be numbers with commas between them"
                );
                number = 10 * number + (list[i] - b'0') as usize;
                assert!(number < 256, "ONCHIP_OPERATORS names an unknown operator");
            }
            i += 1;
        }
        linked
    }

    /// Whether one of these is among them.
    pub(crate) const fn any(self, operators: &[Opcode]) -> bool {
        let mut i = 0;
        while i < operators.len() {
            let number = operators[i].0 as usize;
            if self.0[number / 64] >> (number % 64) & 1 != 0 {
                return true;
            }
            i += 1;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_its_operators_alone() {
        let linked = Linked::parse(b"3,25,130");
        let found: std::vec::Vec<u32> = (0..256).filter(|&i| linked.any(&[Opcode(i)])).collect();
        assert_eq!(found, [3, 25, 130]);
    }
}
