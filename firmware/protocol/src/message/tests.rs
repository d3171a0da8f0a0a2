extern crate std;

use super::*;
use crate::{Refusal, VERSION};
use proptest::prelude::*;
use std::string::{String, ToString};
use std::vec::Vec;

/// Prints a message as `text` and reads it back.
fn check(message: Message, text: &str) {
    assert_eq!(message.to_string(), text);
    assert_eq!(text.parse(), Ok(message));
}

#[test]
fn texts_are_fixed() {
    check(
        Message::Boot {
            protocol: VERSION,
            nonce: 0x0123_4567_89AB_CDEF,
            clock_hz: 120_000_000,
        },
        "onchip boot protocol=1 nonce=0x0123456789abcdef clock_hz=120000000",
    );
    check(
        Message::Plan {
            model_crc32: 0xDEAD_BEEF,
            input_crc32: 1,
            arena: 16_000,
            operators: 13,
            input: 490,
            output: 12,
        },
        "onchip plan model_crc32=0xdeadbeef input_crc32=0x00000001 arena=16000 operators=13 \
         input=490 output=12",
    );
    check(
        Message::Operator {
            run: 2,
            index: 12,
            opcode: 25,
            cycles: u64::MAX,
        },
        "onchip operator run=2 index=12 opcode=25 cycles=18446744073709551615",
    );
    check(
        Message::Run {
            index: 0,
            cycles: 5_180_000,
            ticks: 43_167,
            tick_hz: 1_000_000,
        },
        "onchip run index=0 cycles=5180000 ticks=43167 tick_hz=1000000",
    );
    check(
        Message::Memory {
            arena: 16_000,
            stack: 1_024,
            statics: 2_048,
        },
        "onchip memory arena=16000 stack=1024 statics=2048",
    );
    let output = |offset, bytes| Message::Output {
        offset,
        bytes: Bytes::new(bytes).unwrap(),
    };
    check(
        output(0, &[0x80, 0x9A]),
        "onchip output offset=0 bytes=[80, 9a]",
    );
    check(output(32, &[]), "onchip output offset=32 bytes=[]");
    check(
        Message::Fault {
            pc: 0x0800_1234,
            lr: 0x0800_1001,
            cfsr: 0x8200,
            hfsr: 1 << 30,
            mmfar: 0,
            bfar: 4,
        },
        "onchip fault pc=0x08001234 lr=0x08001001 cfsr=0x00008200 hfsr=0x40000000 \
         mmfar=0x00000000 bfar=0x00000004",
    );
    check(
        Refusal::InputLength {
            wanted: 490,
            found: 3,
        }
        .message(),
        "onchip refused code=0x80000030 a=490 b=3 c=0",
    );
    check(
        Message::Done {
            nonce: 7,
            runs: 3,
            output_crc32: 0xCBF4_3926,
        },
        "onchip done nonce=0x0000000000000007 runs=3 output_crc32=0xcbf43926",
    );
}

#[test]
fn each_defect_is_its_own_error() {
    let check = |line: &str, error| assert_eq!(line.parse::<Message>(), Err(error), "{line}");
    let lacks = |expected| ParseError::Field { expected };
    check("", ParseError::Foreign);
    check("hello", ParseError::Foreign);
    check("onchips boot", ParseError::Foreign);
    check("onchip", ParseError::Kind);
    check("onchip booted protocol=1", ParseError::Kind);
    check("onchip memory", lacks("onchip memory arena="));
    check("onchip memory arena=", lacks("onchip memory arena="));
    check(
        "onchip memory arena=-1 stack=0 statics=0",
        lacks("onchip memory arena="),
    );
    check(
        "onchip memory arena=4294967296 stack=0 statics=0",
        lacks("onchip memory arena="),
    );
    check("onchip memory arena=1 statics=0", lacks(" stack="));
    check("onchip memory arena=1 stack=+2 statics=0", lacks(" stack="));
    check(
        "onchip memory arena=1 stack=2 statics=0 ",
        ParseError::Trailing,
    );
    check("onchip output offset=0 bytes=[80, 9]", lacks(" bytes="));
    check("onchip output offset=0 bytes=[80,9a]", lacks(" bytes="));
    check("onchip output offset=0 bytes=[80, 9a", lacks(" bytes="));
    check(
        "onchip done nonce=7 runs=3 output_crc32=0x0",
        lacks("onchip done nonce="),
    );
    let long = std::format!(
        "onchip output offset=0 bytes={:02x?}",
        [0; Bytes::CAPACITY + 1]
    );
    check(&long, lacks(" bytes="));
}

