use proptest::prelude::*;

use super::{FlashAccelerator, FlashConfig, FlashGeometry};
use crate::core::block::{Fetch, Fetches};

impl FlashAccelerator {
    fn fetch_list(&mut self, first: u32, words: &[Fetch], now: u64) -> u32 {
        self.fetch(first, &words.to_vec().into(), now)
    }
}

/// What a vendor's HAL sets up at 120 MHz.
const FAST: FlashConfig = FlashConfig {
    wait_states: 5,
    prefetch: true,
    instruction_cache: true,
    data_cache: true,
    read_bytes: 8,
};

const NO_CACHES: FlashConfig = FlashConfig {
    prefetch: false,
    instruction_cache: false,
    data_cache: false,
    ..FAST
};

fn accelerator(config: FlashConfig) -> FlashAccelerator {
    let mut accelerator = FlashAccelerator::default();
    accelerator.configure(config);
    accelerator
}

/// Aligned wide single-cycle code: a word is needed every cycle.
fn words(count: u16) -> Vec<Fetch> {
    (0..count)
        .map(|i| Fetch {
            ready: i,
            need: i,
            queued: false,
        })
        .collect()
}

#[test]
fn without_wait_states_nothing_is_added() {
    let mut flash = accelerator(FlashConfig {
        wait_states: 0,
        ..FAST
    });
    assert_eq!(flash.fetch_list(0, &words(64), 0), 0);
    assert_eq!(flash.data(0x8000, 0), 0);
}

#[test]
fn a_miss_costs_the_wait_states() {
    for wait_states in 1..=5 {
        let config = FlashConfig {
            wait_states,
            ..FAST
        };
        assert_eq!(
            accelerator(config).fetch_list(0x100, &words(1), 0),
            u32::from(wait_states)
        );
        assert_eq!(accelerator(config).data(0x100, 0), u32::from(wait_states));
    }
}

#[test]
fn sequential_code_runs_at_the_speed_of_the_array() {
    // 6 cycles for each 64 bits, which hold two cycles of work.
    let mut flash = accelerator(FAST);
    assert_eq!(flash.fetch_list(0, &words(64), 0), 5 + 31 * (6 - 2));
    // 128 bits at a time: four cycles of work for each 6.
    let mut flash = accelerator(FlashConfig {
        read_bytes: 16,
        ..FAST
    });
    assert_eq!(flash.fetch_list(0, &words(64), 0), 5 + 15 * (6 - 4));
}

#[test]
fn a_loop_is_cached_after_its_first_round() {
    let mut flash = accelerator(FAST);
    let body = words(64);
    assert!(flash.fetch_list(0, &body, 0) > 0);
    for round in 1..4 {
        assert_eq!(flash.fetch_list(0, &body, 1000 * round), 0);
    }
    // 1 KiB is there at once, and no more.
    let mut flash = accelerator(FAST);
    let (fits, exceeds) = (words(256), words(264));
    flash.fetch_list(0, &fits, 0);
    assert_eq!(flash.fetch_list(0, &fits, 10_000), 0);
    flash.fetch_list(0, &exceeds, 20_000);
    assert!(flash.fetch_list(0, &exceeds, 30_000) > 0);
}

#[test]
fn a_loop_in_the_current_line_needs_no_cache() {
    let mut flash = accelerator(NO_CACHES);
    assert_eq!(flash.fetch_list(0x40, &words(2), 0), 5);
    assert_eq!(flash.fetch_list(0x40, &words(2), 10), 0);
    assert_eq!(flash.fetch_list(0x48, &words(2), 20), 5);
    assert_eq!(flash.fetch_list(0x40, &words(2), 30), 5);
}

/// What a vendor's HAL sets up on an STM32G0 at 64 MHz, and the prefetch.
const G0: FlashConfig = FlashConfig {
    wait_states: 2,
    data_cache: false,
    ..FAST
};

/// Aligned narrow single-cycle code from a Cortex-M0+: a word is needed every other cycle.
fn narrow_words(count: u16) -> Vec<Fetch> {
    (0..count)
        .map(|i| Fetch {
            ready: 2 * i,
            need: 2 * i,
            queued: false,
        })
        .collect()
}

