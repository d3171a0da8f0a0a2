//! Faults anywhere in a session that flashes a blank board and runs a model on it.

use std::sync::Arc;

use onchip_vboard::Fault;

use super::rig::{Kind, Rig, together};
use crate::common::Random;

/// So many points spread over `0..end`, at random within their parts.
fn points(seed: u32, count: usize, end: u64) -> impl ExactSizeIterator<Item = u64> {
    let mut random = Random::new(seed);
    let part = end as usize / count;
    (0..count).map(move |point| (point * part + random.below(part)) as u64)
}

async fn check(kind: Arc<Kind>, fault: Fault) -> bool {
    let what = format!("{}: {fault:?}", kind.board.name);
    let rig = Rig::blank(&kind);
    rig.inject(fault);
    let failed = rig.fails_fairly(&kind, &what).await;
    rig.recovers(&kind, &what).await;
    failed
}

async fn sweep(kind: Arc<Kind>, faults: impl ExactSizeIterator<Item = Fault>) {
    let count = faults.len();
    let failed = together(faults.map(|fault| check(kind.clone(), fault))).await;
    // How often the host looks depends on its load, so the last points may lie behind the end; and
    // attaching is tried twice.
    let failed = failed.into_iter().filter(|failed| *failed).count();
    assert!(failed > count / 2, "{failed} of {count}");
}

async fn drop_probe(kind: Arc<Kind>, seed: u32) {
    let points = points(seed, 10, kind.truth().await.accesses);
    sweep(
        kind,
        points.map(|after_accesses| Fault::DropProbe { after_accesses }),
    )
    .await;
}

async fn brown_out(kind: Arc<Kind>, seed: u32) {
    let points = points(seed, 6, kind.truth().await.cycles);
    sweep(kind, points.map(|at_cycle| Fault::BrownOut { at_cycle })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_lost_anywhere_is_the_benchs_failure() {
    drop_probe(Kind::l4(), 1).await;
    drop_probe(Kind::f4(), 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_lost_anywhere_is_the_benchs_failure() {
    brown_out(Kind::l4(), 3).await;
    brown_out(Kind::f4(), 4).await;
}
