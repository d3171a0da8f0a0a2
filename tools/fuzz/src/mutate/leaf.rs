//! Changes of single numbers, lists and tables, wherever they are.

use crate::random::Random;
use crate::tree::{Kind, Table, Value};

/// Integers at which something may go wrong.
const INTEGERS: [i32; 22] = [
    0,
    1,
    -1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    16,
    127,
    -128,
    128,
    255,
    256,
    32767,
    65536,
    1 << 24,
    i32::MAX,
    i32::MIN,
    -2,
];

/// Scales, slopes and bounds at which something may go wrong.
const FLOATS: [f32; 18] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    0.1,
    2.0,
    0.003_921_569,
    1e-9,
    1e-20,
    1e9,
    1e20,
    f32::MIN_POSITIVE,
    1e-45,
    f32::MAX,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
];

/// An integer: one that is near to `old`, small, or at an edge.
pub(super) fn integer(old: i32, random: &mut Random) -> i32 {
    match random.below(4) {
        0 => old.wrapping_add(random.of(&[1, -1, 2, -2])),
        1 => random.below(9) as i32,
        2 => old.wrapping_mul(random.of(&[2, 3, -1])) >> random.below(3),
        _ => random.of(&INTEGERS),
    }
}

/// A float: one that is near to `old` or at an edge.
pub(super) fn float(old: f32, random: &mut Random) -> f32 {
    match random.below(3) {
        0 => old * random.of(&[2.0, 0.5, 1.01, 0.9, -1.0, 100.0, 1e-3]),
        1 => f32::from_bits(
            old.to_bits()
                .wrapping_add(random.below(5) as u32)
                .wrapping_sub(2),
        ),
        _ => random.of(&FLOATS),
    }
}

/// Changes one field of one table.
pub(super) fn change(model: &mut Table, random: &mut Random) {
    let mut table = model;
    // Downwards, to stop anywhere.
    loop {
        // Few of the numbers in the upper tables have more than one value that is sound.
        let is_upper = matches!(table.kind, Kind::Model | Kind::Graph) && !random.once_in(20);
        let fields = table.fields.iter().enumerate();
        let fields: Vec<_> = fields
            .filter(|(_, (_, value))| !is_upper || matches!(value, Value::Tables(_)))
            .map(|(i, _)| i)
            .collect();
        if fields.is_empty() {
            return;
        }
        let i = random.of(&fields);
        if random.once_in(40) {
            table.fields.remove(i);
            return;
        }
        let kind = table.kind;
        match &mut table.fields[i].1 {
            Value::Scalar(bytes) => return number(bytes, matches!(kind, Kind::Options(_)), random),
            Value::Numbers(width, bytes) => {
                let is_float = kind == Kind::Quantization && *width == 4;
                return numbers(*width, bytes, is_float, random);
            }
            Value::Table(below) => table = below,
            Value::Tables(tables) if tables.is_empty() => return,
            Value::Tables(tables) => {
                let (i, other) = (random.below(tables.len()), random.below(tables.len()));
                if random.once_in(12) {
                    return match random.below(4) {
                        0 => tables.swap(i, other),
                        1 => tables[i] = tables[other].clone(),
                        2 => tables.push(tables[i].clone()),
                        _ => drop(tables.remove(i)),
                    };
                }
                table = &mut tables[i];
            }
        }
    }
}

/// Changes the number that these bytes are.
fn number(bytes: &mut [u8], may_be_float: bool, random: &mut Random) {
    if let Ok(word) = <&mut [u8; 4]>::try_from(&mut *bytes) {
        let old = i32::from_le_bytes(*word);
        *word = if may_be_float && random.once_in(4) {
            float(f32::from_le_bytes(*word), random).to_le_bytes()
        } else {
            integer(old, random).to_le_bytes()
        };
    } else if let Some(byte) = bytes.first_mut() {
        *byte = integer(i32::from(*byte), random) as u8;
    }
}

/// Changes one of the numbers in a list, or their count.
fn numbers(width: usize, bytes: &mut Vec<u8>, is_float: bool, random: &mut Random) {
    let count = bytes.len() / width;
    if count == 0 || random.once_in(5) {
        return match random.below(3) {
            0 => bytes.truncate(random.below(count + 1) * width),
            1 => bytes.extend(integer(0, random).to_le_bytes().iter().cycle().take(width)),
            _ => bytes.extend_from_within(..width.min(bytes.len())),
        };
    }
    let at = random.below(count) * width;
    let number = &mut bytes[at..at + width];
    match width {
        4 if is_float => {
            let old = number
                .first_chunk()
                .map_or(0.0, |word| f32::from_le_bytes(*word));
            number.copy_from_slice(&float(old, random).to_le_bytes());
        }
        4 => {
            let old = number
                .first_chunk()
                .map_or(0, |word| i32::from_le_bytes(*word));
            number.copy_from_slice(&integer(old, random).to_le_bytes());
        }
        8 => {
            let old = number
                .first_chunk()
                .map_or(0, |word| i64::from_le_bytes(*word));
            let new = i64::from(integer(old as i32, random));
            let new = if random.once_in(16) { new << 32 } else { new };
            number.copy_from_slice(&new.to_le_bytes());
        }
        _ => number[0] = integer(i32::from(number[0]), random) as u8,
    }
}
