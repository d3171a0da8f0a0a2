//! What a flash interface is, and how it is set.

/// How software has configured the flash interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlashConfig {
    /// Wait states of one read of the array.
    pub wait_states: u8,
    /// Whether sequential code is read ahead.
    pub prefetch: bool,
    /// Whether the instruction cache is on.
    pub instruction_cache: bool,
    /// Whether the data cache is on.
    pub data_cache: bool,
    /// Bytes delivered by one read of the array: 8 (L4+ and G0 in dual-bank mode), 16 (L4+ in single-bank mode, F4) or 32 (F7).
    pub read_bytes: u8,
}

/// The size of the caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashGeometry {
    /// Lines of the instruction cache.
    pub instruction_lines: u8,
    /// Lines of the data cache; if there are none and it is on, data shares the instruction cache.
    pub data_lines: u8,
    /// Bytes of a line: 8, 16, 32 or 64.
    pub line_bytes: u8,
    /// Whether they are the core's own caches, switched in CCR, and not the flash interface's.
    pub of_the_core: bool,
    /// What is in front of the same array at its other addresses, if the core has an interface for
    /// tightly coupled memory there.
    pub tightly_coupled: Option<&'static FlashGeometry>,
}

impl FlashGeometry {
    /// STM32L4, L4+, G4: 1 KiB for instructions, 256 bytes for data.
    pub const STM32L4: Self = Self {
        instruction_lines: 32,
        data_lines: 8,
        line_bytes: 32,
        of_the_core: false,
        tightly_coupled: None,
    };

    /// STM32F405 to F446: 1 KiB for instructions, 128 bytes for data (RM0390, section 3.4.2).
    pub const STM32F4: Self = Self {
        instruction_lines: 64,
        data_lines: 8,
        line_bytes: 16,
        of_the_core: false,
        tightly_coupled: None,
    };

    /// STM32F745 and F746, through the AXI interface, which has no accelerator: the core's caches, of 4 KiB each.
    /// Instructions' is taken as fully associative, as they all are here; data's is not, and has
    /// other memory to cache, too.
    pub const STM32F7: Self = Self {
        instruction_lines: 128,
        data_lines: 0,
        line_bytes: 32,
        of_the_core: true,
        tightly_coupled: Some(&Self::STM32F7_ITCM),
    };

    /// STM32F7, through the ITCM interface: ST's accelerator, of 64 lines of 256 bits for instructions and
    /// data (the size is that of the STM32H7's, RM0399, section 6.2, of the same reads; that data shares it is assumed).
    pub const STM32F7_ITCM: Self = Self {
        instruction_lines: 64,
        data_lines: 0,
        line_bytes: 32,
        of_the_core: false,
        tightly_coupled: None,
    };

    /// STM32G0: 16 bytes for instructions (RM0444, "Cache memory"), none for data.
    pub const STM32G0: Self = Self {
        instruction_lines: 2,
        data_lines: 0,
        line_bytes: 8,
        of_the_core: false,
        tightly_coupled: None,
    };
}
