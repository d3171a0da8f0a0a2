//! A thread of its own for blocking work, that nobody waits for longer than agreed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::failure::{BenchFailure, Phase};

/// How often the caller looks for a sign of life.
const LOOK: Duration = Duration::from_millis(50);

type Job<T> = Box<dyn FnOnce(&mut T) + Send>;

/// Owns a thread that owns a `T`. Once a call has hung, the thread is given up, not joined.
pub(crate) struct Worker<T> {
    jobs: Option<mpsc::Sender<Job<T>>>,
    pulse: Pulse,
}

/// Counts signs of life of the blocking side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// Says that the blocking side is not stuck.
    pub(crate) fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl<T: 'static> Worker<T> {
    /// Starts the thread; `make` runs on it.
    pub(crate) fn spawn(
        name: &str,
        pulse: Pulse,
        make: impl FnOnce() -> T + Send + 'static,
    ) -> std::io::Result<Self> {
        let (jobs, inbox) = mpsc::channel::<Job<T>>();
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let mut state = make();
                for job in inbox {
                    job(&mut state);
                }
            })?;
        Ok(Worker {
            jobs: Some(jobs),
            pulse,
        })
    }

    /// Runs `work` on the thread and waits for it at most `limit`, and at most `silence` for
    /// each sign of life. After a failure of either kind the worker is lost.
    pub(crate) async fn call<R: Send + 'static>(
        &mut self,
        phase: Phase,
        limit: Duration,
        silence: Duration,
        work: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> Result<R, BenchFailure> {
        let (answer, mut answered) = oneshot::channel();
        let job: Job<T> = Box::new(move |state| {
            // Nobody listens any more when the caller has given up.
            let _ = answer.send(work(state));
        });
        let sent = self
            .jobs
            .as_ref()
            .is_some_and(|jobs| jobs.send(job).is_ok());
        if !sent {
            return Err(BenchFailure::Lost);
        }

        let started = Instant::now();
        let mut alive = (self.pulse.count(), started);
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                result = &mut answered => {
                    return result.map_err(|_panicked| {
                        self.jobs = None;
                        BenchFailure::Crashed { phase }
                    });
                }
                now = look.tick() => {
                    let count = self.pulse.count();
                    if count != alive.0 {
                        alive = (count, now);
                    }
                    if now.duration_since(alive.1) > silence {
                        self.jobs = None;
                        return Err(BenchFailure::Hung { phase, after: silence });
                    }
                    if now.duration_since(started) > limit {
                        self.jobs = None;
                        return Err(BenchFailure::TooSlow { phase, limit });
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn worker(pulse: &Pulse) -> Worker<u32> {
        Worker::spawn("test", pulse.clone(), || 40).unwrap()
    }

    #[tokio::test]
    async fn state_stays_between_calls() {
        let mut worker = worker(&Pulse::default());
        let call = |n: u32| {
            move |state: &mut u32| {
                *state += n;
                *state
            }
        };
        assert_eq!(
            worker.call(Phase::Run, LONG, LONG, call(1)).await.unwrap(),
            41
        );
        assert_eq!(
            worker.call(Phase::Run, LONG, LONG, call(1)).await.unwrap(),
            42
        );
    }

    #[tokio::test]
    async fn a_hung_call_is_given_up_and_the_worker_with_it() {
        let mut worker = worker(&Pulse::default());
        let (_never, forever) = mpsc::channel::<()>();
        let silence = Duration::from_millis(1);
        let hung = worker.call(Phase::Attach, LONG, silence, move |_| {
            forever.recv().is_ok()
        });
        assert!(matches!(
            hung.await,
            Err(BenchFailure::Hung {
                phase: Phase::Attach,
                ..
            })
        ));
        let after = worker.call(Phase::Run, LONG, LONG, |_| ()).await;
        assert!(matches!(after, Err(BenchFailure::Lost)));
    }

    #[tokio::test]
    async fn signs_of_life_do_not_extend_the_limit() {
        let pulse = Pulse::default();
        let mut worker = worker(&pulse);
        let (end, ended) = mpsc::channel::<()>();
        let slow = worker.call(Phase::Run, Duration::from_millis(200), LONG, move |_| {
            while ended.try_recv() == Err(mpsc::TryRecvError::Empty) {
                pulse.beat();
                thread::yield_now();
            }
        });
        assert!(matches!(slow.await, Err(BenchFailure::TooSlow { .. })));
        drop(end);
    }

    #[tokio::test]
    async fn a_panic_is_told_and_loses_the_worker() {
        let mut worker = worker(&Pulse::default());
        let result = worker
            .call(Phase::Run, LONG, LONG, |_| panic!("on purpose"))
            .await;
        assert!(matches!(
            result,
            Err(BenchFailure::Crashed { phase: Phase::Run })
        ));
        let after = worker.call(Phase::Run, LONG, LONG, |_| ()).await;
        assert!(matches!(after, Err(BenchFailure::Lost)));
    }
}
