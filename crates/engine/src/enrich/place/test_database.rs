//! Writes small `MaxMind DB` files for tests, after the published format 2.0: a binary tree over the
//! bits of IPv4 addresses, then the data, then the metadata.

use std::net::Ipv4Addr;

/// A value of the format.
pub(in crate::enrich) enum Value {
    Text(&'static str),
    U16(u16),
    U32(u32),
    U64(u64),
    List(Vec<Value>),
    Map(Vec<(&'static str, Value)>),
}

/// A database of networks (address, prefix length) and what is known of them.
pub(in crate::enrich) fn database(
    database_type: &'static str,
    networks: Vec<((Ipv4Addr, u8), Value)>,
) -> Vec<u8> {
    let mut nodes: Vec<[Branch; 2]> = vec![[Branch::Nothing; 2]];
    let mut data = Vec::new();
    for ((address, prefix), value) in networks {
        let offset = data.len() as u32;
        write(&value, &mut data);
        insert(&mut nodes, u32::from(address), prefix, offset);
    }
    let mut file = Vec::new();
    let count = nodes.len() as u32;
    for branch in nodes.iter().flatten() {
        let record = match branch {
            Branch::Nothing => count,
            Branch::Node(node) => *node,
            Branch::Data(offset) => count + 16 + offset,
        };
        file.extend_from_slice(&record.to_be_bytes()[1..]);
    }
    file.extend_from_slice(&[0; 16]);
    file.extend_from_slice(&data);
    file.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    write(&metadata(database_type, count), &mut file);
    file
}

/// What is written of a city.
pub(in crate::enrich) fn city(
    country: &'static str,
    region: &'static str,
    city: &'static str,
) -> Value {
    let names = |name| ("names", Value::Map(vec![("en", Value::Text(name))]));
    Value::Map(vec![
        ("city", Value::Map(vec![names(city)])),
        ("country", Value::Map(vec![("iso_code", Value::Text(country))])),
        ("subdivisions", Value::List(vec![Value::Map(vec![names(region)])])),
    ])
}

/// What is written of a country.
pub(in crate::enrich) fn country(country: &'static str) -> Value {
    Value::Map(vec![("country", Value::Map(vec![("iso_code", Value::Text(country))]))])
}

#[derive(Clone, Copy)]
enum Branch {
    Nothing,
    Node(u32),
    Data(u32),
}

fn insert(nodes: &mut Vec<[Branch; 2]>, address: u32, prefix: u8, offset: u32) {
    let mut node = 0;
    for depth in 0..prefix {
        let side = (address >> (31 - depth) & 1) as usize;
        if depth + 1 == prefix {
            nodes[node][side] = Branch::Data(offset);
            return;
        }
        node = match nodes[node][side] {
            Branch::Node(next) => next as usize,
            _ => {
                nodes.push([Branch::Nothing; 2]);
                let next = nodes.len() - 1;
                nodes[node][side] = Branch::Node(next as u32);
                next
            }
        };
    }
}

fn metadata(database_type: &'static str, node_count: u32) -> Value {
    Value::Map(vec![
        ("binary_format_major_version", Value::U16(2)),
        ("binary_format_minor_version", Value::U16(0)),
        ("build_epoch", Value::U64(1_700_000_000)),
        ("database_type", Value::Text(database_type)),
        ("description", Value::Map(vec![("en", Value::Text("for tests"))])),
        ("ip_version", Value::U16(4)),
        ("languages", Value::List(vec![Value::Text("en")])),
        ("node_count", Value::U32(node_count)),
        ("record_size", Value::U16(24)),
    ])
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => {
            control(2, text.len(), out);
            out.extend_from_slice(text.as_bytes());
        }
        Value::U16(number) => {
            control(5, 2, out);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Value::U32(number) => {
            control(6, 4, out);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Value::U64(number) => {
            control(9, 8, out);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Value::List(items) => {
            control(11, items.len(), out);
            items.iter().for_each(|item| write(item, out));
        }
        Value::Map(pairs) => {
            control(7, pairs.len(), out);
            for (key, value) in pairs {
                write(&Value::Text(key), out);
                write(value, out);
            }
        }
    }
}

/// Kind and size of a value; kinds above 7 take a byte of their own.
fn control(kind: u8, size: usize, out: &mut Vec<u8>) {
    assert!(size < 29, "larger sizes are not needed here");
    let size = size as u8;
    if kind <= 7 {
        out.push(kind << 5 | size);
    } else {
        out.extend_from_slice(&[size, kind - 7]);
    }
}
