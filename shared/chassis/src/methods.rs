//! Which methods a server has, as its descriptors say.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use http::Request;
use opentelemetry::Context;
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

use crate::layer::MethodMeters;

/// One method, or all that nobody knows.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) service: String,
    pub(crate) name: String,
    /// `package.Service/Name`; nothing for those that nobody knows.
    pub(crate) full_name: Option<Arc<str>>,
    pub(crate) kind: Kind,
    /// What its requests are counted by, from the first one on.
    pub(crate) meters: OnceLock<Arc<MethodMeters>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Unary,
    Streaming,
}

/// A method, and what is logged within its requests names it by.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) method: Arc<Method>,
    pub(crate) context: Context,
}

impl Named {
    fn new(method: Method) -> Self {
        let method = Arc::new(method);
        Self { context: Context::new().with_value(method.clone()), method }
    }

    /// That of `request`, which was named before any layer asks.
    pub(crate) fn of<B>(request: &Request<B>) -> &Self {
        request.extensions().get().expect("the outermost layer names the method")
    }
}

impl Method {
    /// That of `request`, which was named before any layer asks.
    pub(crate) fn of<B>(request: &Request<B>) -> &Arc<Self> {
        &Named::of(request).method
    }

    /// Health and reflection, which every server has: they watch for ever and cost nothing.
    pub(crate) fn is_about_the_server(&self) -> bool {
        self.service.starts_with("grpc.")
    }
}

/// Methods by path. What is not among them is one method `other`, so that a caller cannot make
/// labels.
#[derive(Clone, Debug)]
pub(crate) struct Methods {
    known: Arc<HashMap<String, Named>>,
    other: Named,
}

impl Methods {
    /// The methods of all encoded `FileDescriptorSet`s.
    pub(crate) fn new(descriptors: &[&[u8]]) -> Result<Self, prost::DecodeError> {
        let mut known = HashMap::new();
        for encoded in descriptors {
            for file in FileDescriptorSet::decode(*encoded)?.file {
                known.extend(methods_of(&file));
            }
        }
        let (service, name) = ("other".to_owned(), "other".to_owned());
        let (kind, meters) = (Kind::Unary, OnceLock::new());
        let other = Method { service, name, full_name: None, kind, meters };
        Ok(Self { known: Arc::new(known), other: Named::new(other) })
    }

    /// The method at a request's path.
    pub(crate) fn at(&self, path: &str) -> Named {
        self.known.get(path).unwrap_or(&self.other).clone()
    }
}

fn methods_of(file: &FileDescriptorProto) -> Vec<(String, Named)> {
    let mut methods = Vec::new();
    for service in &file.service {
        let service_name = format!("{}.{}", file.package(), service.name());
        for method in &service.method {
            let streams = method.client_streaming() || method.server_streaming();
            let full_name = format!("{service_name}/{}", method.name());
            let path = format!("/{full_name}");
            let method = Method {
                service: service_name.clone(),
                name: method.name().to_owned(),
                full_name: Some(full_name.into()),
                kind: if streams { Kind::Streaming } else { Kind::Unary },
                meters: OnceLock::new(),
            };
            methods.push((path, Named::new(method)));
        }
    }
    methods
}
