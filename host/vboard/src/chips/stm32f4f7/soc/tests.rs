use super::*;
use crate::{
    chips::stm32f4f7::{stm32f446, stm32f746},
    memory::{Flash, InterruptLines},
};

const RCC_CR: u32 = RCC;
const RCC_PLLCFGR: u32 = RCC + 0x04;
const RCC_CFGR: u32 = RCC + 0x08;
const APB1RSTR: u32 = RCC + 0x20;
const APB1ENR: u32 = RCC + 0x40;
const PWR_CR: u32 = PWR;
const PWR_CSR: u32 = PWR + 4;
const FLASH_ACR: u32 = FLASH;

const PLLON: u32 = 1 << 24;
const OVER_DRIVE: u32 = 0xC000 | 1 << 16 | 1 << 17;

struct Bench {
    soc: Soc,
    flash: Flash,
    lines: InterruptLines,
    now: u64,
}

impl Bench {
    fn new(part: &'static Part) -> Self {
        Bench {
            soc: Soc::new(part),
            flash: Flash::new(0x1000, part.accelerator),
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

/// Up to full speed from HSI in the order that the manuals prescribe: M = 8, N, P = 2, so many wait states, APB1 divided by 4 and
/// APB2 by 2.
fn full_speed(n: u32, wait_states: u32) -> [(u32, u32); 8] {
    [
        (APB1ENR, 1 << 28 | 1 << 0),
        (PWR_CR, 0xC000),
        (RCC_PLLCFGR, 0x2400_0000 | 8 | n << 6),
        (RCC_CR, 0x81 | PLLON),
        (PWR_CR, OVER_DRIVE & !(1 << 17)),
        (PWR_CR, OVER_DRIVE),
        (FLASH_ACR, 0x300 | wait_states),
        (RCC_CFGR, 2 | 5 << 10 | 4 << 13),
    ]
}

const PARTS: [(&Part, u32, u32, u32); 2] = [
    (&stm32f446::PART, 180, 5, 180_000_000),
    (&stm32f746::PART, 216, 7, 216_000_000),
];

#[test]
fn full_speed_is_reached_in_the_order_prescribed() {
    for (part, n, wait_states, hertz) in PARTS {
        let mut bench = Bench::new(part);
        bench.write(&full_speed(n, wait_states)).unwrap();
        assert_eq!(bench.soc.clocks.core, hertz);
        assert_eq!(bench.read(PWR_CSR), Ok(0x3_4000), "ready");
        assert_eq!(bench.read(RCC_CFGR).unwrap() & 0xF, 0xA, "SWS");
        assert_eq!(
            u32::from(bench.flash.accelerator.config().wait_states),
            wait_states
        );
        // The timer counts half of the core clock.
        bench.write(&[(TIM2, 1)]).unwrap();
        bench.now = 1000;
        assert_eq!(bench.read(TIM2 + 0x24), Ok(500));
    }
}

#[test]
fn what_silicon_could_not_do_is_refused() {
    for (part, n, wait_states, _) in PARTS {
        for (skipped, expected) in [
            (5, "SYSCLK of "),
            (6, "with 0 flash wait states"),
            (0, "PWR without its clock"),
            (2, "N 50 to 432"),
        ] {
            let mut bench = Bench::new(part);
            let mut steps = full_speed(n, wait_states).to_vec();
            steps.remove(skipped);
            if skipped == 2 {
                steps.insert(2, (RCC_PLLCFGR, 8 | 40 << 6));
            }
            let error = bench.write(&steps).unwrap_err().to_string();
            assert!(error.contains(expected), "{}: {error}", part.name);
        }
    }
}

#[test]
fn buses_have_limits_too() {
    for (part, n, wait_states, _) in PARTS {
        for (prescalers, expected) in [(4 << 10 | 4 << 13, "PCLK1 of "), (5 << 10, "PCLK2 of ")] {
            let mut bench = Bench::new(part);
            let mut steps = full_speed(n, wait_states);
            steps[7].1 = 2 | prescalers;
            let error = bench.write(&steps).unwrap_err().to_string();
            assert!(error.contains(expected), "{}: {error}", part.name);
        }
    }
}

#[test]
fn resets() {
    for (part, n, wait_states, _) in PARTS {
        let mut bench = Bench::new(part);
        bench.write(&full_speed(n, wait_states)).unwrap();
        bench.write(&[(TIM2, 1), (APB1RSTR, 1)]).unwrap();
        assert!(bench.read(TIM2).is_err(), "held in reset");
        bench.write(&[(APB1RSTR, 0)]).unwrap();
        assert_eq!(bench.read(TIM2), Ok(0));
        bench.with(|soc, context| soc.reset(Reset::System, context));
        assert_eq!(bench.soc.clocks.core, 16_000_000);
        assert_eq!(bench.read(RCC_CFGR), Ok(0));
        assert!(bench.read(TIM2).is_err(), "no clock");
    }
}

#[test]
fn the_board_has_no_crystal_for_hse() {
    let mut bench = Bench::new(&stm32f446::PART);
    assert!(bench.write(&[(RCC_CR, 0x81 | 1 << 16)]).is_err());
    let hse = 0x81 | 1 << 16 | 1 << 18;
    bench.write(&[(RCC_CR, hse), (RCC_CFGR, 1)]).unwrap();
    assert_eq!(bench.soc.clocks.core, 8_000_000);
}
