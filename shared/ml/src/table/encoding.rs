//! In which encoding a file is written, told from its bytes.
//!
//! A byte order mark decides, then the zeros of UTF-16. Among the others each byte above ASCII is
//! evidence: what is rare in an encoding speaks against it, so that one damaged byte in a thousand
//! sound ones is found as damage, and not taken for text of another kind.

use std::io::{self, Read};

use millwright_domain::Encoding;

const MARKS: [(&[u8], Encoding); 4] = [
    (b"\xef\xbb\xbf", Encoding::Utf8),
    (b"\xff\xfe", Encoding::Utf16Le),
    (b"\xfe\xff", Encoding::Utf16Be),
    (b"\x84\x31\x95\x33", Encoding::Gb18030),
];
const CHUNK: usize = 64 << 10;
/// Bytes that are looked at together.
const STEP: usize = 64;
/// Bytes that Windows-1252 leaves undefined.
pub(super) const UNDEFINED: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/// The encoding that a byte order mark names, and the mark's length.
pub(super) fn marked(bytes: &[u8]) -> Option<(Encoding, usize)> {
    let mark = MARKS.iter().find(|(mark, _)| bytes.starts_with(mark));
    mark.map(|(mark, encoding)| (*encoding, mark.len()))
}

/// The encoding of a text that begins with `sample` and goes on in `rest`; none where every byte
/// is ASCII, which most encodings share.
pub(super) fn detect(sample: &[u8], mut rest: impl Read) -> io::Result<Option<Encoding>> {
    let by_mark = marked(sample).map(|(encoding, _)| encoding);
    if let Some(encoding) = by_mark.or_else(|| by_zeros(sample)) {
        return Ok(Some(encoding));
    }
    let (mut evidence, mut held) = (Evidence::default(), sample.to_vec());
    loop {
        let before = held.len();
        held.resize(before + CHUNK, 0);
        let read = rest.read(&mut held[before..])?;
        held.truncate(before + read);
        let last = held.iter().rposition(|byte| stands_alone(*byte));
        let end = last.map_or(held.len(), |last| last + 1);
        evidence.add(&held[..end]);
        held.drain(..end);
        if read == 0 {
            evidence.add(&held);
            return Ok(evidence.encoding());
        }
    }
}

/// Whether a byte is no part of a longer character, in UTF-8 and GB 18030 alike: what follows it
/// begins another.
fn stands_alone(byte: u8) -> bool {
    byte < 0x30
}

fn first_beyond_ascii(bytes: &[u8]) -> Option<usize> {
    let ascii = bytes.chunks(STEP).take_while(|some| some.is_ascii()).map(<[u8]>::len);
    let ascii = ascii.sum::<usize>();
    bytes[ascii..].iter().position(|byte| !byte.is_ascii()).map(|at| ascii + at)
}

/// UTF-16 without a mark: of the digits and line ends that every table has, one byte is zero.
fn by_zeros(sample: &[u8]) -> Option<Encoding> {
    let zeros = |odd| sample.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let (most, least, encoding) =
        if odd > even { (odd, even, Encoding::Utf16Le) } else { (even, odd, Encoding::Utf16Be) };
    // As many on both sides are damage, as a power cut leaves it; a few may be, for 一 is 4e 00.
    (2 * most > 3 * least && most * 32 >= sample.len()).then_some(encoding)
}

/// Characters above ASCII, as each encoding would have them.
#[derive(Default)]
struct Evidence {
    utf8: u64,
    not_utf8: u64,
    gb18030: u64,
    not_gb18030: u64,
    undefined: u64,
}

impl Evidence {
    /// Adds whole characters. Most bytes of most tables are ASCII, and are passed over quickly.
    fn add(&mut self, mut bytes: &[u8]) {
        while let Some(start) = first_beyond_ascii(bytes) {
            bytes = &bytes[start..];
            let end = bytes.iter().position(|byte| stands_alone(*byte)).unwrap_or(bytes.len());
            self.add_characters(&bytes[..end]);
            bytes = &bytes[end..];
        }
    }

    fn add_characters(&mut self, bytes: &[u8]) {
        for chunk in bytes.utf8_chunks() {
            self.utf8 += chunk.valid().bytes().filter(|byte| *byte >= 0xc0).count() as u64;
            self.not_utf8 += u64::from(!chunk.invalid().is_empty());
        }
        self.undefined += bytes.iter().filter(|byte| UNDEFINED.contains(byte)).count() as u64;
        self.add_as_gb18030(bytes);
    }

