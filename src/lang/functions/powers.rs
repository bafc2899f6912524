//! `log`, `pow`: logarithms and powers of 64-bit floats, to the same bit on every machine.
//!
//! The platform's own functions differ in the last bit between systems and from the reference implementation, and that bit is
//! printed. So the classic algorithms are here, in the order of operations that Go uses on amd64: Sun's logarithm, Shibata's
//! exponential with fused multiply-add, powers by repeated squaring.

use value::{Number, Value};

use super::arguments::number;
use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

pub(super) static LOG: Function = Function {
    name: "log",
    summary: "Returns the logarithm of a number in a base.",
    params: &[param("num", types::number), param("base", types::number)],
    rest: None,
    returns: Returns::Fixed(types::number),
    examples: &[
        example("log(16, 2)", "4"),
        example("log(50, 10)", "1.6989700043360185"),
        example("ceil(log(15, 2))", "4"),
        example("log(-1, 2)", "error: has no logarithm"),
    ],
    code: Code::Eager(log),
};

pub(super) static POW: Function = Function {
    name: "pow",
    summary: "Returns a number raised to a power.",
    params: &[param("num", types::number), param("power", types::number)],
    rest: None,
    returns: Returns::Fixed(types::number),
    examples: &[
        example("pow(3, 2)", "9"),
        example("pow(4, 0)", "1"),
        example("pow(2, -1)", "0.5"),
        example("pow(-8, 1/3)", "error: has no real power"),
    ],
    code: Code::Eager(pow),
};

fn log(call: &Call<'_>) -> Outcome {
    let (of, base) = (float(call, 0)?, float(call, 1)?);
    let Some(result) = Number::from_f64(natural_log(of) / natural_log(base)) else {
        return Err(CallError::new(format!("{of} has no logarithm in base {base}")));
    };
    Ok(Value::number(result))
}

fn pow(call: &Call<'_>) -> Outcome {
    let (base, exponent) = (float(call, 0)?, float(call, 1)?);
    let Some(result) = Number::from_f64(power(base, exponent)) else {
        return Err(CallError::new(format!("{base} has no real power {exponent}")));
    };
    Ok(Value::number(result))
}

fn float(call: &Call<'_>, index: usize) -> Result<f64, CallError> {
    let exact = number(call, index);
    let float = exact.to_f64();
    if float.is_infinite() && !exact.is_infinite() {
        return Err(CallError::argument(index, "is too large for a 64-bit float"));
    }
    Ok(float)
}

const FRACTION_BITS: u32 = 52;
const FRACTION_MASK: u64 = (1 << FRACTION_BITS) - 1;
const EXPONENT_MASK: u64 = 0x7ff;
/// The biased exponent of numbers from 0.5 to 1.
const HALF_EXPONENT: i64 = 0x3fe;
/// The biased exponent of numbers from 1 to 2.
const ONE_EXPONENT: i64 = 0x3ff;

fn natural_log(x: f64) -> f64 {
    const LN2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
    const LN2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);
    const C: [f64; 7] = [
        f64::from_bits(0x3fe5_5555_5555_5593),
        f64::from_bits(0x3fd9_9999_9997_fa04),
        f64::from_bits(0x3fd2_4924_9422_9359),
        f64::from_bits(0x3fcc_71c5_1d8e_78af),
        f64::from_bits(0x3fc7_4664_96cb_03de),
        f64::from_bits(0x3fc3_9a09_d078_c69f),
        f64::from_bits(0x3fc2_f112_df3e_5244),
    ];
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x.is_infinite() {
        return x;
    }
    // Numbers below the normal range are not treated specially: neither are they in the original.
    let bits = x.to_bits();
    let mut fraction = f64::from_bits((bits & FRACTION_MASK) | (HALF_EXPONENT as u64) << FRACTION_BITS);
    let mut exponent = ((bits >> FRACTION_BITS & EXPONENT_MASK) as i64 - HALF_EXPONENT) as f64;
    if fraction <= std::f64::consts::FRAC_1_SQRT_2 {
        fraction *= 2.0;
        exponent -= 1.0;
    }
    let f = fraction - 1.0;
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let odd = s2 * (C[0] + s4 * (C[2] + s4 * (C[4] + s4 * C[6])));
    let even = s4 * (C[1] + s4 * (C[3] + s4 * C[5]));
    let half_square = 0.5 * f * f;
    let rest = s * (half_square + (odd + even)) + exponent * LN2_LOW;
    exponent * LN2_HIGH - ((half_square - rest) - f)
}

fn exponential(x: f64) -> f64 {
    const LN2_HIGH: f64 = 0.693_147_180_559_662_956_511_601_805_686_950_683_593_75;
    const LN2_LOW: f64 = 0.282_352_905_630_315_771_225_884_481_750_134_360_255_254_120_68e-12;
    const OVERFLOW: f64 = 7.097_827_128_933_84e+02;
    /// One over the factorials of 9 down to 3, and the last two terms.
    const TERMS: [f64; 8] = [
        2.480_158_730_158_730_158_7e-5,
        1.984_126_984_126_984_127_0e-4,
        1.388_888_888_888_888_888_9e-3,
        8.333_333_333_333_333_333_3e-3,
        4.166_666_666_666_666_666_7e-2,
        1.666_666_666_666_666_666_7e-1,
        0.5,
        1.0,
    ];
    if x.is_nan() || x == f64::INFINITY {
        return x;
    }
    if x > OVERFLOW {
        return f64::INFINITY;
    }
    if x == f64::NEG_INFINITY {
        return 0.0;
    }
    let scale = (x * std::f64::consts::LOG2_E).round_ties_even();
    let mut rest = (-scale).mul_add(LN2_HIGH, x);
    rest = (-scale).mul_add(LN2_LOW, rest);
    rest *= 0.0625;
    let sum = TERMS[1..].iter().fold(TERMS[0], |sum, term| sum.mul_add(rest, *term));
    rest *= sum;
    // Undo the division by 16: four times, from e^r - 1 to e^2r - 1; the last step adds the 1.
    for _ in 0..3 {
        rest *= rest + 2.0;
    }
    times_power_of_two((rest + 2.0).mul_add(rest, 1.0), scale as i64)
}

