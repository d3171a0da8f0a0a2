//! The cores that are compared.

use clap::ValueEnum;
use onchip_vboard::core::model::{Core, Fpu, Model};

use crate::{
    case::{CLEAR_MONITOR, PAGE, USE_FLOAT, empty_code},
    isa::{Isa, Need},
};

/// A core, by its name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CoreName {
    /// Armv6-M, as a Cortex-M0+; Unicorn's is a Cortex-M0.
    M0plus,
    /// Armv7-M.
    M3,
    /// Armv7E-M with FPv4-SP.
    M4,
    /// Armv7E-M with FPv5 in single precision; Unicorn's has double precision, too.
    M7,
}

/// What a core is on either side.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// Its name.
    pub name: CoreName,
    /// Unicorn's number of the processor.
    pub unicorn: i32,
    /// Our model.
    pub core: Core,
}

impl CoreName {
    /// What it is on either side.
    pub fn profile(self) -> Profile {
        let (model, cpuid, fpu, unicorn) = match self {
            Self::M0plus => (Model::CortexM0Plus, 0x410c_c601, None, 7),
            Self::M3 => (Model::CortexM3, 0x412f_c231, None, 8),
            Self::M4 => (Model::CortexM4, 0x410f_c241, Some(Fpu::Fpv4Sp), 9),
            Self::M7 => (Model::CortexM7, 0x410f_c271, Some(Fpu::Fpv5Sp), 10),
        };
        let core = Core {
            model,
            cpuid,
            interrupts: 32,
            // Unicorn's cores have all eight bits of a priority, its Cortex-M0 two.
            priority_bits: if self == Self::M0plus { 2 } else { 8 },
            bit_band: false,
            io_port: None,
            fpu,
            mpu_regions: 0,
            vectors: crate::subject::FLASH,
        };
        Profile {
            name: self,
            unicorn,
            core,
        }
    }
}

impl Profile {
    /// Whether it has a floating-point unit.
    pub fn has_float(&self) -> bool {
        self.core.fpu.is_some()
    }

    /// Whether it is of Armv6-M.
    pub fn is_v6(&self) -> bool {
        self.core.model == Model::CortexM0Plus
    }

    /// The code page with no case in it.
    pub fn empty_code(&self) -> [u8; PAGE] {
        match (self.is_v6(), self.has_float()) {
            (true, _) => empty_code(&[]),
            (false, false) => empty_code(&[CLEAR_MONITOR]),
            (false, true) => empty_code(&[USE_FLOAT, CLEAR_MONITOR]),
        }
    }

    /// Its instructions.
    pub fn isa(&self) -> Isa {
        let dsp = matches!(self.core.model, Model::CortexM4 | Model::CortexM7);
        let (v7, fpu) = (!self.is_v6(), self.core.fpu);
        Isa::new(|need| match need {
            Need::V6 => true,
            Need::V6Only => !v7,
            Need::V7 => v7,
            Need::V7Only => v7 && !dsp,
            Need::Dsp => dsp,
            Need::Fp => fpu.is_some(),
            Need::Fp5 => fpu == Some(Fpu::Fpv5Sp),
        })
    }
}
