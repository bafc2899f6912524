//! Huffman codes of limited length: those that Go's `compress/flate` chooses among the equally good ones.

/// A code: its bits, the first lowest, and how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HuffmanCode {
    pub(super) bits: u16,
    pub(super) length: u8,
}

/// Returns the code of each symbol; symbols that do not occur have none (length 0).
pub(super) fn codes(counts: &[u32], length_max: usize) -> Vec<HuffmanCode> {
    let mut symbols: Vec<usize> = (0..counts.len()).filter(|symbol| counts[*symbol] > 0).collect();
    let mut lengths = vec![0; counts.len()];
    if symbols.len() <= 2 {
        symbols.iter().for_each(|symbol| lengths[*symbol] = 1);
        return canonical(&lengths);
    }
    symbols.sort_by_key(|symbol| (counts[*symbol], *symbol));
    let sorted: Vec<u32> = symbols.iter().map(|symbol| counts[*symbol]).collect();
    // The most frequent symbols, at the end, have the shortest codes.
    let mut rest = &symbols[..];
    for (length, count) in length_counts(&sorted, length_max).into_iter().enumerate() {
        let (longer, these) = rest.split_at(rest.len() - count);
        these.iter().for_each(|symbol| lengths[*symbol] = length as u8 + 1);
        rest = longer;
    }
    canonical(&lengths)
}

/// Returns how many codes have length 1, 2, ..., for three or more symbols with increasing counts, by package-merge: the
/// list of each level holds all symbols and the pairs of the list below, in order; of the top list 2n-2 items are
/// taken, and below as many as the pairs taken above need. A pair comes before a symbol of the same weight.
fn length_counts(counts: &[u32], length_max: usize) -> Vec<usize> {
    let length_max = length_max.min(counts.len() - 1);
    let mut weights: Vec<u64> = counts.iter().map(|count| u64::from(*count)).collect();
    let mut levels: Vec<Vec<bool>> = vec![vec![true; counts.len()]];
    for _ in 1..length_max {
        let pairs: Vec<u64> = weights.chunks_exact(2).map(|pair| pair[0] + pair[1]).collect();
        let (mut merged, mut is_symbol) = (Vec::new(), Vec::new());
        let (mut symbol, mut pair) = (0, 0);
        while symbol < counts.len() || pair < pairs.len() {
            let takes_symbol = match (counts.get(symbol), pairs.get(pair)) {
                (Some(count), Some(weight)) => u64::from(*count) < *weight,
                (count, _) => count.is_some(),
            };
            merged.push(if takes_symbol { u64::from(counts[symbol]) } else { pairs[pair] });
            is_symbol.push(takes_symbol);
            symbol += usize::from(takes_symbol);
            pair += usize::from(!takes_symbol);
        }
        weights = merged;
        levels.push(is_symbol);
    }
    let mut taken = 2 * counts.len() - 2;
    let mut at_least = Vec::with_capacity(length_max + 1);
    for level in levels.iter().rev() {
        let symbols = level.iter().take(taken).filter(|is_symbol| **is_symbol).count();
        at_least.push(symbols);
        taken = 2 * (taken - symbols);
    }
    at_least.push(0);
    at_least.windows(2).map(|pair| pair[0] - pair[1]).collect()
}

/// Returns the codes of given lengths: counted up by length, then by symbol.
fn canonical(lengths: &[u8]) -> Vec<HuffmanCode> {
    let mut codes = vec![HuffmanCode::default(); lengths.len()];
    let mut next = 0u16;
    for length in 1..=15 {
        next <<= 1;
        for (code, _) in codes.iter_mut().zip(lengths).filter(|(_, found)| **found == length) {
            *code = HuffmanCode { bits: next.reverse_bits() >> (16 - length), length };
            next += 1;
        }
    }
    codes
}

/// Returns the codes of literals and lengths that blocks without codes of their own use.
pub(super) fn fixed_literals() -> Vec<HuffmanCode> {
    let lengths: Vec<u8> = (0..288)
        .map(|symbol| match symbol {
            144..=255 => 9,
            256..=279 => 7,
            _ => 8,
        })
        .collect();
    canonical(&lengths)
}

/// Returns the codes of offsets that blocks without codes of their own use.
pub(super) fn fixed_offsets() -> Vec<HuffmanCode> {
    canonical(&[5; 30])
}
