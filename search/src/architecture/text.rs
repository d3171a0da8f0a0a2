//! Architectures on one line.
//!
//! A list of layers in brackets, as in `[in(8x8x1),conv(1,8,3),bn,relu,max(2),gap,fc(8,10)]`:
//!
//! | item | meaning |
//! | --- | --- |
//! | `in(HxWxC)` | the input; comes first |
//! | `conv(I,O,K)`, `sep(I,O,K)`, `ir(I,O,K,eE)` | a block from I to O channels: convolution, depthwise-separable, inverted residual with expansion E; `,sS` is a stride other than 1 |
//! | `bn`, `skip`, `relu`, `relu6` | of the block or dense layer before: batch normalization, identity branch, activation |
//! | `max(K)`, `avg(K)`, `max(K,S)` | pooling of the block before; a stride other than K is named |
//! | `gap`, `flatten` | the head |
//! | `fc(I,O)` | a dense layer; the last one makes the logits |
//!
//! Windows and strides are `3` or `3x1` (height × width); a lone number means `Kx1` where the input
//! is a series (width 1), else `KxK`.

use std::fmt;
use std::str::FromStr;

use super::{Activation, Architecture, Block, BlockKind, Dense, Head, Pool, PoolKind, Sides};

/// Why a text is no architecture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{item}` at place {place} of the architecture: {problem}")]
pub struct ParseError {
    item: String,
    place: usize,
    problem: &'static str,
}

/// Writes and reads windows and strides: a series has one side to speak of.
#[derive(Clone, Copy)]
struct Notation {
    is_series: bool,
}

impl Notation {
    fn write(self, Sides([height, width]): Sides) -> String {
        let usual = if self.is_series { 1 } else { height };
        if width == usual {
            height.to_string()
        } else {
            format!("{height}x{width}")
        }
    }

    fn read(self, text: &str) -> Option<Sides> {
        let number = |text: &str| text.parse::<usize>().ok();
        if let Some((height, width)) = text.split_once('x') {
            return Some(Sides([number(height)?, number(width)?]));
        }
        let side = number(text)?;
        Some(Sides([side, if self.is_series { 1 } else { side }]))
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shape = self.input;
        let [height, width, channels] = shape;
        let notation = Notation {
            is_series: width == 1,
        };
        write!(f, "[in({height}x{width}x{channels})")?;
        for block in &self.blocks {
            block.write(f, shape[2], notation)?;
            shape = block.output(shape);
        }
        let mut units = match self.head {
            Head::GlobalAverage => {
                f.write_str(",gap")?;
                shape[2]
            }
            Head::Flatten => {
                f.write_str(",flatten")?;
                shape.into_iter().fold(1, usize::saturating_mul)
            }
        };
        for dense in &self.dense {
            write!(f, ",fc({units},{})", dense.width)?;
            write_suffixes(f, dense.norm, false, dense.activation)?;
            units = dense.width;
        }
        write!(f, ",fc({units},{})]", self.classes)
    }
}

fn write_suffixes(
    f: &mut fmt::Formatter<'_>,
    norm: bool,
    skip: bool,
    activation: Activation,
) -> fmt::Result {
    if norm {
        f.write_str(",bn")?;
    }
    if skip {
        f.write_str(",skip")?;
    }
    f.write_str(match activation {
        Activation::None => "",
        Activation::Relu => ",relu",
        Activation::Relu6 => ",relu6",
    })
}

impl Block {
    fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        channels: usize,
        notation: Notation,
    ) -> fmt::Result {
        let name = match self.kind {
            BlockKind::Conv => "conv",
            BlockKind::Separable => "sep",
            BlockKind::Inverted(_) => "ir",
        };
        let kernel = notation.write(self.kernel);
        write!(f, ",{name}({channels},{},{kernel}", self.width)?;
        if let BlockKind::Inverted(expansion) = self.kind {
            write!(f, ",e{expansion}")?;
        }
        if !self.stride.is_one() {
            write!(f, ",s{}", notation.write(self.stride))?;
        }
        f.write_str(")")?;
        write_suffixes(f, self.norm, self.skip, self.activation)?;
        let Some(pool) = self.pool else {
            return Ok(());
        };
        let name = match pool.kind {
            PoolKind::Max => "max",
            PoolKind::Average => "avg",
        };
        write!(f, ",{name}({}", notation.write(pool.size))?;
        if pool.stride != pool.size {
            write!(f, ",{}", notation.write(pool.stride))?;
        }
        f.write_str(")")
    }
}

impl FromStr for Architecture {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let list = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
        let fail = |item: &str, place, problem| ParseError {
            item: item.to_owned(),
            place,
            problem,
        };
        let list = list.ok_or_else(|| fail(&text, 0, "must stand in brackets"))?;
        let mut reader = Reader::default();
        for (place, item) in items(list).into_iter().enumerate() {
            let (name, arguments) = match item.split_once('(') {
                None => (item, Vec::new()),
                Some((name, rest)) => {
                    let inner = rest.strip_suffix(')');
                    let inner = inner.ok_or_else(|| fail(item, place, "lacks a `)`"))?;
                    (name, inner.split(',').collect())
                }
            };
            let read = reader.item(name, &arguments);
            read.map_err(|problem| fail(item, place, problem))?;
        }
        let architecture = reader.finish().map_err(|problem| fail(&text, 0, problem))?;
        // Channels and inputs are told twice: by the layer and by what comes before it.
        if architecture.to_string() == text {
            return Ok(architecture);
        }
        let written = architecture.to_string();
        let written = items(written.trim_matches(['[', ']']));
        let differs = items(list).into_iter().zip(written).enumerate();
        let differs = differs
            .into_iter()
            .find(|(_, (given, meant))| given != meant);
        let (place, item) = differs.map_or((0, text.as_str()), |(place, (item, _))| (place, item));
        let problem = "is not what follows from the items before it, or is not written as usual";
        Err(fail(item, place, problem))
    }
}

