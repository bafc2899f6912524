//! Writing blocks (RFC 1951): each with codes of its own, with the fixed ones or as it is, whatever is shortest.

use super::huffman::{HuffmanCode, codes, fixed_literals, fixed_offsets};
use super::matches::{Block, Token};

const END_OF_BLOCK: usize = 256;
const LENGTHS_START: usize = 257;
const LITERALS: usize = 286;
const OFFSETS: usize = 30;
const STORED_BYTES_MAX: usize = 65535;

/// The order in which the lengths of the codes for code lengths are written.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// A symbol with the bits that follow it.
#[derive(Clone, Copy)]
struct Symbol {
    symbol: usize,
    extra: u32,
    extra_bits: u32,
}

impl Symbol {
    fn plain(symbol: usize) -> Symbol {
        Symbol { symbol, extra: 0, extra_bits: 0 }
    }

    /// Lengths and offsets have the same pattern: `step` symbols, then twice as wide ones, and so on.
    fn scaled(value: usize, step_bits: u32) -> Symbol {
        let step = 1usize << step_bits;
        if value < 2 * step {
            return Symbol::plain(value);
        }
        let extra_bits = value.ilog2() - step_bits;
        let symbol = extra_bits as usize * step + (value >> extra_bits);
        Symbol { symbol, extra: (value & ((1 << extra_bits) - 1)) as u32, extra_bits }
    }

    fn of_length(length: usize) -> Symbol {
        match length {
            258 => Symbol::plain(LENGTHS_START + 28),
            _ => {
                let scaled = Symbol::scaled(length - 3, 2);
                Symbol { symbol: LENGTHS_START + scaled.symbol, ..scaled }
            }
        }
    }

    fn of_offset(offset: usize) -> Symbol {
        Symbol::scaled(offset - 1, 1)
    }
}

/// Writes bits, the first lowest.
pub(super) struct Writer {
    bytes: Vec<u8>,
    bits: u64,
    count: u32,
}

impl Writer {
    pub(super) fn new(bytes: Vec<u8>) -> Writer {
        Writer { bytes, bits: 0, count: 0 }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.align();
        self.bytes
    }

    fn put(&mut self, bits: u32, count: u32) {
        self.bits |= u64::from(bits) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.bits as u8);
            self.bits >>= 8;
            self.count -= 8;
        }
    }

    fn put_code(&mut self, code: HuffmanCode) {
        self.put(code.bits.into(), code.length.into());
    }

    fn align(&mut self) {
        if self.count > 0 {
            self.put(0, 8 - self.count);
        }
    }

    /// Writes bytes as they are.
    pub(super) fn stored(&mut self, bytes: &[u8], is_last: bool) {
        self.put(is_last.into(), 3);
        self.align();
        let length = bytes.len() as u16;
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend((!length).to_le_bytes());
        self.bytes.extend(bytes);
    }

    /// Writes a block that is not the last.
    pub(super) fn block(&mut self, block: &Block<'_>) {
        let symbols = block.tokens.iter().map(|token| match *token {
            Token::Literal(byte) => (Symbol::plain(byte.into()), None),
            Token::Match { length, offset } => (Symbol::of_length(length), Some(Symbol::of_offset(offset))),
        });
        let symbols: Vec<_> = symbols.chain([(Symbol::plain(END_OF_BLOCK), None)]).collect();
        let own = Codes::own(&symbols);
        let fixed = Codes::fixed();
        let header = Header::new(&own);
        let extra: usize =
            symbols.iter().map(|(a, b)| a.extra_bits + b.map_or(0, |b| b.extra_bits)).sum::<u32>() as usize;
        let own_size = header.size() + own.size(&symbols) + extra;
        let fixed_size = 3 + fixed.size(&symbols) + extra;
        let text = block.text.filter(|text| text.len() <= STORED_BYTES_MAX);
        if let Some(text) = text.filter(|text| (text.len() + 5) * 8 < own_size.min(fixed_size)) {
            return self.stored(text, false);
        }
        let chosen = if own_size < fixed_size {
            header.write(self);
            &own
        } else {
            self.put(0b010, 3);
            &fixed
        };
        for (literal, offset) in &symbols {
            self.put_code(chosen.literals[literal.symbol]);
            self.put(literal.extra, literal.extra_bits);
            if let Some(offset) = offset {
                self.put_code(chosen.offsets[offset.symbol]);
                self.put(offset.extra, offset.extra_bits);
            }
        }
    }
}

