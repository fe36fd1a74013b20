//! Texts of a tensor, one after the other.

use super::{
    ArtifactError,
    container::{MOST_COPIED, WINDOW},
    source::{Source, Span},
};

/// Cuts texts where their offsets say, and holds no more than a part of them.
pub(super) struct TextWindow<'a> {
    source: &'a Source<'a>,
    tensor: &'static str,
    span: Span,
    /// What was read, and where that begins.
    bytes: Vec<u8>,
    begin: usize,
    /// Where the latest text ends.
    last: Option<usize>,
}

impl<'a> TextWindow<'a> {
    pub(super) fn new(source: &'a Source<'a>, tensor: &'static str, span: Span) -> Self {
        Self { source, tensor, span, bytes: Vec::new(), begin: span.from, last: None }
    }

    /// The text that ends at `offset`; the first offset only begins one.
    pub(super) fn cut(&mut self, offset: u64) -> Result<Option<&str>, ArtifactError> {
        let tensor = self.tensor;
        let out_of_order = ArtifactError::Offsets { tensor };
        let to = usize::try_from(offset).ok().and_then(|to| self.span.from.checked_add(to));
        let to = to.filter(|to| *to <= self.span.to).ok_or(out_of_order.clone())?;
        let Some(from) = self.last.replace(to) else {
            return if offset == 0 { Ok(None) } else { Err(out_of_order) };
        };
        let length = to.checked_sub(from).filter(|length| *length <= MOST_COPIED);
        self.reach(from, length.ok_or(out_of_order)?)?;
        let text = std::str::from_utf8(&self.bytes[from - self.begin..to - self.begin]);
        text.map(Some).map_err(|_| ArtifactError::NotUtf8 { tensor })
    }

    /// Reads on, unless the next text was read already.
    fn reach(&mut self, from: usize, length: usize) -> Result<(), ArtifactError> {
        if from + length <= self.begin + self.bytes.len() {
            return Ok(());
        }
        self.begin = from;
        self.bytes.resize(length.max(WINDOW).min(self.span.to - from), 0);
        self.source.read(from, &mut self.bytes)
    }

    /// Checks that the texts have come to the tensor's end.
    pub(super) fn finish(self) -> Result<(), ArtifactError> {
        let is_whole = self.last == Some(self.span.to);
        is_whole.then_some(()).ok_or(ArtifactError::Offsets { tensor: self.tensor })
    }
}
