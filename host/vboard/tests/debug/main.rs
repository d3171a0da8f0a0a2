//! The debug port as unmodified probe-rs drivers use it.
//!
//! One suite of behaviours, run on every chip over two drivers: the plugin in this process, and probe-rs's own Black Magic Probe driver
//! against the TCP server.

#![expect(clippy::unwrap_used, reason = "a test may panic wherever it is")]

mod behaviour;
mod bench;
mod chips;
mod faults;
mod interruptions;
mod program;
mod server;
mod target;

macro_rules! of_chip {
    ($chip:ident, $target:ident: $($room:ident: { $($name:ident)* })*) => {
        mod $chip {
            use crate::{bench::Bench, target::$target};

            mod in_process {
                use super::*;
                $($(#[test] fn $name() { crate::$room::$name(&Bench::in_process(&$target)); })*)*
            }
            mod black_magic {
                use super::*;
                $($(#[test] fn $name() { crate::$room::$name(&Bench::black_magic(&$target)); })*)*
            }
        }
    };
}

macro_rules! suite {
    ($($rooms:tt)*) => {
        of_chip!(stm32g0b1, STM32G0B1: $($rooms)*);
        of_chip!(stm32l4r5, STM32L4R5: $($rooms)*);
    };
}

suite! {
    behaviour: {
        attaches_and_halts
        registers_are_read_and_written
        memory_is_read_and_written_in_any_width
        breakpoints_stop_the_core
        steps_are_single
        resets_and_halts
        attaches_under_reset
        reattaches_to_a_running_core
        bus_faults_are_survived
        flash_is_erased_programmed_and_verified
        flash_keeps_what_was_not_written
        blank_flash_locks_up
        rtt_is_read_while_the_core_runs
        peripherals_are_read
        components_are_identified
        failure_ends_every_access_until_the_power_is_cycled
    }
    faults: {
        a_dropped_probe_is_gone_until_opened_anew
        a_probe_may_be_dropped_at_any_access_of_an_attach
        a_hung_core_neither_runs_nor_halts_until_reset
        words_are_corrupted
        one_read_is_wrong
        a_brown_out_loses_all_but_flash
        a_brown_out_ends_what_the_core_does
        a_slow_bus_lets_more_time_pass
    }
}

of_chip! {
    stm32l4r5_flash, STM32L4R5:
    interruptions: {
        programming_cut_short_tears_one_double_word
        erasing_cut_short_leaves_a_page_half_erased
    }
}