/// The codes of a block.
struct Codes {
    literals: Vec<HuffmanCode>,
    offsets: Vec<HuffmanCode>,
    /// With a code for an offset that does not occur: a block must have one.
    has_dummy_offset: bool,
}

impl Codes {
    fn fixed() -> Codes {
        Codes { literals: fixed_literals(), offsets: fixed_offsets(), has_dummy_offset: false }
    }

    fn own(symbols: &[(Symbol, Option<Symbol>)]) -> Codes {
        const LENGTH_MAX: usize = 15;
        let (mut literals, mut offsets) = ([0; LITERALS], [0; OFFSETS]);
        for (literal, offset) in symbols {
            literals[literal.symbol] += 1;
            if let Some(offset) = offset {
                offsets[offset.symbol] += 1;
            }
        }
        let has_dummy_offset = offsets.iter().all(|count| *count == 0);
        offsets[0] += u32::from(has_dummy_offset);
        Codes { literals: codes(&literals, LENGTH_MAX), offsets: codes(&offsets, LENGTH_MAX), has_dummy_offset }
    }

    /// Returns the bits that symbols take, without those that follow them.
    fn size(&self, symbols: &[(Symbol, Option<Symbol>)]) -> usize {
        let of = |(literal, offset): &(Symbol, Option<Symbol>)| {
            let offset = offset.map_or(0, |offset| self.offsets[offset.symbol].length);
            usize::from(self.literals[literal.symbol].length) + usize::from(offset)
        };
        // The compressor that this one follows counts the offset that is not there.
        symbols.iter().map(of).sum::<usize>() + usize::from(self.has_dummy_offset)
    }
}

/// The description of a block's own codes.
struct Header {
    literals: usize,
    offsets: usize,
    /// The lengths of all codes, with repetitions in short: symbols 0 to 18.
    lengths: Vec<Symbol>,
    codes: Vec<HuffmanCode>,
    /// How many of the codes are told, in the order of [`ORDER`].
    told: usize,
}

impl Header {
    fn new(own: &Codes) -> Header {
        let used = |codes: &[HuffmanCode]| codes.iter().rposition(|code| code.length > 0).map_or(0, |last| last + 1);
        let (literals, offsets) = (used(&own.literals), used(&own.offsets));
        let all = own.literals[..literals].iter().chain(&own.offsets[..offsets]);
        let lengths = shortened(&all.map(|code| code.length).collect::<Vec<_>>());
        let mut counts = [0; 19];
        lengths.iter().for_each(|length| counts[length.symbol] += 1);
        let codes = codes(&counts, 7);
        let told = ORDER.iter().rposition(|symbol| counts[*symbol] > 0).map_or(4, |last| (last + 1).max(4));
        Header { literals, offsets, lengths, codes, told }
    }

    fn size(&self) -> usize {
        let of = |length: &Symbol| usize::from(self.codes[length.symbol].length) + length.extra_bits as usize;
        3 + 5 + 5 + 4 + 3 * self.told + self.lengths.iter().map(of).sum::<usize>()
    }

    fn write(&self, writer: &mut Writer) {
        writer.put(0b100, 3);
        writer.put((self.literals - 257) as u32, 5);
        writer.put((self.offsets - 1) as u32, 5);
        writer.put((self.told - 4) as u32, 4);
        for symbol in &ORDER[..self.told] {
            writer.put(self.codes[*symbol].length.into(), 3);
        }
        for length in &self.lengths {
            writer.put_code(self.codes[length.symbol]);
            writer.put(length.extra, length.extra_bits);
        }
    }
}

/// Shortens runs: 16 repeats the last length 3 to 6 times, 17 and 18 are 3 to 10 and 11 to 138 zeros.
fn shortened(lengths: &[u8]) -> Vec<Symbol> {
    let mut out = Vec::new();
    for run in lengths.chunk_by(|a, b| a == b) {
        let mut count = run.len();
        let length = usize::from(run[0]);
        if length > 0 {
            out.push(Symbol::plain(length));
            count -= 1;
        }
        while count >= 3 {
            let (symbol, least, most, extra_bits) = match (length, count) {
                (0, 11..) => (18, 11, 138, 7),
                (0, _) => (17, 3, 10, 3),
                _ => (16, 3, 6, 2),
            };
            let taken = count.min(most);
            out.push(Symbol { symbol, extra: (taken - least) as u32, extra_bits });
            count -= taken;
        }
        out.extend(std::iter::repeat_n(Symbol::plain(length), count));
    }
    out
}
