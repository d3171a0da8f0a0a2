//! The flash interface of STM32L4+ and STM32G0 (RM0432 and RM0444, chapter 3 of each): unlocking, erasing, programming, ACR.
//!
//! Programming and erasing take the data sheet's typical times of the chip's own clock, and change the array when they are over. A
//! reset before that leaves double words torn ([`crate::memory::Operation`]): whoever reads one, the debugger included, gets its bytes,
//! ECCD is set in FLASH_ECCR, and the core has a non-maskable interrupt pending until ECCD is cleared
//! (section "Error code correction"). Nothing else is ever wrong with the array, so ECCC stays clear.
//!
//! Not modelled, hence refused: fast programming, option byte programming (write protection with it, so that WRPERR never comes up),
//! power-down, and accesses that would stall the bus because the controller is busy.

use crate::chips::lock::Lock;
use crate::memory::{AccessError, Change, Context, Operation, Size};
use crate::timing::FlashConfig;

const ACR: u32 = 0x00;
const PDKEYR: u32 = 0x04;
const KEYR: u32 = 0x08;
const OPTKEYR: u32 = 0x0C;
const SR: u32 = 0x10;
const CR: u32 = 0x14;
const OPTR: u32 = 0x20;

pub(crate) const LATENCY: u32 = 0xF;
pub(crate) const PRFTEN: u32 = 1 << 8;
pub(crate) const ICEN: u32 = 1 << 9;
pub(crate) const DCEN: u32 = 1 << 10;
pub(crate) const ICRST: u32 = 1 << 11;
pub(crate) const DCRST: u32 = 1 << 12;
/// The first double word was erased when power came up.
pub(crate) const EMPTY: u32 = 1 << 16;

const KEYS: [u32; 2] = [0x4567_0123, 0xCDEF_89AB];
const OPTION_KEYS: [u32; 2] = [0x0819_2A3B, 0x4C5D_6E7F];

const EOP: u32 = 1 << 0;
const OPERR: u32 = 1 << 1;
const PROGERR: u32 = 1 << 3;
const PGAERR: u32 = 1 << 5;
const SIZERR: u32 = 1 << 6;
const PGSERR: u32 = 1 << 7;
/// All that goes wrong while programming or erasing.
const ERRORS: u32 = 0x3F8;
/// Flags that are cleared by writing one.
const CLEARABLE: u32 = 0xC3FB;
const PG: u32 = 1 << 0;
const PER: u32 = 1 << 1;
const MER1: u32 = 1 << 2;
const MER2: u32 = 1 << 15;
const STRT: u32 = 1 << 16;
const OPTSTRT: u32 = 1 << 17;
const FSTPG: u32 = 1 << 18;
const EOPIE: u32 = 1 << 24;
const ERRIE: u32 = 1 << 25;
const RDERRIE: u32 = 1 << 26;
const OBL_LAUNCH: u32 = 1 << 27;
const OPTLOCK: u32 = 1 << 30;
const LOCK: u32 = 1 << 31;
const CR_WRITABLE: u32 = PG | PER | MER1 | MER2 | EOPIE | ERRIE;
/// FLASH_ECCR: interrupt for corrected errors.
const ECCCIE: u32 = 1 << 24;
/// FLASH_ECCR: an error was found that could not be corrected; cleared by writing one.
const ECCD: u32 = 1 << 31;
/// Where the page number begins.
const PNB: u32 = 3;

