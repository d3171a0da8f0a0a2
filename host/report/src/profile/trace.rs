//! The trace: one process per inference, one complete event per operator.
//!
//! Times are in microseconds, as the format has them. Operators follow each other without a gap:
//! what the inference takes besides, some cycles to go from one to the next, is told as a number.

use serde_json::{Map, Value, json};

use super::{Operator, Profile};

/// All operators of an inference run on one core.
const THREAD: u32 = 1;

/// The trace's file.
pub(super) fn json(profiles: &[Profile]) -> Vec<u8> {
    let mut events = Vec::new();
    for (profile, process) in profiles.iter().zip(1_u32..) {
        let name = format!("{} on {}", profile.model, profile.measured_on);
        events.push(label("process_name", process, &name));
        events.push(label("thread_name", process, "operators"));
        let mut begun = 0;
        for (operator, index) in profile.operators.iter().zip(0_u64..) {
            events.push(event(profile, process, operator, index, begun));
            begun += operator.cycles;
        }
    }
    let inferences: Vec<Value> = profiles.iter().map(inference).collect();
    let file = json!({
        "displayTimeUnit": "ms",
        "otherData": { "inferences": inferences },
        "traceEvents": events,
    });
    // Indented, so that two traces can be compared line by line.
    let mut text = format!("{file:#}").into_bytes();
    text.push(b'\n');
    text
}

/// A name that viewers show.
fn label(what: &str, process: u32, name: &str) -> Value {
    json!({ "ph": "M", "pid": process, "tid": THREAD, "name": what, "args": { "name": name } })
}

fn event(profile: &Profile, process: u32, operator: &Operator, index: u64, begun: u64) -> Value {
    let microseconds = |cycles: u64| cycles as f64 * 1e6 / f64::from(profile.clock_hz);
    let mut details = json!({
        "index": index,
        "cycles": operator.cycles,
        "macs": operator.macs,
        "cycles_per_mac": operator.cycles_per_mac(),
        "weight_bytes": operator.weight_bytes,
        "input_bytes": operator.input_bytes,
        "output_bytes": operator.output_bytes,
    });
    if let Some(executed) = &operator.executed {
        let spent = executed.causes.iter();
        let spent: Map<String, Value> = spent
            .map(|&(cause, cycles)| (cause.to_owned(), cycles.into()))
            .collect();
        details["instructions"] = executed.instructions.into();
        details["cycles_spent_on"] = spent.into();
    }
    json!({
        "ph": "X",
        "pid": process,
        "tid": THREAD,
        "cat": "operator",
        "name": operator.name,
        "ts": microseconds(begun),
        "dur": microseconds(operator.cycles),
        "args": details,
    })
}

fn inference(profile: &Profile) -> Value {
    let operators: u64 = profile.operators.iter().map(|one| one.cycles).sum();
    json!({
        "model": profile.model,
        "measured_on": profile.measured_on,
        "clock_hz": profile.clock_hz,
        "cycles": profile.cycles,
        "cycles_between_operators": profile.cycles.saturating_sub(operators),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Executed;

    #[test]
    fn a_trace_has_one_event_per_operator() {
        let operator = |name: &str, cycles, macs, executed| Operator {
            name: name.to_owned(),
            cycles,
            macs,
            weight_bytes: 3,
            input_bytes: 4,
            output_bytes: 5,
            executed,
        };
        let executed = Executed {
            instructions: 70,
            causes: vec![("issue", 70), ("loads and stores", 30)],
        };
        let profile = Profile {
            model: "m.tflite".to_owned(),
            measured_on: "a board".to_owned(),
            clock_hz: 2_000_000,
            cycles: 160,
            operators: vec![
                operator("CONV_2D", 100, 40, Some(executed)),
                operator("RESHAPE", 50, 0, None),
            ],
        };
        let trace: Value = serde_json::from_slice(&json(&[profile.clone(), profile])).unwrap();
        let events = trace["traceEvents"].as_array().unwrap();
        let expected = json!({
            "ph": "X", "pid": 2, "tid": 1, "cat": "operator", "name": "CONV_2D",
            "ts": 0.0, "dur": 50.0,
            "args": {
                "index": 0, "cycles": 100, "macs": 40, "cycles_per_mac": 2.5,
                "weight_bytes": 3, "input_bytes": 4, "output_bytes": 5,
                "instructions": 70,
                "cycles_spent_on": { "issue": 70, "loads and stores": 30 },
            },
        });
        assert_eq!(events.len(), 8);
        assert_eq!(events[6], expected);
        assert_eq!(events[0]["args"]["name"], "m.tflite on a board");
        let second = &events[7];
        assert_eq!(
            (&second["ts"], &second["dur"]),
            (&json!(50.0), &json!(25.0))
        );
        assert_eq!(second["args"]["cycles_per_mac"], Value::Null);
        assert_eq!(second["args"].get("instructions"), None);
        assert_eq!(
            trace["otherData"]["inferences"][1]["cycles_between_operators"],
            10
        );
    }
}