    fn add_as_gb18030(&mut self, mut bytes: &[u8]) {
        while let Some(start) = bytes.iter().position(|byte| !byte.is_ascii()) {
            bytes = &bytes[start..];
            let (length, is_common) = match bytes {
                // Level 1 of GB 2312, nearly all of what is written, and its punctuation.
                [0xb0..=0xd7 | 0xa1..=0xa3, 0xa1..=0xfe, ..] => (2, true),
                [0x81..=0xfe, b'0'..=b'9', 0x81..=0xfe, b'0'..=b'9', ..] => (4, true),
                [0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe, ..] => (2, false),
                _ => (1, false),
            };
            self.gb18030 += u64::from(is_common);
            self.not_gb18030 += u64::from(!is_common);
            bytes = &bytes[length..];
        }
    }

    fn encoding(&self) -> Option<Encoding> {
        let (n_utf8, n_gb18030) = (self.utf8 + self.not_utf8, self.gb18030 + self.not_gb18030);
        if n_utf8 == 0 {
            return None;
        }
        // Some Chinese in GB 18030 is half UTF-8 by chance, and the other way round.
        let is_likelier = self.not_utf8 * n_gb18030 <= self.not_gb18030 * n_utf8;
        let is_utf8 = self.utf8 > self.not_utf8 && is_likelier;
        Some(match () {
            () if is_utf8 || self.not_utf8 == 0 => Encoding::Utf8,
            () if self.gb18030 > self.not_gb18030 => Encoding::Gb18030,
            // No text at all: whoever reads it as UTF-8 says where.
            () if self.undefined > 0 => Encoding::Utf8,
            () => Encoding::Windows1252,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(encoding: &'static encoding_rs::Encoding, text: &str) -> Vec<u8> {
        encoding.encode(text).0.into_owned()
    }

    #[test]
    fn a_character_between_two_reads_is_whole() {
        for before in CHUNK - 3..CHUNK + 3 {
            let text = format!("{}\n\u{e9}\n", "x".repeat(before - 1));
            let encoding = detect(b"", text.as_bytes()).expect("memory");
            assert_eq!(encoding, Some(Encoding::Utf8), "after {before} bytes");
        }
    }

    #[test]
    fn an_encoding_is_told_from_its_bytes() {
        use encoding_rs::{GB18030, WINDOWS_1252};
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let swapped = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let damaged = [&b"\xe6\xb8\xa9\xe5\xba\xa6,\xff\n"[..]].concat();
        let cut = [bytes(GB18030, "温度,压力\n正"), vec![0xd6]].concat();
        let cases: Vec<(Vec<u8>, Option<Encoding>, &str)> = vec![
            (b"a,b\n1,2\n".to_vec(), None, "ASCII says nothing"),
            (vec![], None, "nor does nothing"),
            ("温度,b\n".into(), Some(Encoding::Utf8), "UTF-8"),
            ("\u{feff}a\n".into(), Some(Encoding::Utf8), "a mark"),
            (damaged, Some(Encoding::Utf8), "damaged UTF-8 is UTF-8"),
            (bytes(GB18030, "温度;压力\n"), Some(Encoding::Gb18030), "Chinese"),
            (bytes(GB18030, "炉号,熔炼温度℃\n1,5\n"), Some(Encoding::Gb18030), "a symbol"),
            (cut, Some(Encoding::Gb18030), "a cut character"),
            (bytes(GB18030, "温压压压\n"), Some(Encoding::Gb18030), "half UTF-8"),
            (bytes(WINDOWS_1252, "Größe;Öl\n"), Some(Encoding::Windows1252), "two in a row"),
            (bytes(WINDOWS_1252, "für;Stück\n"), Some(Encoding::Windows1252), "before a letter"),
            (bytes(WINDOWS_1252, "T °C;m³/h;µm\n"), Some(Encoding::Windows1252), "units"),
            (bytes(WINDOWS_1252, "DÉBIT;qualité\n"), Some(Encoding::Windows1252), "French"),
            (utf16("a,b\n1,2\n"), Some(Encoding::Utf16Le), "no mark"),
            (utf16("温度一一,压力一\n1,2\n"), Some(Encoding::Utf16Le), "zeros on both sides"),
            (swapped("温度,b\n1,2\n"), Some(Encoding::Utf16Be), "high bytes first"),
            (b"a,b\n1,2\n\0\0\0\0\0\0\0\0".to_vec(), None, "zeros after a power cut"),
            ([&b"1,2\n".repeat(9)[..], b"\0"].concat(), None, "a stray zero"),
            (b"\xff\x81,\x9d\n".to_vec(), Some(Encoding::Utf8), "no text at all"),
        ];
        for (bytes, encoding, why) in cases {
            assert_eq!(detect(&bytes, io::empty()).expect("memory"), encoding, "{why}");
            let (sample, rest) = bytes.split_at(bytes.len().min(3));
            if marked(sample).is_none() && by_zeros(&bytes).is_none() {
                assert_eq!(detect(sample, rest).expect("memory"), encoding, "{why}, in pieces");
            }
        }
    }
}
