//! Which core a chip has, and what follows from that.

use std::fmt;

/// The cores that can be emulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// Armv6-M, two pipeline stages.
    CortexM0Plus,
    /// Armv7-M.
    CortexM3,
    /// Armv7E-M: with the DSP extension.
    CortexM4,
    /// Armv7E-M, dual issue, caches.
    CortexM7,
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Model::CortexM0Plus => "Cortex-M0+",
            Model::CortexM3 => "Cortex-M3",
            Model::CortexM4 => "Cortex-M4",
            Model::CortexM7 => "Cortex-M7",
        })
    }
}

/// A floating-point unit, of those with single precision only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fpu {
    /// FPv4-SP, of a Cortex-M4.
    Fpv4Sp,
    /// FPv5-SP, of a Cortex-M7: with VSEL, VMAXNM, VMINNM, VRINT and the directed VCVT.
    Fpv5Sp,
}

/// A core as a chip's maker has configured it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Core {
    /// Which one.
    pub model: Model,
    /// The value of CPUID (0x410F_C241 for a Cortex-M4 r0p1).
    pub cpuid: u32,
    /// External interrupts.
    pub interrupts: usize,
    /// Implemented bits of an interrupt's priority.
    pub priority_bits: u32,
    /// Whether there are bit-band aliases of SRAM and peripherals, at 0x2200_0000 and
    /// 0x4200_0000. Without them nothing is special about these addresses.
    pub bit_band: bool,
    /// The floating-point unit, if there is one.
    pub fpu: Option<Fpu>,
    /// Regions of the memory protection unit; 0 if there is none.
    pub mpu_regions: u8,
    /// Where the vector table is after reset.
    pub vectors: u32,
    /// Address and length of what it reaches through its single-cycle I/O port, if it has
    /// one (a Cortex-M0+ may).
    pub io_port: Option<(u32, u32)>,
}

impl Core {
    /// The bits of VTOR that exist.
    pub(crate) fn vector_table_mask(&self) -> u32 {
        match self.model {
            Model::CortexM0Plus => 0xffff_ff00,
            _ => 0xffff_ff80,
        }
    }

    /// The bits of xPSR that a program can change: flags, Q, GE, IT and T as far as the core
    /// has them.
    pub(crate) fn program_status_mask(&self) -> u32 {
        let isa = self.isa();
        let saturation_and_it = if isa.thumb2 { 0x0e00_fc00 } else { 0 };
        let greater_equal = if isa.dsp { 0x000f_0000 } else { 0 };
        0xf100_01ff | saturation_and_it | greater_equal
    }

    /// Whether `address` is reached through the single-cycle I/O port.
    pub(crate) fn on_io_port(&self, address: u32) -> bool {
        self.io_port
            .is_some_and(|(base, len)| address.wrapping_sub(base) < len)
    }

    /// The instructions it has.
    pub(crate) fn isa(&self) -> Isa {
        Isa {
            thumb2: self.model != Model::CortexM0Plus,
            dsp: matches!(self.model, Model::CortexM4 | Model::CortexM7),
            fpu: self.fpu,
        }
    }
}

/// A set of instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Isa {
    /// Armv7-M's: all wide encodings, CBZ, IT, exclusive accesses. Without: Armv6-M.
    pub(crate) thumb2: bool,
    /// The DSP extension.
    pub(crate) dsp: bool,
    /// Floating point.
    pub(crate) fpu: Option<Fpu>,
}
