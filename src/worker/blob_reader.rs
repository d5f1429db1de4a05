//! A file of the page as `Read + Seek`, without ever holding it whole.

use std::io::{self, Read, Seek, SeekFrom};

use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use web_sys::{Blob, FileReaderSync};

/// Bytes of one slice that is fetched: large enough that the calls do not matter, small enough to be forgotten.
const SLICE: u64 = 4 << 20;

/// Reads a `Blob` or `File` in slices, with the reader that only workers have.
pub struct BlobReader {
    blob: Blob,
    reader: FileReaderSync,
    size: u64,
    position: u64,
    /// The bytes of the file from `slice_start` on.
    slice: Vec<u8>,
    slice_start: u64,
}

impl BlobReader {
    /// # Errors
    /// Outside of a worker, for only there is a synchronous reader.
    pub fn new(blob: Blob) -> io::Result<Self> {
        let reader = FileReaderSync::new().map_err(|error| error_of(&error))?;
        let size = blob.size() as u64;
        Ok(Self { blob, reader, size, position: 0, slice: Vec::new(), slice_start: 0 })
    }

    /// In bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What is left of the fetched slice at the present position; fetches the next one where nothing is.
    fn available(&mut self) -> io::Result<&[u8]> {
        let held = self.slice_start..self.slice_start + self.slice.len() as u64;
        if !held.contains(&self.position) && self.position < self.size {
            let end = (self.position + SLICE).min(self.size);
            let part = self.blob.slice_with_f64_and_f64(self.position as f64, end as f64);
            let bytes = part.and_then(|part| self.reader.read_as_array_buffer(&part));
            self.slice = Uint8Array::new(&bytes.map_err(|error| error_of(&error))?.into()).to_vec();
            self.slice_start = self.position;
        }
        let from = self.position.checked_sub(self.slice_start).and_then(|from| usize::try_from(from).ok());
        Ok(from.and_then(|from| self.slice.get(from..)).unwrap_or_default())
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.available()?.read(buffer)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for BlobReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}

/// A file that was changed, moved or removed since it was dropped cannot be read any more.
fn error_of(error: &JsValue) -> io::Error {
    let text = js_sys::Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    io::Error::other(text.unwrap_or_else(|| format!("{error:?}")))
}
