//! Cuts a stream of bytes into pieces worth a row each.
//!
//! A fast line fills pieces of 1 MiB. A slow one gets smaller ones in time, so that its progress shows and little
//! is lost when it breaks. What arrived before a break is given out like everything else; the break comes last.

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use std::fmt::Display;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// No piece is larger.
pub(super) const PIECE_MAX_BYTES: usize = 1 << 20;
/// From this size on a piece is worth a row after a moment.
const WORTHWHILE_BYTES: usize = 64 << 10;

/// How long bytes may wait for more of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// When they are worth a row already.
    pub worthwhile: Duration,
    /// However few they are.
    pub longest: Duration,
    /// How long the line may say nothing before it counts as broken.
    pub stall: Duration,
}

impl Pace {
    /// The usual pace on a line that counts as broken after `stall`.
    pub(super) fn with_stall(stall: Duration) -> Self {
        Self {
            worthwhile: Duration::from_secs(1),
            longest: Duration::from_secs(10),
            stall,
        }
    }
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// As it should.
    Whole,
    /// The connection broke.
    Broken,
    /// Nothing came for too long.
    Stalled,
}

/// A stream being cut.
pub(super) struct Pieces<'s, S> {
    stream: &'s mut S,
    pace: Pace,
    waiting: BytesMut,
    waiting_since: Instant,
    ending: Option<Ending>,
}

impl<'s, S, E> Pieces<'s, S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Display,
{
    pub(super) fn of(stream: &'s mut S, pace: Pace) -> Self {
        Self {
            stream,
            pace,
            waiting: BytesMut::new(),
            waiting_since: Instant::now(),
            ending: None,
        }
    }

    /// The next piece; `None` when the stream has ended and everything that came has been given out.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        let mut silent_since = Instant::now();
        while self.ending.is_none() && !self.is_due() {
            let longest = self.pace.stall.saturating_sub(silent_since.elapsed());
            match timeout(longest.min(self.until_due()), self.stream.next()).await {
                Ok(Some(Ok(chunk))) => {
                    silent_since = Instant::now();
                    self.add(&chunk);
                }
                Ok(Some(Err(error))) => {
                    tracing::debug!(%error, "an upload's connection broke");
                    self.ending = Some(Ending::Broken);
                }
                Ok(None) => self.ending = Some(Ending::Whole),
                Err(_) if silent_since.elapsed() >= self.pace.stall => self.ending = Some(Ending::Stalled),
                Err(_) => {}
            }
        }
        self.take()
    }

    /// How the stream ended, once [`Pieces::next`] gave `None`.
    pub(super) fn ending(&self) -> Ending {
        self.ending.unwrap_or(Ending::Broken)
    }

    fn add(&mut self, chunk: &[u8]) {
        if self.waiting.is_empty() {
            self.waiting_since = Instant::now();
            self.waiting.reserve(PIECE_MAX_BYTES);
        }
        self.waiting.extend_from_slice(chunk);
    }

    fn is_due(&self) -> bool {
        self.waiting.len() >= PIECE_MAX_BYTES || (!self.waiting.is_empty() && self.until_due().is_zero())
    }

    fn until_due(&self) -> Duration {
        match self.waiting.len() {
            0 => Duration::MAX,
            1..WORTHWHILE_BYTES => self.pace.longest.saturating_sub(self.waiting_since.elapsed()),
            _ => self.pace.worthwhile.saturating_sub(self.waiting_since.elapsed()),
        }
    }

    fn take(&mut self) -> Option<Bytes> {
        if self.waiting.is_empty() {
            return None;
        }
        self.waiting_since = Instant::now();
        Some(self.waiting.split_to(self.waiting.len().min(PIECE_MAX_BYTES)).freeze())
    }
}

/// Reads on for a moment and throws it away. A client that is still sending when the connection closes often
/// never sees the answer; this gives it the chance.
pub(super) async fn discard<S, E>(stream: &mut S)
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    const AT_MOST_BYTES: usize = 16 << 20;
    const AT_MOST: Duration = Duration::from_secs(2);
    let reading = async {
        let mut discarded = 0;
        while let Some(Ok(chunk)) = stream.next().await {
            discarded += chunk.len();
            if discarded > AT_MOST_BYTES {
                break;
            }
        }
    };
    // Whether it came to an end or ran out of time makes no difference.
    timeout(AT_MOST, reading).await.unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    const NEVER: Duration = Duration::from_hours(1);
    const PATIENT: Pace = Pace {
        worthwhile: NEVER,
        longest: NEVER,
        stall: NEVER,
    };
    const SOON: Duration = Duration::from_millis(5);

    fn chunks(sizes: &[usize]) -> Vec<Result<Bytes, &'static str>> {
        sizes.iter().map(|size| Ok(Bytes::from(vec![7; *size]))).collect()
    }

    async fn cut(mut stream: impl Stream<Item = Result<Bytes, &'static str>> + Unpin) -> (Vec<usize>, Ending) {
        let mut pieces = Pieces::of(&mut stream, PATIENT);
        let mut sizes = Vec::new();
        while let Some(piece) = pieces.next().await {
            sizes.push(piece.len());
        }
        (sizes, pieces.ending())
    }

    #[tokio::test]
    async fn fast_lines_fill_pieces() {
        let (sizes, ending) = cut(stream::iter(chunks(&[700_000, 700_000, 3_000_000]))).await;
        assert_eq!(
            sizes,
            [
                PIECE_MAX_BYTES,
                PIECE_MAX_BYTES,
                PIECE_MAX_BYTES,
                PIECE_MAX_BYTES,
                205_696
            ]
        );
        assert_eq!(ending, Ending::Whole);
    }

    #[tokio::test]
    async fn what_came_before_a_break_is_given_out() {
        let mut sent = chunks(&[5, 6]);
        sent.push(Err("reset"));
        assert_eq!(cut(stream::iter(sent)).await, (vec![11], Ending::Broken));
    }

    #[tokio::test]
    async fn a_slow_line_shows_progress() {
        let mut open = stream::iter(chunks(&[40_000, 40_000])).chain(stream::pending());
        let mut pieces = Pieces::of(
            &mut open,
            Pace {
                worthwhile: SOON,
                ..PATIENT
            },
        );
        assert_eq!(pieces.next().await.map(|piece| piece.len()), Some(80_000));
    }

    #[tokio::test]
    async fn even_a_few_bytes_do_not_wait_for_ever() {
        let mut open = stream::iter(chunks(&[3])).chain(stream::pending());
        let mut pieces = Pieces::of(
            &mut open,
            Pace {
                longest: SOON,
                ..PATIENT
            },
        );
        assert_eq!(pieces.next().await.map(|piece| piece.len()), Some(3));
    }

    #[tokio::test]
    async fn a_silent_line_counts_as_broken() {
        let mut silent = stream::iter(chunks(&[9])).chain(stream::pending());
        let mut pieces = Pieces::of(&mut silent, Pace { stall: SOON, ..PATIENT });
        assert_eq!(pieces.next().await.map(|piece| piece.len()), Some(9));
        assert_eq!(pieces.next().await, None);
        assert_eq!(pieces.ending(), Ending::Stalled);
    }
}
