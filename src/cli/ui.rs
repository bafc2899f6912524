//! The streams a command talks to: the one place that prints.

use std::io::{self, ErrorKind, IsTerminal, Read, Write};

use diag::{Diagnostics, Sources};

use crate::render::text;

/// Columns of output that goes to no terminal.
const WIDTH_DEFAULT: usize = 78;

/// How text for a stream is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether escape codes for colour are welcome.
    pub is_coloured: bool,
    /// The number of columns.
    pub width: usize,
}

/// One output stream.
pub struct Stream {
    sink: Box<dyn Write + Send>,
    style: Style,
    failure: Option<io::Error>,
}

impl Stream {
    /// Makes a stream that writes to `sink`.
    pub fn new(sink: impl Write + Send + 'static, style: Style) -> Stream {
        Stream { sink: Box::new(sink), style, failure: None }
    }

    fn of_terminal(sink: impl Write + Send + IsTerminal + 'static, width: Option<terminal_size::Width>) -> Stream {
        let width = width.map_or(WIDTH_DEFAULT, |w| usize::from(w.0));
        let style = Style { is_coloured: sink.is_terminal(), width };
        Stream::new(sink, style)
    }

    /// Writes text. After a failure nothing more is written; [`Ui::finish`] tells of it.
    pub fn print(&mut self, text: &str) {
        self.print_bytes(text.as_bytes());
    }

    /// Writes bytes as they are.
    pub fn print_bytes(&mut self, bytes: &[u8]) {
        if self.failure.is_none() {
            self.failure = self.sink.write_all(bytes).and_then(|()| self.sink.flush()).err();
        }
    }

    /// Returns how text for this stream is to look.
    pub fn style(&self) -> Style {
        self.style
    }
}

/// Standard input, output and error of a command.
pub struct Ui {
    /// What was asked for.
    pub out: Stream,
    /// What went wrong, and progress.
    pub err: Stream,
    /// What the user or a pipe feeds in.
    pub input: Box<dyn Read + Send>,
    /// Whether a person sits at the input, who would like to be asked.
    pub is_interactive: bool,
    /// Whether a person watches the output on a terminal, where lines can be taken back.
    pub is_live: bool,
    /// Warnings without errors are shown as a list of their summaries.
    is_compact: bool,
}

impl Ui {
    /// Makes the streams of this process.
    pub fn of_process() -> Ui {
        let (out, err) = (io::stdout(), io::stderr());
        let (out_width, err_width) = (width(&out), width(&err));
        Ui {
            out: Stream::of_terminal(out, out_width),
            err: Stream::of_terminal(err, err_width),
            input: Box::new(io::stdin()),
            is_interactive: io::stdin().is_terminal(),
            is_live: io::stdout().is_terminal(),
            is_compact: false,
        }
    }

    /// Leaves out colour from now on.
    pub fn disable_colour(&mut self) {
        self.out.style.is_coloured = false;
        self.err.style.is_coloured = false;
    }

    /// Shows warnings as a list of their summaries from now on, where there are no errors.
    pub fn compact_warnings(&mut self) {
        self.is_compact = true;
    }

    /// Shows diagnostics to the user.
    pub fn diagnostics(&mut self, sources: &Sources, diagnostics: &Diagnostics) {
        let text = match self.is_compact && !diagnostics.has_errors() {
            true => text::compact(sources, diagnostics, self.err.style),
            false => text::diagnostics(sources, diagnostics, self.err.style),
        };
        self.err.print(&text);
    }

    /// Returns what went wrong when writing, if it is worth telling: a reader that has seen enough is no failure.
    pub fn finish(self) -> Result<(), io::Error> {
        match self.out.failure {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(unix)]
fn width(stream: &impl std::os::fd::AsFd) -> Option<terminal_size::Width> {
    terminal_size::terminal_size_of(stream).map(|(width, _)| width)
}

#[cfg(not(unix))]
fn width<S>(_stream: &S) -> Option<terminal_size::Width> {
    terminal_size::terminal_size().map(|(width, _)| width)
}

#[cfg(test)]
pub(crate) mod testing {
    //! A `Ui` that writes to memory.

    use std::sync::{Arc, Mutex};

    use super::*;

    /// What was written to one stream.
    #[derive(Clone, Default)]
    pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

    impl Written {
        /// Returns what was written so far.
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("no writer panicked").clone()).expect("output is text")
        }
    }

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no writer panicked").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Makes streams in memory: standard output, standard error and the `Ui` over them.
    pub(crate) fn in_memory(input: &'static [u8]) -> (Written, Written, Ui) {
        let (out, err) = (Written::default(), Written::default());
        let style = Style { is_coloured: false, width: WIDTH_DEFAULT };
        let ui = Ui {
            out: Stream::new(out.clone(), style),
            err: Stream::new(err.clone(), style),
            input: Box::new(input),
            is_interactive: false,
            is_live: false,
            is_compact: false,
        };
        (out, err, ui)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn check(kind: ErrorKind, is_failure: bool) {
        let (_, _, mut ui) = testing::in_memory(b"");
        let style = ui.out.style();
        ui.out = Stream::new(Broken(kind), style);
        ui.out.print("x");
        assert_eq!(ui.finish().is_err(), is_failure);
    }

    #[test]
    fn tells_of_a_full_disk_and_not_of_a_closed_pipe() {
        check(ErrorKind::StorageFull, true);
        check(ErrorKind::BrokenPipe, false);
    }
}
