//! Named bytes in a file, for whoever runs it.

use onchip_tflite::{Metadata, Model};

/// Gives a model metadata of this name, in place of what had the name before. All else stays, and in the file the bytes
/// lie at a multiple of 16, as all constant data does.
pub(crate) fn set(model: &mut Model, name: &str, bytes: Vec<u8>) {
    remove(model, name);
    if model.buffers.is_empty() {
        // The first buffer stands for "none".
        model.buffers.push(Vec::new());
    }
    model.metadata.push(Metadata {
        name: name.to_owned(),
        buffer: model.buffers.len() as u32,
    });
    model.buffers.push(bytes);
}

/// Takes metadata out. Its buffer stays until nothing refers to it and the model is compacted.
pub(crate) fn remove(model: &mut Model, name: &str) {
    let buffers: Vec<_> = model
        .metadata
        .extract_if(.., |metadata| metadata.name == name)
        .map(|metadata| metadata.buffer)
        .collect();
    let tensors = |model: &Model, buffer| {
        let mut tensors = model.subgraphs.iter().flat_map(|graph| &graph.tensors);
        tensors.any(|tensor| tensor.buffer == buffer)
    };
    for buffer in buffers {
        let is_named = model.metadata.iter().any(|other| other.buffer == buffer);
        if !is_named
            && !tensors(model, buffer)
            && let Some(data) = model.buffers.get_mut(buffer as usize)
        {
            data.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KWS: &[u8] = include_bytes!("../../../examples/models/kws_ref_model.tflite");

    #[test]
    fn what_is_set_is_aligned_and_all_else_stays() {
        let before = Model::read(KWS).unwrap();
        let bytes: Vec<u8> = (0..77).collect();
        let mut model = before.clone();
        set(&mut model, "test", vec![1, 2, 3]);
        set(&mut model, "test", bytes.clone());
        let file = model.write().unwrap();
        let after = Model::read(&file).unwrap();
        let found = after.metadata.last().unwrap();
        assert_eq!(after.metadata.len(), before.metadata.len() + 1);
        assert_eq!(
            (found.name.as_str(), &after.buffers[found.buffer as usize]),
            ("test", &bytes)
        );
        let place = file
            .windows(bytes.len())
            .position(|part| part == bytes)
            .unwrap();
        assert_eq!(place % 16, 0);
        let kept = |model: &Model| {
            let names: Vec<_> = model.metadata.iter().map(|one| one.name.clone()).collect();
            (
                model.subgraphs.clone(),
                model.signatures.clone(),
                model.description.clone(),
                names,
            )
        };
        let (mut wanted, found) = (kept(&before), kept(&after));
        wanted.3.push("test".to_owned());
        assert_eq!(found, wanted);
    }
}
