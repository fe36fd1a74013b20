//! A safetensors file, checked before anything is allocated for what it claims to hold.

use bytemuck::Pod;
use safetensors::{Dtype, tensor::Metadata};

use super::{
    ArtifactError,
    source::{Source, Span},
    tensor::TextTensors,
    window::TextWindow,
};
use crate::{cells::Cells, texts::Texts};

/// Most bytes of the header, which holds the manifest.
pub(super) const MAX_HEADER: usize = 64 << 20;
/// The one metadata key: with two or more, safetensors writes them in random order.
pub(super) const MANIFEST: &str = "manifest";
/// Bytes that are read at a time.
pub(super) const WINDOW: usize = 1 << 20;
/// Most bytes of a file's tensor that is copied into memory, and of a text.
pub(super) const MOST_COPIED: usize = 64 << 20;

/// A type that tensors hold.
pub(super) trait Number: Pod + Send {
    const DTYPE: Dtype;
}

impl Number for u8 {
    const DTYPE: Dtype = Dtype::U8;
}
impl Number for u32 {
    const DTYPE: Dtype = Dtype::U32;
}
impl Number for u64 {
    const DTYPE: Dtype = Dtype::U64;
}
impl Number for f32 {
    const DTYPE: Dtype = Dtype::F32;
}
impl Number for f64 {
    const DTYPE: Dtype = Dtype::F64;
}

/// The parts of a file.
pub(super) struct Container<'a> {
    metadata: Metadata,
    source: Source<'a>,
    /// Where the tensors begin.
    data: usize,
}

impl<'a> Container<'a> {
    /// Checks header and length. Offsets and sizes were found to fit each other.
    pub(super) fn open(source: Source<'a>) -> Result<Self, ArtifactError> {
        let mut length = [0; 8];
        source.read(0, &mut length)?;
        let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
        if length > MAX_HEADER {
            return Err(ArtifactError::HeaderTooLong { limit: MAX_HEADER });
        }
        let data = 8 + length;
        let data_len = source.len().checked_sub(data).ok_or(ArtifactError::Container)?;
        let mut header = vec![0; length];
        source.read(8, &mut header)?;
        // Not `SafeTensors::deserialize`: it adds up lengths unchecked, and panics on forged ones.
        let metadata: Metadata =
            serde_json::from_slice(&header).map_err(|_| ArtifactError::Container)?;
        if metadata.data_len() != data_len {
            return Err(ArtifactError::Container);
        }
        Ok(Self { metadata, source, data })
    }

    /// The manifest, as JSON.
    pub(super) fn manifest(&self) -> Result<&str, ArtifactError> {
        let manifest = self.metadata.metadata().as_ref().and_then(|all| all.get(MANIFEST));
        manifest.map(String::as_str).ok_or(ArtifactError::Manifest)
    }

    /// Whether tensors can be used where they lie.
    pub(super) fn is_mapped(&self) -> bool {
        matches!(self.source, Source::File(..))
    }

    pub(super) fn n_tensors(&self) -> usize {
        self.metadata.offset_keys().len()
    }

    /// Shape of the tensor `name`.
    pub(super) fn shape(&self, name: &'static str) -> Result<&[usize], ArtifactError> {
        Ok(&self.metadata.info(name).ok_or(ArtifactError::Tensors)?.shape)
    }

    /// A tensor that is small, in memory.
    pub(super) fn values<T: Number>(&self, name: &'static str) -> Result<Vec<T>, ArtifactError> {
        let Span { from, to } = self.span::<T>(name)?;
        if to - from > MOST_COPIED && self.is_mapped() {
            return Err(ArtifactError::Shape { tensor: name });
        }
        let mut values = vec![T::zeroed(); (to - from) / size_of::<T>()];
        self.source.read(from, bytemuck::cast_slice_mut(&mut values))?;
        Ok(values)
    }

    /// A tensor of any size: where it lies in a mapped file, which is not touched; else a copy.
    pub(super) fn cells<T: Number>(&self, name: &'static str) -> Result<Cells<T>, ArtifactError> {
        match self.source.view(self.span::<T>(name)?) {
            Some(bytes) => Cells::view(bytes).ok_or(ArtifactError::Misaligned { tensor: name }),
            None => self.values(name).map(Cells::from),
        }
    }

    /// A list of texts of any size, as [`cells`](Self::cells) has them; unchecked.
    pub(super) fn texts(&self, names: TextTensors) -> Result<Texts, ArtifactError> {
        Ok(Texts::new(self.cells(names.bytes)?, self.cells(names.offsets)?))
    }

    /// Reads a tensor once, some of it at a time.
    pub(super) fn scan<T: Number>(
        &self,
        name: &'static str,
        mut visit: impl FnMut(&[T]) -> Result<(), ArtifactError>,
    ) -> Result<(), ArtifactError> {
        let Span { from, to } = self.span::<T>(name)?;
        let mut window = vec![T::zeroed(); WINDOW.min(to - from) / size_of::<T>()];
        let mut at = from;
        while at < to {
            let n = window.len().min((to - at) / size_of::<T>());
            self.source.read(at, bytemuck::cast_slice_mut(&mut window[..n]))?;
            visit(&window[..n])?;
            at += n * size_of::<T>();
        }
        Ok(())
    }

    /// Reads a list of texts once, and checks that it is one.
    pub(super) fn scan_texts(
        &self,
        names: TextTensors,
        mut visit: impl FnMut(&str) -> Result<(), ArtifactError>,
    ) -> Result<(), ArtifactError> {
        let mut window = TextWindow::new(&self.source, names.bytes, self.span::<u8>(names.bytes)?);
        self.scan::<u64>(names.offsets, |offsets| {
            offsets.iter().try_for_each(|offset| match window.cut(*offset)? {
                Some(text) => visit(text),
                None => Ok(()),
            })
        })?;
        window.finish()
    }

    /// Tells that everything was checked: what was read for that is not needed in memory.
    pub(super) fn forget(&self) -> Result<(), ArtifactError> {
        self.source.forget()
    }

    fn span<T: Number>(&self, name: &'static str) -> Result<Span, ArtifactError> {
        let info = self.metadata.info(name).ok_or(ArtifactError::Tensors)?;
        if info.dtype != T::DTYPE {
            return Err(ArtifactError::Datatype { tensor: name });
        }
        let (from, to) = info.data_offsets;
        Ok(Span { from: self.data + from, to: self.data + to })
    }
}
