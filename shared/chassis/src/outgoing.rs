//! What a connection says in one turn, in one write.
//!
//! h2 ends a write at each payload of 256 bytes or more, so that each of many answers left by a
//! system call of its own: a fifth of what a small request cost the server, and each woke its caller.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    time::timeout,
};

/// Bytes that wait for the end of a turn, at most; a connection keeps the memory, twice as much at most.
const MOST: usize = 32 << 10;

/// Where HTTP/2 writes. Nothing is sent, whatever is flushed, until [`Sender`] is told to.
pub(crate) struct Outgoing(Arc<Mutex<Waiting>>);

/// Sends what was written.
pub(crate) struct Sender<W> {
    socket: W,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// How many of them are sent.
    sent: usize,
    /// Whether there was no room for more.
    is_refused: bool,
}

/// The two ends of what leaves by `socket`.
pub(crate) fn outgoing<W: AsyncWrite + Unpin>(socket: W) -> (Outgoing, Sender<W>) {
    let waiting = Arc::new(Mutex::default());
    (Outgoing(waiting.clone()), Sender { socket, waiting })
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    // Nothing panics while it is held.
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AsyncWrite for Outgoing {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(bytes)])
    }

    /// Who is refused is not woken: whoever polls the sender polls the connection again.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut waiting = lock(&self.0);
        let before = waiting.bytes.len();
        for piece in pieces {
            let room = MOST.saturating_sub(waiting.bytes.len());
            waiting.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        }
        let taken = waiting.bytes.len() - before;
        if taken == 0 && pieces.iter().any(|piece| !piece.is_empty()) {
            waiting.is_refused = true;
            return Poll::Pending;
        }
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl<W: AsyncWrite + Unpin> Sender<W> {
    /// Sends all that waits, and says whether somebody had more to write meanwhile.
    pub(crate) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut waiting = lock(&self.waiting);
        while waiting.sent < waiting.bytes.len() {
            let rest = &waiting.bytes[waiting.sent..];
            match ready!(Pin::new(&mut self.socket).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => waiting.sent += n,
            }
        }
        waiting.bytes.clear();
        waiting.sent = 0;
        Poll::Ready(Ok(std::mem::take(&mut waiting.is_refused)))
    }

    /// Sends the last of it and closes, `within` that time.
    pub(crate) async fn finish(mut self, within: Duration) -> io::Result<()> {
        let last = async {
            std::future::poll_fn(|cx| self.poll_send(cx)).await?;
            self.socket.shutdown().await
        };
        timeout(within, last).await?
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    /// Counts the writes to its stream.
    struct Counting<W>(W, Arc<Mutex<usize>>);

    impl<W: AsyncWrite + Unpin> AsyncWrite for Counting<W> {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let written = ready!(Pin::new(&mut self.0).poll_write(cx, bytes));
            *self.1.lock().expect("no panic") += 1;
            Poll::Ready(written)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }

    #[tokio::test]
    async fn what_is_written_and_flushed_leaves_in_one_write_when_it_is_told_to() {
        let ((near, mut far), n_writes) = (duplex(1 << 20), Arc::default());
        let (mut outgoing, mut sender) = outgoing(Counting(near, Arc::clone(&n_writes)));
        for answer in [b"one, ", b"two, "] {
            outgoing.write_all(answer).await.expect("there is room");
            outgoing.flush().await.expect("it waits");
        }
        assert_eq!(*n_writes.lock().expect("no panic"), 0);
        assert!(!poll_fn(|cx| sender.poll_send(cx)).await.expect("it is sent"));
        assert_eq!(*n_writes.lock().expect("no panic"), 1);
        outgoing.write_all(b"three").await.expect("there is room");
        sender.finish(Duration::from_secs(1)).await.expect("it is sent");
        let mut all = String::new();
        far.read_to_string(&mut all).await.expect("it was closed");
        assert_eq!(all, "one, two, three");
    }

    #[tokio::test]
    async fn who_writes_too_much_waits_until_it_was_sent() {
        let (near, mut far) = duplex(MOST / 2);
        let (mut outgoing, mut sender) = outgoing(near);
        let (long, mut received) = (vec![7; MOST + 1], vec![0; MOST + 1]);
        let writes = async {
            let mut written = 0;
            poll_fn(|cx| {
                loop {
                    let rest = &long[written..];
                    match Pin::new(&mut outgoing).poll_write(cx, rest) {
                        Poll::Ready(_) if rest.is_empty() => return Poll::Ready(()),
                        Poll::Ready(n) => written += n.expect("it waits"),
                        Poll::Pending => {
                            assert!(ready!(sender.poll_send(cx)).expect("it is sent"), "refused");
                        }
                    }
                }
            })
            .await;
            sender.finish(Duration::from_secs(1)).await
        };
        let (sent, _) = tokio::join!(writes, far.read_exact(&mut received));
        sent.expect("all of it");
        assert_eq!(received, long);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever_for_a_caller_that_does_not_read() {
        let (near, _far) = duplex(1);
        let (mut outgoing, sender) = outgoing(near);
        outgoing.write_all(b"two").await.expect("there is room");
        let finished = sender.finish(Duration::from_secs(10)).await;
        assert_eq!(finished.expect_err("it is not read").kind(), io::ErrorKind::TimedOut);
    }
}
