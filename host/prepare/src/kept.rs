//! What the engine would compute at every start and keep in RAM: its memory plan and the channels' factors.

use onchip_engine::{Error, KEPT, Model as Engine};
use onchip_tflite::Model;

use crate::cost::{self, with_memory};
use crate::metadata;

/// Puts that into the file, if the engine needs less RAM with it.
pub(crate) fn run(model: &mut Model) -> Vec<String> {
    let mut kept = model.clone();
    let Ok((before, bytes)) = write(&mut kept) else {
        return Vec::new();
    };
    let after = kept.write().ok().and_then(|file| cost::of(&file).ok());
    match after {
        Some(after) if after.arena < before => {
            *model = kept;
            vec![format!(
                "memory plan and factors, {bytes} bytes, lie in the file: {} bytes of arena less",
                before - after.arena
            )]
        }
        _ => Vec::new(),
    }
}

/// Gives the arena before, and the bytes that were written.
fn write(model: &mut Model) -> Result<(usize, usize), Error> {
    // The model has been written before, when it was found to run.
    let file = model.write().unwrap_or_default();
    let engine = Engine::new(&file)?;
    let bytes = with_memory(|arena| Ok(onchip_engine::kept(&engine, arena)?.to_vec()))?;
    let len = bytes.len();
    metadata::set(model, KEPT, bytes);
    Ok((cost::of(&file)?.arena, len))
}
