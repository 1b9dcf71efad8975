//! The reader: takes the file chunk by chunk and leads each through the stages of reading.
//!
//! What cannot be understood yet is held: a few kilobytes until the kind of file is known, the header until it is
//! whole, and, once in a file, a mebibyte from the first byte beyond ASCII on, until its encoding is known.

use super::columns::Columns;
use super::failure::FileFailure;
use super::opening::{Beginning, open};
use super::position::Position;
use super::row::Sink;
use super::rows::Rows;
use super::signature::SIGNATURE_BYTES;
use super::transcode::{Form, Transcoder};
use super::warning::Warning;

/// Reads one product file.
pub struct Reader {
    stage: Stage,
    transcoder: Transcoder,
    /// Text of the chunk at hand, for files that need transcoding.
    text: Vec<u8>,
    failure: Option<FileFailure>,
}

enum Stage {
    /// The first bytes, until they tell the kind of file.
    Beginning(Vec<u8>),
    /// The text up to the end of the header.
    Opening(Opening),
    Rows(Box<Rows>),
}

struct Opening {
    beginning: Beginning,
    text: Vec<u8>,
    /// The length from which another look pays: twice that of the last one, so that small chunks cost no more.
    next_look: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader for a file from its beginning.
    #[must_use]
    pub fn new() -> Self {
        Self {
            stage: Stage::Beginning(Vec::new()),
            transcoder: Transcoder::new(Form::Bytes),
            text: Vec::new(),
            failure: None,
        }
    }

    /// A reader that goes on from a position; feed it the file's bytes from `position.offset` on.
    #[must_use]
    pub fn resume(mut position: Position) -> Self {
        let Some(format) = position.format.take() else {
            return Self::new();
        };
        Self {
            transcoder: Transcoder::new(format.form),
            stage: Stage::Rows(Box::new(Rows::new(format, position))),
            ..Self::new()
        }
    }

    /// Reads the next bytes of the file.
    ///
    /// # Errors
    /// When the file cannot be imported; rows before that place have been handed over, and none will follow.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<(), FileFailure> {
        self.unless_failed(|reader| reader.take(bytes, sink))
    }

    /// Reads what is left when the file has ended.
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub fn finish(&mut self, sink: &mut impl Sink) -> Result<(), FileFailure> {
        self.unless_failed(|reader| reader.end(sink))
    }

    /// Where reading stands: the end of the last record that was handed over or skipped.
    #[must_use]
    pub fn position(&self) -> Position {
        match &self.stage {
            Stage::Rows(rows) => rows.position(),
            Stage::Beginning(_) | Stage::Opening(_) => Position::default(),
        }
    }

    /// The columns, once the header has been read.
    #[must_use]
    pub fn columns(&self) -> Option<&Columns> {
        match &self.stage {
            Stage::Rows(rows) => Some(rows.columns()),
            Stage::Beginning(_) | Stage::Opening(_) => None,
        }
    }

    /// What the sender of the file should look at, so far.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        match &self.stage {
            Stage::Rows(rows) => rows.warnings().to_vec(),
            Stage::Beginning(_) | Stage::Opening(_) => Vec::new(),
        }
    }

    fn unless_failed(&mut self, step: impl FnOnce(&mut Self) -> Result<(), FileFailure>) -> Result<(), FileFailure> {
        if self.failure.is_none() {
            self.failure = step(self).err();
        }
        self.failure.clone().map_or(Ok(()), Err)
    }

    fn take(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<(), FileFailure> {
        if let Stage::Beginning(head) = &mut self.stage {
            head.extend_from_slice(bytes);
            return if head.len() < SIGNATURE_BYTES {
                Ok(())
            } else {
                self.begin(sink)
            };
        }
        self.read_raw(bytes, sink)
    }

    fn end(&mut self, sink: &mut impl Sink) -> Result<(), FileFailure> {
        if let Stage::Beginning(_) = self.stage {
            self.begin(sink)?;
        }
        let mut rest = std::mem::take(&mut self.text);
        rest.clear();
        self.transcoder.finish(&mut rest);
        self.read_text(&rest, sink)?;
        self.look_for_header(true, sink)?;
        match &mut self.stage {
            Stage::Rows(rows) => rows.finish(sink),
            Stage::Beginning(_) | Stage::Opening(_) => Err(FileFailure::Empty),
        }
    }

    /// Leaves the first stage.
    fn begin(&mut self, sink: &mut impl Sink) -> Result<(), FileFailure> {
        let Stage::Beginning(head) = &mut self.stage else {
            return Ok(());
        };
        let head = std::mem::take(head);
        let beginning = Beginning::of(&head[..head.len().min(SIGNATURE_BYTES)])?;
        self.transcoder = Transcoder::new(beginning.form);
        self.stage = Stage::Opening(Opening {
            beginning,
            text: Vec::new(),
            next_look: 0,
        });
        self.read_raw(&head[beginning.skip..], sink)
    }

    fn read_raw(&mut self, raw: &[u8], sink: &mut impl Sink) -> Result<(), FileFailure> {
        if self.transcoder.form() == Form::Bytes {
            return self.read_text(raw, sink);
        }
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        self.transcoder.push(raw, &mut text);
        let result = self.read_text(&text, sink);
        self.text = text;
        result
    }

    fn read_text(&mut self, text: &[u8], sink: &mut impl Sink) -> Result<(), FileFailure> {
        match &mut self.stage {
            Stage::Rows(rows) => rows.feed(text, sink),
            Stage::Opening(opening) => {
                opening.text.extend_from_slice(text);
                if opening.text.len() < opening.next_look {
                    Ok(())
                } else {
                    self.look_for_header(false, sink)
                }
            }
            Stage::Beginning(_) => Ok(()),
        }
    }

    /// Leaves the second stage as soon as the header is whole.
    fn look_for_header(&mut self, is_whole: bool, sink: &mut impl Sink) -> Result<(), FileFailure> {
        let Stage::Opening(opening) = &mut self.stage else {
            return Ok(());
        };
        let Some((format, length)) = open(&opening.text, is_whole, opening.beginning)? else {
            opening.next_look = opening.text.len() * 2;
            return Ok(());
        };
        let text = std::mem::take(&mut opening.text);
        let mut position = Position {
            offset: opening.beginning.skip as u64,
            ..Position::default()
        };
        let mut place = position.place();
        place.advance(&text[..length], format.form);
        position.move_to(place);
        let mut rows = Rows::new(format, position);
        let result = rows.feed(&text[length..], sink);
        self.stage = Stage::Rows(Box::new(rows));
        result
    }
}
