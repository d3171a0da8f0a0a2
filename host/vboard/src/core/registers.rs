//! The core's registers and flags.

use super::insn::{Cond, Reg};

/// The register file, program status and special registers.
///
/// Flags are kept as the values they are derived from; [`Registers::xpsr`] packs them.
#[derive(Clone, Debug)]
pub(crate) struct Registers {
    /// R0 to R12, the current stack pointer, LR, and (between blocks only) the PC.
    pub(crate) r: [u32; 16],
    /// The stack pointer that is not current.
    pub(crate) other_sp: u32,
    /// Bit 31 is N.
    pub(crate) n: u32,
    /// Zero exactly when Z is set.
    pub(crate) z: u32,
    pub(crate) c: bool,
    /// Bit 31 is V.
    pub(crate) v: u32,
    pub(crate) q: bool,
    pub(crate) ge: u8,
    /// The active exception, 0 in thread mode.
    pub(crate) ipsr: u16,
    /// EPSR.IT, valid between blocks.
    pub(crate) it: u8,
    /// EPSR.T.
    pub(crate) thumb: bool,
    pub(crate) primask: bool,
    pub(crate) faultmask: bool,
    pub(crate) basepri: u8,
    /// CONTROL.nPRIV.
    pub(crate) unprivileged: bool,
    /// CONTROL.SPSEL: the current stack pointer is PSP. Only ever set in thread mode.
    pub(crate) process_stack: bool,
    /// CONTROL.FPCA.
    pub(crate) fp_active: bool,
    /// The local exclusive monitor.
    pub(crate) exclusive: bool,
    /// The event register of WFE.
    pub(crate) event: bool,
}

impl Default for Registers {
    /// All zero, all flags clear.
    fn default() -> Self {
        Self {
            r: [0; 16],
            other_sp: 0,
            n: 0,
            z: 1,
            c: false,
            v: 0,
            q: false,
            ge: 0,
            ipsr: 0,
            it: 0,
            thumb: false,
            primask: false,
            faultmask: false,
            basepri: 0,
            unprivileged: false,
            process_stack: false,
            fp_active: false,
            exclusive: false,
            event: false,
        }
    }
}

/// For each condition, the set of values of NZCV (as a number) that pass.
const PASSES: [u16; 15] = {
    let mut table = [0; 15];
    let mut nzcv = 0;
    while nzcv < 16 {
        let (n, z, c, v) = (nzcv & 8 != 0, nzcv & 4 != 0, nzcv & 2 != 0, nzcv & 1 != 0);
        let base = [z, c, n, v, c && !z, n == v, n == v && !z, true];
        let mut cond = 0;
        while cond < 15 {
            if base[cond / 2] != (cond % 2 == 1) {
                table[cond] |= 1 << nzcv;
            }
            cond += 1;
        }
        nzcv += 1;
    }
    table
};

impl Registers {
    /// Whether `cond` passes.
    #[inline(always)]
    pub(crate) fn passes(&self, cond: Cond) -> bool {
        PASSES[cond as usize] >> self.nzcv() & 1 != 0
    }

    /// The same, where `cond` is known when the emulator is compiled.
    #[inline(always)]
    pub(crate) fn holds(&self, cond: Cond) -> bool {
        let equal = self.z == 0;
        let less = (self.n ^ self.v) >> 31 != 0;
        match cond {
            Cond::Equal => equal,
            Cond::NotEqual => !equal,
            Cond::Carry => self.c,
            Cond::NoCarry => !self.c,
            Cond::Minus => self.n >> 31 != 0,
            Cond::Plus => self.n >> 31 == 0,
            Cond::Overflow => self.v >> 31 != 0,
            Cond::NoOverflow => self.v >> 31 == 0,
            Cond::Higher => self.c && !equal,
            Cond::LowerOrSame => !self.c || equal,
            Cond::GreaterOrEqual => !less,
            Cond::Less => less,
            Cond::Greater => !equal && !less,
            Cond::LessOrEqual => equal || less,
            Cond::Always => true,
        }
    }

    #[inline(always)]
    fn nzcv(&self) -> u32 {
        self.n >> 31 << 3 | u32::from(self.z == 0) << 2 | u32::from(self.c) << 1 | self.v >> 31
    }

    /// Sets N and Z for `result`.
    #[inline(always)]
    pub(crate) fn set_nz(&mut self, result: u32) {
        self.n = result;
        self.z = result;
    }

