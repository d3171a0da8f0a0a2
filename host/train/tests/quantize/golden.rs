//! Exported files and the engine's outputs against those of TFLite's interpreter, byte for byte.
//!
//! `tools/oracle` makes the golden file and describes its format.

use onchip_engine::{Interpreter, Model};

use crate::exported;

/// The rest of a golden file.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self, bytes: usize) -> usize {
        let bytes = self.0.split_off(..bytes).unwrap();
        let digits = bytes.iter().rev();
        digits.fold(0, |number, &byte| number << 8 | usize::from(byte))
    }

    fn bytes(&mut self, length: usize) -> &'a [u8] {
        let count = self.number(length);
        self.0.split_off(..count).unwrap()
    }
}

#[test]
fn files_and_outputs_are_those_kept() {
    let mut golden = Reader(include_bytes!("../golden/networks.bin"));
    let networks = exported::networks();
    assert_eq!(golden.number(4), networks.len());
    for (name, network) in networks {
        assert_eq!(golden.bytes(2), name.as_bytes());
        let kept = golden.bytes(4);
        let file = network.to_file().unwrap();
        assert!(
            file == kept,
            "{name}: the file has changed; see tools/oracle"
        );

        let mut x = golden.number(4) as u32;
        let model = Model::new(&file).unwrap();
        let mut arena = vec![0; 1 << 16];
        let mut interpreter = Interpreter::new(&model, &mut arena).unwrap();
        for byte in interpreter.input_mut() {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (x >> 24) as u8;
        }
        interpreter.invoke(&mut ()).unwrap();
        assert_eq!(interpreter.output(), golden.bytes(4), "{name}");
    }
}
