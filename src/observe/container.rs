//! Reading an input from its bytes: what is compressed or a zip is opened, the encoding is told, the importer is driven.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::rc::Rc;

use zip::ZipArchive;

use super::detect::{ZIP, detect_text};
use super::encoding::Utf8;
use super::input::{Findings, LONGEST_LINE};
use super::packed::{Packing, inner_name};
use super::rotation;
use super::{Detected, Error, Format, HEAD, Input, NotRecognised, ReadSeek, Record, Sink, formats};
use crate::trace::{LockWait, Plan, Statistic};

/// Compressed twice, and no deeper.
const DEEPEST: u8 = 2;

/// Reads one input into `sink`, by the format with the id `format` or by detection. Of a zip, every member that is a
/// log is read; the answer names the format of the first.
pub fn read(
    name: &str,
    format: Option<&str>,
    reader: &mut dyn ReadSeek,
    sink: &mut dyn Sink,
) -> Result<Detected, Error> {
    let wanted = match format {
        Some(id) => {
            let known = formats().iter().find(|format| format.id == id);
            Some(known.ok_or_else(|| Error::UnknownFormat(id.to_string()))?)
        }
        None => None,
    };
    let findings = Rc::new(Findings::default());
    let mut magic = [0; 4];
    let got = fill(reader, &mut magic)?;
    reader.seek(SeekFrom::Start(0))?;
    let mut counted = Counted { inner: reader, findings: findings.clone() };
    if magic.get(..got).is_some_and(|magic| magic == ZIP) {
        return read_zip(name, wanted, &mut counted, &findings, sink);
    }
    read_stream(name, wanted, Box::new(counted), &findings, sink, 0)
}

/// Fills `buffer` as far as the input goes.
fn fill(reader: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    let mut at = 0;
    while let Some(room) = buffer.get_mut(at..).filter(|room| !room.is_empty()) {
        match reader.read(room) {
            Ok(0) => break,
            Ok(got) => at += got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(at)
}

fn read_stream<'a>(
    name: &str,
    wanted: Option<&'static Format>,
    mut stream: Box<dyn Read + 'a>,
    findings: &Rc<Findings>,
    sink: &mut dyn Sink,
    depth: u8,
) -> Result<Detected, Error> {
    let mut head = Vec::new();
    // A damaged container shows its damage again when the importer comes to that place.
    let damage = stream.by_ref().take(HEAD as u64).read_to_end(&mut head).err();
    if let Some(damage) = damage {
        if head.is_empty() {
            return Err(damage.into());
        }
        *findings.cut.borrow_mut() = Some(damage.to_string());
        stream = Box::new(io::empty());
    }
    if let Some(packing) = Packing::of(&head).filter(|_| depth < DEEPEST) {
        let plain = packing.unpack(Cursor::new(head).chain(stream));
        return read_stream(inner_name(name), wanted, plain, findings, sink, depth + 1);
    }
    let found = match wanted {
        Some(format) => Detected { format, why: "named by the user".to_string() },
        None => detect_text(name, &head).map_err(Error::NotRecognised)?,
    };
    let text = Utf8::new(Cursor::new(head).chain(stream), findings.clone());
    let mut input = Input::new(Box::new(text), findings.clone());
    (found.format.read)(&mut input, sink)?;
    tell(findings, input.long_lines(), sink);
    Ok(found)
}

/// Notes of what the layers below the importer met.
fn tell(findings: &Findings, long_lines: u32, sink: &mut dyn Sink) {
    if let Some(cut) = findings.cut.take() {
        sink.note(format!("the compressed file is damaged or cut off ({cut}): what stands before that was read"));
    }
    let latin1 = findings.latin1.take();
    if latin1 > 0 {
        sink.note(format!("{latin1} bytes are not UTF-8 and were read as Latin-1"));
    }
    if long_lines > 0 {
        let megabytes = LONGEST_LINE / (1024 * 1024);
        sink.note(format!("{long_lines} lines are longer than {megabytes} MB and were cut there"));
    }
}

fn read_zip(
    name: &str,
    wanted: Option<&'static Format>,
    reader: &mut Counted<'_>,
    findings: &Rc<Findings>,
    sink: &mut dyn Sink,
) -> Result<Detected, Error> {
    let broken = |error| Error::Io(io::Error::new(io::ErrorKind::InvalidData, error));
    let mut archive = ZipArchive::new(reader).map_err(broken)?;
    let mut first = None;
    let mut others = 0;
    let mut reasons = Vec::new();
    let names: Vec<String> =
        archive.file_names().map(|name| name.map_or_else(|_| String::new(), Cow::into_owned)).collect();
    for index in rotation::in_order(&names) {
        let member = match archive.by_index(index) {
            Ok(member) if member.is_dir() => continue,
            Ok(member) => member,
            Err(error) => {
                sink.note(format!("file {} of the archive cannot be opened: {error}", index + 1));
                continue;
            }
        };
        let inner = member.name().map_or_else(|_| format!("file {}", index + 1), |name| name.to_string());
        let mut inside = Member { name: &inner, sink: &mut *sink };
        match read_stream(&inner, wanted, Box::new(member), findings, &mut inside, 0) {
            Ok(found) => _ = first.get_or_insert(found),
            Err(Error::NotRecognised(reason)) => {
                others += 1;
                reasons = reason.reasons;
            }
            Err(Error::Io(error)) => sink.error(None, format!("{inner}: {error}")),
            Err(error) => return Err(error),
        }
    }
    match first {
        Some(found) => {
            if others > 0 {
                sink.note(format!("{others} other files of the archive are no query logs and were left out"));
            }
            Ok(found)
        }
        None => Err(Error::NotRecognised(NotRecognised {
            name: name.to_string(),
            seen: format!("a zip archive with no query log among its {others} files"),
            reasons,
        })),
    }
}

/// Names the member of an archive in what it gives.
struct Member<'a> {
    name: &'a str,
    sink: &'a mut dyn Sink,
}

impl Sink for Member<'_> {
    fn begin_request(&mut self, id: &str, name: &str, bounded: bool) {
        self.sink.begin_request(&format!("{}:{id}", self.name), name, bounded);
    }

    fn statement(&mut self, record: Record) {
        self.sink.statement(record);
    }

    fn end_request(&mut self, took_us: Option<u64>) {
        self.sink.end_request(took_us);
    }

    fn plan(&mut self, plan: Plan) {
        self.sink.plan(plan);
    }

    fn statistic(&mut self, statistic: Statistic) {
        self.sink.statistic(statistic);
    }

    fn lock_wait(&mut self, wait: LockWait) {
        self.sink.lock_wait(wait);
    }

    fn note(&mut self, note: String) {
        self.sink.note(format!("{}: {note}", self.name));
    }

    fn error(&mut self, line: Option<u32>, message: String) {
        self.sink.error(line, format!("{}: {message}", self.name));
    }

    fn progress(&mut self, bytes: u64) -> ControlFlow<()> {
        self.sink.progress(bytes)
    }
}

/// Counts what is taken from the file.
struct Counted<'a> {
    inner: &'a mut dyn ReadSeek,
    findings: Rc<Findings>,
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(out)?;
        let bytes: &Cell<u64> = &self.findings.bytes;
        bytes.set(bytes.get() + got as u64);
        Ok(got)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
