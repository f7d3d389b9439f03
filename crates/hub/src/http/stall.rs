//! Closes connections on which nothing moves.
//!
//! Not a limit of the whole time: a slow line may take as long as it needs, as long as something
//! goes forward. While the hub itself is at work the other side has nothing to send, and waits.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// Calls of one connection at which the hub is at work.
#[derive(Debug, Clone, Default)]
pub(super) struct Busy(Arc<AtomicUsize>);

impl Busy {
    /// At work until what comes back is dropped.
    pub(super) fn begin(&self) -> AtWork {
        self.0.fetch_add(1, Ordering::Relaxed);
        AtWork(Arc::clone(&self.0))
    }

    fn is_at_work(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

/// See [`Busy::begin`].
#[derive(Debug)]
pub(super) struct AtWork(Arc<AtomicUsize>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection that fails once nothing has come or gone for so long.
pub(super) struct Stall<S> {
    inner: S,
    limit: Duration,
    moved: Instant,
    timer: Pin<Box<Sleep>>,
    busy: Busy,
}

impl<S> Stall<S> {
    /// Watches `inner`.
    pub(super) fn new(inner: S, limit: Duration, busy: Busy) -> Self {
        Self { inner, limit, moved: Instant::now(), timer: Box::pin(sleep(limit)), busy }
    }

    /// Notes that something moved. The timer stays as it is, and is set anew when it goes off: that
    /// is seldom, this is often.
    fn moved(&mut self) {
        self.moved = Instant::now();
    }

    /// Ready when nothing has moved for too long.
    fn poll_stalled(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(self.timer.as_mut().poll(context));
            if self.busy.is_at_work() {
                self.moved();
            }
            let until = self.moved + self.limit;
            if until <= Instant::now() {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.timer.as_mut().reset(until);
        }
    }

    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.moved();
            return polled;
        }
        self.poll_stalled(context).map(Err)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stall<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        self.watch(context, polled)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stall<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.watch(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.watch(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A flush with nothing to do is no movement.
        let polled = Pin::new(&mut self.inner).poll_flush(context);
        if polled.is_ready() { polled } else { self.poll_stalled(context).map(Err) }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(80);

    #[tokio::test]
    async fn nothing_for_so_long_is_the_end() {
        let (_far, near) = duplex(64);
        let mut near = Stall::new(near, LIMIT, Busy::default());
        let error = near.read_u8().await.expect_err("nothing came");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_little_now_and_then_is_enough() {
        let (mut far, near) = duplex(64);
        let mut near = Stall::new(near, LIMIT, Busy::default());
        let drip = tokio::spawn(async move {
            for _ in 0..6 {
                sleep(LIMIT / 2).await;
                far.write_u8(1).await.expect("sent");
            }
        });
        for _ in 0..6 {
            near.read_u8().await.expect("it goes on");
        }
        drip.await.expect("ran");
    }

    #[tokio::test]
    async fn who_does_not_read_is_not_waited_for_either() {
        let (_far, near) = duplex(4);
        let mut near = Stall::new(near, LIMIT, Busy::default());
        let error = near.write_all(b"more than four").await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn while_the_hub_is_at_work_nothing_need_come() {
        let (mut far, near) = duplex(64);
        let busy = Busy::default();
        let at_work = busy.begin();
        let mut near = Stall::new(near, LIMIT, busy);
        let late = tokio::spawn(async move {
            sleep(LIMIT * 3).await;
            drop(at_work);
            far.write_u8(7).await.expect("sent");
            sleep(LIMIT * 3).await;
        });
        assert_eq!(near.read_u8().await.expect("waited"), 7);
        assert!(near.read_u8().await.is_err(), "and afterwards it counts again");
        late.await.expect("ran");
    }
}