#[test]
fn two_lines_of_cache_hold_a_loop_of_two_lines() {
    let accelerator = |config| {
        let mut accelerator = FlashAccelerator::new(FlashGeometry::STM32G0);
        accelerator.configure(config);
        accelerator
    };
    let mut flash = accelerator(FlashConfig {
        prefetch: false,
        ..G0
    });
    assert_eq!(flash.fetch_list(0, &narrow_words(4), 0), 2 * 2);
    assert_eq!(
        flash.fetch_list(0, &narrow_words(4), 100),
        0,
        "four words are cached"
    );
    assert_eq!(flash.fetch_list(0, &narrow_words(6), 200), 2);
    assert_eq!(
        flash.fetch_list(0, &narrow_words(6), 300),
        3 * 2,
        "six thrash"
    );
    // Four cycles of work for each line hide the two wait states of the next.
    assert_eq!(accelerator(G0).fetch_list(0, &narrow_words(64), 0), 2);
    let mut flash = accelerator(G0);
    assert_eq!(flash.data(0x100, 0), 2);
    assert_eq!(flash.data(0x104, 10), 0, "the same 64 bits");
    assert_eq!(flash.data(0x108, 20), 2);
    assert_eq!(flash.data(0x100, 30), 2, "no data cache");
}

#[test]
fn a_byte_needs_nothing_of_the_bytes_behind_it() {
    let mut flash = accelerator(FAST);
    assert_eq!(flash.data(0x100, 0), 5);
    assert_eq!(flash.data(0x200, 100), 5);
    // The last byte of the eight that the first read has brought.
    assert_eq!(flash.data(0x107, 200), 0);
    assert_eq!(flash.data(0x108, 300), 5);
}

#[test]
fn slow_code_never_waits_for_what_is_read_ahead() {
    let mut flash = accelerator(FAST);
    let slow: Vec<_> = (0..16)
        .map(|i| Fetch {
            ready: 4 * i,
            need: 4 * i,
            queued: false,
        })
        .collect();
    assert_eq!(flash.fetch_list(0, &slow, 0), 5);
}

#[test]
fn what_the_block_before_read_ahead_is_not_read_again() {
    let mut flash = accelerator(NO_CACHES);
    let ahead = |ready| Fetch {
        ready,
        need: Fetch::NEVER,
        queued: false,
    };
    // Two words executed, two more on the way, from the next line.
    let mut head = words(2);
    head.extend([ahead(2), ahead(3)]);
    assert_eq!(flash.fetch_list(0x40, &head, 0), 5);
    // The next line is asked for at cycle 7 and there at 12, not at 7 as it might.
    let tail = [0, 1].map(|i| Fetch {
        ready: i,
        need: i,
        queued: true,
    });
    assert_eq!(flash.fetch_list(0x48, &tail, 7), 5);
    assert_eq!(flash.fetch_list(0x48, &tail, 100), 0);
}

#[test]
fn data_is_read_64_bits_at_a_time() {
    let mut flash = accelerator(NO_CACHES);
    let cost: Vec<_> = [0, 4, 8, 12, 0]
        .into_iter()
        .zip(0..)
        .map(|(at, i)| flash.data(at, 100 * i))
        .collect();
    assert_eq!(cost, [5, 0, 5, 0, 5]);
}

#[test]
fn the_data_cache_holds_256_bytes() {
    let mut flash = accelerator(FAST);
    let mut sweep = |bytes: u32, now| (0..bytes).step_by(8).map(|at| flash.data(at, now)).sum();
    let first: u32 = sweep(256, 1000);
    let second: u32 = sweep(256, 2000);
    let beyond: u32 = sweep(264, 3000);
    let thrashed: u32 = sweep(264, 4000);
    // All at one cycle: each read waits for the one before.
    assert!(first > 0);
    assert_eq!(second, 0);
    assert_eq!(beyond, 5);
    assert!(thrashed > 0);
}

#[test]
fn the_array_does_one_read_at_a_time() {
    let mut flash = accelerator(NO_CACHES);
    assert_eq!(flash.data(0x000, 0), 5);
    assert_eq!(
        flash.data(0x100, 2),
        4 + 5,
        "waits for the read before to end"
    );
    assert_eq!(flash.data(0x200, 12), 5);
}