/// Multiplies `x`, about 1, by `2^exponent` as the exponential does: with two steps below the normal range.
fn times_power_of_two(x: f64, exponent: i64) -> f64 {
    let biased = exponent + ONE_EXPONENT;
    let two_to = |biased: i64| f64::from_bits((biased as u64) << FRACTION_BITS);
    match biased {
        0x7ff.. => f64::INFINITY,
        1.. => x * two_to(biased),
        -52..=0 => x * two_to(biased + HALF_EXPONENT) * two_to(1),
        _ => 0.0,
    }
}

fn power(x: f64, y: f64) -> f64 {
    if let Some(result) = special_power(x, y) {
        return result;
    }
    let mut whole = y.abs().trunc();
    let mut fraction = y.abs() - whole;
    if fraction != 0.0 && x < 0.0 {
        return f64::NAN;
    }
    if whole >= (1u64 << 63) as f64 {
        return match (x == -1.0, (x.abs() < 1.0) == (y > 0.0)) {
            (true, _) => 1.0,
            (false, true) => 0.0,
            (false, false) => f64::INFINITY,
        };
    }
    let mut result = 1.0;
    if fraction != 0.0 {
        if fraction > 0.5 {
            fraction -= 1.0;
            whole += 1.0;
        }
        result = exponential(fraction * natural_log(x));
    }
    let (result, exponent) = squarings(result, x, whole as i64);
    if y < 0.0 { scale(1.0 / result, -exponent) } else { scale(result, exponent) }
}

/// Returns `start * x^power` as a number and a power of two.
fn squarings(start: f64, x: f64, power: i64) -> (f64, i64) {
    /// Exponents beyond this cannot come back into the range of floats.
    const EXPONENT_MAX: i64 = 1 << 12;
    let (mut result, mut result_exponent) = (start, 0);
    let (mut base, mut exponent) = split(x);
    let mut power = power;
    while power != 0 {
        if exponent.abs() > EXPONENT_MAX {
            result_exponent += exponent;
            break;
        }
        if power & 1 == 1 {
            result *= base;
            result_exponent += exponent;
        }
        base *= base;
        exponent <<= 1;
        if base < 0.5 {
            base += base;
            exponent -= 1;
        }
        power >>= 1;
    }
    (result, result_exponent)
}

fn special_power(x: f64, y: f64) -> Option<f64> {
    if y == 0.0 || x == 1.0 {
        return Some(1.0);
    }
    if y == 1.0 {
        return Some(x);
    }
    if x.is_nan() || y.is_nan() {
        return Some(f64::NAN);
    }
    let odd = y % 2.0 == 1.0 || y % 2.0 == -1.0;
    if x == 0.0 {
        let size = if y < 0.0 { f64::INFINITY } else { 0.0 };
        return Some(if x.is_sign_negative() && odd { -size } else { size });
    }
    if y.is_infinite() {
        return Some(match (x == -1.0, (x.abs() < 1.0) == (y > 0.0)) {
            (true, _) => 1.0,
            (false, true) => 0.0,
            (false, false) => f64::INFINITY,
        });
    }
    if x.is_infinite() {
        let size = if y < 0.0 { 0.0 } else { f64::INFINITY };
        return Some(if x < 0.0 && odd { -size } else { size });
    }
    if y == 0.5 {
        return Some(x.sqrt());
    }
    (y == -0.5).then(|| 1.0 / x.sqrt())
}

/// Splits a finite number into a fraction from 0.5 to 1 and an exponent.
fn split(x: f64) -> (f64, i64) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let normal_by = if x.abs() < f64::MIN_POSITIVE { i64::from(FRACTION_BITS) } else { 0 };
    let bits = (x * 2f64.powi(normal_by as i32)).to_bits();
    let exponent = (bits >> FRACTION_BITS & EXPONENT_MASK) as i64 - HALF_EXPONENT;
    let fraction = (bits & !(EXPONENT_MASK << FRACTION_BITS)) | (HALF_EXPONENT as u64) << FRACTION_BITS;
    (f64::from_bits(fraction), exponent - normal_by)
}

/// Returns `x * 2^exponent`, rounded once.
fn scale(x: f64, exponent: i64) -> f64 {
    let (fraction, own) = split(x);
    if fraction == 0.0 || !fraction.is_finite() {
        return x;
    }
    let exponent = exponent + own - 1;
    let fraction = fraction * 2.0;
    match exponent {
        ..-1075 => 0f64.copysign(x),
        1024.. => f64::INFINITY.copysign(x),
        // Below the normal range: the second factor is exact as a float, so only the product rounds.
        ..-1022 => fraction * 2f64.powi((exponent + 53) as i32) * 2f64.powi(-53),
        _ => fraction * f64::from_bits(((exponent + ONE_EXPONENT) as u64) << FRACTION_BITS),
    }
}
