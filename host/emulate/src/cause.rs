//! Why a program stopped running.

use std::fmt;

use onchip_vboard::machine::{Fault, MachineError};
use serde::Serialize;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum End {
    /// The program ended itself by semihosting.
    Exit {
        /// With this status.
        status: u32,
    },
    /// A fault that nobody handles.
    Fault(Box<CauseOfFault>),
    /// It branches to itself, and nothing is going to happen that could change that.
    Endless {
        /// Where.
        pc: u32,
        /// In which function.
        function: Option<String>,
    },
    /// It sleeps, and nothing is going to happen that could wake it.
    Asleep {
        /// Behind the instruction with which it went to sleep.
        pc: u32,
        /// In which function.
        function: Option<String>,
    },
    /// The instructions that it was allowed are over.
    Limit {
        /// Where it was.
        pc: u32,
        /// In which function.
        function: Option<String>,
    },
    /// It needs something that the emulator does not have.
    Unmodelled {
        /// What.
        what: String,
        /// In which function.
        function: Option<String>,
    },
    /// Somebody asked to stop.
    Interrupted {
        /// Where it was.
        pc: u32,
        /// In which function.
        function: Option<String>,
    },
}

/// A fault that nobody handles, and the core as it found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CauseOfFault {
    /// What came of it.
    pub outcome: FaultOutcome,
    /// The instruction.
    pub pc: u32,
    /// In which function.
    pub function: Option<String>,
    /// LR.
    pub lr: u32,
    /// In which function.
    pub caller: Option<String>,
    /// The stack pointer.
    pub sp: u32,
    /// xPSR.
    pub xpsr: u32,
    /// Configurable fault status.
    pub cfsr: u32,
    /// HardFault status.
    pub hfsr: u32,
    /// The address of a memory management fault, if it is known.
    pub mmfar: Option<u32>,
    /// The address of a bus fault, if it is known.
    pub bfar: Option<u32>,
    /// What the status registers say, in words.
    pub reasons: Vec<&'static str>,
}

/// What came of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultOutcome {
    /// The core locked up.
    Lockup,
    /// The handler loops for ever.
    HandlerLoops,
}

/// Bits of CFSR and what they mean (Armv7-M, DDI 0403, B3.2.15).
const CFSR: &[(u32, &str)] = &[
    (0, "IACCVIOL: code where none may be executed"),
    (1, "DACCVIOL: data access that the MPU forbids"),
    (3, "MUNSTKERR: unstacking that the MPU forbids"),
    (4, "MSTKERR: stacking that the MPU forbids"),
    (5, "MLSPERR: lazy FP stacking that the MPU forbids"),
    (8, "IBUSERR: no code at the address"),
    (9, "PRECISERR: no memory or register at the address"),
    (10, "IMPRECISERR: an earlier write went where nothing is"),
    (11, "UNSTKERR: the stack pointer is not in memory on return"),
    (12, "STKERR: the stack pointer is not in memory"),
    (13, "LSPERR: lazy FP stacking failed"),
    (16, "UNDEFINSTR: undefined instruction"),
    (17, "INVSTATE: branch to an even address (Arm state)"),
    (18, "INVPC: wrong EXC_RETURN"),
    (19, "NOCP: coprocessor or FPU is off or absent"),
    (24, "UNALIGNED: unaligned access"),
    (25, "DIVBYZERO: division by zero"),
];
/// The same for HFSR (B3.2.16).
const HFSR: &[(u32, &str)] = &[
    (1, "VECTTBL: the vector table cannot be read"),
    (31, "DEBUGEVT: breakpoint without a debugger"),
];
const MMARVALID: u32 = 1 << 7;
const BFARVALID: u32 = 1 << 15;

impl CauseOfFault {
    pub(crate) fn new(
        outcome: FaultOutcome,
        fault: &Fault,
        function_at: impl Fn(u32) -> Option<String>,
    ) -> Self {
        let words = |value: u32, table: &[(u32, &'static str)]| {
            let set = table.iter().filter(|&&(bit, _)| value >> bit & 1 != 0);
            set.map(|&(_, text)| text).collect::<Vec<_>>()
        };
        let valid = |bit, address| (fault.cfsr & bit != 0).then_some(address);
        CauseOfFault {
            outcome,
            pc: fault.pc,
            function: function_at(fault.pc),
            lr: fault.lr,
            caller: function_at(fault.lr.wrapping_sub(2)),
            sp: fault.sp,
            xpsr: fault.xpsr,
            cfsr: fault.cfsr,
            hfsr: fault.hfsr,
            mmfar: valid(MMARVALID, fault.mmfar),
            bfar: valid(BFARVALID, fault.bfar),
            reasons: [words(fault.cfsr, CFSR), words(fault.hfsr, HFSR)].concat(),
        }
    }
}

impl fmt::Display for CauseOfFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.outcome {
            FaultOutcome::Lockup => write!(f, "the core locked up")?,
            FaultOutcome::HandlerLoops => write!(f, "a fault whose handler loops for ever")?,
        }
        write!(f, "; PC {}", at(self.pc, self.function.as_deref()))?;
        write!(f, ", LR {}", at(self.lr, self.caller.as_deref()))?;
        write!(f, ", SP {:#010x}, xPSR {:#010x}", self.sp, self.xpsr)?;
        write!(f, ", CFSR {:#010x}, HFSR {:#010x}", self.cfsr, self.hfsr)?;
        if let Some(address) = self.mmfar {
            write!(f, ", MMFAR {address:#010x}")?;
        }
        if let Some(address) = self.bfar {
            write!(f, ", BFAR {address:#010x}")?;
        }
        for reason in &self.reasons {
            write!(f, "\n  {reason}")?;
        }
        Ok(())
    }
}

/// An address with its function.
fn at(address: u32, function: Option<&str>) -> String {
    match function {
        Some(function) => format!("{address:#010x} in {function}"),
        None => format!("{address:#010x}"),
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |pc: &u32, function: &Option<String>| at(*pc, function.as_deref());
        match self {
            End::Exit { status } => write!(f, "the program ended with status {status}"),
            End::Fault(cause) => cause.fmt(f),
            End::Endless { pc, function } => write!(
                f,
                "the program loops at {}, and nothing will interrupt it",
                place(pc, function)
            ),
            End::Asleep { pc, function } => write!(
                f,
                "the program sleeps at {}, and nothing will wake it",
                place(pc, function)
            ),
            End::Limit { pc, function } => {
                write!(f, "the limit is reached at {}", place(pc, function))
            }
            End::Unmodelled { what, function } => match function {
                Some(function) => write!(f, "{what}, in {function}"),
                None => f.write_str(what),
            },
            End::Interrupted { pc, function } => {
                write!(f, "interrupted at {}", place(pc, function))
            }
        }
    }
}

/// What stopped the machine, and where.
pub(crate) fn unmodelled(error: &MachineError, function_at: impl Fn(u32) -> Option<String>) -> End {
    let pc = match error {
        MachineError::Unmodelled { pc, .. }
        | MachineError::Instruction { pc, .. }
        | MachineError::Core { pc, .. } => *pc,
    };
    End::Unmodelled {
        what: error.to_string(),
        function: function_at(pc),
    }
}
