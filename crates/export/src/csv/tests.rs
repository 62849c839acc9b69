use proptest::prelude::*;

use super::*;

/// The first character that counts, as a cautious reader of spreadsheets sees it.
fn runs_as_a_formula(cell: &str) -> bool {
    let first = cell.trim_start_matches([' ', '"', '\t', '\r', '\n', '\u{a0}', '\u{feff}']);
    first.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

fn read_back(cells: &[&str]) -> Vec<String> {
    let mut line = Vec::new();
    for (index, cell) in cells.iter().enumerate() {
        separate(index, &mut line);
        write_cell(cell, &mut line);
    }
    line.extend_from_slice(b"\r\n");
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_slice());
    let record = reader.records().next().unwrap().unwrap();
    record.iter().map(str::to_owned).collect()
}

#[test]
fn formulas_get_an_apostrophe() {
    for formula in [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\"=1",
        "'=1",
        "＝1",
        "＋1",
        "－1",
        "＠1",
        "\u{feff}=1",
        "\u{200b}=1",
        "\u{a0}=1",
        "“=1",
        "\tplain",
        "−1",
    ] {
        assert!(safe(formula).starts_with('\''), "{formula:?} → {:?}", safe(formula));
    }
    for harmless in ["", "a=1", "1-1", "mail@example.com", "{\"a\":-1}", "[\"=1\"]", "ä=1", "(-1)"]
    {
        assert_eq!(safe(harmless), harmless);
    }
}

#[test]
fn what_is_not_seen_is_written_out() {
    assert_eq!(safe("a\tb\r\nc"), "a\\tb\\r\\nc");
    assert_eq!(safe("a\u{0}b\u{7f}c\u{85}"), "a\\u0000b\\u007fc\\u0085");
    assert_eq!(safe("user\u{202e}cod.exe"), "user\\u202ecod.exe");
    assert_eq!(safe("Zoë 張 🦀"), "Zoë 張 🦀");
}

proptest! {
    #[test]
    fn no_cell_is_a_formula_or_breaks_its_line(cells in prop::collection::vec(any::<String>(), 2..5)) {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let read = read_back(&cells);
        prop_assert_eq!(read.len(), cells.len());
        for (cell, read) in cells.iter().zip(&read) {
            prop_assert!(!runs_as_a_formula(read), "{:?} → {:?}", cell, read);
            prop_assert!(!read.chars().any(is_unseen), "{:?} → {:?}", cell, read);
            prop_assert_eq!(&safe(cell), read);
        }
    }

    #[test]
    fn what_begins_like_a_formula_is_never_left_so(
        before in "[ \"'\t\r\n\u{a0}\u{200b}]{0,4}",
        sign in "[=+@＝＋－＠-]",
        rest in ".{0,12}",
    ) {
        let cell = format!("{before}{sign}{rest}");
        let read = read_back(&[&cell, "x"]);
        prop_assert!(read[0].starts_with('\''), "{:?} → {:?}", cell, read[0]);
    }

    #[test]
    fn seen_text_that_is_no_formula_stays_as_it_is(cell in "[a-zA-Z0-9äß張][ -~äß張]{0,40}") {
        prop_assert_eq!(&read_back(&[&cell, "x"])[0], &cell);
    }
}
