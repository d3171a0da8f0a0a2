//! What compiled code seldom does: unprivileged and exclusive accesses, system instructions.

use super::{Flow, Outcome, Trap};
use crate::core::{
    access::Place,
    insn::Op,
    system::{System, Wait},
};

impl System {
    /// What compiled code seldom does; kept apart so that the common path stays compact.
    #[inline(never)]
    pub(super) fn execute_rare(&mut self, op: &Op, place: Place<'_>) -> Outcome {
        match *op {
            Op::LoadUnprivileged { width, rt, rn, imm } => {
                let address = self.regs.get(rn).wrapping_add(u32::from(imm));
                let value = self.as_user(|system| system.load(place, width, address))?;
                self.regs.set(rt, value);
            }
            Op::StoreUnprivileged { width, rt, rn, imm } => {
                let address = self.regs.get(rn).wrapping_add(u32::from(imm));
                let value = self.regs.get(rt);
                self.as_user(|system| system.store(place, width, address, value))?;
            }
            Op::LoadExclusive { width, rt, rn, imm } => {
                let address = self.regs.get(rn).wrapping_add(u32::from(imm));
                self.require_alignment(address, width)?;
                let value = self.load(place, width, address)?;
                self.regs.set(rt, value);
                self.regs.exclusive = true;
            }
            Op::StoreExclusive {
                width,
                rd,
                rt,
                rn,
                imm,
            } => {
                let address = self.regs.get(rn).wrapping_add(u32::from(imm));
                self.require_alignment(address, width)?;
                if self.regs.exclusive {
                    let value = self.regs.get(rt);
                    self.store(place, width, address, value)?;
                }
                self.regs.set(rd, u32::from(!self.regs.exclusive));
                self.regs.exclusive = false;
            }
            Op::ClearExclusive => self.regs.exclusive = false,
            Op::WaitForEvent => {
                if !std::mem::take(&mut self.regs.event) {
                    self.wait = Wait::Event;
                    self.attend();
                }
            }
            Op::WaitForInterrupt => {
                self.wait = Wait::Interrupt;
                self.attend();
            }
            Op::SendEvent => self.regs.event = true,
            Op::ChangeState {
                disable,
                primask,
                faultmask,
            } => {
                self.change_state(disable, primask, faultmask);
            }
            Op::ReadSpecial { rd, special } => {
                let value = self.read_special(special);
                self.regs.set(rd, value);
            }
            Op::WriteSpecial { rn, mask, special } => {
                let value = self.regs.get(rn);
                self.write_special(special, mask, value);
            }
            Op::Supervisor { .. } => return Err(Trap::Supervisor),
            Op::Breakpoint { imm } => return Err(self.breakpoint_trap(imm)),
            Op::Coprocessor { .. } => return Err(Trap::NoCoprocessor),
            Op::Undefined => return Err(Trap::Undefined),
            Op::Unpredictable { encoding } => return Err(Trap::Unpredictable(encoding)),
            Op::FetchFault => return Err(Trap::Fetch),
            Op::Mark => return Err(Trap::Mark),
            _ => self.execute_float(op, place)?,
        }
        Ok(Flow::Next)
    }
}
