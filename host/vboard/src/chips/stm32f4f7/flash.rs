//! The embedded flash interface (RM0390, chapter 3; RM0385, chapter 3): unlocking, erasing, programming, and the accelerator's
//! settings.
//!
//! Programming and erasing take the data sheets' typical times of the chip's own clock at 2.7 to 3.6 V, and change the array when
//! they are over. Programming can only clear bits: what is written is ANDed to what is there. Not modelled, hence refused: a
//! parallelism of 64 bits (which needs an external supply of V_PP), option byte programming, read and write protection.

use crate::chips::lock::Lock;
use crate::memory::{AccessError, Change, Context, Operation, Size};
use crate::timing::FlashConfig;

const ACR: u32 = 0x00;
const KEYR: u32 = 0x04;
const OPTKEYR: u32 = 0x08;
const SR: u32 = 0x0C;
const CR: u32 = 0x10;
const OPTCR: u32 = 0x14;
const OPTCR1: u32 = 0x18;

const LATENCY: u32 = 0xF;
const PRFTEN: u32 = 1 << 8;
/// The STM32F4's instruction cache, or the STM32F7's accelerator as a whole.
const ICEN: u32 = 1 << 9;
const DCEN: u32 = 1 << 10;
const ICRST: u32 = 1 << 11;
const DCRST: u32 = 1 << 12;

const KEYS: [u32; 2] = [0x4567_0123, 0xCDEF_89AB];
const OPTION_KEYS: [u32; 2] = [0x0819_2A3B, 0x4C5D_6E7F];

const EOP: u32 = 1 << 0;
const OPERR: u32 = 1 << 1;
const PGAERR: u32 = 1 << 5;
const PGPERR: u32 = 1 << 6;
/// PGSERR of the STM32F4, ERSERR of the STM32F7: the sequence was wrong.
const PGSERR: u32 = 1 << 7;
/// Flags that are cleared by writing one.
const CLEARABLE: u32 = 0x1F3;
/// Those of errors.
const ERRORS: u32 = 0x1F0;
const BSY: u32 = 1 << 16;

const PG: u32 = 1 << 0;
const SER: u32 = 1 << 1;
const MER: u32 = 1 << 2;
const STRT: u32 = 1 << 16;
const EOPIE: u32 = 1 << 24;
const ERRIE: u32 = 1 << 25;
const LOCK: u32 = 1 << 31;
const CR_WRITABLE: u32 = PG | SER | MER | 0xF << 3 | 3 << 8 | EOPIE | ERRIE;
const OPTLOCK: u32 = 1 << 0;
const OPTSTRT: u32 = 1 << 1;

/// Programming does not cross the boundary of a row.
const ROW: u32 = 16;
/// A program that has found an operation under way so often does nothing but wait for its end: time
/// skips to there. Erasing takes seconds, in which nothing else would be emulated.
const POLLS: u32 = 256;
/// Number of the interrupt.
const INTERRUPT: usize = 4;

/// Nanoseconds to program a unit of up to 32 bits (DS10693 and DS10916, tables "Flash memory programming", typical).
const PROGRAM_NS: u64 = 16_000;

/// The sectors and registers of a part's flash.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Bytes of each sector.
    pub(crate) sectors: &'static [usize],
    /// Bits of ACR that exist.
    pub(crate) acr: u32,
    /// Whether caches for instructions and data are told apart (STM32F4).
    pub(crate) two_caches: bool,
    /// Bytes that one read of the array delivers.
    pub(crate) read_bytes: u8,
    /// OPTCR and OPTCR1 with the option bytes as delivered, locked. A part may lack the second.
    pub(crate) options: (u32, Option<u32>),
}

impl Layout {
    /// The size of the array.
    pub(crate) fn bytes(&self) -> usize {
        self.sectors.iter().sum()
    }

    /// Offset and length of a sector.
    fn sector(&self, number: usize) -> Option<(usize, usize)> {
        let bytes = *self.sectors.get(number)?;
        Some((self.sectors[..number].iter().sum(), bytes))
    }
}

/// Nanoseconds to erase a sector of so many bytes with a parallelism of 2^`psize` bytes (DS10693, the same table, typical).
///
/// The STM32F746's sectors of 32 KiB are given the times of 16 KiB, those of 256 KiB twice the times of 128 KiB.
fn erase_ns(bytes: usize, psize: u32) -> u64 {
    let row = if bytes <= 0x8000 {
        [400, 300, 250]
    } else if bytes <= 0x1_0000 {
        [1_200, 700, 550]
    } else if bytes <= 0x2_0000 {
        [2_000, 1_300, 1_000]
    } else {
        [4_000, 2_600, 2_000]
    };
    row[psize.min(2) as usize] * 1_000_000
}