/// What differs between the chips that have such a controller.
#[derive(Debug)]
pub(crate) struct Variant {
    /// ACR after reset.
    pub(crate) acr_reset: u32,
    /// Bits of ACR that keep what is written to them.
    pub(crate) acr_writable: u32,
    /// Bits of ACR whose effect is not modelled: changing them from their reset value is refused.
    pub(crate) acr_refused: u32,
    /// Bytes of each of the two banks.
    pub(crate) bank_bytes: usize,
    /// Bytes of a page.
    pub(crate) page_bytes: usize,
    /// Bits of the page number, and the bit of CR that selects the bank.
    pub(crate) page_bits: u32,
    pub(crate) bank_select: u32,
    /// Bits of SR while an operation works on bank 1 and bank 2.
    pub(crate) busy: [u32; 2],
    /// Bits of SR from the first half of a double word on until the operation is over.
    pub(crate) configuring: u32,
    /// Bits of CR whose effect is not modelled, besides those that no variant has modelled.
    pub(crate) cr_refused: u32,
    /// Registers of errors found by the correction code, of the whole array or of each bank.
    pub(crate) error_registers: &'static [u32],
    /// The bit of such a register that tells bank 2, if there is one for both.
    pub(crate) error_bank: u32,
    /// Bytes that ADDR_ECC counts in.
    pub(crate) error_unit: u32,
    /// OPTR with the option bytes as delivered.
    pub(crate) optr: u32,
    /// Nanoseconds to program a double word.
    pub(crate) program_ns: u64,
    /// Nanoseconds to erase a page.
    pub(crate) page_erase_ns: u64,
    /// Nanoseconds to erase one bank or both.
    pub(crate) mass_erase_ns: u64,
    /// Number of the interrupt.
    pub(crate) interrupt: usize,
}

/// The controller.
#[derive(Debug, Clone)]
pub(crate) struct FlashController {
    variant: &'static Variant,
    /// Whether the array was empty at power-on; found out when it is first asked.
    empty: Option<bool>,
    acr: u32,
    sr: u32,
    cr: u32,
    lock: Lock,
    option_lock: Lock,
    /// First half of a double word: its offset and value.
    half: Option<(u32, u32)>,
    operation: Option<Operation>,
    /// The error registers.
    errors: [u32; 2],
}

impl FlashController {
    /// After power-on.
    pub(crate) fn new(variant: &'static Variant) -> Self {
        FlashController {
            variant,
            empty: None,
            acr: variant.acr_reset,
            sr: 0,
            cr: 0,
            lock: Lock::Closed,
            option_lock: Lock::Closed,
            half: None,
            operation: None,
            errors: [0; 2],
        }
    }

