//! Sees to it that plugins end with the program, however that ends.
//!
//! A program that is killed cannot end its children any more, and asking the kernel to do it needs `unsafe`. So a shell
//! waits beside us for the end of its input, which comes when we end, and then kills the process groups that it was told of.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Lines of input begin with `+` for a process group that is there, with `-` for one that has ended, and with `.` where we
/// end in good order. Otherwise the folder of sockets, which is the one argument, must not be left behind either.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
groups=
is_orderly=
while read -r word group; do
  case $word in
    +) groups="$groups $group" ;;
    -)
      left=
      for known in $groups; do [ "$known" = "$group" ] || left="$left $known"; done
      groups=$left
      ;;
    .) is_orderly=1 ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
[ -n "$is_orderly" ] || [ -z "$1" ] || rm -rf -- "$1"
"#;

/// The shell that waits beside us; it is started with the first plugin.
#[derive(Default)]
pub(crate) struct Guard(Mutex<Option<Child>>);

impl Guard {
    /// Watches over a process group. Where there is no shell, plugins end with the program unless it is killed.
    pub(crate) fn add(&self, group: u32, sockets: Option<&Path>) {
        let mut shell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shell.is_none() {
            *shell = start(sockets).ok();
        }
        tell(shell.as_mut(), '+', group);
    }

    /// A process group has ended.
    pub(crate) fn remove(&self, group: u32) {
        tell(self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut(), '-', group);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let shell = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut shell) = shell {
            tell(Some(&mut shell), '.', 0);
            drop(shell.stdin.take());
            // It has nothing left to do than to kill what was left.
            let _ = shell.wait();
        }
    }
}

fn start(sockets: Option<&Path>) -> std::io::Result<Child> {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", SCRIPT, "sh"])
        .args(sockets)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // An interrupt on the terminal is not meant for it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}

fn tell(shell: Option<&mut Child>, word: char, group: u32) {
    if let Some(input) = shell.and_then(|shell| shell.stdin.as_mut()) {
        // A shell that is gone cannot be helped.
        let _ = input.write_all(format!("{word} {group}\n").as_bytes());
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::Guard;
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::{Child, Command};

    fn sleeper() -> Child {
        Command::new("sleep").arg("60").process_group(0).spawn().unwrap()
    }

    #[test]
    fn kills_what_is_left_and_nothing_else() {
        let (mut left, mut ended) = (sleeper(), sleeper());
        let sockets = tempfile::tempdir().unwrap();
        let guard = Guard::default();
        guard.add(left.id(), Some(sockets.path()));
        guard.add(ended.id(), Some(sockets.path()));
        guard.remove(ended.id());
        drop(guard);
        assert_eq!(left.wait().unwrap().signal(), Some(9));
        assert!(ended.try_wait().unwrap().is_none());
        assert!(sockets.path().exists(), "it is removed by whoever made it");
        ended.kill().unwrap();
        ended.wait().unwrap();
    }

    #[test]
    fn clears_up_after_a_program_that_was_killed() {
        let mut left = sleeper();
        let folder = tempfile::tempdir().unwrap();
        let sockets = folder.path().join("sockets");
        std::fs::create_dir(&sockets).unwrap();
        std::fs::write(sockets.join("plugin1"), "").unwrap();
        let guard = Guard::default();
        guard.add(left.id(), Some(&sockets));
        let mut shell = guard.0.lock().unwrap().take().unwrap();
        drop(shell.stdin.take());
        shell.wait().unwrap();
        assert_eq!(left.wait().unwrap().signal(), Some(9));
        assert!(!sockets.exists());
    }
}
