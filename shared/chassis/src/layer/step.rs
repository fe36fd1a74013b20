//! A step on a request's way to its service, and on its answer's way back.
//!
//! Every request passes every step, so none of them boxes a future or a body: a step says what it
//! does in [`Step::begin`] and in its [`Watch`], and this file puts it around a service.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service, layer::layer_fn};

use super::{
    refusal::Refusal,
    watched::{Both, Watch, Watched},
};

/// What happens to each request before its service has it.
pub(super) trait Step: Clone + Send + 'static {
    /// What looks at the answer.
    type Watch: Watch;

    /// Lets `request` go on, looked at by a watch where one is needed, or answers in its place.
    fn begin<B>(&self, request: &mut Request<B>) -> Result<Option<Self::Watch>, Refusal>;
}

/// Two steps at once, `self.0` the outer one: a request passes one service less on its way.
///
/// What the inner one refuses, the outer one does not see end: who looks at every end is not paired
/// with who refuses.
impl<A: Step, B: Step> Step for (A, B) {
    type Watch = Both<A::Watch, B::Watch>;

    fn begin<R>(&self, request: &mut Request<R>) -> Result<Option<Self::Watch>, Refusal> {
        let outer = self.0.begin(request)?;
        let within = outer.as_ref().and_then(Watch::attach);
        let inner = self.1.begin(request);
        drop(within);
        Ok(Some(Both { outer, inner: inner? }))
    }
}

/// Puts `step` around a service.
pub(super) fn step<S, T: Step>(step: T) -> impl Layer<S, Service = Stepped<S, T>> {
    layer_fn(move |inner| Stepped { inner, step: step.clone() })
}

/// A service behind a step.
#[derive(Clone)]
pub(super) struct Stepped<S, T> {
    inner: S,
    step: T,
}

impl<S, T, R, B> Service<Request<R>> for Stepped<S, T>
where
    S: Service<Request<R>, Response = Response<B>, Error = Infallible>,
    T: Step,
{
    type Response = Response<Watched<B, T::Watch>>;
    type Error = Infallible;
    type Future = Answering<S::Future, T::Watch>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<R>) -> Self::Future {
        match self.step.begin(&mut request) {
            Ok(watch) => {
                let within = watch.as_ref().and_then(Watch::attach);
                let inner = self.inner.call(request);
                drop(within);
                Answering { inner: Some(inner), watch, refusal: None }
            }
            Err(refusal) => Answering { inner: None, watch: None, refusal: Some(refusal) },
        }
    }
}

pin_project! {
    /// An answer on its way.
    pub(super) struct Answering<F, W> {
        // Nothing once the answer is refused, or cut off.
        #[pin]
        inner: Option<F>,
        watch: Option<W>,
        refusal: Option<Refusal>,
    }
}

impl<F, W, B> Future for Answering<F, W>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
    W: Watch,
{
    type Output = Result<Response<Watched<B, W>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(inner) = this.inner.as_mut().as_pin_mut() {
            let within = this.watch.as_ref().and_then(Watch::attach);
            let polled = inner.poll(cx);
            drop(within);
            if let Poll::Ready(Ok(response)) = polled {
                return Poll::Ready(Ok(Watched::around(response, this.watch.take())));
            }
            let due = this.watch.as_mut().map(|watch| watch.poll_due(cx));
            let Some(Poll::Ready(refusal)) = due else { return Poll::Pending };
            this.inner.set(None);
            *this.refusal = Some(refusal);
        }
        let refusal = this.refusal.take().expect("polled no more once it is answered");
        Poll::Ready(Ok(refusal.answer().map(|()| Watched::nothing())))
    }
}
