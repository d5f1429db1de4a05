//! `roundtrip log`

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;

use crate::config::{self, Config};
use crate::intake::{self, HEAD, Kind};
use crate::observe::{self, Error, ReadSeek};
use crate::review::{Logs, OtherFile};
use crate::schema::Tables;

use super::args::Log;
use super::code::{self, Reviewed};
use super::files::{Brought, described, slashes};
use super::options;
use super::output::{Problem, Status, color, complain, print, problem, usage, verdict};

pub fn run(args: &Log) -> Result<Status, Problem> {
    refuse(args)?;
    let chosen = &args.options;
    // The project's own choices stand beside its code.
    let start = args.code.first().or(args.files.first()).map(String::as_str);
    let mut config = options::review(chosen, start)?;
    if let Some(path) = &args.budget {
        let mut budgets = config::parse_budgets(&path.display().to_string(), &options::read_text(path)?)?;
        // The first that fits counts.
        budgets.append(&mut config.budgets);
        config.budgets = budgets;
    }
    let hidden = options::hidden(chosen)?;
    let format = args.format_as.as_deref();
    let (mut logs, mut problems) = review(&args.files, format, &config);
    if !args.schema.is_empty() || !args.code.is_empty() {
        let (tables, unread) = tables(args, &config);
        unread.iter().for_each(|problem| logs.fail(problem.clone()));
        problems.extend(unread);
        logs.know(tables);
    }
    let before = (!args.compare.is_empty()).then(|| {
        let (before, unread) = review(&args.compare, format, &config);
        problems.extend(unread);
        before.finish()
    });
    let log = logs.finish_after(before);
    let mut reviewed = if args.code.is_empty() {
        Reviewed { report: log.report, ..Reviewed::default() }
    } else {
        let mut brought = Brought::default();
        args.code.iter().for_each(|path| brought.path(path, false));
        let (reviewed, unread) = code::join(&brought, log, &config);
        problems.extend(unread);
        reviewed
    };
    problems.iter().for_each(complain);
    options::hide(&mut reviewed.report, |finding| hidden.contains(&finding.fingerprint));
    print(&reviewed.render(chosen.format.into(), color(), chosen.quiet))?;
    let status = verdict(&reviewed.report, chosen.fail_on);
    Ok(if problems.is_empty() { status } else { Status::Unusable })
}

/// What the options ask for and a log cannot give.
fn refuse(args: &Log) -> Result<(), Problem> {
    let options = &args.options;
    let rewrites = options.fix || options.unsafe_fixes || options.fix_diff;
    let refused = [
        (rewrites, "--fix, --unsafe-fixes and --fix-diff are for `roundtrip check`: a log holds no code to rewrite"),
        (options.all_lines, "--all-lines is for `roundtrip check --diff`"),
    ];
    if let Some((_, message)) = refused.iter().find(|(asked, _)| *asked) {
        return Err(usage(*message));
    }
    if args.files.iter().chain(&args.compare).chain(&args.code).filter(|file| *file == "-").count() > 1 {
        return Err(usage("standard input (-) can be read once only"));
    }
    match &args.format_as {
        Some(id) if observe::formats().iter().all(|format| format.id != id) => {
            Err(usage(Error::UnknownFormat(id.clone()).to_string()))
        }
        _ => Ok(()),
    }
}

/// The tables that `--schema` names: those of DDL and `pg_indexes`, and of models, for which the code serves as well.
fn tables(args: &Log, config: &Config) -> (Tables, Vec<Problem>) {
    let mut brought = Brought::default();
    let mut texts = Vec::new();
    let mut problems = Vec::new();
    for given in &args.schema {
        let path = Path::new(given);
        let is_text =
            ["sql", "csv", "tsv", "txt"].iter().any(|ending| path.extension().is_some_and(|own| own == *ending));
        match is_text.then(|| options::read_text(path)) {
            Some(Ok(text)) => texts.push(OtherFile { path: slashes(given), text }),
            Some(Err(problem)) => problems.push(problem),
            None => brought.path(given, false),
        }
    }
    let (mut tables, unread) = code::tables(&brought, texts, config);
    problems.extend(unread);
    if args.schema.is_empty() {
        // What of the code cannot be read is said where it is joined.
        let mut brought = Brought::default();
        args.code.iter().for_each(|path| brought.path(path, false));
        tables = code::tables(&brought, Vec::new(), config).0;
    }
    (tables, problems)
}

