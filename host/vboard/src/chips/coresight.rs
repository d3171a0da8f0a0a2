//! What a debugger finds behind the core's own components: ROM tables, and trace components that are there to be
//! identified only.

use crate::memory::{AccessError, Context, Peripheral, Reset, Size};

/// A 4 KiB block of registers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Component {
    /// Its address.
    pub(crate) base: u32,
    pub(crate) kind: Kind,
}

/// What a component is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A ROM table.
    RomTable {
        /// Its entries, without the zero that ends it.
        entries: &'static [u32],
        id: Id,
    },
    /// A component of the CoreSight class, by Arm.
    Trace {
        /// For messages.
        name: &'static str,
        /// PIDR0 to 3.
        id: [u32; 4],
        /// DEVTYPE.
        device: u32,
    },
}

/// PIDR4 and PIDR0 to 3 of a ROM table.
///
/// Silicon reads 0 in the last one; CMOD = 1, "modified", is how a host that looks tells an emulated chip from a real
/// one, whatever the probe between them. So all tables of virtual chips have it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Id([u32; 5]);

impl Id {
    /// A part by ST (bank 1, 0x20), as DBGMCU_IDCODE names it.
    pub(crate) const fn st(part: u32) -> Id {
        Id([0, part & 0xFF, part >> 8, 0x0A, CMOD])
    }

    /// A part by Arm (bank 5, 0x3B).
    pub(crate) const fn arm(part: u32) -> Id {
        Id([4, part & 0xFF, 0xB0 | part >> 8, 0x0B, CMOD])
    }
}

const CMOD: u32 = 1;

/// Component classes.
const ROM_TABLE: u32 = 0x10;
const CORESIGHT: u32 = 0x90;

/// The components of a chip, in the order of their addresses.
#[derive(Debug)]
pub(crate) struct Components(pub(crate) &'static [Component]);

impl Components {
    /// Address and length of each.
    pub(crate) fn windows(&self) -> Vec<(u32, u32)> {
        self.0.iter().map(|one| (one.base, 0x1000)).collect()
    }

    /// The component at `offset` from the first.
    fn find(&self, offset: u32) -> Option<&Component> {
        let first = self.0.first()?.base;
        let base = first.wrapping_add(offset) & !0xFFF;
        self.0.iter().find(|one| one.base == base)
    }
}

impl Peripheral for Components {
    fn name(&self) -> &str {
        "CoreSight identification"
    }

    fn read(&mut self, offset: u32, size: Size, _: &mut Context<'_>) -> Result<u32, AccessError> {
        if size != Size::Word {
            return Err(AccessError::unmodelled(
                "part of an identification register",
            ));
        }
        let register = offset & 0xFFF;
        let Some(component) = self.find(offset) else {
            return Err(AccessError::Fault);
        };
        match component.kind {
            Kind::RomTable { entries, id } => Ok(match register {
                // MEMTYPE: system memory is on the same bus.
                0xFCC => 1,
                0xFD0.. => identification(register, id.0, ROM_TABLE),
                _ => entries.get(register as usize / 4).copied().unwrap_or(0),
            }),
            Kind::Trace { id, .. } if register >= 0xFD0 => {
                let [a, b, c, d] = id;
                Ok(identification(register, [4, a, b, c, d], CORESIGHT))
            }
            Kind::Trace { device, .. } if register == 0xFCC => Ok(device),
            // DEVARCH: older than the register.
            Kind::Trace { .. } if register == 0xFBC => Ok(0),
            Kind::Trace { name, .. } => Err(AccessError::unmodelled(name)),
        }
    }

    fn write(
        &mut self,
        offset: u32,
        _: Size,
        _: u32,
        _: &mut Context<'_>,
    ) -> Result<(), AccessError> {
        match self.find(offset).map(|one| one.kind) {
            Some(Kind::Trace { name, .. }) => Err(AccessError::unmodelled(name)),
            Some(Kind::RomTable { .. }) => Ok(()),
            None => Err(AccessError::Fault),
        }
    }

    fn reset(&mut self, _: Reset, _: &mut Context<'_>) {}
}

/// PIDR4, PIDR0 to 3 and CIDR0 to 3 of a component, by their offset (IHI 0029, chapter B2).
fn identification(register: u32, id: [u32; 5], class: u32) -> u32 {
    match register {
        0xFD0 => id[0],
        0xFE0..0xFF0 => id[1 + (register as usize - 0xFE0) / 4],
        0xFF0.. => [0x0D, class, 0x05, 0xB1][(register as usize - 0xFF0) / 4],
        _ => 0,
    }
}

/// The Cortex-M4's trace port, at 0xE004_0000 (its TRM, table "ROM table").
pub(crate) const TPIU_M4: Component = Component {
    base: 0xE004_0000,
    kind: Kind::Trace {
        name: "TPIU",
        id: [0xA1, 0xB9, 0x0B, 0x00],
        device: 0x11,
    },
};

/// The Cortex-M4's instruction trace, at 0xE004_1000.
pub(crate) const ETM_M4: Component = Component {
    base: 0xE004_1000,
    kind: Kind::Trace {
        name: "ETM",
        id: [0x25, 0xB9, 0x0B, 0x00],
        device: 0x13,
    },
};

/// Entries of a Cortex-M4's ROM table at 0xE00F_F000: SCS, DWT, FPB, ITM, TPIU, ETM, each by its distance and present.
pub(crate) const ENTRIES_M4: [u32; 6] = [
    0xFFF0_F003,
    0xFFF0_2003,
    0xFFF0_3003,
    0xFFF0_1003,
    0xFFF4_1003,
    0xFFF4_2003,
];
