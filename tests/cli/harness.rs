//! Runs the command in a folder of its own.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder of its own for one test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn file(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    #[allow(dead_code)]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }

    /// Runs another program here.
    #[allow(dead_code)]
    pub fn sh(&self, program: &str, words: &str) {
        let done = Command::new(program).args(words.split_whitespace()).current_dir(&self.0).output().unwrap();
        assert!(done.status.success(), "{program} {words}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Runs `roundtrip` here with words separated by blanks.
    pub fn run(&self, words: &str) -> Ran {
        self.run_with(words, "")
    }

    pub fn run_with(&self, words: &str, input: &str) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_roundtrip"))
            .args(words.split_whitespace())
            .current_dir(&self.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that ends without reading closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Ran(child.wait_with_output().unwrap())
    }
}

pub struct Ran(Output);

impl Ran {
    pub fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub fn out(&self) -> &str {
        std::str::from_utf8(&self.0.stdout).unwrap()
    }

    #[allow(dead_code)]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.out()).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out(), self.err()))
    }

    pub fn err(&self) -> &str {
        std::str::from_utf8(&self.0.stderr).unwrap()
    }

    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "stdout: {}\nstderr: {}", self.out(), self.err());
        self
    }
}