/// Splits at commas outside parentheses.
fn items(list: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    list.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    input: Option<[usize; 3]>,
    blocks: Vec<Block>,
    head: Option<Head>,
    dense: Vec<Dense>,
}

impl Reader {
    fn item(&mut self, name: &str, arguments: &[&str]) -> Result<(), &'static str> {
        if (name == "in") != self.input.is_none() {
            return Err("the input comes first, and once");
        }
        match name {
            "in" => self.input = Some(read_input(arguments).ok_or("write it as `in(8x8x1)`")?),
            "conv" | "sep" | "ir" => {
                if self.head.is_some() {
                    return Err("blocks come before the head");
                }
                let block = self.block(name, arguments);
                self.blocks.push(block.ok_or(
                    "write it as `conv(in,out,kernel)`, `sep(in,out,kernel,s2)` or `ir(in,out,kernel,e4)`",
                )?);
            }
            "gap" if self.head.is_none() => self.head = Some(Head::GlobalAverage),
            "flatten" if self.head.is_none() => self.head = Some(Head::Flatten),
            "fc" if self.head.is_some() => {
                let &[_, width] = arguments else {
                    return Err("write it as `fc(in,out)`");
                };
                self.dense.push(Dense {
                    width: width.parse().map_err(|_| "write it as `fc(in,out)`")?,
                    norm: false,
                    activation: Activation::None,
                });
            }
            "max" | "avg" => {
                let pool = self.pool(name, arguments);
                let block = self.last_block().ok_or("pooling follows a block")?;
                block.pool = Some(pool.ok_or("write it as `max(2)` or `max(3,2)`")?);
            }
            "skip" => self.last_block().ok_or("follows a block")?.skip = true,
            "bn" | "relu" | "relu6" => self.suffix(name)?,
            _ => {
                return Err(
                    "is none of in, conv, sep, ir, bn, skip, relu, relu6, max, avg, gap, flatten, fc, or stands in the wrong place",
                );
            }
        }
        Ok(())
    }

    fn suffix(&mut self, name: &str) -> Result<(), &'static str> {
        let (norm, activation) = if let Some(dense) = self.dense.last_mut() {
            (&mut dense.norm, &mut dense.activation)
        } else {
            let block = self.last_block();
            let block = block.ok_or("follows a block or a dense layer")?;
            (&mut block.norm, &mut block.activation)
        };
        match name {
            "bn" => *norm = true,
            "relu" => *activation = Activation::Relu,
            _ => *activation = Activation::Relu6,
        }
        Ok(())
    }

    fn last_block(&mut self) -> Option<&mut Block> {
        let last = self.blocks.last_mut();
        last.filter(|_| self.head.is_none())
    }

    fn notation(&self) -> Notation {
        Notation {
            is_series: self.input.is_some_and(|[_, width, _]| width == 1),
        }
    }

    fn block(&self, name: &str, arguments: &[&str]) -> Option<Block> {
        let (&[_, width, kernel], mut options) = arguments.split_first_chunk::<3>()?;
        let kind = match name {
            "conv" => BlockKind::Conv,
            "sep" => BlockKind::Separable,
            _ => {
                let (first, rest) = options.split_first()?;
                options = rest;
                BlockKind::Inverted(first.strip_prefix('e')?.parse().ok()?)
            }
        };
        let stride = match options {
            [] => Sides::one(),
            [stride] => self.notation().read(stride.strip_prefix('s')?)?,
            _ => return None,
        };
        Some(Block {
            kind,
            width: width.parse().ok()?,
            kernel: self.notation().read(kernel)?,
            stride,
            norm: false,
            activation: Activation::None,
            skip: false,
            pool: None,
        })
    }

    fn pool(&self, name: &str, arguments: &[&str]) -> Option<Pool> {
        let (size, stride) = match *arguments {
            [size] => (size, size),
            [size, stride] => (size, stride),
            _ => return None,
        };
        Some(Pool {
            kind: if name == "max" {
                PoolKind::Max
            } else {
                PoolKind::Average
            },
            size: self.notation().read(size)?,
            stride: self.notation().read(stride)?,
        })
    }

    fn finish(mut self) -> Result<Architecture, &'static str> {
        let logits = self.dense.pop().ok_or("ends with `fc(in,classes)`")?;
        Ok(Architecture {
            input: self.input.ok_or("begins with the input, `in(8x8x1)`")?,
            blocks: self.blocks,
            head: self.head.ok_or("lacks the head, `gap` or `flatten`")?,
            dense: self.dense,
            classes: logits.width,
        })
    }
}

fn read_input(arguments: &[&str]) -> Option<[usize; 3]> {
    let &[text] = arguments else {
        return None;
    };
    let sides: Vec<usize> = text
        .split('x')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    sides.try_into().ok()
}
