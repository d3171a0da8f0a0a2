use super::*;
use crate::memory::{Flash, InterruptLines};
use crate::timing::FlashGeometry;

const RCC_CR: u32 = RCC;
const RCC_CFGR: u32 = RCC + 0x08;
const RCC_PLLCFGR: u32 = RCC + 0x0C;
const APBRSTR1: u32 = RCC + 0x2C;
const IOPENR: u32 = RCC + 0x34;
const APBENR1: u32 = RCC + 0x3C;
const FLASH_ACR: u32 = FLASH;
const DBG_CR: u32 = DBG + 0x04;

const TIM2EN: u32 = 1 << 0;
const DBGEN: u32 = 1 << 27;
const PWREN: u32 = 1 << 28;

struct Bench {
    soc: Soc,
    flash: Flash,
    lines: InterruptLines,
    now: u64,
}

impl Bench {
    fn new() -> Self {
        Bench {
            soc: Soc::new(),
            flash: Flash::new(512 << 10, FlashGeometry::STM32G0),
            lines: InterruptLines::default(),
            now: 0,
        }
    }

    fn with<T>(&mut self, access: impl FnOnce(&mut Soc, &mut Context<'_>) -> T) -> T {
        let mut context = Context {
            now: self.now,
            flash: &mut self.flash,
            lines: &mut self.lines,
        };
        access(&mut self.soc, &mut context)
    }

    fn read(&mut self, address: u32) -> Result<u32, AccessError> {
        self.with(|soc, context| soc.read(address - BASE, Size::Word, context))
    }

    fn write(&mut self, writes: &[(u32, u32)]) -> Result<(), AccessError> {
        for &(address, value) in writes {
            self.with(|soc, context| soc.write(address - BASE, Size::Word, value, context))?;
        }
        Ok(())
    }
}

/// Up to 64 MHz, as embassy-stm32 does it.
const FULL_SPEED: [(u32, u32); 7] = [
    (APBENR1, PWREN | TIM2EN),
    (RCC_PLLCFGR, 2 | 8 << 8),
    (RCC_PLLCFGR, 2 | 8 << 8 | 1 << 28 | 1 << 29),
    (RCC_CR, 1 << 8 | 1 << 24),
    (FLASH_ACR, 0x0004_0602),
    (RCC_CFGR, 2),
    (FLASH_ACR, 0x0004_0702),
];

#[test]
fn full_speed() {
    let mut bench = Bench::new();
    bench.write(&FULL_SPEED).unwrap();
    assert_eq!(bench.soc.clocks.core, 64_000_000);
    let config = bench.flash.accelerator.config();
    assert_eq!((config.wait_states, config.prefetch), (2, true));
}

fn check_refused(without: u32, then: &[(u32, u32)], expected: &str) {
    let mut bench = Bench::new();
    let steps: Vec<_> = FULL_SPEED
        .into_iter()
        .filter(|&(address, _)| address != without)
        .chain(then.iter().copied())
        .collect();
    let error = bench.write(&steps).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_silicon_could_not_do_is_refused() {
    check_refused(FLASH_ACR, &[], "HCLK of 64 MHz with 0 flash wait states");
    check_refused(
        0,
        &[(FLASH_ACR, 0x0004_0601)],
        "HCLK of 64 MHz with 1 flash",
    );
    check_refused(0, &[(FLASH_ACR, 0x602)], "FLASH_ACR, bits 0x00040000");
    check_refused(0, &[(PWR, 2 << 9)], "voltage range 2, which allows 16 MHz");
    check_refused(APBENR1, &[(PWR, 1 << 9)], "PWR without its clock");
    check_refused(0, &[(GPIO, 0)], "GPIO port without its clock");
}

#[test]
fn timer_keeps_step_with_the_core() {
    let mut bench = Bench::new();
    bench.write(&FULL_SPEED).unwrap();
    bench.write(&[(TIM2, 1)]).unwrap();
    bench.now = 1000;
    assert_eq!(bench.read(TIM2 + 0x24), Ok(1000));
    // PCLK = HCLK / 4; timers count twice that.
    bench.write(&[(RCC_CFGR, 2 | 5 << 12)]).unwrap();
    bench.now = 2000;
    assert_eq!(bench.read(TIM2 + 0x24), Ok(1500));
    bench.write(&[(TIM2 + 0x0C, 1), (TIM2 + 0x14, 1)]).unwrap();
    assert!(bench.lines.level(TIM2_INTERRUPT));
}

#[test]
fn debug_support_needs_its_clock() {
    let mut bench = Bench::new();
    bench.write(&[(DBG_CR, 6)]).unwrap();
    assert_eq!(bench.read(DBG), Ok(0));
    bench.write(&[(APBENR1, DBGEN)]).unwrap();
    assert_eq!(bench.read(DBG_CR), Ok(0), "the write was ignored");
    bench.write(&[(DBG_CR, 6)]).unwrap();
    assert_eq!(bench.read(DBG).unwrap() & 0xFFF, 0x467);
    bench.with(|soc, context| soc.reset(Reset::System, context));
    assert_eq!(bench.read(DBG_CR), Ok(0), "no clock");
    bench.write(&[(APBENR1, DBGEN)]).unwrap();
    assert_eq!(bench.read(DBG_CR), Ok(6), "kept");
    bench.write(&[(APBRSTR1, DBGEN), (APBRSTR1, 0)]).unwrap();
    assert_eq!(bench.read(DBG_CR), Ok(0));
}

#[test]
fn resets() {
    let mut bench = Bench::new();
    bench.write(&FULL_SPEED).unwrap();
    bench.write(&[(IOPENR, 1), (GPIO, 0), (TIM2, 1)]).unwrap();
    bench.with(|soc, context| soc.reset(Reset::System, context));
    assert_eq!(bench.soc.clocks, Clocks::RESET);
    assert_eq!(bench.read(RCC_CR), Ok(0x500));
    assert_eq!(bench.read(FLASH_ACR).unwrap() & 0xFFFF, 0x600);
    assert!(bench.read(TIM2).is_err(), "no clock");
    bench.write(&[(IOPENR, 1)]).unwrap();
    assert_eq!(bench.read(GPIO), Ok(0xEBFF_FFFF));
}

const BSY1: u32 = 1 << 16;
const BSY2: u32 = 1 << 17;
const CFGBSY: u32 = 1 << 18;
const FLASH_SR: u32 = FLASH + 0x10;
const FLASH_CR: u32 = FLASH + 0x14;
const PG: u32 = 1 << 0;
const PER: u32 = 1 << 1;
const BKER: u32 = 1 << 13;
const STRT: u32 = 1 << 16;

const UNLOCK: [(u32, u32); 2] = [(FLASH + 0x08, 0x4567_0123), (FLASH + 0x08, 0xCDEF_89AB)];

impl Bench {
    fn program(&mut self, offset: u32, value: u32) {
        self.with(|soc, context| soc.program(offset, Size::Word, value, context))
            .unwrap();
    }

    /// Waits until the flash is ready; the cycles that took.
    fn wait(&mut self) -> u64 {
        let start = self.now;
        self.now = self.soc.flash.next_event().unwrap();
        assert_eq!(self.read(FLASH_SR), Ok(0));
        self.now - start
    }
}

#[test]
fn each_bank_has_a_busy_flag() {
    let check = |offset: u32, busy: u32| {
        let mut bench = Bench::new();
        bench.write(&UNLOCK).unwrap();
        bench.write(&[(FLASH_CR, PG)]).unwrap();
        bench.program(offset, 1);
        assert_eq!(bench.read(FLASH_SR), Ok(CFGBSY), "half a double word");
        bench.program(offset + 4, 2);
        assert_eq!(bench.read(FLASH_SR), Ok(busy | CFGBSY));
        // 85 us at 16 MHz.
        assert_eq!(bench.wait(), 1360);
        let bytes = &bench.flash.bytes()[offset as usize..][..8];
        assert_eq!(bytes, [1, 0, 0, 0, 2, 0, 0, 0]);
    };
    check(0x3_FFF8, BSY1);
    check(0x4_0000, BSY2);
}

#[test]
fn pages_are_counted_in_their_bank() {
    let mut bench = Bench::new();
    bench.flash.write(0, &vec![0; 512 << 10]);
    bench.write(&UNLOCK).unwrap();
    let page_127 = PER | 127 << 3 | BKER;
    bench
        .write(&[(FLASH_CR, page_127), (FLASH_CR, page_127 | STRT)])
        .unwrap();
    assert_eq!(bench.read(FLASH_SR), Ok(BSY2 | CFGBSY));
    // 22 ms.
    assert_eq!(bench.wait(), 352_000);
    let (kept, erased) = bench.flash.bytes().split_at((512 - 2) << 10);
    assert!(kept.iter().all(|&byte| byte == 0));
    assert!(erased.iter().all(|&byte| byte == 0xFF));
    let beyond = bench.write(&[(FLASH_CR, PER | 128 << 3 | STRT)]);
    assert!(beyond.unwrap_err().to_string().contains("PNB"));
}

#[test]
fn emptiness_is_found_out_once() {
    const EMPTY: u32 = 1 << 16;
    let mut bench = Bench::new();
    assert_eq!(bench.read(FLASH_ACR), Ok(0x0004_0600 | EMPTY));
    bench.flash.write(0, &[0; 8]);
    bench.with(|soc, context| soc.reset(Reset::System, context));
    assert_eq!(bench.read(FLASH_ACR), Ok(0x0004_0600 | EMPTY));
    bench.write(&[(FLASH_ACR, 0x0004_0600)]).unwrap();
    assert_eq!(bench.read(FLASH_ACR), Ok(0x0004_0600));
    let mut bench = Bench::new();
    bench.flash.write(0, &[0; 8]);
    assert_eq!(bench.read(FLASH_ACR), Ok(0x0004_0600));
}
