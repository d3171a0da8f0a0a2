//! Programs that time themselves, explained.

use onchip_emulate::{ExplainError, Reported, Spent, explain};
use onchip_vboard::{chips, machine::Machine};

use crate::elf::{FLASH, STACK, load, store};

const CHIP: &str = "STM32L4R5ZITx";
const DEMCR: u32 = 0xe000_edfc;
const DWT: u32 = 0xe000_1000;
const CYCCNT: u32 = DWT + 4;
const NOP: u16 = 0xbf00;
/// `udiv r6, r7, r7`
const DIVISION: [u16; 2] = [0xfbb7, 0xf6f7];

/// A program that works twice, the first time with less to do, and then sleeps.
fn flash() -> Vec<u8> {
    // ldr r2 to r5, [r0]: before all, before and after the part, after all.
    let [first, begin, end, last] = [0x6802, 0x6803, 0x6804, 0x6805];
    let mut code = [
        store(DEMCR, 1 << 24),
        store(DWT, 1),
        load(0, CYCCNT).to_vec(),
    ]
    .concat();
    code.extend(load(7, 1 << 20));
    code.extend([first, begin, NOP, end, last]);
    code.extend([first, NOP, begin]);
    code.extend([[NOP; 2], DIVISION, [NOP; 2]].concat());
    // wfi; b .-2
    code.extend([end, last, 0xbf30, 0xe7fd]);
    let vectors = [STACK, FLASH + 9].map(u32::to_le_bytes);
    let code = code.iter().flat_map(|half| half.to_le_bytes());
    vectors.into_iter().flatten().chain(code).collect()
}

/// What the program's registers hold in the end: the cycles of its second work and of the part.
fn reported() -> (u64, u64) {
    let mut machine = Machine::new(chips::by_name(CHIP).unwrap()).unwrap();
    machine.load_flash(0, &flash());
    machine.run(10_000);
    let [first, begin, end, last] = [2, 3, 4, 5].map(|number| machine.register(number));
    ((last - first).into(), (end - begin).into())
}

#[test]
fn the_work_that_was_reported_is_the_one_explained() {
    let (whole, part) = reported();
    let reported = Reported {
        counter: CYCCNT,
        whole,
        parts: &[part],
    };
    let explanation = explain(CHIP, &flash(), &reported).unwrap();
    let total = |causes: &[Spent]| causes.iter().map(|spent| spent.cycles).sum::<i64>();

    assert_eq!(explanation.whole.cycles, whole);
    assert_eq!(total(&explanation.whole.causes), whole as i64);
    assert_eq!(explanation.whole.instructions, 9);
    let [found] = &explanation.parts[..] else {
        panic!("{explanation:?}");
    };
    assert_eq!((found.cycles, found.instructions), (part, 6));
    assert_eq!(total(&found.causes), part as i64);
    let on = |what: &str| found.causes.iter().find(|spent| spent.on == what);
    assert_eq!(on("issue").unwrap().cycles, 6);
    // A division by itself takes three cycles, of which one is the instruction's own.
    assert_eq!(on("multiply, divide, system").unwrap().cycles, 2);
}

#[test]
fn a_report_of_something_else_is_refused() {
    let (whole, part) = reported();
    let refused = |chip, counter, parts: &[u64]| {
        let reported = Reported {
            counter,
            whole,
            parts,
        };
        explain(chip, &flash(), &reported).unwrap_err()
    };
    let other = refused(CHIP, CYCCNT, &[part + 1]);
    assert!(
        matches!(other, ExplainError::Different { tried: 2, .. }),
        "{other}"
    );
    let elsewhere = refused(CHIP, DWT + 8, &[part]);
    assert!(
        matches!(elsewhere, ExplainError::Different { tried: 0, .. }),
        "{elsewhere}"
    );
    let unknown = refused("STM32", CYCCNT, &[part]).to_string();
    assert!(unknown.contains(CHIP), "{unknown}");
    let damaged = explain(
        CHIP,
        &[0xff; 8],
        &Reported {
            counter: CYCCNT,
            whole,
            parts: &[part],
        },
    );
    assert!(damaged.is_err(), "{damaged:?}");
}
