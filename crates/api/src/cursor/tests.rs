use super::*;

const KEY: PageKey = PageKey { position: Position(42), occurred_us: -5 };

#[test]
fn a_cursor_comes_back_as_it_was_and_any_change_to_it_is_refused() {
    let cursors = Cursors::new(&[7; 32]);
    for text in [cursors.page(KEY), cursors.position(Position(u64::MAX))] {
        cursors.read(&text).unwrap();
        for index in 0..text.len() {
            for other in *b"AZaz09-_= %" {
                let mut changed = text.clone().into_bytes();
                changed[index] = other;
                let changed = String::from_utf8(changed).unwrap();
                assert!(changed == text || cursors.read(&changed).is_err(), "{changed}");
            }
        }
        assert!(Cursors::new(&[8; 32]).read(&text).is_err());
        assert!(cursors.read(&format!("{text}A")).is_err());
        assert!(cursors.read(&text[1..]).is_err());
    }
    for text in ["", "A", "\0", "é", &"A".repeat(34), &"A".repeat(10_000)] {
        assert_eq!(cursors.read(text).unwrap_err().code, Code::InvalidCursor);
    }
}

#[test]
fn a_position_has_a_place_in_the_order_as_recorded_only() {
    let cursors = Cursors::new(&[7; 32]);
    let page = cursors.read(&cursors.page(KEY)).unwrap();
    let position = cursors.read(&cursors.position(KEY.position)).unwrap();
    assert_eq!(page.position(), position.position());
    for order in [Order::RecordedNewest, Order::RecordedOldest] {
        assert_eq!(page.on_page(order).unwrap(), KEY);
        assert_eq!(position.on_page(order).unwrap().position, KEY.position);
    }
    for order in [Order::OccurredNewest, Order::OccurredOldest] {
        assert_eq!(page.on_page(order).unwrap(), KEY);
        assert_eq!(position.on_page(order).unwrap_err().code, Code::InvalidCursor);
    }
}