/// The controller.
#[derive(Debug, Clone)]
pub(crate) struct FlashController {
    layout: &'static Layout,
    acr: u32,
    sr: u32,
    cr: u32,
    lock: Lock,
    option_lock: Lock,
    /// What is under way.
    operation: Option<Operation>,
    /// How often software has seen it.
    polls: u32,
}

impl FlashController {
    /// After reset.
    pub(crate) fn new(layout: &'static Layout) -> Self {
        FlashController {
            layout,
            acr: 0,
            sr: 0,
            cr: 0,
            lock: Lock::Closed,
            option_lock: Lock::Closed,
            operation: None,
            polls: 0,
        }
    }

    /// Resets the controller and, with it, the accelerator. What is under way is cut short: without
    /// error correction, what is torn reads as it is.
    pub(crate) fn reset(&mut self, context: &mut Context<'_>) {
        self.advance(context);
        if let Some(operation) = self.operation.take() {
            operation.cut_short(context.now, context.flash);
        }
        *self = FlashController::new(self.layout);
        context.flash.reset_interfaces();
        self.configure(context);
    }

    /// Wait states set in ACR.
    pub(crate) fn wait_states(&self) -> u32 {
        self.acr & LATENCY
    }

    /// When the operation under way ends.
    pub(crate) fn next_event(&self) -> Option<u64> {
        self.operation.as_ref().map(|operation| operation.end)
    }

    /// Ends the operation under way if its time has come.
    pub(crate) fn advance(&mut self, context: &mut Context<'_>) {
        let over = |operation: &mut Operation| operation.end <= context.now;
        let Some(operation) = self.operation.take_if(over) else {
            return;
        };
        operation.finish(context.flash);
        if self.cr & EOPIE != 0 {
            self.sr |= EOP;
        }
        self.drive(context);
    }

    /// Reads a register.
    pub(crate) fn read(
        &mut self,
        offset: u32,
        context: &mut Context<'_>,
    ) -> Result<u32, AccessError> {
        self.advance(context);
        let busy = self.operation.is_some();
        let (optcr, optcr1) = self.layout.options;
        Ok(match (offset, optcr1) {
            (ACR, _) => self.acr,
            // Write-only.
            (KEYR | OPTKEYR, _) => 0,
            (SR, _) => {
                if let Some(operation) = &self.operation {
                    self.polls += 1;
                    if self.polls > POLLS {
                        context.flash.hold_bus(operation.end);
                    }
                }
                self.sr | if busy { BSY } else { 0 }
            }
            (CR, _) => {
                let erasing = matches!(
                    self.operation,
                    Some(Operation {
                        change: Change::Erase(_),
                        ..
                    })
                );
                let lock = if self.lock == Lock::Open { 0 } else { LOCK };
                self.cr | lock | if erasing { STRT } else { 0 }
            }
            (OPTCR, _) if self.option_lock == Lock::Open => optcr & !OPTLOCK,
            (OPTCR, _) => optcr,
            (OPTCR1, Some(value)) => value,
            _ => return Err(missing(offset)),
        })
    }

    /// Writes a register. `core_hz` is HCLK.
    pub(crate) fn write(
        &mut self,
        offset: u32,
        value: u32,
        core_hz: u32,
        context: &mut Context<'_>,
    ) -> Result<(), AccessError> {
        self.advance(context);
        match offset {
            ACR => self.write_acr(value, context),
            KEYR => self.lock.turn(KEYS, value)?,
            OPTKEYR => self.option_lock.turn(OPTION_KEYS, value)?,
            SR => self.sr &= !(value & CLEARABLE),
            CR => self.write_cr(value, core_hz, context)?,
            OPTCR if self.option_lock != Lock::Open => {}
            OPTCR if value & OPTLOCK != 0 => self.option_lock = Lock::Closed,
            // Takes effect with OPTSTRT.
            OPTCR if value & OPTSTRT == 0 && value == self.layout.options.0 & !OPTLOCK => {}
            OPTCR | OPTCR1 => return Err(AccessError::unmodelled("programming of option bytes")),
            _ => return Err(missing(offset)),
        }
        self.drive(context);
        Ok(())
    }

    fn write_acr(&mut self, value: u32, context: &mut Context<'_>) {
        // The caches can be emptied only while they are off.
        if value & ICRST != 0 && self.acr & ICEN == 0 {
            context.flash.own_accelerator().reset_instruction_cache();
            if !self.layout.two_caches {
                context.flash.own_accelerator().reset_data_cache();
            }
        }
        if value & DCRST != 0 && self.acr & DCEN == 0 && self.layout.two_caches {
            context.flash.own_accelerator().reset_data_cache();
        }
        self.acr = value & self.layout.acr;
        self.configure(context);
    }

