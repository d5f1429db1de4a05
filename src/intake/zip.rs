//! Archives, with limits: an archive may be made to exhaust whoever unpacks it.

use std::fmt::Display;
use std::io::Read;

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipFileHeaderRecord, ZipSliceArchive};

use crate::model::InputError;

use super::{Kind, classify};

/// What one archive may cost. Sizes in bytes, unpacked.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub files: usize,
    pub entries: usize,
    pub file_bytes: u64,
    pub total_bytes: u64,
    /// Unpacked ÷ packed of one file above a megabyte.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { files: 20_000, entries: 200_000, file_bytes: 16 << 20, total_bytes: 256 << 20, ratio: 200 }
    }
}

#[derive(Debug, Default)]
pub struct Unpacked {
    /// Path inside the archive, `/`-separated, and content; in the order of the archive.
    pub files: Vec<(String, Vec<u8>)>,
    pub notes: Vec<String>,
    pub errors: Vec<InputError>,
}

/// Folders that hold nothing of the project's own.
const IGNORED: [&str; 17] = [
    ".git",
    ".hg",
    ".svn",
    ".tox",
    ".nox",
    ".venv",
    "venv",
    ".eggs",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    "__pycache__",
    "__MACOSX",
    "node_modules",
    "bower_components",
    "site-packages",
    "dist-packages",
];

/// Whether a path lies in a folder of tools, caches or other people's packages.
pub fn ignored(path: &str) -> bool {
    path.split(['/', '\\']).any(|part| IGNORED.contains(&part) || part.ends_with(".egg-info"))
}

/// Unpacks what the code engine can read; the rest is counted in a note.
///
/// # Errors
/// When the bytes are no archive.
pub fn unpack_zip(name: &str, bytes: &[u8], limits: Limits) -> Result<Unpacked, String> {
    let archive = ZipArchive::from_slice(bytes).map_err(|error| format!("not a zip archive: {error}"))?;
    let mut out = Unpacked::default();
    let mut total = 0u64;
    let mut passed_over = 0usize;
    let mut entries = archive.entries();
    let fail = |path: &str, message: String| InputError { path: path.to_owned(), line: None, message };
    for at in 0.. {
        let entry = match entries.next_entry() {
            Ok(Some(entry)) => entry,
            Ok(None) => break,
            // What follows cannot be found.
            Err(error) => {
                out.errors.push(fail(name, format!("entry {} cannot be read: {error}", at + 1)));
                break;
            }
        };
        if at == limits.entries {
            out.notes.push(format!("only the first {at} of {} entries were looked at", archive.entries_hint()));
            break;
        }
        let path = String::from_utf8_lossy(entry.file_path().as_bytes()).replace('\\', "/");
        let plain = stays_inside(&path) && !entry.mode().is_symlink() && !entry.flags().is_encrypted();
        let wanted = !matches!(classify(&path, b"").kind, Kind::Log | Kind::Other | Kind::Zip);
        if !plain || !wanted || ignored(&path) || entry.is_dir() {
            passed_over += usize::from(!entry.is_dir());
            continue;
        }
        if out.files.len() >= limits.files {
            out.notes.push(format!("only the first {} files were read", limits.files));
            break;
        }
        let (size, packed) = (entry.uncompressed_size_hint(), entry.compressed_size_hint());
        if size > limits.file_bytes || (size > 1 << 20 && size / packed.max(1) > limits.ratio) {
            out.errors.push(fail(&path, format!("left out: {size} bytes unpacked from {packed}")));
            continue;
        }
        let content = match content(&archive, &entry, limits.file_bytes) {
            Ok(content) => content,
            Err(message) => {
                out.errors.push(fail(&path, message));
                continue;
            }
        };
        total += content.len() as u64;
        if total > limits.total_bytes {
            out.notes.push(format!("stopped after {} MB", limits.total_bytes >> 20));
            break;
        }
        out.files.push((path, content));
    }
    if passed_over > 0 {
        out.notes.push(format!("{passed_over} other files of the archive were not read"));
    }
    Ok(out)
}

