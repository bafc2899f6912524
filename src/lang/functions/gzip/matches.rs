//! Finding repetitions (LZ77) as Go's `compress/flate` does at level 6.
//!
//! What the outcome hangs on: four bytes are hashed and the newest earlier places with that hash are tried, 128 at most;
//! a match is written down only if the next place has no longer one; the text is seen through a window that moves on by
//! 32 KiB whenever it has been worked off but for 262 bytes.

const WINDOW: usize = 1 << 15;
const MATCH_MIN: usize = 4;
const MATCH_MAX: usize = 258;

/// Ahead of a place there are at least so many bytes, except at the end of the text.
const LOOKAHEAD: usize = MATCH_MIN + MATCH_MAX;

/// A match of [`MATCH_MIN`] bytes is not worth its offset beyond this.
const SHORT_OFFSET_MAX: usize = 4096;

/// A match that long is not given up for a longer one.
const LAZY: usize = 16;

/// A match that long ends the search.
const NICE: usize = 128;

const TRIES: usize = 128;
const HASH_BITS: u32 = 17;
const TOKENS_PER_BLOCK: usize = 1 << 14;

/// A byte, or a repetition of earlier bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Literal(u8),
    Match { length: usize, offset: usize },
}

/// What is written in one go.
pub(super) struct Block<'a> {
    pub(super) tokens: Vec<Token>,
    /// The text that the tokens stand for, if the window still holds all of it.
    pub(super) text: Option<&'a [u8]>,
}

/// Turns a text into blocks of tokens.
pub(super) fn find(text: &[u8], write: impl FnMut(Block<'_>)) {
    let mut finder = Finder {
        text,
        base: 0,
        at: 0,
        block_start: Some(0),
        heads: vec![0; 1 << HASH_BITS],
        earlier: vec![0; WINDOW],
        head: 0,
        tokens: Vec::new(),
        write,
    };
    finder.run();
}

struct Finder<'a, W> {
    text: &'a [u8],
    /// Where the window begins.
    base: usize,
    at: usize,
    /// Where the tokens begin, while it is in the window.
    block_start: Option<usize>,
    /// The newest place of each hash, plus one; 0 for none.
    heads: Vec<u32>,
    /// The place before each place that has its hash, plus one; by the lower bits of the place.
    earlier: Vec<u32>,
    /// The place, plus one, that the last hashed place found at the head of its chain.
    head: u32,
    tokens: Vec<Token>,
    write: W,
}

impl<W: FnMut(Block<'_>)> Finder<'_, W> {
    fn run(&mut self) {
        let mut end = self.text.len().min(2 * WINDOW);
        let mut is_pending = false;
        let mut previous = None;
        loop {
            let is_last = end == self.text.len();
            while self.at < end && (is_last || end - self.at >= LOOKAHEAD) {
                let (next, pending) = self.step(previous, is_pending);
                (previous, is_pending) = (next, pending);
            }
            if is_last {
                break;
            }
            self.base += WINDOW;
            self.block_start = self.block_start.filter(|start| *start >= self.base);
            end = self.text.len().min(end + WINDOW);
        }
        if is_pending {
            self.tokens.push(Token::Literal(self.text[self.at - 1]));
        }
        if !self.tokens.is_empty() {
            self.write_block();
        }
    }

    /// Deals with one place, given the match at the place before and whether the byte there is still to be written; gives
    /// the same for the next place.
    fn step(&mut self, previous: Option<(usize, usize)>, is_pending: bool) -> (Option<(usize, usize)>, bool) {
        if let Some(head) = self.insert(self.at) {
            self.head = head;
        }
        let previous_length = previous.map_or(MATCH_MIN - 1, |(length, _)| length);
        let lookahead = self.text.len() - self.at;
        let is_worth_it = lookahead > previous_length && previous_length < LAZY;
        let found = if is_worth_it { self.longest_match() } else { None };
        let found_length = found.map_or(MATCH_MIN - 1, |(length, _)| length);
        if let Some((length, offset)) = previous.filter(|_| found_length <= previous_length) {
            self.push(Token::Match { length, offset }, |finder| {
                let end = finder.at + length - 1;
                for at in finder.at + 1..end {
                    finder.insert(at);
                }
                finder.at = end;
            });
            return (None, false);
        }
        if is_pending {
            let literal = Token::Literal(self.text[self.at - 1]);
            self.push(literal, |_| {});
        }
        self.at += 1;
        (found, true)
    }

    /// Writes a token down and moves on; a full block is written out.
    fn push(&mut self, token: Token, advance: impl FnOnce(&mut Self)) {
        self.tokens.push(token);
        advance(self);
        if self.tokens.len() == TOKENS_PER_BLOCK {
            self.write_block();
        }
    }

    fn write_block(&mut self) {
        let text = self.block_start.map(|start| &self.text[start..self.at]);
        let tokens = std::mem::take(&mut self.tokens);
        (self.write)(Block { tokens, text });
        self.block_start = Some(self.at);
    }

    /// Enters a place in the chain of its hash; gives what was at the head before. The last three have no hash.
    fn insert(&mut self, at: usize) -> Option<u32> {
        const FACTOR: u32 = 0x1e35_a7bd;
        let bytes = self.text.get(at..at + MATCH_MIN)?;
        let word = bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
        let head = &mut self.heads[(word.wrapping_mul(FACTOR) >> (u32::BITS - HASH_BITS)) as usize];
        let before = *head;
        self.earlier[at % WINDOW] = before;
        *head = at as u32 + 1;
        Some(before)
    }

    fn longest_match(&self) -> Option<(usize, usize)> {
        let rest = &self.text[self.at..];
        let rest = &rest[..rest.len().min(MATCH_MAX)];
        let oldest = self.base.max(self.at.saturating_sub(WINDOW));
        let mut length = MATCH_MIN - 1;
        let mut found = None;
        let mut place = (self.head as usize).checked_sub(1).filter(|place| *place >= oldest)?;
        for _ in 0..TRIES {
            if self.text[place + length] == rest[length] {
                let same = self.text[place..].iter().zip(rest).take_while(|(a, b)| a == b).count();
                let offset = self.at - place;
                if same > length && (same > MATCH_MIN || offset <= SHORT_OFFSET_MAX) {
                    length = same;
                    found = Some((length, offset));
                    if same >= NICE.min(rest.len()) {
                        break;
                    }
                }
            }
            // Of the oldest place the chain goes on to what has been overwritten.
            if self.at - place == WINDOW {
                break;
            }
            match (self.earlier[place % WINDOW] as usize).checked_sub(1) {
                Some(earlier) if earlier >= oldest => place = earlier,
                _ => break,
            }
        }
        found
    }
}
