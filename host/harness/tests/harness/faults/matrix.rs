//! Each kind of fault at each stage of a session.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use onchip_harness::{BenchFailure, Failure, Phase, Record};
use onchip_vboard::{Fault, VirtualBoard};

use super::rig::{FLASH, Kind, Moment, Rig, order, repeatable, together, when};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ill {
    DropProbe,
    HangCore,
    BrownOut,
    /// A bit of the part of flash that the moment is about flips.
    CorruptWord,
    /// The probe reads it wrong.
    CorruptRead,
    SlowBus,
}

impl Ill {
    const ALL: [Ill; 6] = [
        Ill::DropProbe,
        Ill::HangCore,
        Ill::BrownOut,
        Ill::CorruptWord,
        Ill::CorruptRead,
        Ill::SlowBus,
    ];

    /// The fault, to strike with the next thing that happens.
    fn fault(self, kind: &Kind, moment: Moment, board: &VirtualBoard) -> Fault {
        let at_cycle = board.cycles() + 100;
        // What is programmed over a word without a set bit is not what was to be, whatever it is.
        let flips = match moment {
            Moment::FlashImage => u32::MAX,
            _ => 1 << 9,
        };
        match self {
            Ill::DropProbe => Fault::DropProbe { after_accesses: 5 },
            Ill::HangCore => Fault::HangCore { at_cycle },
            Ill::BrownOut => Fault::BrownOut { at_cycle },
            Ill::CorruptWord => Fault::CorruptWord {
                address: match moment {
                    Moment::Attach | Moment::FlashImage => FLASH + 0x40,
                    Moment::FlashModel => FLASH + kind.partition() as u32 + 0x40,
                    Moment::Run | Moment::Read => FLASH + kind.weights() as u32,
                },
                flips,
                at_cycle,
            },
            Ill::CorruptRead => Fault::CorruptRead {
                address: match moment {
                    Moment::Attach | Moment::FlashImage => FLASH + 0x40,
                    Moment::FlashModel => FLASH + kind.partition() as u32 + 0x40,
                    Moment::Run | Moment::Read => kind.log_head,
                },
                flips,
                after_reads: 0,
            },
            Ill::SlowBus => Fault::SlowBus { factor: 4 },
        }
    }

    /// What may come of it; "record" is one that is right.
    fn outcomes(self, moment: Moment) -> &'static [&'static str] {
        use Moment::{Attach, FlashImage, FlashModel, Read, Run};
        match (self, moment) {
            // A reset helps, or the probe answers again, or flash is written again.
            (Ill::SlowBus, _) | (_, Attach) => &["record"],
            (Ill::DropProbe | Ill::BrownOut | Ill::HangCore, FlashImage | FlashModel) => &["flash"],
            (Ill::DropProbe | Ill::BrownOut, Run | Read) => &["probe"],
            (Ill::HangCore, Run | Read) => &["silent"],
            // A word that is not erased cannot be programmed.
            (Ill::CorruptWord, FlashImage | FlashModel) => &["verify", "flash"],
            (Ill::CorruptWord, Run | Read) => &["proof", "not repeated", "refused"],
            (Ill::CorruptRead, FlashImage | FlashModel) => &["verify"],
            (Ill::CorruptRead, Run | Read) => &["garbled"],
        }
    }
}

/// What came of a session, in a word, and when.
fn outcome(measured: &Result<Record, Failure>) -> (&'static str, Option<Phase>) {
    match measured {
        Ok(_) => ("record", None),
        Err(Failure::Candidate(_)) => ("candidate", None),
        Err(Failure::Bench(failure)) => match failure {
            BenchFailure::Probe { phase, .. } => ("probe", Some(*phase)),
            BenchFailure::Flash { phase, .. } => ("flash", Some(*phase)),
            BenchFailure::Silent { phase, .. } => ("silent", Some(*phase)),
            BenchFailure::Verify { .. } => ("verify", None),
            BenchFailure::Garbled { .. } => ("garbled", None),
            BenchFailure::Refused(_) => ("refused", None),
            BenchFailure::NotRepeated { .. } => ("not repeated", None),
            BenchFailure::Proof(_) => ("proof", None),
            _ => ("another failure", None),
        },
    }
}

async fn check(kind: Arc<Kind>, ill: Ill, moment: Moment) {
    let what = format!("{}: {ill:?} at {moment:?}", kind.board.name);
    let rig = Rig::before(&kind, moment).await;
    let truth = kind.truth().await;
    let (board, its_kind) = (rig.board.clone(), kind.clone());
    let (observer, struck) = when(
        move |phase, event| moment.is(phase, event),
        move || board.inject(ill.fault(&its_kind, moment, &board)).unwrap(),
    );

    let (measured, session) = rig.try_session(&kind, observer).await;
    assert!(struck.load(Ordering::Relaxed), "{what}: {measured:?}");
    let (word, phase) = outcome(&measured);
    assert!(ill.outcomes(moment).contains(&word), "{what}: {measured:?}");
    assert!(
        phase.is_none_or(|phase| phase == moment.phase()),
        "{what}: {measured:?}"
    );
    let survived = measured.is_ok();
    if let Ok(record) = measured {
        assert_eq!(repeatable(record), truth.record, "{what}");
    }

    // The session that has failed may be done with. If it is not, it is as good as ever.
    rig.board.clear_faults();
    if let Some(mut session) = session {
        match session.measure(&kind.candidate, order()).await {
            Ok(record) => assert_eq!(repeatable(record), truth.record, "{what}"),
            failure => {
                let lost = matches!(ill, Ill::DropProbe | Ill::BrownOut);
                assert!(
                    lost && outcome(&failure).0 == "probe",
                    "{what}: again {failure:?}"
                );
            }
        }
        // What the probe says when it is let go does not matter.
        let _ = session.close().await;
    }
    if !survived {
        rig.recovers(&kind, &what).await;
    }
}

async fn check_all(kind: Arc<Kind>) {
    let ills = Ill::ALL.into_iter();
    together(ills.flat_map(|ill| Moment::ALL.map(|moment| check(kind.clone(), ill, moment)))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_l4_that_fails_at_any_stage_is_the_benchs_failure_and_leaves_no_trace() {
    check_all(Kind::l4()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_f4_that_fails_at_any_stage_is_the_benchs_failure_and_leaves_no_trace() {
    check_all(Kind::f4()).await;
}
