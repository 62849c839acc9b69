//! For the trainer of the dictionaries (`examples/train_dictionary`): the texts that are compressed,
//! as they are just before.

use annals_domain::event::Event;

use crate::owners::owners;
use crate::packing::pack;
use crate::parts::{parts_of, write_part};
use crate::stored::Record;

/// The text of a record's header as it is compressed.
pub fn header_text(record: &Record) -> Vec<u8> {
    let pseudonym = record.groups.first().map(|group| group.key.as_text());
    let mut text = Vec::new();
    pack(&record.header, pseudonym.as_deref(), &mut text, &mut Vec::new());
    text
}

/// The texts of an event's groups as they are compressed.
pub fn group_texts(event: &Event) -> serde_json::Result<Vec<Vec<u8>>> {
    let parts = parts_of(event);
    owners(event)
        .iter()
        .map(|owner| {
            let mut text = Vec::new();
            for (name, _) in parts.iter().filter(|(_, whose)| whose == owner) {
                let mut json = Vec::new();
                write_part(event, *name, &mut json)?;
                name.write_code(&mut text);
                pack(&json, None, &mut text, &mut Vec::new());
            }
            Ok(text)
        })
        .collect()
}