/// What all files show, and why some could not be read.
fn review(files: &[String], format: Option<&str>, config: &Config) -> (Logs, Vec<Problem>) {
    let mut logs = Logs::new(config.clone());
    let mut problems = Vec::new();
    for file in observe::in_order(files).into_iter().filter_map(|index| files.get(index)) {
        match read(file, format, &mut logs) {
            Ok(errors) => problems.extend(errors),
            Err(problem) => {
                logs.fail(problem.clone());
                problems.push(problem);
            }
        }
    }
    (logs, problems)
}

/// Reads one file; gives what of it could not be read, which the report has too.
fn read(file: &str, format: Option<&str>, logs: &mut Logs) -> Result<Vec<Problem>, Problem> {
    let name = slashes(file);
    let mut reader = open(file).map_err(|error| problem(&name, described(&error)))?;
    match logs.read(&name, format, &mut *reader, &mut |_| ControlFlow::Continue(())) {
        Ok(outcome) => Ok(outcome.errors),
        Err(Error::Io(error)) => Err(problem(name, described(&error))),
        Err(Error::NotRecognised(reasons)) => {
            let code = head(file).map(|head| intake::classify(&name, &head)).filter(|c| Kind::CODE.contains(&c.kind));
            let message = match code {
                Some(code) if code.kind != Kind::Zip => {
                    format!("not a log: {}; code is for `roundtrip check`", code.why)
                }
                _ => reasons.seen,
            };
            Err(problem(name, message))
        }
        Err(error) => Err(problem(name, error.to_string())),
    }
}

fn head(file: &str) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    File::open(file).ok()?.take(HEAD as u64).read_to_end(&mut head).ok()?;
    Some(head)
}

fn open(file: &str) -> io::Result<Box<dyn ReadSeek>> {
    if file == "-" {
        return Stream::open(io::stdin());
    }
    let opened = File::open(file)?;
    let kind = opened.metadata()?.file_type();
    if kind.is_dir() {
        return Err(io::Error::other("a folder; expected a file"));
    }
    if kind.is_file() { Ok(Box::new(opened)) } else { Stream::open(opened) }
}

/// A pipe: it can go back to its start while no more than the magic bytes of a container are read.
struct Stream<R> {
    head: Cursor<Vec<u8>>,
    rest: R,
    started: bool,
}

/// As many bytes as tell a container.
const MAGIC: usize = 4;

impl<R: Read + 'static> Stream<R> {
    fn open(mut rest: R) -> io::Result<Box<dyn ReadSeek>> {
        let mut head = Vec::new();
        rest.by_ref().take(MAGIC as u64).read_to_end(&mut head)?;
        if head.starts_with(b"PK") {
            // The index of an archive stands at its end.
            rest.read_to_end(&mut head)?;
            return Ok(Box::new(Cursor::new(head)));
        }
        Ok(Box::new(Stream { head: Cursor::new(head), rest, started: false }))
    }
}

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.head.read(out)? {
            0 if !out.is_empty() => {
                let got = self.rest.read(out)?;
                self.started |= got > 0;
                Ok(got)
            }
            got => Ok(got),
        }
    }
}

impl<R> Seek for Stream<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::Start(0) if !self.started => self.head.seek(to),
            _ => Err(io::Error::new(io::ErrorKind::Unsupported, "a pipe cannot go back")),
        }
    }
}
