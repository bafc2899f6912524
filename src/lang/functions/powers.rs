//! `log`, `pow`: logarithms and powers of 64-bit floats, to the same bit on every machine.
//!
//! The platform's own functions differ in the last bit between systems and from the reference implementation, and that bit is
//! printed. So the classic algorithms are here, in the order of operations that Go uses on amd64: Sun's logarithm, Shibata's
//! exponential with fused multiply-add, powers by repeated squaring.

use value::{Number, Value};

use super::arguments::{is_sensitive, number};
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
        return Err(undefined(call, &format!("{of} has no logarithm in base {base}")));
    };
    Ok(Value::number(result))
}

fn pow(call: &Call<'_>) -> Outcome {
    let (base, exponent) = (float(call, 0)?, float(call, 1)?);
    let Some(result) = Number::from_f64(power(base, exponent)) else {
        return Err(undefined(call, &format!("{base} has no real power {exponent}")));
    };
    Ok(Value::number(result))
}

fn undefined(call: &Call<'_>, message: &str) -> CallError {
    CallError::new(if is_sensitive(call) { "the result is not defined" } else { message })
}

fn float(call: &Call<'_>, index: usize) -> Result<f64, CallError> {
    let exact = number(call, index);
    let float = exact.to_f64();
    if float.is_infinite() && !exact.is_infinite() {
        return Err(CallError::argument(index, "it is too large for a 64-bit float"));
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
    /// One over the factorials from 8 down to 1.
    const TERMS: [f64; 8] = [1.0 / 40_320.0, 1.0 / 5_040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0];
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
    if exponent >= f64::MAX_EXP.into() {
        return f64::INFINITY.copysign(x);
    }
    if exponent < -1075 {
        return 0f64.copysign(x);
    }
    if exponent < -1022 {
        // Below the normal range: the second factor is exact as a float, so only the last product rounds.
        return fraction * 2f64.powi((exponent + 53) as i32) * 2f64.powi(-53);
    }
    fraction * f64::from_bits(((exponent + ONE_EXPONENT) as u64) << FRACTION_BITS)
}

#[cfg(test)]
mod tests {
    use super::{natural_log, power};

    /// A number, an exponent, the number's logarithm and its power: the bits that Go gives on amd64.
    #[rustfmt::skip]
    const GO: &[[u64; 4]] = &[
        [0x000012688b70e62b, 0x3ff0000000000000, 0xc08628ae3f3c2ff6, 0x000012688b70e62b],
        [0x000012688b70e62b, 0x3ff0000000000000, 0xc08628ae3f3c2ff6, 0x000012688b70e62b],
        [0x4041a3e91c404298, 0xc069246bd1f806ec, 0x400c81b422a30095, 0x000000fe00820737],
        [0x0000000000000001, 0x3ff0000000000000, 0xc08628b76e3a7b61, 0x0000000000000001],
        [0x0000000000000001, 0x3ff0000000000000, 0xc08628b76e3a7b61, 0x0000000000000001],
        [0x9f21f4f556c0ca64, 0x4000000000000000, 0x7ff8000000000001, 0x00000000014272fa],
        [0x4028000000000000, 0x3fe0a6256cf550cb, 0x4003e116bcd39e7d, 0x400d25303df011ba],
        [0x40403859b775c6e5, 0x3fe9e5f0839be657, 0x400bd5cf7042c868, 0x4030b57c9411e632],
        [0x405724fc919d9395, 0x3fe0000000000000, 0x40121cb94d470495, 0x40233e54f17deadf],
        [0x3fd36498373dd751, 0xc062ac5796f9b142, 0xbff31a8411d46abe, 0x50040318f21cd551],
        [0x41d72ae9ba53f15c, 0x3fbcf51233d5bb66, 0x40352a221763fef2, 0x4025ea38d37fa94d],
        [0x3fe0000000000000, 0x402585bc0ec623aa, 0xbfe62e42fefa39ef, 0x3f42e1529d3653c7],
        [0x40580ccccccccccd, 0x40558086b0eabbaa, 0x401244060ebac6ba, 0x63589352fd47de15],
        [0x4056a994df7f38f8, 0x3fcced5a62567e74, 0x4012072bbae64cb8, 0x4006274a797da8a4],
        [0x4056c00000000000, 0xc05ae034fc54618f, 0x40120b1ec1255cbe, 0x1434fb34757749dc],
        [0x4050e66666666666, 0x405cba7389a1afa5, 0x4010dabc0d157042, 0x6b9776c1aa3a1f0b],
        [0x3fe0000000000000, 0x4054800000000000, 0xbfe62e42fefa39ef, 0x3ad0000000000000],
        [0x4052200000000000, 0xc056c00000000000, 0x4011226484031b1e, 0x1cc8bb3deed3e997],
        [0x2954424b836a61b1, 0x3ff0000000000000, 0xc06f55dd5a7c5ac7, 0x2954424b836a61b1],
        [0x3feb9ab905a6e53d, 0x404f800000000000, 0xbfc2e9d71ed69261, 0x3f17c0a9094e002d],
        [0xc0580ccccccccccd, 0xc057400000000000, 0x7ff8000000000001, 0x99a3f6869ef416c8],
        [0x40512696ef47cfdb, 0xc040800000000000, 0x4010e9d0d688c6ae, 0x3359dfc1c664d357],
        [0x4050800000000000, 0xc039000000000000, 0x4010c234da4a23a6, 0x367da762094604d1],
        [0x4046800000000000, 0xc052000000000000, 0x400e740b76a3c9a4, 0x273806e1399237de],
    ];

    #[test]
    fn the_last_bit_is_that_of_the_reference() {
        for [x, y, log, pow] in GO {
            let (x, y) = (f64::from_bits(*x), f64::from_bits(*y));
            assert_eq!(power(x, y).to_bits(), *pow, "{x:e} to the power {y:e}");
            let found = natural_log(x);
            assert!(found.to_bits() == *log || (found.is_nan() && f64::from_bits(*log).is_nan()), "ln {x:e}");
        }
    }

    #[test]
    fn edges_are_those_of_floats() {
        assert_eq!(power(-0.0, -3.0), f64::NEG_INFINITY);
        assert_eq!(power(f64::NEG_INFINITY, -3.0).to_bits(), (-0.0f64).to_bits());
        assert_eq!(power(-1.0, f64::INFINITY), 1.0);
        assert_eq!(power(0.5, 1e300), 0.0);
        assert_eq!(power(2.0, 1024.0), f64::INFINITY);
        assert!(power(-8.0, 1.0 / 3.0).is_nan());
        assert_eq!(natural_log(0.0), f64::NEG_INFINITY);
    }
}
