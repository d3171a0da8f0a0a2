//! Changing a file so that it stays one: most changes of single bytes end at the first offset that they damage.
//!
//! A change is a function of the file and a seed.

mod graph;
mod leaf;

use crate::random::Random;
use crate::tree::Table;

/// Most changes of one call.
const MOST: usize = 4;

/// Changes the file in the first `size` bytes of `data` in place; returns its new length, at most `most`. `bytes` is
/// the fuzzer's own mutation, of bytes and from a dictionary, with the same arguments and result.
pub fn mutate(
    data: &mut [u8],
    size: usize,
    most: usize,
    seed: u32,
    bytes: impl Fn(&mut [u8], usize, usize) -> usize,
) -> usize {
    let mut random = Random::new(seed);
    let mut size = size;
    if !random.once_in(6)
        && let Some(file) = change(&data[..size], &mut random)
        && file.len() <= most
    {
        data[..file.len()].copy_from_slice(&file);
        size = file.len();
        if !random.once_in(8) {
            return size;
        }
    }
    bytes(data, size, most)
}

/// The file with some of what it says changed; `None` if it is too damaged to be understood.
fn change(file: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let mut model = Table::read(file)?;
    for _ in 0..MOST {
        if random.once_in(3) {
            leaf::change(&mut model, random);
        } else {
            graph::change(&mut model, random);
        }
        if random.once_in(2) {
            break;
        }
    }
    // Without this hardly any change of a shape would come further than to the check of the data's length.
    if !random.once_in(5) {
        graph::fit(&mut model);
    }
    Some(model.write())
}

#[cfg(test)]
mod tests {
    use super::mutate;
    use crate::golden_files;
    use crate::tree::Table;
    use onchip_engine::Model;

    #[test]
    fn golden_networks_survive_as_trees() {
        for (name, file) in golden_files() {
            let written = Table::read(file).map(|model| model.write());
            let is_sound = written.is_some_and(|file| Model::new(&file).is_ok());
            assert_eq!(is_sound, Model::new(file).is_ok(), "{name}");
        }
    }

    /// Changes must lead to new files that run as well as to refused ones, and be the seed's alone.
    #[test]
    fn some_changes_are_sound() {
        let (mut sound, mut all) = (0, 0);
        for (i, (_, file)) in golden_files().enumerate() {
            let change = || {
                let mut data = file.to_vec();
                data.resize(file.len() + 4096, 0);
                let len = data.len();
                let size = mutate(&mut data, file.len(), len, i as u32, |_, size, _| size);
                data.truncate(size);
                data
            };
            let changed = change();
            assert_eq!(changed, change());
            all += usize::from(changed != file);
            sound += usize::from(changed != file && Model::new(&changed).is_ok());
        }
        assert!(sound * 10 > all && sound * 10 < all * 9, "{sound} of {all}");
    }
}