    /// Resets the controller and, with it, the accelerator. What is under way is cut short.
    pub(crate) fn reset(&mut self, context: &mut Context<'_>) {
        self.advance(context);
        if let Some(operation) = self.operation.take() {
            let torn = operation.cut_short(context.now, context.flash);
            context.flash.tear(torn);
        }
        let empty = self.empty;
        *self = FlashController::new(self.variant);
        self.empty = empty;
        context.flash.accelerator.reset();
        self.configure(context);
        self.drive(context);
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
        let Some(operation) = self
            .operation
            .take_if(|operation| operation.end <= context.now)
        else {
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
        Ok(match offset {
            ACR => self.acr | self.empty_flag(context),
            // Write-only.
            PDKEYR | KEYR | OPTKEYR => 0,
            SR => self.sr | self.busy(),
            CR => {
                let lock = if self.lock == Lock::Open { 0 } else { LOCK };
                let option_lock = if self.option_lock == Lock::Open {
                    0
                } else {
                    OPTLOCK
                };
                let change = self.operation.as_ref().map(|operation| &operation.change);
                let erasing = matches!(change, Some(Change::Erase(_)));
                self.cr | lock | option_lock | if erasing { STRT } else { 0 }
            }
            _ if let Some(index) = self.error_register(offset) => self.errors[index],
            OPTR => self.variant.optr,
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
            ACR => self.write_acr(value, context)?,
            KEYR => self.lock.turn(KEYS, value)?,
            OPTKEYR if self.lock == Lock::Open => self.option_lock.turn(OPTION_KEYS, value)?,
            OPTKEYR => {}
            SR => self.sr &= !(value & CLEARABLE),
            CR => self.write_cr(value, core_hz, context)?,
            _ if let Some(index) = self.error_register(offset) => {
                // Once the flag is cleared the address means nothing; it is kept all the same.
                let errors = &mut self.errors[index];
                *errors = *errors & !(value & ECCD) & !ECCCIE | value & ECCCIE;
            }
            // Takes effect with OPTSTRT, which is refused.
            OPTR => return Err(AccessError::unmodelled("programming of option bytes")),
            _ => return Err(missing(offset)),
        }
        self.drive(context);
        Ok(())
    }

    /// EMPTY, if the chip has it. Software may change it.
    fn empty_flag(&mut self, context: &Context<'_>) -> u32 {
        if self.variant.acr_writable & EMPTY == 0 {
            return 0;
        }
        let erased = || context.flash.bytes()[..8].iter().all(|&byte| byte == 0xFF);
        if *self.empty.get_or_insert_with(erased) {
            EMPTY
        } else {
            0
        }
    }

    /// The busy flags.
    fn busy(&self) -> u32 {
        let range = match &self.operation {
            None if self.half.is_some() => return self.variant.configuring,
            None => return 0,
            Some(operation) => operation.change.range(),
        };
        let [first, second] = self.variant.busy;
        let bank = self.variant.bank_bytes;
        let in_first = if range.start < bank { first } else { 0 };
        let in_second = if range.end > bank { second } else { 0 };
        in_first | in_second | self.variant.configuring
    }

    fn write_acr(&mut self, value: u32, context: &mut Context<'_>) -> Result<(), AccessError> {
        let Variant {
            acr_reset,
            acr_writable,
            acr_refused,
            ..
        } = *self.variant;
        let refused = (value ^ acr_reset) & acr_refused;
        if refused != 0 {
            return Err(AccessError::unmodelled(format!(
                "FLASH_ACR, bits {refused:#010x}"
            )));
        }
        if acr_writable & EMPTY != 0 {
            self.empty = Some(value & EMPTY != 0);
        }
        // The caches can be emptied only while they are off.
        if value & ICRST != 0 && self.acr & ICEN == 0 {
            context.flash.accelerator.reset_instruction_cache();
        }
        if value & DCRST != 0 && self.acr & DCEN == 0 {
            context.flash.accelerator.reset_data_cache();
        }
        let kept = acr_writable & !EMPTY;
        self.acr = acr_reset & !kept | value & kept;
        self.configure(context);
        Ok(())
    }

    fn configure(&self, context: &mut Context<'_>) {
        context.flash.accelerator.configure(FlashConfig {
            wait_states: self.wait_states() as u8,
            prefetch: self.acr & PRFTEN != 0,
            instruction_cache: self.acr & ICEN != 0,
            data_cache: self.acr & DCEN != 0,
            // In dual-bank mode; some have 16 with a single bank.
            read_bytes: 8,
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
        let refused = value & (FSTPG | RDERRIE | self.variant.cr_refused);
        if refused != 0 {
            return Err(AccessError::unmodelled(format!(
                "FLASH_CR, bits {refused:#010x}: fast programming or read protection"
            )));
        }
        if value & (OPTSTRT | OBL_LAUNCH) != 0 && self.option_lock == Lock::Open {
            return Err(AccessError::unmodelled("programming of option bytes"));
        }
        self.cr = value & (CR_WRITABLE | self.page_field() | self.variant.bank_select);
        if value & PG == 0 {
            self.half = None;
        }
        if value & STRT != 0 {
            self.start_erase(core_hz, context.now)?;
        }
        if value & OPTLOCK != 0 {
            self.option_lock = Lock::Closed;
        }
        if value & LOCK != 0 {
            self.lock = Lock::Closed;
            self.option_lock = Lock::Closed;
        }
        Ok(())
    }

    fn start_erase(&mut self, core_hz: u32, now: u64) -> Result<(), AccessError> {
        let mass = self.cr & (MER1 | MER2);
        let page = self.cr & PER != 0;
        if self.sr & ERRORS != 0 || self.cr & PG != 0 || (page && mass != 0) {
            self.fail(PGSERR);
            return Ok(());
        }
        let &Variant {
            bank_bytes,
            page_bytes,
            page_erase_ns,
            mass_erase_ns,
            bank_select,
            ..
        } = self.variant;
        let (first, bytes, time) = if page {
            let second = self.cr & bank_select != 0;
            let offset = page_bytes * ((self.cr & self.page_field()) >> PNB) as usize;
            if offset >= bank_bytes {
                return Err(AccessError::unmodelled(
                    "FLASH_CR.PNB of a page that the bank does not have",
                ));
            }
            let bank = if second { bank_bytes } else { 0 };
            (bank + offset, page_bytes, page_erase_ns)
        } else {
            match mass {
                MER1 => (0, bank_bytes, mass_erase_ns),
                MER2 => (bank_bytes, bank_bytes, mass_erase_ns),
                0 => {
                    return Err(AccessError::unmodelled(
                        "FLASH_CR.STRT without PER, MER1 or MER2",
                    ));
                }
                _ => (0, 2 * bank_bytes, mass_erase_ns),
            }
        };
        self.begin(Change::Erase(first..first + bytes), time, core_hz, now);
        Ok(())
    }

    fn page_field(&self) -> u32 {
        ((1 << self.variant.page_bits) - 1) << PNB
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
                "flash written while the controller is busy; wait for FLASH_SR.BSY to clear",
            ));
        }
        self.program_word(offset, size, value, core_hz, context);
        self.drive(context);
        Ok(())
    }

    fn program_word(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        core_hz: u32,
        context: &mut Context<'_>,
    ) {
        if self.cr & PG == 0 || self.sr & ERRORS != 0 {
            return self.fail(PGSERR);
        }
        if size != Size::Word {
            return self.fail(SIZERR);
        }
        // A double word is written as two words, the lower one first.
        let Some((start, low)) = self.half.take() else {
            if offset.is_multiple_of(8) {
                self.half = Some((offset, value));
            } else {
                self.fail(PGAERR);
            }
            return;
        };
        if offset != start + 4 {
            return self.fail(PGAERR);
        }
        let data = u64::from(value) << 32 | u64::from(low);
        let start = start as usize;
        // Only erased double words can be programmed, except to zero: the error correction code allows no more.
        let erased = context.flash.is_erased(start..start + 8);
        if !erased && data != 0 {
            return self.fail(PROGERR);
        }
        let change = Change::Program {
            offset: start,
            data: data.to_le_bytes().into(),
        };
        self.begin(change, self.variant.program_ns, core_hz, context.now);
    }

    fn begin(&mut self, change: Change, nanoseconds: u64, core_hz: u32, now: u64) {
        let cycles = (nanoseconds * u64::from(core_hz)).div_ceil(1_000_000_000);
        self.operation = Some(Operation {
            change,
            begun: now,
            end: now + cycles,
        });
    }

    fn error_register(&self, offset: u32) -> Option<usize> {
        let mut registers = self.variant.error_registers.iter();
        registers.position(|&register| register == offset)
    }

    /// A torn double word was read. The first one stays in its register until the flag there is cleared.
    pub(crate) fn misread(&mut self, offset: u32, context: &mut Context<'_>) {
        let bank_bytes = self.variant.bank_bytes as u32;
        let (bank, place) = (offset / bank_bytes, offset % bank_bytes);
        let last = self.variant.error_registers.len() - 1;
        let errors = &mut self.errors[last.min(bank as usize)];
        if *errors & ECCD == 0 {
            let bank = if bank > 0 { self.variant.error_bank } else { 0 };
            *errors = *errors & ECCCIE | ECCD | bank | (place / self.variant.error_unit);
        }
        self.drive(context);
    }

    fn fail(&mut self, flag: u32) {
        self.half = None;
        self.sr |= flag;
        if self.cr & ERRIE != 0 {
            self.sr |= OPERR;
        }
    }

    fn drive(&self, context: &mut Context<'_>) {
        let wanted = (self.cr & EOPIE != 0 && self.sr & EOP != 0)
            || (self.cr & ERRIE != 0 && self.sr & OPERR != 0);
        context.lines.set(self.variant.interrupt, wanted);
        let uncorrected = self.errors.iter().any(|errors| errors & ECCD != 0);
        context.lines.set_nmi(uncorrected);
    }
}

fn missing(offset: u32) -> AccessError {
    AccessError::unmodelled(format!("FLASH register at offset {offset:#05x}"))
}

#[cfg(test)]
mod tests;
