//! Tensors to a safetensors file, of which nothing need be in memory.

use std::{borrow::Cow, collections::HashMap, io, io::Write};

use safetensors::{
    Dtype,
    tensor::{Metadata, TensorInfo},
};

use super::{
    ArtifactError,
    container::{MANIFEST, MAX_HEADER, Number},
    tensor::TextTensors,
};
use crate::texts::Texts;

/// Where the header ends, and the first tensor begins: at a multiple of the largest type.
const ALIGNMENT: usize = 8;

/// Tensors on their way into a file.
#[derive(Default)]
pub(super) struct Tensors<'a>(Vec<Tensor<'a>>);

struct Tensor<'a> {
    name: &'static str,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: usize,
    content: Content<'a>,
}

enum Content<'a> {
    Held(Cow<'a, [u8]>),
    Streamed(Stream<'a>),
}

/// Writes all bytes of a tensor.
pub(super) type Stream<'a> = Box<dyn Fn(&mut dyn Write) -> Result<(), ArtifactError> + 'a>;

impl<'a> Tensors<'a> {
    /// Numbers in memory.
    pub(super) fn add<T: Number>(
        &mut self,
        name: &'static str,
        shape: &[usize],
        values: impl Into<Cow<'a, [T]>>,
    ) {
        let bytes = match values.into() {
            Cow::Borrowed(values) => Cow::Borrowed(bytemuck::cast_slice(values)),
            Cow::Owned(values) => Cow::Owned(bytemuck::cast_slice(&values).to_vec()),
        };
        self.push(name, (T::DTYPE, shape.to_vec()), (bytes.len(), Content::Held(bytes)));
    }

    /// Numbers of type `T` and this `shape`, which are made as they are written.
    pub(super) fn stream<T: Number>(
        &mut self,
        name: &'static str,
        shape: &[usize],
        stream: Stream<'a>,
    ) {
        let bytes = shape.iter().product::<usize>() * size_of::<T>();
        self.push(name, (T::DTYPE, shape.to_vec()), (bytes, Content::Streamed(stream)));
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, names: TextTensors, texts: &'a Texts) {
        self.add(names.bytes, &[texts.bytes().len()], texts.bytes());
        self.add(names.offsets, &[texts.offsets().len()], texts.offsets());
    }

    fn push(
        &mut self,
        name: &'static str,
        (dtype, shape): (Dtype, Vec<usize>),
        (bytes, content): (usize, Content<'a>),
    ) {
        self.0.push(Tensor { name, dtype, shape, bytes, content });
    }

    /// Writes the file, with its tensors by the size of their type, then by name: what safetensors'
    /// own writer does, which wants all of them in memory.
    pub(super) fn write(
        mut self,
        manifest: String,
        out: &mut dyn Write,
    ) -> Result<(), ArtifactError> {
        self.0.sort_by(|a, b| b.dtype.cmp(&a.dtype).then(a.name.cmp(b.name)));
        let header = self.header(manifest)?;
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(&header)?;
        for tensor in &self.0 {
            let mut counted = Counted { out, n: 0 };
            match &tensor.content {
                Content::Held(bytes) => counted.write_all(bytes)?,
                Content::Streamed(stream) => stream(&mut counted)?,
            }
            if counted.n != tensor.bytes {
                return Err(ArtifactError::Shape { tensor: tensor.name });
            }
        }
        Ok(out.flush()?)
    }

    fn header(&self, manifest: String) -> Result<Vec<u8>, ArtifactError> {
        if manifest.len() > MAX_HEADER / 2 {
            return Err(ArtifactError::HeaderTooLong { limit: MAX_HEADER });
        }
        let mut end = 0;
        let infos = self.0.iter().map(|tensor| {
            let from = end;
            end += tensor.bytes;
            let (dtype, shape) = (tensor.dtype, tensor.shape.clone());
            (tensor.name.to_owned(), TensorInfo { dtype, shape, data_offsets: (from, end) })
        });
        let infos = infos.collect();
        let metadata = HashMap::from([(MANIFEST.to_owned(), manifest)]);
        let metadata = Metadata::new(Some(metadata), infos).map_err(|_| ArtifactError::Tensors)?;
        let mut header = serde_json::to_vec(&metadata).map_err(|_| ArtifactError::Manifest)?;
        header.resize(header.len().next_multiple_of(ALIGNMENT), b' ');
        Ok(header)
    }
}

/// Counts what is written.
struct Counted<'a> {
    out: &'a mut dyn Write,
    n: usize,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.n += n;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
