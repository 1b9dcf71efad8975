//! A CSV reader that goes character by character and knows nothing of the program's own.

/// A record and the line on which it begins.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    pub line: u64,
    pub fields: Vec<String>,
}

/// The line of a place in a text.
pub fn line_at(text: &str, place: usize) -> u64 {
    let before = &text[..place];
    // An LF right here still belongs to the line of the CR before it only when the record began in between, which
    // cannot be.
    before.replace("\r\n", "\n").replace('\r', "\n").matches('\n').count() as u64 + 1
}

/// All records but empty lines; the line of the record in which a quote is left open, if any.
pub fn records(text: &str, delimiter: char) -> (Vec<Record>, Option<u64>) {
    let mut records = Vec::new();
    let mut characters = text.char_indices().peekable();
    while let Some(&(start, first)) = characters.peek() {
        if first == '\r' || first == '\n' {
            characters.next();
            continue;
        }
        let line = line_at(text, start);
        let mut fields = vec![String::new()];
        let (mut quoted, mut at_start) = (false, true);
        loop {
            let character = characters.next().map(|(_, character)| character);
            let field = fields.last_mut().expect("never empty");
            match character {
                None if quoted => return (records, Some(line)),
                Some('"') if quoted && characters.peek().is_some_and(|&(_, next)| next == '"') => {
                    characters.next();
                    field.push('"');
                }
                Some('"') if quoted => quoted = false,
                Some(other) if quoted => field.push(other),
                None | Some('\r' | '\n') => break,
                Some(other) if other == delimiter => {
                    fields.push(String::new());
                    at_start = true;
                    continue;
                }
                Some('"') if at_start => quoted = true,
                Some(other) => field.push(other),
            }
            at_start = false;
        }
        records.push(Record { line, fields });
    }
    (records, None)
}
