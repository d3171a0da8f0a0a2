//! Which operators are built in.
//!
//! All of them, unless `ONCHIP_OPERATORS` lists numbers of the schema's `BuiltinOperator` and names of kernels
//! ([`Model::kernel`](crate::Model::kernels)), such as `3,25,Conv,Softmax`, when this crate is compiled: then the others are
//! not linked, and a model that needs one is refused. Images for a few given models save most of their flash by that.

use crate::opcode::Opcode;

/// A set of operators, by number, and of kernels, by name.
#[derive(Clone, Copy)]
pub(crate) struct Linked {
    operators: [u64; 4],
    /// The list with the kernels' names; all kernels without one.
    list: Option<&'static [u8]>,
}

/// The operators and kernels that this build has.
pub(crate) const LINKED: Linked = match option_env!("ONCHIP_OPERATORS") {
    Some(list) => Linked::parse(list.as_bytes()),
    None => Linked {
        operators: [u64::MAX; 4],
        list: None,
    },
};

impl Linked {
    /// Reads numbers and names with commas between them; anything else stops the build.
    const fn parse(list: &'static [u8]) -> Self {
        let mut operators = [0; 4];
        let mut start = 0;
        while start < list.len() {
            let end = end(list, start);
            if list[start].is_ascii_digit() {
                let number = number(list, start, end);
                operators[number / 64] |= 1 << (number % 64);
            } else {
                assert!(
                    list[start].is_ascii_alphabetic(),
                    "ONCHIP_OPERATORS must be numbers and names with commas between them"
                );
            }
            start = end + 1;
        }
        Self {
            operators,
            list: Some(list),
        }
    }

    /// Whether one of these is among them.
    pub(crate) const fn any(self, operators: &[Opcode]) -> bool {
        let mut i = 0;
        while i < operators.len() {
            let number = operators[i].0 as usize;
            if self.operators[number / 64] >> (number % 64) & 1 != 0 {
                return true;
            }
            i += 1;
        }
        false
    }

    /// Whether the kernel of this name is among them.
    pub(crate) const fn kernel(self, name: &str) -> bool {
        let Some(list) = self.list else { return true };
        let mut start = 0;
        while start < list.len() {
            let end = end(list, start);
            if is_at(list, start, end, name.as_bytes()) {
                return true;
            }
            start = end + 1;
        }
        false
    }
}

/// Where the item that starts at `start` ends.
const fn end(list: &[u8], start: usize) -> usize {
    let mut end = start;
    while end < list.len() && list[end] != b',' {
        end += 1;
    }
    end
}

const fn number(list: &[u8], start: usize, end: usize) -> usize {
    let (mut i, mut number) = (start, 0);
    while i < end {
        assert!(
            list[i].is_ascii_digit(),
            "ONCHIP_OPERATORS must be numbers and names with commas between them"
        );
        number = 10 * number + (list[i] - b'0') as usize;
        assert!(number < 256, "ONCHIP_OPERATORS names an unknown operator");
        i += 1;
    }
    number
}

const fn is_at(list: &[u8], start: usize, end: usize, name: &[u8]) -> bool {
    if end - start != name.len() {
        return false;
    }
    let mut i = 0;
    while i < name.len() {
        if list[start + i] != name[i] {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_its_operators_and_kernels_alone() {
        let linked = Linked::parse(b"3,Conv,25,130,Softmax");
        let found: std::vec::Vec<u32> = (0..256).filter(|&i| linked.any(&[Opcode(i)])).collect();
        assert_eq!(found, [3, 25, 130]);
        let kernels = ["Conv", "Con", "Convert", "FloatSoftmax", "Softmax", "3"];
        assert_eq!(
            kernels.map(|name| linked.kernel(name)),
            [true, false, false, false, true, true]
        );
    }
}
