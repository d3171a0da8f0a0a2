//! The symbols of a program, and places given by them.

use object::read::elf::ElfFile32;
use object::{Endianness, Object as _, ObjectSymbol as _, SymbolKind};
use serde::Serialize;

/// What a program's symbol table tells.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    all: Vec<Symbol>,
}

#[derive(Debug)]
struct Symbol {
    name: String,
    address: u32,
    size: u32,
    /// A function, or a label in code.
    code: bool,
}

/// A place in a program, as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// What was asked for.
    pub name: String,
    /// Where it is.
    pub address: u32,
}

/// Why a place cannot be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SymbolError {
    /// Neither a symbol nor a number.
    #[error(
        "the program has no symbol `{0}`; give one that `nm` lists, or an address such as 0x8000130"
    )]
    Unknown(String),
    /// Several symbols of that name.
    #[error("`{name}` is at {}; give the address that is meant", hex(addresses))]
    Ambiguous {
        /// The name.
        name: String,
        /// Where it is found.
        addresses: Vec<u32>,
    },
    /// Not the address of an instruction.
    #[error("`{name}` is at {address:#x}, where no instruction can be; give one in flash or RAM")]
    NoCode {
        /// What was asked for.
        name: String,
        /// Where it is.
        address: u32,
    },
}

fn hex(addresses: &[u32]) -> String {
    let all: Vec<String> = addresses.iter().map(|at| format!("{at:#010x}")).collect();
    all.join(" and ")
}

impl Symbols {
    pub(crate) fn read(elf: &ElfFile32<'_, Endianness>) -> Self {
        let symbol = |symbol: object::read::elf::ElfSymbol32<'_, '_, Endianness>| {
            let name = symbol.name().ok().filter(|name| !name.is_empty())?;
            // Mapping symbols ($t, $d) say what bytes are, not what they are called.
            if symbol.is_undefined() || name.starts_with('$') {
                return None;
            }
            let code = matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Label);
            Some(Symbol {
                name: format!("{:#}", rustc_demangle::demangle(name)),
                address: u32::try_from(symbol.address()).ok()?,
                size: u32::try_from(symbol.size()).unwrap_or(0),
                code,
            })
        };
        Symbols {
            all: elf.symbols().filter_map(symbol).collect(),
        }
    }

    /// The address of the first symbol of this name; bit 0 is as the file has it.
    pub(crate) fn address(&self, name: &str) -> Option<u32> {
        let found = self.all.iter().find(|symbol| symbol.name == name);
        found.map(|symbol| symbol.address)
    }

    /// The function that `address` is in.
    pub(crate) fn function_at(&self, address: u32) -> Option<&str> {
        let inside = |symbol: &&Symbol| {
            let start = symbol.address & !1;
            symbol.code && address.wrapping_sub(start) < symbol.size
        };
        self.all
            .iter()
            .find(inside)
            .map(|symbol| symbol.name.as_str())
    }

    /// The instruction at a place given as `SYMBOL`, `SYMBOL+OFFSET` or a number.
    pub(crate) fn place(&self, given: &str) -> Result<Place, SymbolError> {
        let address = match number(given) {
            Some(address) => address,
            None => self.by_name(given)?,
        };
        Ok(Place {
            name: given.to_owned(),
            address: address & !1,
        })
    }

    fn by_name(&self, given: &str) -> Result<u32, SymbolError> {
        let mut addresses: Vec<u32> = self
            .all
            .iter()
            .filter(|symbol| symbol.name == given)
            .map(|symbol| symbol.address & !1)
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        match addresses[..] {
            [address] => Ok(address),
            [] => match given.rsplit_once('+') {
                Some((name, offset)) if number(offset).is_some() => {
                    let offset = number(offset).unwrap_or(0);
                    Ok(self.by_name(name)?.wrapping_add(offset))
                }
                _ => Err(SymbolError::Unknown(given.to_owned())),
            },
            _ => Err(SymbolError::Ambiguous {
                name: given.to_owned(),
                addresses,
            }),
        }
    }
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &str, expected: Result<u32, &str>) {
        let symbol = |name: &str, address| Symbol {
            name: name.to_owned(),
            address,
            size: 8,
            code: true,
        };
        let symbols = Symbols {
            all: vec![
                symbol("main", 0x101),
                symbol("two", 0x201),
                symbol("two", 0x301),
            ],
        };
        let place = symbols.place(given);
        match expected {
            Ok(address) => assert_eq!(place.unwrap().address, address, "{given}"),
            Err(text) => assert!(place.unwrap_err().to_string().contains(text), "{given}"),
        }
        assert_eq!(symbols.function_at(0x106), Some("main"));
        assert_eq!(symbols.function_at(0x108), None);
    }

    #[test]
    fn places_are_symbols_or_numbers() {
        check("main", Ok(0x100));
        check("main+0x4", Ok(0x104));
        check("0x155", Ok(0x154));
        check("256", Ok(256));
        check("mian", Err("no symbol `mian`"));
        check("two", Err("0x00000200 and 0x00000300"));
    }
}