/// The templates mean to defmt what they mean here: a key per field, in order, with its type.
#[test]
fn templates_agree_with_defmt() {
    use defmt_parser::{DisplayHint, Fragment, ParserMode, Type};
    for &(template, fields) in TEMPLATES {
        let fragments = defmt_parser::parse(template, ParserMode::Strict).unwrap();
        let mut keys = Vec::new();
        let mut text = String::new();
        for fragment in fragments {
            match fragment {
                Fragment::Literal(literal) => text = literal.into_owned(),
                Fragment::Parameter(slot) => {
                    let key = text.rsplit(' ').next().unwrap().strip_suffix('=').unwrap();
                    let hex_width = match slot.hint {
                        Some(DisplayHint::Hexadecimal { zero_pad, .. }) => zero_pad,
                        None => 0,
                        Some(other) => panic!("{template}: {other:?}"),
                    };
                    let ty = match (slot.ty, hex_width) {
                        (Type::U32, 0 | 10) => "u32",
                        (Type::U64, 0 | 18) => "u64",
                        (Type::U8Slice, 2) => "Bytes",
                        other => panic!("{template}: {other:?}"),
                    };
                    keys.push((String::from(key), ty));
                }
            }
        }
        let declared: Vec<_> = fields
            .iter()
            .map(|&(key, ty)| (String::from(key), ty))
            .collect();
        assert_eq!(keys, declared, "{template}");
    }
}

proptest! {
    #[test]
    fn round_trips(kind in 0..TEMPLATES.len(), words: [u64; 6], list in prop::collection::vec(any::<u8>(), 0..=32)) {
        let [a, b, c, d, e, f] = words.map(|word| word as u32);
        let [wide, wider, ..] = words;
        let message = match kind {
            0 => Message::Boot { protocol: a, nonce: wider, clock_hz: b },
            1 => Message::Plan { model_crc32: a, input_crc32: b, arena: c, operators: d, input: e, output: f },
            2 => Message::Operator { run: a, index: b, opcode: c, cycles: wide },
            3 => Message::Run { index: c, cycles: wide, ticks: wider, tick_hz: d },
            4 => Message::Memory { arena: a, stack: b, statics: c },
            5 => Message::Output { offset: a, bytes: Bytes::new(&list).unwrap() },
            6 => Message::Fault { pc: a, lr: b, cfsr: c, hfsr: d, mmfar: e, bfar: f },
            7 => Message::Refused { code: a, a: b, b: c, c: d },
            _ => Message::Done { nonce: wide, runs: c, output_crc32: d },
        };
        prop_assert_eq!(message.to_string().parse(), Ok(message));
    }

    #[test]
    fn garbage_never_panics(line in "(onchip (boot|output|done|run) )?.{0,80}") {
        let _ = line.parse::<Message>();
    }

    #[test]
    fn damaged_lines_never_panic(at: prop::sample::Index, byte in 0u8..128) {
        let mut line = String::from("onchip output offset=0 bytes=[80, 9a]").into_bytes();
        let at = at.index(line.len());
        line[at] = byte;
        let line = String::from_utf8(line).unwrap();
        if let Ok(message) = line.parse::<Message>() {
            prop_assert_eq!(message.to_string().parse(), Ok(message));
        }
    }
}
