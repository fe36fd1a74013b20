//! Lines of models.

use millwright_domain::{Model, ModelVersion, Tags, Version};
use serde::Serialize;

use super::{
    AliasView, ServedView, VersionView, fields, table, tags, time, version::versions_table,
};
use crate::output::Answer;

/// One line of models; its versions only where they were asked for.
#[derive(Serialize)]
pub(crate) struct ModelView {
    model: String,
    latest_version: Version,
    aliases: Vec<AliasView>,
    tags: Tags,
    created_at: String,
    /// The newest ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    versions: Option<Vec<VersionView>>,
    /// What the predictor says of the aliases; absent where it was not asked or did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    served: Option<Vec<ServedView>>,
}

/// All models.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct ModelsView(Vec<ModelView>);

impl From<Model> for ModelView {
    fn from(model: Model) -> Self {
        Self {
            aliases: model.aliases.into_iter().map(AliasView::from).collect(),
            model: model.name.to_string(),
            latest_version: model.latest,
            tags: model.tags,
            created_at: time(model.created_at),
            versions: None,
            served: None,
        }
    }
}

impl From<Vec<Model>> for ModelsView {
    fn from(models: Vec<Model>) -> Self {
        Self(models.into_iter().map(ModelView::from).collect())
    }
}

impl ModelView {
    /// The same with its newest `versions`.
    pub(crate) fn versions(self, versions: Vec<ModelVersion>) -> Self {
        let versions = versions.into_iter().map(VersionView::from).collect();
        Self { versions: Some(versions), ..self }
    }

    /// The same with what the predictor says.
    pub(crate) fn served(self, served: Option<Vec<ServedView>>) -> Self {
        Self { served, ..self }
    }

    fn aliases(&self) -> String {
        let aliases: Vec<_> = self.aliases.iter().map(AliasView::to_string).collect();
        if aliases.is_empty() { "-".to_owned() } else { aliases.join(", ") }
    }
}

impl Answer for ModelView {
    fn table(&self) -> String {
        let head = fields([
            ("model", self.model.clone()),
            ("aliases", self.aliases()),
            ("tags", tags::listed(&self.tags)),
            ("latest", self.latest_version.to_string()),
            ("since", self.created_at.clone()),
        ]);
        let served = self.served.as_deref().filter(|served| !served.is_empty()).map(|served| {
            let rows = served.iter().map(ServedView::row).collect();
            table(["ALIAS", "POINTS TO", "SERVED", "PROBLEM"], rows)
        });
        let versions = self.versions.as_ref().map(|versions| versions_table(versions.iter()));
        let parts = [Some(head), served, versions];
        parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
    }
}

impl Answer for ModelsView {
    fn table(&self) -> String {
        let row = |model: &ModelView| {
            [
                model.model.clone(),
                model.latest_version.to_string(),
                model.aliases(),
                tags::listed(&model.tags),
                model.created_at.clone(),
            ]
        };
        table(["MODEL", "LATEST", "ALIASES", "TAGS", "SINCE"], self.0.iter().map(row).collect())
    }
}
