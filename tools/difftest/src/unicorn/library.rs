//! The functions of libunicorn that are used, loaded at run time.

use std::{
    ffi::{c_int, c_void},
    path::{Path, PathBuf},
};

use libloading::{Library, Symbol};
use thiserror::Error;

/// Why Unicorn cannot be used.
#[derive(Debug, Error)]
pub enum UnicornError {
    /// The library cannot be loaded.
    #[error("{path}: {source}; run tools/difftest/setup, or name libunicorn.so.2 with --library")]
    Load {
        /// Where it was looked for.
        path: PathBuf,
        /// What the loader says.
        source: libloading::Error,
    },
    /// A call failed.
    #[error("Unicorn: {call} failed with error {code}")]
    Call {
        /// The function.
        call: &'static str,
        /// Its uc_err.
        code: c_int,
    },
}

/// A handle of an engine.
pub(super) type Engine = *mut c_void;

pub(super) type Open = unsafe extern "C" fn(c_int, c_int, *mut Engine) -> c_int;
pub(super) type Close = unsafe extern "C" fn(Engine) -> c_int;
pub(super) type Control = unsafe extern "C" fn(Engine, c_int, ...) -> c_int;
pub(super) type MapPointer = unsafe extern "C" fn(Engine, u64, u64, u32, *mut c_void) -> c_int;
pub(super) type Batch =
    unsafe extern "C" fn(Engine, *const c_int, *const *mut c_void, c_int) -> c_int;
pub(super) type Start = unsafe extern "C" fn(Engine, u64, u64, u64, usize) -> c_int;
pub(super) type Stop = unsafe extern "C" fn(Engine) -> c_int;
pub(super) type AddHook = unsafe extern "C" fn(
    Engine,
    *mut usize,
    c_int,
    *mut c_void,
    *mut c_void,
    u64,
    u64,
    ...
) -> c_int;
pub(super) type Version = unsafe extern "C" fn(*mut u32, *mut u32) -> u32;

/// The functions, copied out of the library that is kept loaded with them.
pub struct Api {
    pub(super) open: Open,
    pub(super) close: Close,
    pub(super) control: Control,
    pub(super) map_pointer: MapPointer,
    pub(super) write_registers: Batch,
    pub(super) read_registers: Batch,
    pub(super) start: Start,
    pub(super) stop: Stop,
    pub(super) add_hook: AddHook,
    version: Version,
    _library: Library,
}

impl Api {
    /// Loads the library at `path`.
    pub fn load(path: &Path) -> Result<Self, UnicornError> {
        let failed = |source| UnicornError::Load {
            path: path.to_owned(),
            source,
        };
        // SAFETY: the initialisers of Unicorn register its targets and do nothing else.
        let library = unsafe { Library::new(path) }.map_err(failed)?;
        // SAFETY: the types are those of unicorn.h, version 2.
        unsafe {
            Ok(Self {
                open: get(&library, b"uc_open").map_err(failed)?,
                close: get(&library, b"uc_close").map_err(failed)?,
                control: get(&library, b"uc_ctl").map_err(failed)?,
                map_pointer: get(&library, b"uc_mem_map_ptr").map_err(failed)?,
                write_registers: get(&library, b"uc_reg_write_batch").map_err(failed)?,
                read_registers: get(&library, b"uc_reg_read_batch").map_err(failed)?,
                start: get(&library, b"uc_emu_start").map_err(failed)?,
                stop: get(&library, b"uc_emu_stop").map_err(failed)?,
                add_hook: get(&library, b"uc_hook_add").map_err(failed)?,
                version: get(&library, b"uc_version").map_err(failed)?,
                _library: library,
            })
        }
    }

    /// The library's version, major and minor.
    pub fn version(&self) -> (u32, u32) {
        let (mut major, mut minor) = (0, 0);
        // SAFETY: both pointers are of live integers.
        unsafe { (self.version)(&raw mut major, &raw mut minor) };
        (major, minor)
    }
}

/// # Safety
/// The symbol `name` is of type `T`.
unsafe fn get<T: Copy>(library: &Library, name: &[u8]) -> Result<T, libloading::Error> {
    // SAFETY: as the caller promises.
    let symbol: Symbol<'_, T> = unsafe { library.get(name) }?;
    Ok(*symbol)
}

/// Turns a uc_err into a result.
pub(super) fn check(call: &'static str, code: c_int) -> Result<(), UnicornError> {
    if code == 0 {
        Ok(())
    } else {
        Err(UnicornError::Call { call, code })
    }
}

/// Numbers of unicorn.h and arm.h, version 2.1.
pub(super) mod constant {
    use super::c_int;

    pub(in super::super) const ARCH_ARM: c_int = 1;
    pub(in super::super) const MODE_THUMB_MCLASS: c_int = 1 << 4 | 1 << 5;
    pub(in super::super) const HOOK_INTR: c_int = 1;
    pub(in super::super) const PROT_ALL: u32 = 7;
    /// UC_CTL_CPU_MODEL, one argument, write.
    pub(in super::super) const SET_CPU_MODEL: c_int = 7 | 1 << 26 | 1 << 30;
    /// UC_CTL_TB_REMOVE_CACHE, two arguments, write.
    pub(in super::super) const REMOVE_CACHE: c_int = 9 | 2 << 26 | 1 << 30;

    pub(in super::super) const FPSCR: c_int = 6;
    pub(in super::super) const LR: c_int = 10;
    pub(in super::super) const PC: c_int = 11;
    pub(in super::super) const SP: c_int = 12;
    pub(in super::super) const R0: c_int = 66;
    pub(in super::super) const S0: c_int = 79;
    pub(in super::super) const MSP: c_int = 115;
    pub(in super::super) const PSP: c_int = 116;
    pub(in super::super) const CONTROL: c_int = 117;
    pub(in super::super) const XPSR: c_int = 120;
    pub(in super::super) const PRIMASK: c_int = 123;
    pub(in super::super) const BASEPRI: c_int = 124;
    pub(in super::super) const FAULTMASK: c_int = 126;
    pub(in super::super) const EAPSR_NZCVQG: c_int = 135;
}
