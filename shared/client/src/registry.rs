//! Client of the registry.

use std::{fs::File, sync::Arc};

use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use millwright_domain::{
    AliasEntry, AliasMove, Artifact, Code, DeleteAlias, Fault, Model, ModelName, ModelRef,
    ModelVersion, NewVersion, Page, SetAlias, SetTags, Tags, Version,
};
use millwright_proto::registry::{
    DeleteModelRequest, DeleteModelVersionRequest, GetModelRequest, GetModelVersionRequest,
    ListAliasHistoryRequest, ListModelVersionsRequest, ListModelsRequest, WatchModelsRequest,
    registry_service_client::RegistryServiceClient as Grpc,
};
use millwright_wire::{FromWire, ToWire, repeated, required, tags};

use crate::{
    ClientError, PageRequest, RetryPolicy, Revised,
    connect::MAX_MESSAGE,
    content::Content,
    link::{Link, Transport},
    page::{all, page},
    receiving::Receiving,
    sending::Sending,
    verify,
};

/// Reads and changes the registry. Clones share a connection.
#[derive(Clone)]
pub struct RegistryClient {
    link: Link<Grpc<Transport>>,
}

impl RegistryClient {
    /// Connects to `address`, `host:port`, when it is first used.
    ///
    /// # Errors
    /// [`ClientError::Address`]. Must be called within a Tokio runtime.
    pub fn connect_lazy(address: &str) -> Result<Self, ClientError> {
        let grpc = |transport| Grpc::new(transport).max_decoding_message_size(MAX_MESSAGE);
        Ok(Self { link: Link::new("registry", address, grpc)? })
    }

