use super::*;
use crate::chips::stm32l4r5::flash::VARIANT;
use crate::memory::{Flash, InterruptLines};
use crate::timing::FlashGeometry;

const CORE_HZ: u32 = 4_000_000;
const BANK_BYTES: usize = VARIANT.bank_bytes;
const PAGE_BYTES: usize = VARIANT.page_bytes;
const INTERRUPT: usize = VARIANT.interrupt;
const BSY: u32 = VARIANT.busy[0];
const BK_ECC: u32 = VARIANT.error_bank;
const ECCR: u32 = VARIANT.error_registers[0];
const PAGE_7_OF_BANK_2: u32 = PER | 7 << PNB | VARIANT.bank_select;

struct Bench {
    controller: FlashController,
    flash: Flash,
    lines: InterruptLines,
    now: u64,
}

impl Bench {
    fn locked() -> Self {
        Bench {
            controller: FlashController::new(&VARIANT),
            flash: Flash::new(2 * BANK_BYTES, FlashGeometry::STM32L4),
            lines: InterruptLines::default(),
            now: 0,
        }
    }

    fn unlocked() -> Self {
        let mut bench = Bench::locked();
        bench.enter(KEYR, KEYS);
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

    fn read(&mut self, offset: u32) -> u32 {
        self.with(|controller, context| controller.read(offset, context))
            .unwrap()
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), AccessError> {
        self.with(|controller, context| controller.write(offset, value, CORE_HZ, context))
    }

    fn enter(&mut self, register: u32, keys: [u32; 2]) {
        for key in keys {
            self.write(register, key).unwrap();
        }
    }

    fn program(&mut self, offset: u32, size: Size, value: u32) -> Result<(), AccessError> {
        self.with(|controller, context| controller.program(offset, size, value, CORE_HZ, context))
    }

    /// Waits until the controller is ready; returns how long that took and the flags then.
    fn wait(&mut self) -> (u64, u32) {
        let start = self.now;
        self.now = self.controller.next_event().unwrap_or(self.now);
        let status = self.read(SR);
        assert_eq!(status & BSY, 0);
        (self.now - start, status)
    }

    fn program_double_word(&mut self, offset: u32, low: u32, high: u32) -> u32 {
        self.write(CR, PG).unwrap();
        self.program(offset, Size::Word, low).unwrap();
        self.program(offset + 4, Size::Word, high).unwrap();
        self.wait().1
    }
}

#[test]
fn double_words_are_programmed_in_time() {
    let mut bench = Bench::unlocked();
    bench.write(CR, PG).unwrap();
    bench.program(0x10, Size::Word, 0x0403_0201).unwrap();
    assert_eq!(
        bench.read(SR) & BSY,
        0,
        "half a double word is no operation"
    );
    bench.program(0x14, Size::Word, 0x0807_0605).unwrap();
    assert_eq!(bench.read(SR) & BSY, BSY);
    assert_eq!(bench.flash.bytes()[0x10], 0xFF, "not yet");
    assert!(
        bench.program(0x18, Size::Word, 0).is_err(),
        "the bus would stall"
    );
    assert_eq!(bench.wait(), (327, 0));
    assert_eq!(bench.flash.bytes()[0x10..0x18], [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn erased_double_words_only() {
    let mut bench = Bench::unlocked();
    assert_eq!(bench.program_double_word(8, 1, 2), 0);
    assert_eq!(bench.program_double_word(8, 1, 2), PROGERR);
    assert_eq!(
        bench.program_double_word(16, 1, 2),
        PROGERR | PGSERR,
        "the error is still set"
    );
    bench.write(SR, ERRORS).unwrap();
    assert_eq!(bench.program_double_word(8, 0, 0), 0, "zero is allowed");
    assert_eq!(bench.flash.bytes()[8..16], [0; 8]);
}

/// What is done to a controller, and to an array that holds zeros in its first double word.
enum Step {
    /// A write to FLASH_CR.
    Control(u32),
    /// A write of 0x55 into the array.
    Program(u32, Size),
    /// A wait for the operation under way.
    Wait,
}
use Step::{Control, Program, Wait};

/// The flags that the steps leave, on an unlocked controller or a locked one; nothing is programmed or erased.
fn check_rule(locked: bool, steps: &[Step], expected: u32) {
    let mut bench = if locked {
        Bench::locked()
    } else {
        Bench::unlocked()
    };
    bench.flash.write(0, &[0; 8]);
    let before = bench.flash.bytes().to_vec();
    for step in steps {
        match *step {
            Control(value) => bench.write(CR, value).unwrap(),
            Program(offset, size) => bench.program(offset, size, 0x55).unwrap(),
            Wait => drop(bench.wait()),
        }
    }
    assert_eq!(bench.wait().1, expected);
    assert!(bench.flash.bytes() == before, "{expected:#x}");
}

#[test]
fn programming_rules() {
    let word = |offset| Program(offset, Size::Word);
    let unlocked = |steps: &[Step], expected| check_rule(false, steps, expected);
    unlocked(&[word(8)], PGSERR);
    unlocked(&[Control(PG), Program(8, Size::Byte)], SIZERR);
    unlocked(&[Control(PG), Program(8, Size::Half)], SIZERR);
    unlocked(&[Control(PG), word(8), Program(12, Size::Half)], SIZERR);
    unlocked(&[Control(PG), word(12)], PGAERR);
    unlocked(&[Control(PG), word(8), word(8)], PGAERR);
    unlocked(&[Control(PG), word(8), word(20)], PGAERR);
    unlocked(
        &[Control(PG), word(12), word(16), word(20)],
        PGAERR | PGSERR,
    );
    unlocked(&[Control(PG), word(0), word(4)], PROGERR);
    unlocked(
        &[Control(PG), word(0), word(4), Wait, Control(PER | STRT)],
        PROGERR | PGSERR,
    );
    unlocked(
        &[Control(PG), word(8), Control(0), Control(PG), word(12)],
        PGAERR,
    );
    unlocked(&[Control(PG | STRT | PER)], PGSERR);
    unlocked(&[Control(STRT | PER | MER1)], PGSERR);
    unlocked(&[Control(PG | ERRIE), word(12)], PGAERR | OPERR);
    unlocked(&[Control(PG), Control(LOCK), Control(PG), word(8)], PGSERR);
    check_rule(true, &[Control(PG), word(8), word(12)], PGSERR);
    check_rule(true, &[Control(PER | STRT)], 0);
    check_rule(true, &[Control(MER1 | MER2 | STRT)], 0);
}

#[test]
fn pages_and_banks_are_erased() {
    let last = 2 * BANK_BYTES - 1;
    let page = BANK_BYTES + 7 * PAGE_BYTES;
    let check = |control: u32, cycles: u64, erased: &[usize], kept: &[usize]| {
        let mut bench = Bench::unlocked();
        bench.flash.write(0, &vec![0; 2 * BANK_BYTES]);
        bench.write(CR, control | STRT).unwrap();
        assert_eq!(bench.read(CR), control | STRT | OPTLOCK);
        assert_eq!(bench.wait(), (cycles, 0));
        assert_eq!(bench.read(CR), control | OPTLOCK);
        erased
            .iter()
            .for_each(|&at| assert_eq!(bench.flash.bytes()[at], 0xFF, "{control:#x} {at:#x}"));
        kept.iter()
            .for_each(|&at| assert_eq!(bench.flash.bytes()[at], 0, "{control:#x} {at:#x}"));
    };
    check(
        PAGE_7_OF_BANK_2,
        88_080,
        &[page, page + PAGE_BYTES - 1],
        &[page - 1, page + PAGE_BYTES, 0],
    );
    check(PER, 88_080, &[0, PAGE_BYTES - 1], &[PAGE_BYTES, last]);
    check(MER1, 88_520, &[0, BANK_BYTES - 1], &[BANK_BYTES, last]);
    check(MER2, 88_520, &[BANK_BYTES, last], &[0, BANK_BYTES - 1]);
    check(MER1 | MER2, 88_520, &[0, last], &[]);
}

#[test]
fn locks() {
    let mut bench = Bench::locked();
    bench.write(CR, PG).unwrap();
    assert_eq!(bench.read(CR), LOCK | OPTLOCK, "ignored");
    bench.write(KEYR, KEYS[0]).unwrap();
    assert_eq!(
        bench.write(KEYR, KEYS[0]),
        Err(AccessError::Fault),
        "wrong order"
    );
    assert_eq!(
        bench.write(KEYR, KEYS[0]),
        Err(AccessError::Fault),
        "jammed"
    );
    bench.with(FlashController::reset);
    bench.enter(KEYR, KEYS);
    assert_eq!(bench.read(CR), OPTLOCK);
    bench.enter(OPTKEYR, OPTION_KEYS);
    assert_eq!(bench.read(CR), 0);
    bench.write(CR, LOCK).unwrap();
    assert_eq!(bench.read(CR), LOCK | OPTLOCK);
}

#[test]
fn end_of_operation_interrupts_if_wanted() {
    let mut bench = Bench::unlocked();
    bench.write(CR, PER | EOPIE | STRT).unwrap();
    assert!(!bench.lines.level(INTERRUPT));
    assert_eq!(bench.wait().1, EOP);
    assert!(bench.lines.level(INTERRUPT));
    bench.write(SR, EOP).unwrap();
    assert!(!bench.lines.level(INTERRUPT));
}

/// What a reset after `cycles` of an operation leaves in the array.
fn interrupted(cycles: u64, begin: impl FnOnce(&mut Bench)) -> Bench {
    let mut bench = Bench::unlocked();
    bench.flash.write(0, &[0; 2 * PAGE_BYTES]);
    begin(&mut bench);
    bench.now += cycles;
    bench.with(FlashController::reset);
    assert_eq!(bench.wait(), (0, 0), "nothing is under way");
    bench
}

fn program_at_the_end_of_page_2(bench: &mut Bench) {
    let at = 3 * PAGE_BYTES as u32 - 16;
    assert_eq!(bench.program_double_word(at, 1, 2), 0);
    bench.program(at + 8, Size::Word, 0).unwrap();
    bench.program(at + 12, Size::Word, 0).unwrap();
}

#[test]
fn reset_tears_a_double_word() {
    for cycles in [0, 200, 326] {
        let bench = interrupted(cycles, program_at_the_end_of_page_2);
        let end = 3 * PAGE_BYTES;
        let flash = bench.flash.bytes();
        assert_eq!(
            flash[end - 16..end - 8],
            [1, 0, 0, 0, 2, 0, 0, 0],
            "done before"
        );
        assert_eq!(flash[end - 8..end], [0xAA; 8], "{cycles}");
        assert_eq!(flash[end], 0xFF);
        assert_eq!(bench.flash.first_torn(0..2 * BANK_BYTES), Some(end - 8));
    }
    let done = interrupted(327, program_at_the_end_of_page_2);
    assert!(!done.flash.has_torn());
    assert_eq!(
        done.flash.bytes()[3 * PAGE_BYTES - 8..3 * PAGE_BYTES],
        [0; 8]
    );
}

#[test]
fn reset_leaves_a_page_half_erased() {
    let erase = |bench: &mut Bench| bench.write(CR, PER | STRT).unwrap();
    let check = |cycles: u64, erased: usize| {
        let bench = interrupted(cycles, erase);
        let flash = bench.flash.bytes();
        assert!(flash[..erased].iter().all(|&byte| byte == 0xFF), "{cycles}");
        assert_eq!(flash[erased], 0x55, "{cycles}");
        assert!(
            flash[(erased + 512).min(PAGE_BYTES)..2 * PAGE_BYTES]
                .iter()
                .all(|&byte| byte == 0)
        );
        assert_eq!(bench.flash.first_torn(0..PAGE_BYTES), Some(erased));
        assert_eq!(bench.flash.first_torn(erased + 512..2 * BANK_BYTES), None);
    };
    check(0, 0);
    check(44_040, 2048);
    check(88_079, PAGE_BYTES - 512);
    assert!(!interrupted(88_080, erase).flash.has_torn());
}

#[test]
fn reading_what_is_torn_is_an_error() {
    let at = BANK_BYTES as u32 + 8;
    let mut bench = Bench::unlocked();
    bench.write(CR, PG).unwrap();
    bench.program(at, Size::Word, 5).unwrap();
    bench.program(at + 4, Size::Word, 5).unwrap();
    bench.with(FlashController::reset);
    assert_eq!((bench.read(ECCR), bench.lines.nmi()), (0, false));
    bench.with(|controller, context| controller.misread(at, context));
    assert_eq!(bench.read(ECCR), ECCD | BK_ECC | 8);
    assert!(bench.lines.nmi());
    bench.with(|controller, context| controller.misread(0, context));
    assert_eq!(bench.read(ECCR), ECCD | BK_ECC | 8, "the first one stays");
    bench.write(ECCR, ECCD).unwrap();
    assert_eq!((bench.read(ECCR) & ECCD, bench.lines.nmi()), (0, false));
    bench.with(|controller, context| controller.misread(16, context));
    bench.with(FlashController::reset);
    assert_eq!((bench.read(ECCR), bench.lines.nmi()), (0, false));
}

#[test]
fn what_is_torn_can_be_erased_or_made_zero() {
    let torn = || {
        let mut bench = interrupted(5, |bench| {
            bench.write(CR, PG).unwrap();
            bench.program(0x8000, Size::Word, u32::MAX).unwrap();
            bench.program(0x8004, Size::Word, u32::MAX).unwrap();
        });
        bench.enter(KEYR, KEYS);
        assert_eq!(bench.flash.bytes()[0x8000..0x8008], [0xFF; 8], "and yet");
        assert!(bench.flash.has_torn());
        bench
    };
    assert_eq!(torn().program_double_word(0x8000, 1, 1), PROGERR);
    let mut bench = torn();
    assert_eq!(bench.program_double_word(0x8000, 0, 0), 0);
    assert!(!bench.flash.has_torn());
    let mut bench = torn();
    bench.write(CR, PER | 8 << 3 | STRT).unwrap();
    assert_eq!(bench.wait().1, 0);
    assert!(!bench.flash.has_torn());
}

#[test]
fn accelerator_follows() {
    let mut bench = Bench::locked();
    bench.write(ACR, 5 | PRFTEN | ICEN).unwrap();
    let config = bench.flash.accelerator.config();
    assert_eq!((config.wait_states, config.prefetch), (5, true));
    assert_eq!((config.instruction_cache, config.data_cache), (true, false));
}
