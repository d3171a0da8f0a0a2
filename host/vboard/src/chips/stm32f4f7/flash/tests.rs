use super::*;
use crate::{
    chips::stm32f4f7::stm32f446::FLASH as LAYOUT,
    memory::{Flash, InterruptLines},
    timing::FlashGeometry,
};

const CORE_HZ: u32 = 16_000_000;
const WORDS: u32 = 2 << 8;

struct Bench {
    controller: FlashController,
    flash: Flash,
    lines: InterruptLines,
    now: u64,
}

impl Bench {
    fn locked() -> Self {
        Bench {
            controller: FlashController::new(&LAYOUT),
            flash: Flash::new(LAYOUT.bytes(), FlashGeometry::STM32F4),
            lines: InterruptLines::default(),
            now: 0,
        }
    }

    fn unlocked() -> Self {
        let mut bench = Bench::locked();
        bench.write(KEYR, KEYS[0]).unwrap();
        bench.write(KEYR, KEYS[1]).unwrap();
        bench
    }

    fn with<T>(&mut self, access: impl FnOnce(&mut FlashController, &mut Context<'_>) -> T) -> T {
        let mut context = Context {
            now: self.now,
            flash: &mut self.flash,
            lines: &mut self.lines,
        };
        access(&mut self.controller, &mut context)
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), AccessError> {
        self.with(|controller, context| controller.write(offset, value, CORE_HZ, context))
    }

    fn status(&mut self) -> u32 {
        self.with(|controller, context| controller.read(SR, context))
            .unwrap()
    }

    fn program(&mut self, offset: u32, size: Size, value: u32) {
        self.with(|controller, context| controller.program(offset, size, value, CORE_HZ, context))
            .unwrap();
    }

    /// Lets the operation under way come to its end; how many milliseconds that took.
    fn finish(&mut self) -> u64 {
        let end = self.controller.next_event().unwrap();
        let took = end - self.now;
        self.now = end;
        self.with(FlashController::advance);
        took * 1000 / u64::from(CORE_HZ)
    }
}

#[test]
fn keys() {
    let mut bench = Bench::locked();
    bench.write(CR, PG).unwrap();
    assert_eq!(bench.controller.cr, 0, "locked");
    assert_eq!(bench.write(KEYR, KEYS[1]), Err(AccessError::Fault));
    assert_eq!(
        bench.write(KEYR, KEYS[0]),
        Err(AccessError::Fault),
        "jammed"
    );
    let mut bench = Bench::unlocked();
    bench.write(CR, PG | LOCK).unwrap();
    assert_eq!(bench.controller.lock, Lock::Closed);
}

#[test]
fn erasing_a_sector() {
    for (number, first, bytes, milliseconds) in [
        (0, 0, 0x4000, 250),
        (4, 0x1_0000, 0x1_0000, 550),
        (7, 0x6_0000, 0x2_0000, 1000),
    ] {
        let mut bench = Bench::unlocked();
        bench.flash.write(0, &vec![0; LAYOUT.bytes()]);
        bench.write(CR, SER | number << 3 | WORDS | STRT).unwrap();
        assert_eq!(bench.status(), BSY);
        assert_eq!(bench.finish(), milliseconds);
        assert_eq!(bench.status(), 0);
        let bytes_after = bench.flash.bytes();
        assert!(bytes_after[first..first + bytes].iter().all(|&b| b == 0xFF));
        assert!(bytes_after[..first].iter().all(|&b| b == 0));
        assert!(bytes_after[first + bytes..].iter().all(|&b| b == 0));
    }
    let mut bench = Bench::unlocked();
    assert!(
        bench.write(CR, SER | 8 << 3 | STRT).is_err(),
        "no such sector"
    );
}

#[test]
fn programming_clears_bits_only() {
    let mut bench = Bench::unlocked();
    bench.write(CR, PG | WORDS).unwrap();
    for (value, expected) in [(0xFFFF_0F0F, 0xFFFF_0F0F), (0x00FF_FFFF, 0x00FF_0F0Fu32)] {
        bench.program(8, Size::Word, value);
        assert_eq!(bench.status(), BSY);
        bench.finish();
        assert_eq!(bench.flash.bytes()[8..12], expected.to_le_bytes());
    }
}

/// A write of `size` at `offset` with this in CR raises `flag`, and programs nothing.
fn check_refused(cr: u32, offset: u32, size: Size, flag: u32) {
    let mut bench = Bench::unlocked();
    bench.write(CR, cr).unwrap();
    bench.program(offset, size, 0);
    assert_eq!(bench.status(), flag, "{cr:#x} {offset:#x}");
    assert!(bench.controller.next_event().is_none());
    bench.write(SR, flag).unwrap();
    assert_eq!(bench.status(), 0);
}

#[test]
fn violated_rules_raise_flags() {
    check_refused(WORDS, 0, Size::Word, PGSERR);
    check_refused(PG | WORDS, 0, Size::Half, PGPERR);
    check_refused(PG, 0, Size::Word, PGPERR);
    let mut bench = Bench::unlocked();
    bench.write(CR, SER | MER | STRT).unwrap();
    assert_eq!(bench.status(), PGSERR, "both kinds of erasing");
}

#[test]
fn erasing_goes_before_programming() {
    let mut bench = Bench::unlocked();
    bench.flash.write(0, &[0; 4]);
    bench.write(CR, PG | SER | WORDS | STRT).unwrap();
    bench.finish();
    assert_eq!(bench.status(), 0);
    assert_eq!(bench.flash.bytes()[..4], [0xFF; 4]);
}

#[test]
fn an_interrupt_tells_the_end() {
    let mut bench = Bench::unlocked();
    bench.write(CR, PG | WORDS | EOPIE).unwrap();
    bench.program(0, Size::Word, 0);
    assert!(!bench.lines.level(INTERRUPT));
    bench.finish();
    assert!(bench.lines.level(INTERRUPT));
    bench.write(SR, EOP).unwrap();
    assert!(!bench.lines.level(INTERRUPT));
}

#[test]
fn what_a_reset_cuts_short_is_torn() {
    let mut bench = Bench::unlocked();
    bench.write(CR, PG | WORDS).unwrap();
    bench.program(0, Size::Word, 0);
    bench.with(FlashController::reset);
    assert_eq!(bench.flash.bytes()[..5], [0xAA, 0xAA, 0xAA, 0xAA, 0xFF]);

    let mut bench = Bench::unlocked();
    bench.flash.write(0, &[0; 0x4000]);
    bench.write(CR, SER | WORDS | STRT).unwrap();
    bench.now = bench.controller.next_event().unwrap() / 2;
    bench.with(FlashController::reset);
    let bytes = bench.flash.bytes();
    assert_eq!((bytes[0], bytes[0x1FFF]), (0xFF, 0xFF), "erased so far");
    assert_eq!(bytes[0x3FFF], 0, "not reached");
}

#[test]
fn time_skips_for_a_program_that_only_waits() {
    let mut bench = Bench::unlocked();
    bench.write(CR, SER | WORDS | STRT).unwrap();
    for _ in 0..POLLS {
        assert_eq!(bench.status(), BSY);
    }
    assert_eq!(bench.flash.take_hold(), None);
    assert_eq!(bench.status(), BSY);
    assert_eq!(bench.flash.take_hold(), bench.controller.next_event());
}
