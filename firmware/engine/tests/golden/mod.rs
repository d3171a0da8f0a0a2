//! Reading golden networks; their format is described in `tools/oracle`.

/// The files, by family.
pub(crate) const FAMILIES: [(&str, &[u8]); 12] = [
    ("activations", include_bytes!("activations.bin")),
    ("elementwise", include_bytes!("elementwise.bin")),
    ("floats", include_bytes!("floats.bin")),
    ("int16", include_bytes!("int16.bin")),
    ("int4", include_bytes!("int4.bin")),
    ("layers", include_bytes!("layers.bin")),
    ("matmul", include_bytes!("matmul.bin")),
    ("movement", include_bytes!("movement.bin")),
    ("pools", include_bytes!("pools.bin")),
    ("quantization", include_bytes!("quantization.bin")),
    ("recurrent", include_bytes!("recurrent.bin")),
    ("reductions", include_bytes!("reductions.bin")),
];

/// How an output is compared.
#[derive(Clone, Copy)]
pub(crate) enum Comparison {
    Bytes,
    /// As numbers that may differ a little.
    Floats,
}

impl Comparison {
    /// How many bytes or numbers of two outputs of one length differ.
    pub(crate) fn differences(self, output: &[u8], expected: &[u8]) -> usize {
        match self {
            Self::Bytes => output.iter().zip(expected).filter(|(a, b)| a != b).count(),
            Self::Floats => {
                let number = |&word| f32::from_le_bytes(word);
                let numbers = output.as_chunks().0.iter().map(number);
                let pairs = numbers.zip(expected.as_chunks().0.iter().map(number));
                pairs
                    .filter(|(a, b)| (a - b).abs() > 1e-5 + 1e-5 * b.abs())
                    .count()
            }
        }
    }
}

/// What the oracle runs and the engine refuses, by the start of the case's name.
const REFUSED: &[&str] = &["BATCH_MATMUL int16"];

pub(crate) struct Case<'a> {
    pub(crate) name: &'a str,
    pub(crate) comparison: Comparison,
    pub(crate) invocations: usize,
    pub(crate) seed: u32,
    pub(crate) model: &'a [u8],
    /// Of all invocations.
    pub(crate) output: &'a [u8],
}

impl<'a> Case<'a> {
    /// The schema's name of its operator.
    pub(crate) fn operator(&self) -> &'a str {
        self.name.split(' ').next().unwrap_or_default()
    }

    /// Whether the engine is to refuse it.
    pub(crate) fn is_refused(&self) -> bool {
        REFUSED.iter().any(|start| self.name.starts_with(start))
    }
}

/// Fills an input from the generator's state, and returns the next state.
pub(crate) fn fill(input: &mut [u8], is_float: bool, seed: u32) -> u32 {
    let mut x = seed;
    let mut byte = || {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (x >> 24) as u8
    };
    if is_float {
        for word in input.as_chunks_mut::<4>().0 {
            *word = (f32::from(byte() as i8) / 16.0).to_le_bytes();
        }
    } else {
        input.fill_with(byte);
    }
    x
}

/// The cases of a file.
pub(crate) fn cases(file: &[u8]) -> impl Iterator<Item = Case<'_>> {
    let mut reader = Reader(file);
    assert_eq!((reader.take(4), reader.number(4)), (&b"GOLD"[..], 2));
    let count = reader.number(4);
    (0..count).map(move |_| reader.case())
}

/// The rest of a golden file.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        self.0.split_off(..count).unwrap()
    }

    fn number(&mut self, bytes: usize) -> usize {
        let digits = self.take(bytes).iter().rev();
        digits.fold(0, |number, &byte| number << 8 | usize::from(byte))
    }

    fn bytes(&mut self, length: usize) -> &'a [u8] {
        let count = self.number(length);
        self.take(count)
    }

    fn case(&mut self) -> Case<'a> {
        Case {
            name: str::from_utf8(self.bytes(2)).unwrap(),
            comparison: match self.number(1) {
                0 => Comparison::Bytes,
                1 => Comparison::Floats,
                other => panic!("unknown comparison {other}"),
            },
            invocations: self.number(1),
            seed: self.number(4) as u32,
            model: self.bytes(4),
            output: self.bytes(4),
        }
    }
}
