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