    /// The same client with another policy for calls that may be repeated.
    #[must_use]
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { link: self.link.with_retry(retry) }
    }

    /// Uploads an artifact. Bytes that the registry has are accepted again; a cut upload goes on
    /// where it was cut, the next time too.
    ///
    /// # Errors
    /// As the registry answers.
    pub async fn upload_artifact(
        &self,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Artifact, ClientError> {
        self.send(media_type, Content::Memory(bytes)).await
    }

    /// Uploads the artifact in `file` as [`upload_artifact`](Self::upload_artifact) does, of which a
    /// little is in memory at a time. The file is read twice and must not change meanwhile.
    ///
    /// # Errors
    /// As the registry answers; [`ClientError::Read`] when `file` fails.
    pub async fn upload_artifact_file(
        &self,
        media_type: &str,
        file: File,
    ) -> Result<Artifact, ClientError> {
        self.send(media_type, Content::File(Arc::new(file))).await
    }

    async fn send(&self, media_type: &str, content: Content) -> Result<Artifact, ClientError> {
        let header = content.named(media_type).await?;
        Sending { link: self.link.clone(), header, content }.run().await
    }

    /// Downloads an artifact, whole, and checks its size and digest.
    ///
    /// # Errors
    /// `NotFound`; [`ClientError::Damaged`].
    pub async fn download_artifact(&self, artifact: &Artifact) -> Result<Bytes, ClientError> {
        verify::joined(self.stream_artifact(artifact).await?).await
    }

    /// Downloads an artifact, chunk by chunk; where the connection breaks it goes on with the next
    /// byte. Size and digest are checked on the way: what came may be used only when the stream has
    /// ended without an error.
    ///
    /// # Errors
    /// `NotFound`; the stream ends with [`ClientError::Damaged`] where bytes differ.
    pub async fn stream_artifact(
        &self,
        artifact: &Artifact,
    ) -> Result<BoxStream<'static, Result<Bytes, ClientError>>, ClientError> {
        let receiving = Receiving::begin(self.link.clone(), artifact.digest, 0).await?;
        Ok(verify::verified(artifact, receiving.chunks().boxed()).boxed())
    }

    /// Downloads what follows the first `offset` bytes of an artifact, as
    /// [`RegistryClient::stream_artifact`] does. Nothing is checked: whoever has its beginning
    /// compares size and digest of the whole.
    ///
    /// # Errors
    /// `NotFound`; `InvalidArgument` beyond its end.
    pub async fn stream_artifact_from(
        &self,
        artifact: &Artifact,
        offset: u64,
    ) -> Result<BoxStream<'static, Result<Bytes, ClientError>>, ClientError> {
        let receiving = Receiving::begin(self.link.clone(), artifact.digest, offset).await?;
        Ok(receiving.chunks().boxed())
    }

    /// Registers an uploaded artifact as the next version of a model.
    ///
    /// # Errors
    /// `FailedPrecondition` or `NotFound` without the artifact; `AlreadyExists` for a key that
    /// was used for something else.
    pub async fn create_version(&self, new: NewVersion) -> Result<ModelVersion, ClientError> {
        let call =
            |mut grpc: Grpc<_>, request| async move { grpc.create_model_version(request).await };
        self.link.read(required("version", self.link.ask(new.to_wire(), call).await?.version))
    }

    /// Describes one version.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn version(&self, reference: &ModelRef) -> Result<ModelVersion, ClientError> {
        let request = GetModelVersionRequest { model_ref: reference.to_string() };
        let call =
            |mut grpc: Grpc<_>, request| async move { grpc.get_model_version(request).await };
        self.link.read(required("version", self.link.ask(request, call).await?.version))
    }

    /// Describes one model with its aliases.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn model(&self, name: &ModelName) -> Result<Model, ClientError> {
        let request = GetModelRequest { name: name.to_string() };
        let call = |mut grpc: Grpc<_>, request| async move { grpc.get_model(request).await };
        self.link.read(required("model", self.link.ask(request, call).await?.model))
    }

    /// A page of the models that have all of these tags, by name.
    ///
    /// # Errors
    /// `InvalidArgument` for a page that does not follow one of this list.
    pub async fn models(
        &self,
        tags: &Tags,
        asked: &PageRequest,
    ) -> Result<Page<Model, String>, ClientError> {
        let request = ListModelsRequest {
            page_size: asked.size.get(),
            page_token: asked.token(),
            tags: tags.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
        };
        let call = |mut grpc: Grpc<_>, request| async move { grpc.list_models(request).await };
        let answer = self.link.ask(request, call).await?;
        Ok(page(self.link.read(repeated("models", answer.models))?, answer.next_page_token))
    }

    /// All models that have all of these tags, by name.
    ///
    /// # Errors
    /// The stream ends with an error as [`models`](Self::models) does.
    pub fn all_models(&self, tags: Tags) -> BoxStream<'static, Result<Model, ClientError>> {
        let client = self.clone();
        all(move |asked| {
            let (client, tags) = (client.clone(), tags.clone());
            async move { client.models(&tags, &asked).await }
        })
    }

    /// A page of the versions of a model, newest first.
    ///
    /// # Errors
    /// `NotFound`; `InvalidArgument` for a page that does not follow one of this list.
    pub async fn versions(
        &self,
        model: &ModelName,
        asked: &PageRequest,
    ) -> Result<Page<ModelVersion, String>, ClientError> {
        let request = ListModelVersionsRequest {
            model: model.to_string(),
            page_size: asked.size.get(),
            page_token: asked.token(),
        };
        let call =
            |mut grpc: Grpc<_>, request| async move { grpc.list_model_versions(request).await };
        let answer = self.link.ask(request, call).await?;
        Ok(page(self.link.read(repeated("versions", answer.versions))?, answer.next_page_token))
    }

    /// All versions of a model, newest first.
    ///
    /// # Errors
    /// The stream ends with an error as [`versions`](Self::versions) does.
    pub fn all_versions(
        &self,
        model: ModelName,
    ) -> BoxStream<'static, Result<ModelVersion, ClientError>> {
        let client = self.clone();
        all(move |asked| {
            let (client, model) = (client.clone(), model.clone());
            async move { client.versions(&model, &asked).await }
        })
    }

    /// Deletes a version, for good. It is asked once: a repeated deletion finds nothing.
    ///
    /// # Errors
    /// `NotFound`; `FailedPrecondition` names the alias that points to it.
    pub async fn delete_version(
        &self,
        model: &ModelName,
        version: Version,
    ) -> Result<u64, ClientError> {
        let request =
            DeleteModelVersionRequest { model: model.to_string(), version: version.get() };
        let call =
            |mut grpc: Grpc<_>, request| async move { grpc.delete_model_version(request).await };
        Ok(self.link.once(request, call).await?.revision)
    }

    /// Deletes a model with all its versions, for good. It is asked once.
    ///
    /// # Errors
    /// `NotFound`; `FailedPrecondition` names an alias that it has.
    pub async fn delete_model(&self, name: &ModelName) -> Result<u64, ClientError> {
        let request = DeleteModelRequest { name: name.to_string() };
        let call = |mut grpc: Grpc<_>, request| async move { grpc.delete_model(request).await };
        Ok(self.link.once(request, call).await?.revision)
    }

    /// Sets and removes tags of a model or of one version; answers all of them and the revision at
    /// which they are so.
    ///
    /// # Errors
    /// `NotFound`; `FailedPrecondition` where they would be too many.
    pub async fn set_tags(&self, set: &SetTags) -> Result<(Tags, u64), ClientError> {
        let call = |mut grpc: Grpc<_>, request| async move { grpc.set_tags(request).await };
        let answer = self.link.ask(set.to_wire(), call).await?;
        Ok((self.link.read(tags("tags", answer.tags))?, answer.revision))
    }

    /// Points an alias at a version; answers where it points and the revision that this made.
    /// It is asked once: a repeated move would stand in the history twice.
    ///
    /// # Errors
    /// `NotFound`; `Aborted` when the alias does not point where it was expected to.
    pub async fn set_alias(&self, set: &SetAlias) -> Result<(AliasEntry, u64), ClientError> {
        let call = |mut grpc: Grpc<_>, request| async move { grpc.set_alias(request).await };
        let answer = self.link.once(set.to_wire(), call).await?;
        Ok((self.link.read(required("alias", answer.alias))?, answer.revision))
    }

    /// Deletes an alias; answers the revision that this made. It is asked once.
    ///
    /// # Errors
    /// `NotFound`; `Aborted` when the alias does not point where it was expected to.
    pub async fn delete_alias(&self, delete: &DeleteAlias) -> Result<u64, ClientError> {
        let call = |mut grpc: Grpc<_>, request| async move { grpc.delete_alias(request).await };
        Ok(self.link.once(delete.to_wire(), call).await?.revision)
    }

    /// A page of the moves of the aliases of a model, newest first.
    ///
    /// # Errors
    /// `NotFound`; `InvalidArgument` for a page that does not follow one of this list.
    pub async fn alias_history(
        &self,
        model: &ModelName,
        asked: &PageRequest,
    ) -> Result<Page<AliasMove, String>, ClientError> {
        let request = ListAliasHistoryRequest {
            model: model.to_string(),
            page_size: asked.size.get(),
            page_token: asked.token(),
        };
        let call =
            |mut grpc: Grpc<_>, request| async move { grpc.list_alias_history(request).await };
        let answer = self.link.ask(request, call).await?;
        Ok(page(self.link.read(repeated("moves", answer.moves))?, answer.next_page_token))
    }

    /// All moves of the aliases of a model, newest first.
    ///
    /// # Errors
    /// The stream ends with an error as [`alias_history`](Self::alias_history) does.
    pub fn all_alias_moves(
        &self,
        model: ModelName,
    ) -> BoxStream<'static, Result<AliasMove, ClientError>> {
        let client = self.clone();
        all(move |asked| {
            let (client, model) = (client.clone(), model.clone());
            async move { client.alias_history(&model, &asked).await }
        })
    }

    /// Follows all models: a snapshot, then each change as it happens.
    ///
    /// # Errors
    /// The stream ends with an error when the connection breaks:
    /// [`watch_from`](Self::watch_from) the last revision tells what was missed.
    pub async fn watch(
        &self,
    ) -> Result<BoxStream<'static, Result<Revised, ClientError>>, ClientError> {
        self.follow(None).await
    }

    /// Follows the changes after `revision`, as they happen. A registry that has not come so far,
    /// since it was restored from a backup, begins with a snapshot.
    ///
    /// # Errors
    /// As [`watch`](Self::watch).
    pub async fn watch_from(
        &self,
        revision: u64,
    ) -> Result<BoxStream<'static, Result<Revised, ClientError>>, ClientError> {
        match self.follow(Some(revision)).await {
            Err(error) if error.code() == Code::FailedPrecondition => self.follow(None).await,
            told => told,
        }
    }

    async fn follow(
        &self,
        after_revision: Option<u64>,
    ) -> Result<BoxStream<'static, Result<Revised, ClientError>>, ClientError> {
        let call = |mut grpc: Grpc<_>, request| async move { grpc.watch_models(request).await };
        let answers = self.link.open(WatchModelsRequest { after_revision }, call).await?;
        let peer = self.link.peer();
        let event = move |answer| match answer {
            Ok(answer) => peer.read(Revised::from_wire(answer)),
            Err(status) => Err(peer.failed(status)),
        };
        Ok(answers.map(event).boxed())
    }
}
