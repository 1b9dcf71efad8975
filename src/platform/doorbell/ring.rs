//! A ring as it travels: `topic:id:process`.

use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// "The row `id` waits", for whoever cares about the topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ring {
    topic: Arc<str>,
    id: i64,
    /// Who rang.
    pub process: Uuid,
}

impl Ring {
    pub fn new(topic: &str, id: i64, process: Uuid) -> Self {
        Self {
            topic: topic.into(),
            id,
            process,
        }
    }

    /// What a broker brought. A ring without a process was rung by hand or by an older program.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let (topic, id) = (parts.next()?, parts.next()?.parse().ok()?);
        let process = parts.next().map_or(Ok(Uuid::nil()), str::parse).ok()?;
        Some(Self::new(topic, id, process))
    }

    /// Whether ears for this topic, or for this id of it, are meant.
    pub fn concerns(&self, topic: &str, id: Option<i64>) -> bool {
        &*self.topic == topic && id.is_none_or(|id| id == self.id)
    }
}

impl fmt::Display for Ring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.topic, self.id, self.process.simple())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_understood() {
        let ring = Ring::new("imports.to_merge", 7, Uuid::new_v4());
        assert_eq!(Ring::parse(&ring.to_string()), Some(ring.clone()));
        assert!(ring.concerns("imports.to_merge", None) && ring.concerns("imports.to_merge", Some(7)));
        assert!(!ring.concerns("imports.to_merge", Some(8)) && !ring.concerns("import", None));
    }

    #[test]
    fn strangers_are_left_alone() {
        assert!(Ring::parse("import:7").is_some_and(|ring| ring.concerns("import", Some(7))));
        for text in ["", "import", "import:", "import:seven", "import:7:someone", ":::"] {
            assert_eq!(Ring::parse(text), None, "{text}");
        }
    }
}
