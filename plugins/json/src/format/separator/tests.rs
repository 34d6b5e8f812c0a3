use super::super::tests::{fails, reads};
use super::super::{self as format, Format};

#[test]
fn the_separator_of_a_table_is_seen() {
    let check = |csv: &str, expected: &str| reads(Format::Csv, csv, expected);
    check("name;price\nx;1,5\n", r#"["name","price"] ["x","1,5"]"#);
    check("name;price\r\n\r\nx;1,5\r\ny;2\r\n", r#"["name","price"] ["x","1,5"] ["y",2]"#);
    check("a;b;c\n1,5;2;3\n", r#"["a","b","c"] ["1,5",2,3]"#);
    check("\"a\";\"b\"\n1;\"x;y\"\n", r#"["a","b"] [1,"x;y"]"#);
    check("a;\"b, c\"\n1;2\n", r#"["a","b, c"] [1,2]"#);
    check("name, first;age\nx;1\n", r#"["name, first","age"] ["x",1]"#);
    check("name;height\nJoe;5'9\"\n", r#"["name","height"] ["Joe","5'9\""]"#);
    check("a;b\n\"two\nlines\";1\n", r#"["a","b"] ["two\nlines",1]"#);
    check("a|b\n1,5|2\n", r#"["a","b"] ["1,5",2]"#);
    check("a\tb\n1,5\t2\n\"x, y\"\t3\n", r#"["a","b"] ["1,5",2] ["x, y",3]"#);
    check("Report\n1,2,3\n4,5,6\n", r#"["Report"] [1,2,3] [4,5,6]"#);
    check("Report\nname,price\nx,5\n", r#"["Report"] ["name","price"] ["x",5]"#);
    check("sep=;\r\n1,5;2,5\r\n", r#"["1,5","2,5"]"#);
    for named in [" sep=;", "\n\nsep=;", "\"sep=;\"", "sep = ; ", "SEP=;"] {
        check(&format!("{named}\n1,5;2,5\n"), r#"["1,5","2,5"]"#);
    }
    check("sep=\t\na\t1,5\n", r#"["a","1,5"]"#);
    check("sep=;", "");
    reads(Format::Tsv, "sep=\t\na\t1,5\n", r#"["a","1,5"]"#);
    check(
        "Umsatz, a; b\nname;price\nA;1,5\n",
        r#"["Umsatz, a"," b"] ["name","price"] ["A","1,5"]"#,
    );
    for title in ["Made 2026-01-01; do not edit", "Report | 2026 | of all", "Figures; a; b"] {
        check(
            &format!("{title}\nname,age\nAda,36\nBob,40\n"),
            &format!(r#"["{title}"] ["name","age"] ["Ada",36] ["Bob",40]"#),
        );
    }
    // A comma is the rule.
    check("id,text\n1,\"a;\nb; c\"\n2\n", r#"["id","text"] [1,"a;\nb; c"] [2]"#);
    check("item,size\na,1 kg\nb,2 kg\n", r#"["item","size"] ["a","1 kg"] ["b","2 kg"]"#);
    check("a,b\n1,x;y\n2,z;w\n", r#"["a","b"] [1,"x;y"] [2,"z;w"]"#);
    check("a,\"b;c\"\n1,\"x;y\"\n", r#"["a","b;c"] [1,"x;y"]"#);
    check("id,note;more\n1,x\n", r#"["id","note;more"] [1,"x"]"#);
    check("1,\"a; b\",2\n", r#"[1,"a; b",2]"#);
    check("a,b\n1\n1,2;3,4\n", r#"["a","b"] [1] [1,"2;3",4]"#);
    // One column.
    check("name\nx\ny\n", r#"["name"] ["x"] ["y"]"#);
    check("note\none; two; three\n", r#"["note"] ["one; two; three"]"#);
    check("one; two; three\nfour\n", r#"["one; two; three"] ["four"]"#);
    check("note\n\"a; b\"\n\"c; d\"\n", r#"["note"] ["a; b"] ["c; d"]"#);
    check("note\na; b\nc\nd | e\n", r#"["note"] ["a; b"] ["c"] ["d | e"]"#);
    check("", "");
    check("\n\n", "");
}

#[test]
fn a_table_whose_separator_is_in_doubt_is_refused() {
    let check = |csv: &str, part: &str| fails(Format::Csv, csv, part);
    check("a;b;c,d\n1;2;3,4\n", "line 1, column 2: its fields may be parted by `,` or `;`");
    check("1,5;2,5\n3,5;4,5\n", "read it as `text` with the filter `fromcsv(\";\")`");
    check("a;b;c\n", "may be parted by `;` or `,`");
    check("Made 2026; do not edit\na\tb\n1\t2\n", "may be parted by `;` or `\\t` or `,`");
    check("A | B\na;b\n1;2\n3;4\n", "may be parted by `|` or `;` or `,`");
    check("Sales, all\n1;4;86,8\n5;p, q;1\na;41,4;0.4\n", "may be parted by `,` or `;`");
    check("Sales, all\na;p, q\nb;r, s\n", "may be parted by `,` or `;`");
    check("a;b\n1,x\n2,y\n", "may be parted by `;` or `,`");
    check("Sales; all\nname,price\nA,1,5\nB;2\n", "may be parted by `;` or `,`");
    check("Sales; all\n1,5\n2,5\n", "may be parted by `;` or `,`");
    check("1,5;2,5\n", "may be parted by `,` or `;`");
    check("a;b;c\n1;2\n3;4;5\n", "may be parted by `;` or `,`");
    check("a;b\n1,5\n", "may be parted by `;` or `,`");
    check("Report\nname;price\nx;1,5\n", "line 2, column 5: its fields may be");
    check("Report\nname;price\nx;1,5\nTotal\n", "may be parted by `;` or `,`");
    check("Report\nname;price\nx;5\n", "may be parted by `;` or `,`");
    check("a|b;c\n1|2;3\n", "may be parted by `;` or `|` or `,`");
    check("a\tb\n\\N\t2\n", "parted by tabs: read it as `tsv` if");
    check(
        "price\n7,9\n49,2\n-1.000,5\n",
        "line 2, column 2: its fields may be parted by `,`, or it may be one column;",
    );
    check("7,9\n49,2\n5\n", "may be parted by `,`, or it may be one column;");
    check("price\n5\n7,9\n", "read it as `text` with the filter `fromcsv(\",\")`");
    check("note\nHello, world\nfoo\n", "is the separator, or `split(\"\\n\")[]`");
    check("a;b\n\"x\" y;1\n", "line 2, column 4: text after the quote");
    check("a;b\nx;\"open\n", "a field that never ends");
    check("sep=;\na;b\nx;\"open\n", "line 3, column 3: this quote begins");
    for separator in [";", "\t", "|"] {
        for (table, line) in [
            ("Umsatz 2025, Q1\nname;price\nA;1,5\nB;2,5\n", 2),
            ("Umsatz 2025, Q1\nname;price\n", 2),
            ("Umsatz 2025, Q1\n\nname;price\nA;1,5\nsum;1;2\n", 3),
            ("Umsatz 2025, Q1\n1,5;2\n2,5;3\n", 2),
            ("Umsatz\nErfurt, 2025\n1,5;2\n2,5;3\n", 3),
            ("Firma, Ort\nUmsatz 2025, Q1\nname;price\nA;1,5\n", 3),
        ] {
            let shown = separator.replace('\t', "\\t");
            let table = table.replace(';', separator);
            check(&table, &format!("line {line}, "));
            check(&table, &format!("may be parted by `,` or `{shown}`"));
        }
    }
    for numbers in [
        "1,5 \u{20ac}\n2,5 \u{20ac}\n",
        "1,5%\n2,5%\n",
        "\u{20ac} 1,50\n\u{20ac} -2,50\n",
        "1 000,5 kg\n2,5 kg\n",
        "1,5 kg\r\n2 kg\r\n3,5 kg\r\n",
    ] {
        check(numbers, "may be parted by `,`, or it may be one column;");
        check(&format!("p\n{numbers}"), "may be parted by `,`, or it may be one column;");
    }
    check("p\n1,5 \u{20ac}\n2,5 $\n", "may be parted by `,`, or it may be one column;");
    fails(Format::Tsv, "sep=;\na;b\n", "fields are parted by `;`, not by `\\t`");
}

#[test]
fn a_table_of_several_lengths_does_not_come_apart_at_its_decimal_commas() {
    for table in [
        "01.02.2026;1,50;Miete\n02.02.2026;2,50;Strom\nSumme;4,00\n",
        "Datum;Betrag, netto;Text\n01.02.2026;1,50;Miete\nSumme;1,50\n",
        "DE;1,5\nFR;2,5;geschaetzt\n",
        "DE;1,5;\nFR;2,5\n",
        "1,5;2\n2,5\n",
        "Name, Vorname;Ort\nMeier, Ute;Bonn\nMueller, Hans\n",
        "Name, Vorname;Ort\nMueller, Hans\n",
        "k;v,w\nDE;1,5;x\nFR;2,5\n",
        "48,1;11,5\n48,2;11,6;x\n",
        "Betrag, netto\n1,50;DE\n2,50;FR;x\n",
        "Betrag, netto\n1,50;DE\n2,50\n",
        "Bericht\nBetrag, netto\n1,50;DE\n2,50;FR;x\n",
        "a, b; c\n1, 2; 3; 4\n",
    ] {
        for separator in [";", "|", "\t"] {
            let table = table.replace(';', separator);
            let shown = separator.replace('\t', "\\t");
            fails(Format::Csv, &table, "may be parted by");
            fails(Format::Csv, &table, &format!("`fromcsv(\"{shown}\")`"));
        }
    }
    fails(Format::Csv, "1824;01.02.2026\nSumme\n", "or it may be one column");
    fails(Format::Csv, "1,a;b\n2,c;d,x\n", "may be parted by `,` or `;`");
    fails(Format::Csv, "a;b|c\nd;e|f|g\n", "may be parted by `;` or `|` or `,`");
    // Commas of numbers and sentences part no table that semicolons part evenly, nor do semicolons of sentences.
    let check = |csv: &str, expected: &str| reads(Format::Csv, csv, expected);
    check(
        "Preis, netto;kg\n1,50;2,5\n2;1,5\n",
        r#"["Preis, netto","kg"] ["1,50","2,5"] [2,"1,5"]"#,
    );
    check("Preis, netto;kg\n1,50;2,5\n", r#"["Preis, netto","kg"] ["1,50","2,5"]"#);
    check("a,b;c\n1,x\n2,y\n", r#"["a","b;c"] [1,"x"] [2,"y"]"#);
    check("k,n; m\n1,a; b\n2,c; d; e\n", r#"["k","n; m"] [1,"a; b"] [2,"c; d; e"]"#);
}

#[test]
fn a_line_that_names_the_separator_is_no_row() {
    let read = |csv: &str, separator: &str| {
        let rows = format::rows(csv, separator)?;
        Ok::<_, String>(rows.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(read("sep=;\na;b\n", ";").unwrap(), r#"["a","b"]"#);
    assert_eq!(read("\u{feff}\r\n sep=;\r\na;b\r\n", ";").unwrap(), r#"["a","b"]"#);
    let error = read("sep=,\na,b\n", ";").unwrap_err();
    assert!(error.contains("parted by `,`, not by `;`; read it as `csv`"), "{error}");
    let error = read("sep=;\na;b\n\"x\" y;1\n", ";").unwrap_err();
    assert!(error.contains("line 3, column 4"), "{error}");
}

#[test]
fn one_row_below_a_title_is_not_torn() {
    for text in [
        "Report, all\n23,41;68,87\n",
        "Report, all\n1,5;2\n",
        "Sales 2026\n36|48\n",
        "Sales 2026\n530;891;707\n",
        "name\n \"Doe, John\"\n",
        "name\nsaid \"a, b\"\n",
        "id, name, age\n1, \"Doe, John\", 5\n",
        "name\n\u{201c}Doe, John\u{201d}\n",
    ] {
        fails(Format::Csv, text, "fromcsv(");
    }
    reads(Format::Csv, "note\nfine; thanks\n", r#"["note"] ["fine; thanks"]"#);
    reads(Format::Csv, "a,b,c\n1,2;3,4\n", r#"["a","b","c"] [1,"2;3",4]"#);
    reads(Format::Csv, "name\n\"Doe, John\"\n", r#"["name"] ["Doe, John"]"#);
    reads(
        Format::Csv,
        "h,n\n5'9\" tall,1\n6'1\" tall,2\n",
        r#"["h","n"] ["5'9\" tall",1] ["6'1\" tall",2]"#,
    );
}

/// Invents tables whose separator stands in no cell, with rows of several lengths, and reads them.
#[test]
fn no_ragged_table_comes_apart_at_another_separator() {
    const ROUNDS: usize = 10_000;
    const CELLS: &[&str] = &[
        "7",
        "1,5",
        "48,10",
        "2,0 km",
        "1.234,56",
        "-7,00",
        "DE",
        "Meier, Ute",
        "",
        "a|b",
        "a;b",
        "12:30",
        "Preis, netto",
    ];
    let mut seed: u32 = 1;
    let mut below = |limit: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % limit
    };
    let mut read = 0;
    for _ in 0..ROUNDS {
        let separator = [";", "|", "\t"][below(3)];
        let cells: Vec<&str> =
            CELLS.iter().copied().filter(|cell| !cell.contains(separator)).collect();
        let usual: Vec<&str> = (0..4).map(|_| cells[below(cells.len())]).collect();
        let rows: Vec<String> = (0..2 + below(4))
            .map(|_| {
                let width = 2 + below(3);
                let mut cell = |usual: &&'static str| match below(4) {
                    0 => cells[below(cells.len())],
                    _ => *usual,
                };
                usual[..width].iter().map(&mut cell).collect::<Vec<_>>().join(separator)
            })
            .collect();
        let table = rows.join("\n");
        if let Ok(found) = Format::Csv.read(&table) {
            assert_eq!(found, format::rows(&table, separator).unwrap(), "{table:?}");
            read += 1;
        }
    }
    assert!((300..ROUNDS).contains(&read), "{read}");
}
