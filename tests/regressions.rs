//! Inputs that once broke something, and the fuzzers' seeds, run through the bodies of the fuzz targets.

#[path = "fuzz/bodies.rs"]
mod bodies;

use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, thread};

/// As much as the program itself reserves: nesting is limited, not small.
const STACK_BYTES: usize = 512 << 20;

/// Most take a millisecond. What takes this long, even in a build without optimisation on a busy machine, is of the
/// wrong order.
const DURATION_MAX: Duration = Duration::from_secs(120);

/// Runs every file of a folder `FOLDER/TARGET` through the target's body, and returns how many there were.
fn replay(folder: &str) -> usize {
    let mut count = 0;
    for (target, body) in bodies::BODIES {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(folder).join(target);
        // A target that nothing has broken yet has no folder: version control keeps no empty ones.
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            entries => entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display())),
        };
        for entry in entries {
            let path = entry.expect("the folder can be listed").path();
            let text = fs::read(&path).expect("the input can be read");
            let start = Instant::now();
            let work = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || body(&text));
            let outcome = work.expect("there is room for a thread").join();
            assert!(outcome.is_ok(), "{} fails; the message stands above", path.display());
            assert!(start.elapsed() < DURATION_MAX, "{} took {:?}", path.display(), start.elapsed());
            count += 1;
        }
    }
    count
}

#[test]
fn inputs_that_broke_something_do_so_no_more() {
    assert!(replay("regressions") > 0);
}

#[test]
fn seeds_of_the_fuzzers_run_through() {
    assert!(replay("corpus") > 0);
}
