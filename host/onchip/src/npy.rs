//! Reads a model's input from a NumPy file.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context as _, bail};
use npyz::{DType, NpyFile, Order, TypeChar};

/// The bytes of an int8 or uint8 array in C order, whatever its shape.
pub(crate) fn read_bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("input {name} cannot be opened"))?;
    let array = NpyFile::new(BufReader::new(file))
        .with_context(|| format!("input {name} is no NumPy file; save it with `numpy.save`"))?;
    if array.order() == Order::Fortran && array.shape().len() > 1 {
        bail!("input {name} is in Fortran order; save `numpy.ascontiguousarray(x)`");
    }
    let element = match array.dtype() {
        DType::Plain(element) => element,
        other => bail!(
            "input {name} has elements of type {}; save int8 or uint8",
            other.descr()
        ),
    };
    let broken = || format!("input {name} is truncated; save it again");
    match (element.type_char(), element.num_bytes()) {
        (TypeChar::Int, Some(1)) => {
            let values: Vec<i8> = array.into_vec().with_context(broken)?;
            Ok(values.into_iter().map(i8::cast_unsigned).collect())
        }
        (TypeChar::Uint, Some(1)) => array.into_vec().with_context(broken),
        _ => bail!(
            "input {name} has elements of type {element}; quantize them as the model's input is \
             (`onchip inspect` shows scale and zero point) and save int8 or uint8"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A version 1 file with this header and data.
    fn check(header: &str, data: &[u8]) -> Result<Vec<u8>, String> {
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        let header = format!("{header:<117}\n");
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(data);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        std::fs::write(&path, file).unwrap();
        read_bytes(&path).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn bytes_of_either_sign_are_taken_as_they_are() {
        for descr in ["|i1", "|u1"] {
            let header =
                format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (1, 3), }}");
            assert_eq!(check(&header, &[0, 127, 128]), Ok(vec![0, 127, 128]));
        }
    }

    #[test]
    fn other_arrays_are_refused_with_a_remedy() {
        for (header, data, want) in [
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }",
                &[0; 4][..],
                "quantize",
            ),
            (
                "{'descr': '<i2', 'fortran_order': False, 'shape': (1,), }",
                &[0; 2],
                "quantize",
            ),
            (
                "{'descr': '|i1', 'fortran_order': True, 'shape': (1, 2), }",
                &[0; 2],
                "Fortran",
            ),
            (
                "{'descr': '|i1', 'fortran_order': False, 'shape': (3,), }",
                &[0; 2],
                "truncated",
            ),
            ("nonsense", &[], "numpy.save"),
        ] {
            let error = check(header, data).unwrap_err();
            assert!(error.contains(want) && error.contains("x.npy"), "{error}");
        }
    }
}
