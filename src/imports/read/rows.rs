//! The rows of a file whose header has been read: cut, decoded, judged and counted.

use super::columns::Columns;
use super::encoding::{Decoder, Encoding, LOOK_AHEAD_BYTES};
use super::failure::FileFailure;
use super::position::{Format, Place, Position};
use super::row::{Rejected, Sink, judge, undecodable};
use super::splitter::{Progress, Splitter};
use super::warning::{Warning, WarningKind, is_mangled};

pub(super) struct Rows {
    format: Format,
    splitter: Splitter,
    decoder: Decoder,
    /// The end of the last complete record; its format is filled in when somebody asks.
    boundary: Position,
    /// How far the text has been taken.
    place: Place,
    /// Text from the first byte that is not ASCII on, as long as it does not suffice to tell the encoding.
    held: Vec<u8>,
}

impl Rows {
    pub(super) fn new(format: Format, boundary: Position) -> Self {
        Self {
            splitter: Splitter::new(format.delimiter),
            decoder: Decoder::default(),
            place: boundary.place(),
            boundary,
            held: Vec::new(),
            format,
        }
    }

    pub(super) fn columns(&self) -> &Columns {
        &self.format.columns
    }

    pub(super) fn warnings(&self) -> &[Warning] {
        &self.boundary.warnings
    }

    pub(super) fn position(&self) -> Position {
        Position {
            format: Some(self.format.clone()),
            ..self.boundary.clone()
        }
    }

    /// Takes the next text of the file.
    pub(super) fn feed(&mut self, text: &[u8], sink: &mut impl Sink) -> Result<(), FileFailure> {
        if !self.held.is_empty() {
            return self.hold(text, sink);
        }
        if self.format.encoding.is_some() || text.is_ascii() {
            return self.split(text, sink);
        }
        let first = text.iter().position(|byte| !byte.is_ascii()).unwrap_or(text.len());
        self.split(&text[..first], sink)?;
        self.hold(&text[first..], sink)
    }

    /// Ends the file.
    pub(super) fn finish(&mut self, sink: &mut impl Sink) -> Result<(), FileFailure> {
        if !self.held.is_empty() {
            self.release(true, sink)?;
        }
        if self.splitter.is_inside() {
            if !self.splitter.end() {
                return Err(FileFailure::UnclosedQuote {
                    line: self.boundary.line,
                });
            }
            self.take_record(sink);
        }
        Ok(())
    }

    /// Holds text until enough of it is there to tell the encoding.
    fn hold(&mut self, text: &[u8], sink: &mut impl Sink) -> Result<(), FileFailure> {
        self.held.extend_from_slice(text);
        if self.held.len() < LOOK_AHEAD_BYTES {
            Ok(())
        } else {
            self.release(false, sink)
        }
    }

    /// Tells the encoding and goes on with what was held.
    fn release(&mut self, is_whole: bool, sink: &mut impl Sink) -> Result<(), FileFailure> {
        let held = std::mem::take(&mut self.held);
        let until = held.len().min(LOOK_AHEAD_BYTES);
        // Two characters before the first strange one tell whether it stands in a word.
        let field = self.splitter.open_field();
        let sample = [&field[field.len().saturating_sub(2)..], &held[..until]].concat();
        self.format.encoding = Some(Encoding::of(&sample, is_whole && until == held.len()));
        self.split(&held, sink)
    }

    fn split(&mut self, text: &[u8], sink: &mut impl Sink) -> Result<(), FileFailure> {
        let mut rest = text;
        while !rest.is_empty() {
            if !self.splitter.is_inside() {
                rest = self.skip_line_ends(rest);
                if rest.is_empty() {
                    break;
                }
            }
            let (progress, used) = self.splitter.read(rest);
            let (taken, after) = rest.split_at(used);
            self.place.advance(taken, self.format.form);
            rest = after;
            match progress {
                Progress::Record => self.take_record(sink),
                Progress::More => {}
                Progress::TooLong => return Err(self.endless_record()),
            }
        }
        Ok(())
    }

    /// Skips empty lines, and the LF of a CRLF whose CR has ended the record before.
    fn skip_line_ends<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        let count = text.iter().take_while(|&&byte| matches!(byte, b'\r' | b'\n')).count();
        let (line_ends, rest) = text.split_at(count);
        self.place.advance(line_ends, self.format.form);
        self.boundary.move_to(self.place);
        rest
    }

    fn take_record(&mut self, sink: &mut impl Sink) {
        let (line, record) = (self.boundary.line, self.splitter.record());
        let judged = match self.decoder.decode(record, self.format.encoding) {
            Some(text) if text.is_blank() => None,
            Some(text) => Some(judge(text, &self.format.columns, line)),
            None => Some(Err(undecodable(self.encoding().name()))),
        };
        self.boundary.rows_read += u64::from(judged.is_some());
        match judged {
            None => {}
            Some(Ok(row)) => {
                if is_mangled(row.sku) {
                    warn_of_mangled_sku(&mut self.boundary.warnings, line, row.sku);
                }
                sink.row(row);
            }
            Some(Err(reason)) => {
                self.boundary.rejected += 1;
                let encoding = self.encoding();
                let fields = record.fields().map(|field| encoding.decode_anyway(field)).collect();
                sink.reject(Rejected { line, reason, fields });
            }
        }
        self.splitter.forget();
        self.boundary.move_to(self.place);
    }

    fn encoding(&self) -> Encoding {
        self.format.encoding.unwrap_or(Encoding::UTF_8)
    }

    fn endless_record(&mut self) -> FileFailure {
        let line = self.boundary.line;
        let quote_is_open = !self.splitter.end();
        if quote_is_open {
            FileFailure::UnclosedQuote { line }
        } else {
            FileFailure::RecordTooLong { line }
        }
    }
}

fn warn_of_mangled_sku(warnings: &mut Vec<Warning>, line: u64, sku: &str) {
    if !warnings.iter().any(|warning| warning.kind == WarningKind::MangledSku) {
        warnings.push(Warning::new(WarningKind::MangledSku));
    }
    for warning in warnings
        .iter_mut()
        .filter(|warning| warning.kind == WarningKind::MangledSku)
    {
        warning.add(line, sku);
    }
}
