//! Compressed files: told by their first bytes, unpacked as a stream, all of their parts.

use std::io::{self, BufRead, BufReader, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
    Bzip2,
}

impl Packing {
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1F, 0x8B, ..] => Some(Packing::Gzip),
            // A frame, or one that a tool put there for itself.
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(Packing::Zstd),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => Some(Packing::Bzip2),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
            Packing::Bzip2 => "bzip2",
        }
    }

    pub fn unpack<'a>(self, packed: impl Read + 'a) -> Box<dyn Read + 'a> {
        let packed = BufReader::new(packed);
        match self {
            Packing::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Packing::Zstd => Box::new(Frames { packed, decoder: FrameDecoder::new(), open: false }),
            Packing::Bzip2 => Box::new(MultiBzDecoder::new(packed)),
        }
    }
}

/// `queries.json.gz` → `queries.json`
pub(super) fn inner_name(name: &str) -> &str {
    [".gz", ".zst", ".bz2"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// zstd's frames one after the other, as appending and parallel compression leave them. Of a file that is cut off, what
/// the frame's window still holds is lost.
struct Frames<R> {
    packed: R,
    decoder: FrameDecoder,
    open: bool,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let damaged = |error: FrameDecoderError| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
        while !out.is_empty() {
            if !self.open {
                if self.packed.fill_buf()?.is_empty() {
                    break;
                }
                match self.decoder.init(&mut self.packed) {
                    Ok(()) => self.open = true,
                    Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                        length, ..
                    })) => {
                        io::copy(&mut self.packed.by_ref().take(length.into()), &mut io::sink())?;
                    }
                    Err(error) => return Err(damaged(error)),
                }
                continue;
            }
            let got = self.decoder.read(out)?;
            if got > 0 {
                return Ok(got);
            }
            if self.decoder.is_finished() {
                self.open = false;
            } else {
                self.decoder.decode_blocks(&mut self.packed, BlockDecodingStrategy::UptoBlocks(1)).map_err(damaged)?;
            }
        }
        Ok(0)
    }
}