/// Whether no part of the path leads out of the archive's root.
fn stays_inside(path: &str) -> bool {
    !path.starts_with('/') && !path.contains(':') && path.split('/').all(|part| part != "..")
}

/// Unpacks an entry of at most `limit` bytes. The sizes in the archive are claims: what is read counts.
fn content(archive: &ZipSliceArchive<&[u8]>, entry: &ZipFileHeaderRecord<'_>, limit: u64) -> Result<Vec<u8>, String> {
    let unreadable = |error: &dyn Display| format!("cannot be unpacked: {error}");
    let packed = archive.get_entry(entry.wayfinder()).map_err(|error| unreadable(&error))?.data();
    let mut content = Vec::new();
    let read = match entry.compression_method() {
        CompressionMethod::STORE => packed.take(limit + 1).read_to_end(&mut content),
        CompressionMethod::DEFLATE => DeflateDecoder::new(packed).take(limit + 1).read_to_end(&mut content),
        other => return Err(unreadable(&format_args!("compressed by {other}"))),
    };
    read.map_err(|error| unreadable(&error))?;
    if content.len() as u64 > limit {
        return Err("left out: longer than the archive says".to_owned());
    }
    if Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC).checksum(&content) != entry.crc32() {
        return Err(unreadable(&"its checksum does not fit"));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, content) in files {
            writer.start_file(*path, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn paths(unpacked: &Unpacked) -> Vec<&str> {
        unpacked.files.iter().map(|(path, _)| path.as_str()).collect()
    }

    #[test]
    fn code_is_unpacked_and_the_rest_is_counted() {
        let bytes = archive(&[
            ("repo/app/views.py", b"x = 1"),
            ("repo/app/migrations/0001_initial.py", b"y = 1"),
            ("repo/node_modules/a/b.py", b""),
            ("repo/.venv/lib/site-packages/c.py", b""),
            ("repo/logo.png", b"\x89PNG\0"),
            ("../../etc/evil.py", b"boo"),
        ]);
        let unpacked = unpack_zip("repo.zip", &bytes, Limits::default()).unwrap();
        assert_eq!(paths(&unpacked), ["repo/app/views.py", "repo/app/migrations/0001_initial.py"]);
        assert_eq!(unpacked.notes, ["4 other files of the archive were not read"]);
    }

    #[test]
    fn a_bomb_is_left_out() {
        let zeros = vec![b' '; 4 << 20];
        let bytes = archive(&[("bomb.py", &zeros), ("fine.py", b"x = 1")]);
        assert!(bytes.len() < 20_000);
        let unpacked = unpack_zip("a.zip", &bytes, Limits::default()).unwrap();
        assert_eq!(paths(&unpacked), ["fine.py"]);
        assert!(unpacked.errors[0].message.contains("left out"), "{:?}", unpacked.errors);
    }

    #[test]
    fn the_total_and_the_number_are_bounded() {
        let bytes = archive(&[("a.py", b"aaaaaa"), ("b.py", b"bbbbbb"), ("c.py", b"c")]);
        let small = Limits { total_bytes: 10, ..Limits::default() };
        assert_eq!(paths(&unpack_zip("a.zip", &bytes, small).unwrap()), ["a.py"]);
        let few = Limits { files: 2, ..Limits::default() };
        assert_eq!(paths(&unpack_zip("a.zip", &bytes, few).unwrap()), ["a.py", "b.py"]);
    }

    #[test]
    fn a_broken_archive_is_an_error_and_no_panic() {
        assert!(unpack_zip("a.zip", b"PK\x03\x04 nothing", Limits::default()).is_err());
        let mut bytes = archive(&[("a.py", b"x = 1\nx = 1\nx = 1\nx = 1\n")]);
        for at in 0..bytes.len() {
            let kept = bytes[at];
            bytes[at] ^= 0x55;
            let _ = unpack_zip("a.zip", &bytes, Limits::default());
            let _ = unpack_zip("a.zip", &bytes[..at], Limits::default());
            bytes[at] = kept;
        }
    }
}
