//! What the suite must know of each chip.

/// A chip and what is to be found in it.
#[derive(Debug)]
pub(crate) struct Target {
    /// Its name to probe-rs.
    pub(crate) name: &'static str,
    pub(crate) has_floats: bool,
    /// Breakpoints in hardware.
    pub(crate) breakpoints: u32,
    /// Where its RAM ends.
    pub(crate) ram_end: u64,
    /// Two addresses of the same word of RAM.
    pub(crate) twice: Option<(u64, u64)>,
    /// Where the second bank of its flash starts.
    pub(crate) second_bank: u32,
    /// Bytes that are erased together.
    pub(crate) page: usize,
    /// Addresses, the bits to look at, what they must be, and what that is.
    pub(crate) words: &'static [(u64, u32, u32, &'static str)],
    /// What is listed in the ROM tables.
    pub(crate) components: &'static [&'static str],
}

pub(crate) const STM32L4R5: Target = Target {
    name: "STM32L4R5ZITx",
    has_floats: true,
    breakpoints: 6,
    ram_end: 0x200A_0000,
    // SRAM2.
    twice: Some((0x1000_0000, 0x2003_0000)),
    second_bank: 0x0810_0000,
    page: 0x1000,
    words: &[
        (0xE000_ED00, u32::MAX, 0x410F_C241, "CPUID"),
        (0xE004_2000, 0xFFF, 0x470, "DBGMCU_IDCODE"),
        (
            0xE00F_F000,
            u32::MAX,
            0xFFF0_F003,
            "the ROM table's first entry",
        ),
        (0xE00F_FFEC, 0xF, 1, "emulated"),
        (0x1FFF_75E0, 0xFFFF, 2048, "flash size in KiB"),
        (0x4002_1000, u32::MAX, 0x63, "RCC_CR after reset"),
        (0x4002_2020, 1 << 22, 1 << 22, "FLASH_OPTR.DBANK"),
    ],
    // Two of the M4's components are the M3's.
    components: &[
        "Cortex-M4 SCS",
        "Cortex-M3 DWT",
        "Cortex-M3 FBP",
        "Cortex-M3 ITM",
        "Cortex-M4 TPIU",
        "Cortex-M4 ETM",
    ],
};

pub(crate) const STM32G0B1: Target = Target {
    name: "STM32G0B1RETx",
    has_floats: false,
    breakpoints: 4,
    ram_end: 0x2002_4000,
    twice: None,
    second_bank: 0x0804_0000,
    page: 0x800,
    words: &[
        (0xE000_ED00, u32::MAX, 0x410C_C601, "CPUID"),
        (0x4001_5800, 0xFFF, 0x467, "DBG_IDCODE"),
        (
            0xF000_0000,
            u32::MAX,
            0xF00F_F003,
            "the system ROM table's entry",
        ),
        (
            0xE00F_F000,
            u32::MAX,
            0xFFF0_F003,
            "the ROM table's first entry",
        ),
        (0xE00F_FFEC, 0xF, 1, "emulated"),
        (0x1FFF_75E0, 0xFFFF, 512, "flash size in KiB"),
        (0x4002_1000, u32::MAX, 0x500, "RCC_CR after reset"),
        (0x4002_2020, 1 << 21, 1 << 21, "FLASH_OPTR.DUAL_BANK"),
    ],
    // The M0+'s components are the M0's.
    components: &["Cortex-M0 SCS", "Cortex-M0 DWT", "Cortex-M0 BPU"],
};
