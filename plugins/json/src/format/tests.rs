//! The values that each format is read as, and the texts that it is written as.

use super::{Format, toml, xml, yaml};
use jaq_json::Val;

#[track_caller]
pub fn reads(format: Format, source: &str, expected: &str) {
    let found = format.read(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    let found: Vec<String> = found.iter().map(Val::to_string).collect();
    assert_eq!(found.join(" "), expected, "{format:?}: {source}");
}

#[track_caller]
pub fn fails(format: Format, source: &str, expected: &str) {
    let message = format.read(source).expect_err(source);
    assert!(message.contains(expected), "{source}: {message}");
}

#[test]
fn json_values_follow_one_another() {
    reads(Format::Json, "", "");
    reads(Format::Json, "1 \"a\" [2]", "1 \"a\" [2]");
    reads(Format::Json, "{\"a\":1}\n{\"a\":2}\n", "{\"a\":1} {\"a\":2}");
    reads(Format::Json, "[18446744073709551617, 1.10]", "[18446744073709551617,1.10]");
}

#[test]
fn invalid_json_is_shown_where_it_is() {
    fails(Format::Json, "{\n  \"a\": x\n}", "not valid JSON: line 2, column 8: ");
    fails(Format::Json, "[1, 2", "line 1, column 6: ");
    fails(Format::Json, "{a: 1}", "line 1, column 2: ");
    fails(Format::Json, "[1 2]", "line 1, column 4: ");
    fails(Format::Json, "\"ab", "line 1, column ");
    fails(Format::Json, &"[".repeat(100_000), "line 1, column 513: nested more than 512 deep");
    fails(Format::Json, "{\"a\": {1: 2}}", "the key `1` is no string");
    fails(Format::Json, "[b\"a\"]", "no string of JSON");
}

#[test]
fn a_byte_order_mark_is_passed_over_in_every_format() {
    reads(Format::Json, "\u{feff}[1]", "[1]");
    reads(Format::Yaml, "\u{feff}a: 1", r#"{"a":1}"#);
    reads(Format::Toml, "\u{feff}a = 1", r#"{"a":1}"#);
    reads(Format::Xml, "\u{feff}<?xml version=\"1.0\"?><a/>", r#"{"t":"a"}"#);
    reads(Format::Csv, "\u{feff}name,age", r#"["name","age"]"#);
    reads(Format::Csv, "\u{feff}\"name\",age", r#"["name","age"]"#);
    reads(Format::Tsv, "\u{feff}name\tage", r#"["name","age"]"#);
    reads(Format::Text, "\u{feff}name", r#""name""#);
}

#[test]
fn a_field_is_a_number_only_where_json_writes_it_so() {
    reads(Format::Csv, "02134,+12123,007,090", r#"["02134","+12123","007","090"]"#);
    reads(
        Format::Csv,
        "7,-7,0,0.5,-1.25,12345678901234567890",
        "[7,-7,0,0.5,-1.25,12345678901234567890]",
    );
    reads(
        Format::Csv,
        "1e5,1.0,-0,-0.0, 5,5 ,.5,5.,1.10",
        r#"["1e5","1.0","-0","-0.0"," 5","5 ",".5","5.","1.10"]"#,
    );
    reads(
        Format::Csv,
        "0x1F,1_000,٣,NaN,inf,true,null,",
        r#"["0x1F","1_000","٣","NaN","inf","true","null",""]"#,
    );
    reads(Format::Csv, "-,--1,1-2,1.2.3,2026-01-01", r#"["-","--1","1-2","1.2.3","2026-01-01"]"#);
    reads(Format::Tsv, "02134\t7\t1.0", r#"["02134",7,"1.0"]"#);
}

#[test]
fn csv_is_read_by_rfc_4180() {
    reads(Format::Csv, "a,b\n1,\"x, y\"\n", r#"["a","b"] [1,"x, y"]"#);
    reads(
        Format::Csv,
        "h,n\n5'9\" tall,1\nsecond,2\nthird,3\n",
        r#"["h","n"] ["5'9\" tall",1] ["second",2] ["third",3]"#,
    );
    reads(
        Format::Csv,
        "\"a\"\"b\",\"two\r\nlines\"\r\nx,y",
        r#"["a\"b","two\r\nlines"] ["x","y"]"#,
    );
    reads(Format::Csv, "a,b\n\"\"\n,\n", r#"["a","b"] [""] ["",""]"#);
    reads(Format::Csv, "a,b\n1\n1,2,3\n", r#"["a","b"] [1] [1,2,3]"#);
    fails(Format::Csv, "h,n\n\"5'9\" tall,1\nsecond,2\n", "line 2, column 6: text after the quote");
    fails(
        Format::Csv,
        "h,n\n\"open,1\nsecond,2\n",
        "line 2, column 1: this quote begins a field that never ends",
    );
}

#[test]
fn tsv_is_read_as_it_is_written() {
    reads(Format::Tsv, "a\tb\r\n\"q\"\t\\t\\n\\\\n\n", r#"["a","b"] ["\"q\"","\t\n\\n"]"#);
    reads(Format::Tsv, "C:\\users\\x\\\n", r#"["C:\\users\\x\\"]"#);
}

#[test]
fn yaml_is_read_by_its_version_1_2() {
    let check = |source: &str, expected: &str| reads(Format::Yaml, source, expected);
    check("a: [1, x]\nb:\n  - 2\n---\nc: ~", r#"{"a":[1,"x"],"b":[2]} {"c":null}"#);
    check(
        "responses:\n  200:\n    description: ok",
        r#"{"responses":{"200":{"description":"ok"}}}"#,
    );
    check("true: 1\n~: 2\n1.50: 3\n[a, 1]: 4", r#"{"true":1,"null":2,"1.50":3,"[\"a\",1]":4}"#);
    check("country: no\non: [yes, off, y, n]", r#"{"country":"no","on":["yes","off","y","n"]}"#);
    check("[True, FALSE, null, Null, ~, ]", "[true,false,null,null,null]");
    check("[0x1F, 0o17, 017, +5, -5, 0xfF]", "[31,15,17,5,-5,255]");
    check("[1.10, .5, 5., 1e3, -.5, +1.5e-3]", "[1.10,0.5,5,1e3,-0.5,1.5e-3]");
    check(
        "[1_000, 12:30:00, 0b11, 1.2.3, '5', \"6\", 2026-01-01]",
        r#"["1_000","12:30:00","0b11","1.2.3","5","6","2026-01-01"]"#,
    );
    check("[18446744073709551617]", "[18446744073709551617]");
    check("a: &x [1]\nb: *x", r#"{"a":[1],"b":[1]}"#);
    check("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3", r#"{"a":{"x":1,"y":2},"b":{"y":3,"x":1}}"#);
    check("b:\n  <<: [{x: 1}, {x: 2, z: 3}]", r#"{"b":{"x":1,"z":3}}"#);
    check("\"<<\": 1", r#"{"<<":1}"#);
    check("a: |\n  two\n  lines\nb: >-\n  one\n  line", r#"{"a":"two\nlines\n","b":"one line"}"#);
    check(
        "[!!str 5, !!int \"5\", !!float 1, !!binary aGk=, ! 5, !Ref x]",
        r#"["5",5,1,"aGk=","5","x"]"#,
    );
    check("# nothing", "");
    check("--- a\n--- b\n...\n", r#""a" "b""#);
}

#[test]
fn toml_dates_are_texts() {
    let check = |source: &str, expected: &str| reads(Format::Toml, source, expected);
    check("a = 1\n[b]\nc = \"d\"", r#"{"a":1,"b":{"c":"d"}}"#);
    check("released = 2026-01-01", r#"{"released":"2026-01-01"}"#);
    check(
        "t = [07:32:00, 1979-05-27T07:32:00Z, 1979-05-27T00:32:00.5-07:00, 1979-05-27 07:32:00]",
        r#"{"t":["07:32:00","1979-05-27T07:32:00Z","1979-05-27T00:32:00.5-07:00","1979-05-27T07:32:00"]}"#,
    );
    check(
        "i = 9223372036854775807\nh = 0xff\nf = 1.5",
        r#"{"i":9223372036854775807,"h":255,"f":1.5}"#,
    );
    check("[[p]]\nn = 1\n[[p]]\nn = 2", r#"{"p":[{"n":1},{"n":2}]}"#);
}

#[test]
fn xml_is_decoded() {
    let check = |source: &str, expected: &str| reads(Format::Xml, source, expected);
    check("<a b=\"c\">d</a>", r#"{"t":"a","a":{"b":"c"},"c":["d"]}"#);
    check("<ssid>Me &amp; Myself</ssid>", r#"{"t":"ssid","c":["Me & Myself"]}"#);
    check(
        "<a x='&lt;&#65;&#x42;&quot;'>&gt;&apos;</a>",
        r#"{"t":"a","a":{"x":"<AB\""},"c":[">'"]}"#,
    );
    check("<a>x<![CDATA[<b> & ]]>y</a>", r#"{"t":"a","c":["x<b> & y"]}"#);
    check("<?xml version='1.0'?><!-- c --><a/>\n", r#"{"t":"a"}"#);
    check(
        "<a>1<!--c--><?p q?><b/></a>",
        r#"{"t":"a","c":["1",{"comment":"c"},{"pi":{"target":"p","content":"q"}},{"t":"b"}]}"#,
    );
    check(
        "<s:a xmlns:s='u' s:k='1'><s:b/></s:a>",
        r#"{"t":"s:a","a":{"xmlns:s":"u","s:k":"1"},"c":[{"t":"s:b"}]}"#,
    );
    check(
        "<svg xmlns='u'><p xmlns='v'/><q/></svg>",
        r#"{"t":"svg","a":{"xmlns":"u"},"c":[{"t":"p","a":{"xmlns":"v"}},{"t":"q"}]}"#,
    );
    check("<!DOCTYPE a [<!ENTITY me 'Ada &amp; co'>]><a>&me;</a>", r#"{"t":"a","c":["Ada & co"]}"#);
}

#[test]
fn other_formats_fail_at_their_place() {
    fails(Format::Yaml, "a: [1", "not valid YAML: line ");
    fails(Format::Yaml, "a: 1\na: 2", "line 2, column 1: the key `a` stands twice");
    fails(Format::Yaml, "1: a\n\"1\": b", "the key `1` stands twice");
    fails(Format::Yaml, "a: *b", "line 1, column ");
    fails(Format::Yaml, "!!int x", "`x` is not of the type `!!int`");
    fails(Format::Yaml, "<<: 1", "`<<` takes a mapping");
    fails(Format::Yaml, &"[".repeat(1000), "nested more than 512 deep");
    fails(Format::Yaml, &"- ".repeat(1000), "nested more than 512 deep");
    fails(Format::Toml, "a = 1\nb = ", "not valid TOML: line 2, column ");
    fails(Format::Toml, "a = 1\na = 2", "line 2, column 1: duplicate key");
    fails(Format::Xml, "<a>", "not valid XML: ");
    fails(Format::Xml, "<a>\n<b></a>", "line 2, column ");
    fails(Format::Xml, "<a>&nope;</a>", "line 1, column 4: ");
    fails(Format::Xml, "<a/><b/>", "not valid XML: ");
    fails(Format::Xml, &"<a>".repeat(1000), "not valid XML: ");
    fails(
        Format::Xml,
        &format!("{}{}", "<a>".repeat(1000), "</a>".repeat(1000)),
        "nested more than 512",
    );
}

/// Texts that readers like to take for something else.
const ODD: &[&str] = &[
    "",
    " ",
    "a",
    "no",
    "On",
    "~",
    "null",
    "True",
    "0",
    "007",
    "+1",
    "1e5",
    "0x1F",
    "-",
    "- a",
    "a: b",
    "a #b",
    "#c",
    "<<",
    "{x}",
    "[y]",
    "*z",
    "&w",
    "!t",
    "%d",
    "@e",
    "`f",
    "'g'",
    "\"h\"",
    "|",
    ">",
    "?",
    "? k",
    ":",
    "a\nb",
    "\n",
    "a\r\nb",
    "\r",
    "\t",
    "tab\there",
    "trail ",
    " lead",
    "é ñ 漢字 🦀",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{a0}",
    "\\",
    "\\n",
    "\\t",
    "&amp;",
    "<b>",
    "]]>",
    "a,b",
    "5'9\" tall",
    "\"\"",
    "12:30",
    "2026-01-01",
    ".inf",
    ".5",
    "5.",
    "1_000",
    "a.b",
    "$x",
    "---",
    "...",
    "=",
    "null ",
    "yes",
];

/// The odd texts, and numbers beside them.
fn odd_values() -> Vec<Val> {
    let numbers =
        ["0", "-1", "1.5", "12345678901234567890", "true"].map(|json| one(Format::Json, json));
    let texts = ODD.iter().map(|odd| Val::from((*odd).to_string()));
    texts.chain(numbers).collect()
}

fn one(format: Format, source: &str) -> Val {
    let read = format.read(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    let [value] =
        <[Val; 1]>::try_from(read).unwrap_or_else(|all| panic!("{}: {source}", all.len()));
    value
}

#[test]
fn yaml_gives_back_what_it_was_made_of() {
    let check = |value: &Val| {
        let written = yaml::write(value).unwrap();
        let read = one(Format::Yaml, &written);
        assert_eq!(read.to_string(), value.to_string(), "{written}");
    };
    let all: Val = odd_values().into_iter().chain([Val::Null]).collect();
    let keyed: Val =
        Val::obj(ODD.iter().map(|odd| (Val::from((*odd).to_string()), all.clone())).collect());
    let nested = one(
        Format::Json,
        r#"[[], {}, [[]], [[1, [2]], 3], {"a": {"b": []}}, [{"a": 1, "b": [2]}, null]]"#,
    );
    odd_values().iter().for_each(check);
    check(&Val::from_iter([all, keyed, nested]));
}

#[test]
fn toml_gives_back_what_it_was_made_of() {
    let fits = |value: &Val| value.to_string() != "12345678901234567890";
    let all: Val = odd_values().into_iter().filter(fits).collect();
    let mut keyed: jaq_json::Map =
        ODD.iter().map(|odd| (Val::from((*odd).to_string()), all.clone())).collect();
    keyed.insert(
        Val::from("tables".to_string()),
        one(Format::Json, r#"[{"a": {"b": 1}, "c": 2}, {"d": []}]"#),
    );
    keyed.insert(Val::from("after".to_string()), one(Format::Json, "1"));
    let value = Val::obj(keyed);
    let written = toml::write(&value).unwrap();
    assert_eq!(one(Format::Toml, &written), value, "{written}");
    let refused = |json: &str, part: &str| {
        let message = toml::write(&one(Format::Json, json)).unwrap_err().message;
        assert!(message.contains(part), "{json}: {message}");
    };
    refused("[1]", "made of an object, not of [1]");
    refused(r#"{"a": {"b": [1, null]}}"#, r#"no null, found at `.["a"]["b"][1]`"#);
    refused(r#"{"a": 18446744073709551617}"#, "end at 64 bits");
}

#[test]
fn xml_gives_back_what_it_was_made_of() {
    for odd in ODD.iter().filter(|odd| !odd.is_empty()) {
        let odd = Val::from((*odd).to_string());
        let with = |key: &str, value: Val| (Val::from(key.to_string()), value);
        let attributes = Val::obj([with("k", odd.clone())].into_iter().collect());
        let name = Val::from("x:a".to_string());
        let names = one(Format::Json, r#"{"t": "r", "a": {"xmlns:x": "u"}}"#);
        let element = [with("t", name), with("a", attributes), with("c", Val::from_iter([odd]))];
        let element = Val::obj(element.into_iter().collect());
        let Val::Obj(root) = names else { panic!() };
        let mut root = (*root).clone();
        root.insert(Val::from("c".to_string()), Val::from_iter([element]));
        let value = Val::obj(root);
        let written = xml::write(&value).unwrap();
        assert_eq!(one(Format::Xml, &written).to_string(), value.to_string(), "{written}");
    }
    let refused = |json: &str, part: &str| {
        let message = xml::write(&one(Format::Json, json)).unwrap_err().message;
        assert!(message.contains(part), "{json}: {message}");
    };
    refused(r#"{"t": "a b"}"#, "`a b` is no name of XML");
    refused(r#"{"t": "a", "x": 1}"#, "not `x`");
    refused(r#"{"a": 1}"#, "an element of XML is written");
    refused(r#""\u0001""#, "cannot hold the character U+0001");
    refused(r#"{"comment": "a--b"}"#, "no `--`");
}

#[test]
fn every_field_of_a_table_gives_its_text_back() {
    for odd in ODD {
        let quoted = format!("\"{}\",x\n", odd.replace('"', "\"\""));
        let row = one(Format::Csv, &quoted);
        let Val::Arr(fields) = &row else { panic!("{row}") };
        assert_eq!(super::plain(&fields[0]), *odd, "{quoted}");
        let escaped = odd
            .replace('\\', "\\\\")
            .replace('\t', "\\t")
            .replace('\n', "\\n")
            .replace('\r', "\\r");
        let row = one(Format::Tsv, &format!("x\t{escaped}\n"));
        let Val::Arr(fields) = &row else { panic!("{row}") };
        assert_eq!(super::plain(&fields[1]), *odd, "{escaped}");
    }
}
