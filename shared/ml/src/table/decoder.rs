//! Text in any encoding, read as UTF-8.

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs::{DecoderResult, GB18030, UTF_16BE, UTF_16LE, WINDOWS_1252};
use millwright_domain::Encoding;

use super::encoding::UNDEFINED;

const CHUNK: usize = 64 << 10;
/// Stands where bytes are no character. It is no part of UTF-8, so that it damages its cell.
const DAMAGE: u8 = 0xff;

/// Reads `source` as UTF-8; what is none, or none in `encoding`, is not UTF-8 here either.
pub(super) fn decoded<R: Read + Send + 'static>(
    source: R,
    encoding: Encoding,
) -> Box<dyn BufRead + Send> {
    let Some(decoder) = Decoder::new(encoding) else {
        return Box::new(BufReader::with_capacity(CHUNK, source));
    };
    let raw = vec![0; CHUNK];
    Box::new(Decoded { source, decoder, raw, text: Vec::new(), used: 0, has_ended: false })
}

/// The whole characters of a sample, as UTF-8.
pub(super) fn decoded_sample(sample: &[u8], encoding: Encoding) -> Vec<u8> {
    let Some(mut decoder) = Decoder::new(encoding) else { return sample.to_vec() };
    let mut text = Vec::new();
    decoder.decode(sample, &mut text, false);
    text
}

/// Bytes that `text` takes in `encoding`.
pub(super) fn encoded_len(text: &str, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Utf8 => text.len(),
        Encoding::Gb18030 => GB18030.encode(text).0.len(),
        Encoding::Windows1252 => text.chars().count(),
        Encoding::Utf16Le | Encoding::Utf16Be => 2 * text.encode_utf16().count(),
    }
}

/// Turns bytes into UTF-8, piece by piece.
struct Decoder(encoding_rs::Decoder);

impl Decoder {
    /// None for UTF-8, which needs none.
    fn new(encoding: Encoding) -> Option<Self> {
        let encoding = match encoding {
            Encoding::Utf8 => return None,
            Encoding::Gb18030 => GB18030,
            Encoding::Windows1252 => WINDOWS_1252,
            Encoding::Utf16Le => UTF_16LE,
            Encoding::Utf16Be => UTF_16BE,
        };
        Some(Self(encoding.new_decoder_without_bom_handling()))
    }

    fn decode(&mut self, bytes: &[u8], text: &mut Vec<u8>, is_last: bool) {
        if self.0.encoding() != WINDOWS_1252 {
            return self.decode_defined(bytes, text, is_last);
        }
        // The library reads the undefined bytes as control characters, as browsers do.
        for (i, defined) in bytes.split(|byte| UNDEFINED.contains(byte)).enumerate() {
            text.extend((i > 0).then_some(DAMAGE));
            self.decode_defined(defined, text, false);
        }
    }

    fn decode_defined(&mut self, mut bytes: &[u8], text: &mut Vec<u8>, is_last: bool) {
        loop {
            let from = text.len();
            let room = self.0.max_utf8_buffer_length_without_replacement(bytes.len());
            text.resize(from + room.expect("a chunk is far from the largest size"), 0);
            let into = &mut text[from..];
            let (end, read, written) =
                self.0.decode_to_utf8_without_replacement(bytes, into, is_last);
            text.truncate(from + written);
            bytes = &bytes[read..];
            match end {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => text.push(DAMAGE),
            }
        }
    }
}

struct Decoded<R> {
    source: R,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    used: usize,
    has_ended: bool,
}

impl<R: Read> BufRead for Decoded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // A piece may end within its first character.
        while self.used == self.text.len() && !self.has_ended {
            let read = self.source.read(&mut self.raw)?;
            self.has_ended = read == 0;
            self.text.clear();
            self.used = 0;
            self.decoder.decode(&self.raw[..read], &mut self.text, self.has_ended);
        }
        Ok(&self.text[self.used..])
    }

    fn consume(&mut self, amount: usize) {
        self.used += amount;
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}