#[test]
fn resetting_a_cache_empties_it() {
    let mut flash = accelerator(FAST);
    flash.fetch_list(0, &words(8), 0);
    flash.data(0x100, 100);
    flash.reset_instruction_cache();
    flash.reset_data_cache();
    assert!(flash.fetch_list(0, &words(8), 200) > 0);
    assert_eq!(flash.data(0x100, 300), 5);
}

proptest! {
    /// A code fetch never costs more than reading the array for each line, with a read
    /// ahead in the way each time; a second pass over what fits costs nothing.
    #[test]
    fn fetching_is_bounded(first in 0u32..4096, count in 1u16..64, wait_states in 0u8..6) {
        let mut flash = accelerator(FlashConfig { wait_states, ..FAST });
        let first = first * 4;
        let code = words(count);
        let lines = u32::from(count) / 2 + 2;
        let cost = flash.fetch_list(first, &code, 50);
        prop_assert!(cost <= lines * 2 * (u32::from(wait_states) + 1));
        prop_assert!(flash.fetch_list(first, &code, 5000) <= cost);
    }

    /// Data costs no more than a read in the way and its own.
    #[test]
    fn data_is_bounded(offsets in prop::collection::vec(0u32..2048, 1..64)) {
        let mut flash = accelerator(FAST);
        let mut now = 0;
        for offset in offsets {
            let cost = flash.data(offset & !3, now);
            prop_assert!(cost <= 11);
            now += u64::from(cost) + 2;
        }
    }
}

/// A block's place in the array and the words it fetches.
type Code = (u32, Vec<Fetch>);

/// Blocks by number, each with the cycles to the next one, and how often in all.
type Lap = (Vec<(usize, u64)>, usize);

/// Blocks and the order in which they are entered, mostly again and again.
fn walks() -> impl Strategy<Value = (Vec<Code>, Vec<Lap>)> {
    let word = (0u16..3, 0u16..3).prop_map(|(after, slack)| (after, slack));
    let block = (0u32..600, prop::collection::vec(word, 1..40), 0usize..3);
    let blocks = prop::collection::vec(block, 1..8).prop_map(|blocks| {
        let blocks = blocks.into_iter().map(|(first, words, queued)| {
            let mut ready = 0;
            let words = words
                .into_iter()
                .enumerate()
                .map(|(index, (after, slack))| {
                    ready += after;
                    Fetch {
                        ready,
                        need: ready + slack,
                        queued: index < queued,
                    }
                });
            (4 * first, words.collect())
        });
        blocks.collect()
    });
    let step = (0usize..8, 0u64..30);
    let lap = prop::collection::vec(step, 1..6);
    (blocks, prop::collection::vec((lap, 1usize..8), 1..12))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    /// What is remembered is what would be found out again.
    #[test]
    fn a_memory_never_shows(
        (blocks, laps) in walks(),
        wait_states in 1u8..8,
        prefetch in any::<bool>(),
        geometry in prop_oneof![
            Just((FlashGeometry::STM32L4, 8)),
            Just((FlashGeometry::STM32L4, 16)),
            Just((FlashGeometry::STM32F4, 16)),
            Just((FlashGeometry { instruction_lines: 17, ..FlashGeometry::STM32L4 }, 8)),
        ],
    ) {
        let (geometry, read_bytes) = geometry;
        let config = FlashConfig { wait_states, prefetch, read_bytes, ..FAST };
        let mut flash = FlashAccelerator::new(geometry);
        flash.configure(config);
        let mut forgetful = flash.clone();
        let remembering: Vec<Fetches> =
            blocks.iter().map(|(_, words)| words.clone().into()).collect();
        let mut now = 1000;
        for (lap, times) in laps {
            for (block, gap) in std::iter::repeat_n(lap, times).flatten() {
                let index = block % blocks.len();
                let (first, words) = &blocks[index];
                let delay = flash.fetch(*first, &remembering[index], now);
                prop_assert_eq!(delay, forgetful.fetch_list(*first, words, now));
                now += u64::from(delay) + gap;
                if gap == 7 {
                    prop_assert_eq!(flash.data(now as u32 & 0xffc, now), forgetful.data(now as u32 & 0xffc, now));
                }
            }
        }
    }
}
