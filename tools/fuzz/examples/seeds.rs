//! Writes what fuzzing starts from, a folder for each target.

use std::error::Error;
use std::path::Path;
use std::{env, fs, io};

use onchip_protocol::message::Bytes;
use onchip_protocol::order::{Drill, Order};
use onchip_protocol::{Message, Refusal, partition};
use onchip_tflite::random::{Limits, network};

/// Small networks of several operators.
const NETWORKS: u64 = 100;

/// Files with their names.
type Seeds = Vec<(String, Vec<u8>)>;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("name a folder to write to")?;
    let folder = Path::new(&folder);
    let models = models()?;
    for target in ["engine", "tflite"] {
        write(&folder.join(target), &models)?;
    }
    write(&folder.join("protocol"), &wire()?)?;
    Ok(())
}

fn write(folder: &Path, seeds: &[(String, Vec<u8>)]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    seeds
        .iter()
        .try_for_each(|(name, bytes)| fs::write(folder.join(name), bytes))
}

/// Golden networks of one operator each, networks of several, and an example. The other examples are so large that
/// hardly any change would touch what is not weights.
fn models() -> Result<Seeds, Box<dyn Error>> {
    let mut models: Seeds = onchip_fuzz::golden_files()
        .map(|(name, file)| (name, file.to_vec()))
        .collect();
    let limits = Limits {
        size: 6,
        channels: 4,
        steps: 5,
    };
    for seed in 0..NETWORKS {
        models.push((format!("network-{seed}"), network(seed, limits).to_file()?));
    }
    let example = include_bytes!("../../../examples/models/hello_world_int8.tflite");
    models.push(("hello-world".to_owned(), example.to_vec()));
    Ok(models)
}

/// One of each thing that is sent.
fn wire() -> Result<Seeds, Box<dyn Error>> {
    let order = Order {
        nonce: 0x0123_4567_89ab_cdef,
        runs: 3,
        warmups: 1,
        drill: Drill::None,
    };
    let mut partition = vec![partition::ERASED; 4112];
    partition::write(&[1, 2, 3], &[4, 5], &mut partition).map_err(|error| error.to_string())?;
    let mut wire = vec![
        ("order".to_owned(), order.encode().to_vec()),
        ("partition".to_owned(), partition),
    ];
    let messages = [
        Message::Boot {
            protocol: 1,
            nonce: 2,
            clock_hz: 3,
        },
        Message::Plan {
            model_crc32: 1,
            input_crc32: 2,
            arena: 3,
            operators: 4,
            input: 5,
            output: 6,
        },
        Message::Operator {
            run: 0,
            index: 1,
            opcode: 2,
            cycles: 3,
        },
        Message::Run {
            index: 0,
            cycles: 1,
            ticks: 2,
            tick_hz: 3,
        },
        Message::Memory {
            arena: 1,
            stack: 2,
            statics: 3,
        },
        Message::Output {
            offset: 0,
            bytes: Bytes::new(&[0x80, 0x9a]).ok_or("two bytes are too many")?,
        },
        Message::Fault {
            pc: 1,
            lr: 2,
            cfsr: 3,
            hfsr: 4,
            mmfar: 5,
            bfar: 6,
        },
        Refusal::InputLength {
            wanted: 1,
            found: 2,
        }
        .message(),
        Message::Done {
            nonce: 1,
            runs: 2,
            output_crc32: 3,
        },
    ];
    for (i, message) in messages.into_iter().enumerate() {
        wire.push((format!("message-{i}"), message.to_string().into_bytes()));
    }
    Ok(wire)
}