    /// Reads a register other than the PC.
    #[inline(always)]
    pub(crate) fn get(&self, reg: Reg) -> u32 {
        self.r[(reg & 15) as usize]
    }

    /// Writes a register other than the PC. After an instruction that may have written SP so,
    /// [`Self::align_stack`] is due.
    #[inline(always)]
    pub(crate) fn set(&mut self, reg: Reg, value: u32) {
        self.r[(reg & 15) as usize] = value;
    }

    /// SP stays word-aligned: its lowest two bits are not there.
    #[inline(always)]
    pub(crate) fn align_stack(&mut self) {
        self.r[13] &= !3;
    }

    /// The current PC, valid between blocks.
    pub(crate) fn pc(&self) -> u32 {
        self.r[15]
    }

    /// APSR.
    pub(crate) fn apsr(&self) -> u32 {
        self.nzcv() << 28 | u32::from(self.q) << 27 | u32::from(self.ge) << 16
    }

    /// Writes the flags selected by an MSR mask: bit 1 NZCVQ, bit 0 GE.
    pub(crate) fn set_apsr(&mut self, value: u32, mask: u8) {
        if mask & 2 != 0 {
            self.set_nzcv(value);
            self.q = value >> 27 & 1 != 0;
        }
        if mask & 1 != 0 {
            self.ge = (value >> 16 & 15) as u8;
        }
    }

    /// Sets N, Z, C and V from bits 31 to 28.
    pub(crate) fn set_nzcv(&mut self, value: u32) {
        self.n = value;
        self.z = u32::from(value >> 30 & 1 == 0);
        self.c = value >> 29 & 1 != 0;
        self.v = value << 3;
    }

    /// xPSR: APSR, IPSR, EPSR.
    pub(crate) fn xpsr(&self) -> u32 {
        let it = u32::from(self.it);
        self.apsr()
            | (it & 3) << 25
            | (it >> 2) << 10
            | u32::from(self.thumb) << 24
            | u32::from(self.ipsr)
    }

    /// Writes APSR and EPSR from an xPSR; IPSR is left alone.
    pub(crate) fn set_psr(&mut self, value: u32) {
        self.set_apsr(value, 3);
        self.it = ((value >> 25 & 3) | (value >> 10 & 0x3f) << 2) as u8;
        self.thumb = value >> 24 & 1 != 0;
    }

    /// MSP.
    pub(crate) fn msp(&self) -> u32 {
        if self.process_stack {
            self.other_sp
        } else {
            self.r[13]
        }
    }

    /// PSP.
    pub(crate) fn psp(&self) -> u32 {
        if self.process_stack {
            self.r[13]
        } else {
            self.other_sp
        }
    }

    /// Writes MSP.
    pub(crate) fn set_msp(&mut self, value: u32) {
        *(if self.process_stack {
            &mut self.other_sp
        } else {
            &mut self.r[13]
        }) = value & !3;
    }

    /// Writes PSP.
    pub(crate) fn set_psp(&mut self, value: u32) {
        *(if self.process_stack {
            &mut self.r[13]
        } else {
            &mut self.other_sp
        }) = value & !3;
    }

    /// Makes PSP (or MSP) the current stack pointer.
    pub(crate) fn select_stack(&mut self, process: bool) {
        if self.process_stack != process {
            std::mem::swap(&mut self.r[13], &mut self.other_sp);
            self.process_stack = process;
        }
    }

    /// Whether the core is in handler mode.
    pub(crate) fn in_handler(&self) -> bool {
        self.ipsr != 0
    }

    /// Whether the core executes privileged.
    pub(crate) fn privileged(&self) -> bool {
        self.in_handler() || !self.unprivileged
    }

    /// CONTROL.
    pub(crate) fn control(&self) -> u32 {
        u32::from(self.fp_active) << 2
            | u32::from(self.process_stack) << 1
            | u32::from(self.unprivileged)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cond, Registers};

    #[test]
    fn both_ways_to_ask_for_a_condition_agree() {
        let mut regs = Registers::default();
        for nzcv in 0..16 {
            regs.set_nzcv(nzcv << 28);
            for cond in (0..15).map(Cond::from_bits) {
                assert_eq!(regs.passes(cond), regs.holds(cond), "{cond:?} {nzcv:#x}");
            }
        }
    }
}
