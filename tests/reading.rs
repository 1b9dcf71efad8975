//! Product files of every dialect, read and compared with what was written and with an independent, naive reading.

#[path = "reading/examples.rs"]
mod examples;
#[path = "reading/naive.rs"]
mod naive;
#[path = "reading/properties.rs"]
mod properties;
#[path = "reading/writer.rs"]
mod writer;

use product_importer::imports::read::{FileFailure, Position, Reader, Rejected, Row, Sink};

/// What a reader handed over, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Row {
        line: u64,
        sku: String,
        name: String,
        description: Option<String>,
        active: Option<bool>,
    },
    Rejected(Rejected),
}

#[derive(Debug, Default)]
struct Events(Vec<Event>);

impl Sink for Events {
    fn row(&mut self, row: Row<'_>) {
        self.0.push(Event::Row {
            line: row.line,
            sku: row.sku.to_owned(),
            name: row.name.to_owned(),
            description: row.description.map(str::to_owned),
            active: row.active,
        });
    }

    fn reject(&mut self, rejected: Rejected) {
        self.0.push(Event::Rejected(rejected));
    }
}

/// All that came of reading a file.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    events: Vec<Event>,
    position: Position,
    failure: Option<FileFailure>,
}

impl Outcome {
    fn rejected(&self) -> Vec<&Rejected> {
        self.events
            .iter()
            .filter_map(|event| {
                if let Event::Rejected(row) = event {
                    Some(row)
                } else {
                    None
                }
            })
            .collect()
    }

    fn names(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter_map(|event| {
                if let Event::Row { name, .. } = event {
                    Some(&**name)
                } else {
                    None
                }
            })
            .collect()
    }
}

fn read_on<'a>(mut reader: Reader, chunks: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut events = Events::default();
    let fed = chunks.into_iter().try_for_each(|chunk| reader.feed(chunk, &mut events));
    let failure = fed.and_then(|()| reader.finish(&mut events)).err();
    Outcome {
        events: events.0,
        position: reader.position(),
        failure,
    }
}

fn read(file: &[u8]) -> Outcome {
    read_on(Reader::new(), [file])
}

/// Reads up to a place in the file, puts the position through JSON and goes on from it with a new reader.
fn read_in_two_lives(file: &[u8], chunk: usize, death: usize) -> Outcome {
    let (mut reader, mut events) = (Reader::new(), Events::default());
    for chunk in file[..death].chunks(chunk) {
        if reader.feed(chunk, &mut events).is_err() {
            break;
        }
    }
    let json = serde_json::to_string(&reader.position()).expect("a position is JSON");
    let position: Position = serde_json::from_str(&json).expect("and back");
    assert_eq!(
        position.rows_read,
        events.0.len() as u64,
        "every row before a position was handed over"
    );
    let rest = &file[usize::try_from(position.offset).expect("small")..];
    let mut outcome = read_on(Reader::resume(position), [rest]);
    outcome.events.splice(0..0, events.0);
    outcome
}
