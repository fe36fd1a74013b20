//! All spans, and how they belong together.

use crate::{collector::Collector, eventually, span::Span};

/// Spans of any number of traces.
pub(crate) struct Tree(Vec<Span>);

impl Tree {
    /// All that `collector` has once `complete` finds in it what it looks for.
    pub(crate) fn once(
        collector: &Collector,
        what: &str,
        complete: impl Fn(&Self) -> Option<()>,
    ) -> Self {
        eventually(what, || {
            let tree = Self(collector.spans());
            complete(&tree).map(|()| tree)
        })
    }

    pub(crate) fn all(&self) -> &[Span] {
        &self.0
    }

    /// The spans of a trace.
    pub(crate) fn of<'a>(&'a self, trace: &'a str) -> impl Iterator<Item = &'a Span> {
        self.0.iter().filter(move |span| span.trace == trace)
    }

    /// A root of that name.
    pub(crate) fn root(&self, name: &str) -> Option<&Span> {
        self.0.iter().find(|span| span.name == name && span.parent.is_empty())
    }

    /// The first span of that name below `parent`, whatever is between them.
    pub(crate) fn below<'t>(&'t self, parent: &Span, name: &str) -> Option<&'t Span> {
        self.0.iter().find(|span| span.name == name && self.is_below(span, parent))
    }

    /// A child of `parent`; it must be there.
    pub(crate) fn child<'t>(&'t self, parent: &Span, name: &str) -> &'t Span {
        let is_child = |span: &Span| (&span.trace, &span.parent) == (&parent.trace, &parent.id);
        let mut children = self.0.iter().filter(|span| is_child(span));
        children.find(|span| span.name == name).unwrap_or_else(|| {
            let tree =
                self.of(&parent.trace).map(|s| format!("{} {} < {}", s.name, s.id, s.parent));
            panic!("{} has no {name}: {:#?}", parent.name, tree.collect::<Vec<_>>())
        })
    }

    fn is_below(&self, span: &Span, parent: &Span) -> bool {
        let next = self.of(&span.trace).find(|other| other.id == span.parent);
        span.trace == parent.trace && span.parent == parent.id
            || next.is_some_and(|next| self.is_below(next, parent))
    }
}
