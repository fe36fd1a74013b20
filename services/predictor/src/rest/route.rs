//! Which call a path stands for.

/// What a request asks for; names and versions as they stand in the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    Server,
    Live,
    Ready,
    Statistics,
    Model(ModelCall, ModelPath<'a>),
    Index,
    Load(&'a str),
    Unload(&'a str),
}

/// What is asked of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModelCall {
    Metadata,
    Ready,
    Config,
    Statistics,
    Infer,
}

/// Which model, and which version or alias of it; none: empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ModelPath<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
}

impl ModelPath<'_> {
    /// Name and version, for a message.
    pub(super) fn owned(self) -> (String, String) {
        (self.name.to_owned(), self.version.to_owned())
    }
}

impl<'a> Route<'a> {
    /// The route at `path`, if there is one. Names of models, versions and aliases need no escapes.
    pub(super) fn at(path: &'a str) -> Option<Self> {
        let steps = path.strip_prefix('/')?.splitn(MOST_STEPS + 1, '/').collect::<Vec<_>>();
        Some(match steps[..] {
            ["v2"] => Self::Server,
            ["v2", "health", "live"] => Self::Live,
            ["v2", "health", "ready"] => Self::Ready,
            ["v2", "models", "stats"] => Self::Statistics,
            ["v2", "models", name, "versions", version, ref call @ ..] => {
                Self::Model(ModelCall::at(call)?, ModelPath { name, version })
            }
            ["v2", "models", name, ref call @ ..] => {
                Self::Model(ModelCall::at(call)?, ModelPath { name, version: "" })
            }
            ["v2", "repository", "index"] => Self::Index,
            ["v2", "repository", "models", name, "load"] => Self::Load(name),
            ["v2", "repository", "models", name, "unload"] => Self::Unload(name),
            _ => return None,
        })
    }

    /// The method of gRPC that does the same. Health is not a call: it needs no seat.
    pub(super) fn grpc_path(self) -> &'static str {
        match self {
            Self::Live | Self::Ready => "/grpc.health.v1.Health/Check",
            Self::Server => "/inference.GRPCInferenceService/ServerMetadata",
            Self::Model(ModelCall::Metadata, _) => "/inference.GRPCInferenceService/ModelMetadata",
            Self::Model(ModelCall::Ready, _) => "/inference.GRPCInferenceService/ModelReady",
            Self::Model(ModelCall::Config, _) => "/inference.GRPCInferenceService/ModelConfig",
            Self::Model(ModelCall::Infer, _) => "/inference.GRPCInferenceService/ModelInfer",
            Self::Statistics | Self::Model(ModelCall::Statistics, _) => {
                "/inference.GRPCInferenceService/ModelStatistics"
            }
            Self::Index => "/inference.GRPCInferenceService/RepositoryIndex",
            Self::Load(_) => "/inference.GRPCInferenceService/RepositoryModelLoad",
            Self::Unload(_) => "/inference.GRPCInferenceService/RepositoryModelUnload",
        }
    }

    /// Whether it takes GET; POST otherwise.
    pub(super) fn is_read(self) -> bool {
        !matches!(
            self,
            Self::Model(ModelCall::Infer, _) | Self::Index | Self::Load(_) | Self::Unload(_)
        )
    }

    /// Whether the predictor is another one afterwards.
    pub(super) fn changes_something(self) -> bool {
        matches!(self, Self::Load(_) | Self::Unload(_))
    }
}

impl ModelCall {
    fn at(steps: &[&str]) -> Option<Self> {
        Some(match steps {
            [] => Self::Metadata,
            ["ready"] => Self::Ready,
            ["config"] => Self::Config,
            ["stats"] => Self::Statistics,
            ["infer"] => Self::Infer,
            _ => return None,
        })
    }
}

/// Steps of the longest path: `v2/models/{model}/versions/{version}/infer`.
const MOST_STEPS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_the_protocol_is_known_and_no_other() {
        let press = |version| ModelPath { name: "press", version };
        for (path, route) in [
            ("/v2", Some(Route::Server)),
            ("/v2/models/press", Some(Route::Model(ModelCall::Metadata, press("")))),
            ("/v2/models/press/infer", Some(Route::Model(ModelCall::Infer, press("")))),
            ("/v2/models/press/versions/3", Some(Route::Model(ModelCall::Metadata, press("3")))),
            (
                "/v2/models/press/versions/staging/infer",
                Some(Route::Model(ModelCall::Infer, press("staging"))),
            ),
            ("/v2/models/stats", Some(Route::Statistics)),
            ("/v2/repository/models/press/load", Some(Route::Load("press"))),
            ("/", None),
            ("/v1", None),
            ("/v2/", None),
            ("/v2/models", None),
            ("/v2/models/press/infer/", None),
            ("/v2/models/press/versions/3/infer/more/of/it", None),
            ("v2", None),
        ] {
            assert_eq!(Route::at(path), route, "{path}");
        }
    }
}
