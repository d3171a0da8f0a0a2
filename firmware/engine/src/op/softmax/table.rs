//! The tables of int16 SOFTMAX, made when this is compiled.
//!
//! TFLite `gen_lut`, in single precision: 512 steps and the end, each value less half of how far the straight line to
//! the next one misses the function in the middle.

/// exp(x) for x from -10 to 0, in 32768ths.
pub(super) static EXPONENTIAL: [i16; 513] = table(Function::Exponential, -10.0, 0.0);

/// 1 / (1 + x) for x from 0 to 1, in 32768ths.
pub(super) static RECIPROCAL: [i16; 513] = table(Function::Reciprocal, 0.0, 1.0);

#[derive(Clone, Copy)]
enum Function {
    Exponential,
    Reciprocal,
}

const fn table(function: Function, first: f32, last: f32) -> [i16; 513] {
    const ONE: f32 = 32768.0;
    let step = (last - first) / 512.0;
    let mut table = [0; 513];
    let mut i = 0;
    while i < 512 {
        let x = first + i as f32 * step;
        let value = round(function.at(x) * ONE);
        let next = function.at(first + (i + 1) as f32 * step) * ONE;
        let middle = round(function.at(x + step / 2.0) * ONE);
        let bias = round((round((next + value) / 2.0) - middle) / 2.0);
        table[i] = saturated(value - bias);
        i += 1;
    }
    table[512] = saturated(round(function.at(last) * ONE));
    table
}

const fn saturated(x: f32) -> i16 {
    x as i16
}

/// `round(x)` as C has it, halves away from zero, for numbers of at most 16 bits.
const fn round(x: f32) -> f32 {
    let whole = x as i32 as f32;
    let rest = x - whole;
    if rest >= 0.5 {
        whole + 1.0
    } else if rest <= -0.5 {
        whole - 1.0
    } else {
        whole
    }
}

impl Function {
    const fn at(self, x: f32) -> f32 {
        match self {
            Self::Exponential => exponential(x),
            Self::Reciprocal => 1.0 / (1.0 + x),
        }
    }
}

/// exp(x) for x from -10 to 0, the nearest number: the series for a 16th of x, squared four times.
const fn exponential(x: f32) -> f32 {
    let x = x as f64 / 16.0;
    let (mut sum, mut term) = (1.0, 1.0);
    let mut i = 1;
    while i < 25 {
        term = term * x / i as f64;
        sum += term;
        i += 1;
    }
    let square = sum * sum;
    let fourth = square * square;
    let eighth = fourth * fourth;
    (eighth * eighth) as f32
}