    fn configure(&self, context: &mut Context<'_>) {
        let cached = self.acr & ICEN != 0;
        context.flash.configure(FlashConfig {
            wait_states: self.wait_states() as u8,
            prefetch: self.acr & PRFTEN != 0,
            instruction_cache: cached,
            data_cache: if self.layout.two_caches {
                self.acr & DCEN != 0
            } else {
                cached
            },
            read_bytes: self.layout.read_bytes,
        });
    }

    fn write_cr(
        &mut self,
        value: u32,
        core_hz: u32,
        context: &mut Context<'_>,
    ) -> Result<(), AccessError> {
        if self.operation.is_some() {
            return Err(AccessError::unmodelled(
                "FLASH_CR written while the controller is busy; wait for FLASH_SR.BSY to clear",
            ));
        }
        if self.lock != Lock::Open {
            return Ok(());
        }
        if value >> 8 & 3 == 3 {
            return Err(AccessError::unmodelled(
                "FLASH_CR.PSIZE of 64 bits, which needs an external V_PP",
            ));
        }
        self.cr = value & CR_WRITABLE;
        if value & STRT != 0 {
            self.start_erase(core_hz, context.now)?;
        }
        if value & LOCK != 0 {
            self.lock = Lock::Closed;
        }
        Ok(())
    }

    fn psize(&self) -> u32 {
        self.cr >> 8 & 3
    }

    fn start_erase(&mut self, core_hz: u32, now: u64) -> Result<(), AccessError> {
        let one = self.cr & SER != 0;
        let all = self.cr & MER != 0;
        // "If SER and MER are both set, neither can be performed", and nothing while errors are pending. PG does not matter: of
        // erasing and programming "the erase operation is performed first".
        if one == all || self.sr & ERRORS != 0 {
            self.fail(PGSERR);
            return Ok(());
        }
        let psize = self.psize();
        let (first, bytes, time) = if one {
            let number = (self.cr >> 3 & 0xF) as usize;
            let Some((first, bytes)) = self.layout.sector(number) else {
                return Err(AccessError::unmodelled(
                    "FLASH_CR.SNB of a sector that the part does not have",
                ));
            };
            (first, bytes, erase_ns(bytes, psize))
        } else {
            let sectors = self.layout.sectors.iter();
            let time = sectors.map(|&bytes| erase_ns(bytes, psize)).sum();
            (0, self.layout.bytes(), time)
        };
        self.begin(Change::Erase(first..first + bytes), time, core_hz, now);
        Ok(())
    }

    /// A write into the array.
    pub(crate) fn program(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        core_hz: u32,
        context: &mut Context<'_>,
    ) -> Result<(), AccessError> {
        self.advance(context);
        if self.operation.is_some() {
            return Err(AccessError::unmodelled(
                "a write to flash while the controller is busy; wait for FLASH_SR.BSY to clear",
            ));
        }
        let bytes = size.bytes();
        if self.lock != Lock::Open || self.cr & PG == 0 || self.sr & ERRORS != 0 {
            self.fail(PGSERR);
        } else if bytes != 1 << self.psize() {
            self.fail(PGPERR);
        } else if offset % ROW + bytes > ROW {
            self.fail(PGAERR);
        } else {
            let offset = offset as usize;
            let old = context.flash.bytes().iter().skip(offset);
            let new = value.to_le_bytes().into_iter().take(bytes as usize);
            // Bits can only be cleared.
            let data = new.zip(old).map(|(new, &old)| new & old).collect();
            let program = Change::Program { offset, data };
            self.begin(program, PROGRAM_NS, core_hz, context.now);
        }
        self.drive(context);
        Ok(())
    }

    fn begin(&mut self, change: Change, nanoseconds: u64, core_hz: u32, now: u64) {
        let cycles = (nanoseconds * u64::from(core_hz)).div_ceil(1_000_000_000);
        self.polls = 0;
        self.operation = Some(Operation {
            change,
            begun: now,
            end: now + cycles,
        });
    }

    fn fail(&mut self, error: u32) {
        self.sr |= error;
        if self.cr & ERRIE != 0 {
            self.sr |= OPERR;
        }
    }

    fn drive(&self, context: &mut Context<'_>) {
        let ended = self.sr & EOP != 0 && self.cr & EOPIE != 0;
        let failed = self.sr & OPERR != 0 && self.cr & ERRIE != 0;
        context.lines.set(INTERRUPT, ended || failed);
    }
}

fn missing(offset: u32) -> AccessError {
    AccessError::unmodelled(format!("FLASH register at offset {offset:#05x}"))
}

#[cfg(test)]
mod tests;
