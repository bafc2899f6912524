//! Numbers in MessagePack: the shortest whole form, else 64-bit floats where these lose nothing, else decimal text.

use value::Number;

use super::writer::write_string;

/// Writes a number in the form that Terraform chooses for it.
pub(super) fn write(number: &Number, out: &mut Vec<u8>) {
    if let Some(whole) = number.to_i64() {
        return write_integer(whole, out);
    }
    match number.to_f64_exactly().filter(|_| !number.is_integer()) {
        Some(float) => {
            out.push(0xcb);
            out.extend(float.to_be_bytes());
        }
        None => write_string(&number.to_string(), out),
    }
}

pub(super) fn write_integer(whole: i64, out: &mut Vec<u8>) {
    match whole {
        -32..=0x7f => out.push(whole as u8),
        0x80..=0xff => out.extend([0xcc, whole as u8]),
        0x100..=0xffff => {
            out.push(0xcd);
            out.extend((whole as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(0xce);
            out.extend((whole as u32).to_be_bytes());
        }
        0x1_0000_0000.. => {
            out.push(0xcf);
            out.extend(whole.to_be_bytes());
        }
        -0x80..=-33 => out.extend([0xd0, whole as u8]),
        -0x8000..=-0x81 => {
            out.push(0xd1);
            out.extend((whole as i16).to_be_bytes());
        }
        -0x8000_0000..=-0x8001 => {
            out.push(0xd2);
            out.extend((whole as i32).to_be_bytes());
        }
        _ => {
            out.push(0xd3);
            out.extend(whole.to_be_bytes());
        }
    }
}
