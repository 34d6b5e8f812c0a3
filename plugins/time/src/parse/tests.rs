//! Times in every form, with and without a zone, at clock changes, and what is refused.

use super::*;

fn at(now: &str, zone: &str) -> Surroundings {
    Surroundings { now: now.parse().unwrap(), zone: zone::find(zone).unwrap().zone }
}

/// In the evening of UTC, when it is tomorrow already in Tokyo.
fn around(zone: &str) -> Surroundings {
    at("2026-07-01T22:20:30Z", zone)
}

fn found(text: &str, zone: &str) -> (String, Option<String>) {
    let parsed = time(text, &around(zone)).unwrap_or_else(|error| panic!("{error}"));
    (parsed.time.to_string(), parsed.note)
}

#[test]
fn times_are_read_as_people_write_them() {
    let check = |text: &str, zone: &str, expected: &str| {
        assert_eq!(found(text, zone), (expected.to_string(), None), "{text}");
    };
    check("now", "UTC", "2026-07-01T22:20:30+00:00[UTC]");
    check(" Now ", "Asia/Tokyo", "2026-07-02T07:20:30+09:00[Asia/Tokyo]");
    check("now Tokyo", "UTC", "2026-07-02T07:20:30+09:00[Asia/Tokyo]");
    check("20260329", "UTC", "2026-03-29T00:00:00+00:00[UTC]");
    check("20260329T143015Z", "Asia/Tokyo", "2026-03-29T14:30:15+00:00[UTC]");
    check("2026/03/29 14:30", "UTC", "2026-03-29T14:30:00+00:00[UTC]");
    check("2026-W13-7", "UTC", "2026-03-29T00:00:00+00:00[UTC]");
    check("2026-088", "UTC", "2026-03-29T00:00:00+00:00[UTC]");
    check("29.03.2026 14:30", "UTC", "2026-03-29T14:30:00+00:00[UTC]");
    check("3/29/2026", "UTC", "2026-03-29T00:00:00+00:00[UTC]");
    check("29/3/2026", "UTC", "2026-03-29T00:00:00+00:00[UTC]");
    check("29-Mar-2026 14:30", "UTC", "2026-03-29T14:30:00+00:00[UTC]");
    check("March 29, 2026", "UTC", "2026-03-29T00:00:00+00:00[UTC]");
    check("March 29th, 2026 at 2:30 p.m.", "UTC", "2026-03-29T14:30:00+00:00[UTC]");
    check("29 Mar 2026 2 pm", "UTC", "2026-03-29T14:00:00+00:00[UTC]");
    check("29 Mar 2026 12am", "UTC", "2026-03-29T00:00:00+00:00[UTC]");
    check("29 Mar 2026 noon Tokyo", "UTC", "2026-03-29T12:00:00+09:00[Asia/Tokyo]");
    check("Sun Mar 29 14:30:00 2026", "UTC", "2026-03-29T14:30:00+00:00[UTC]");
    check("Sun Mar 29 14:30:00 CEST 2026", "UTC", "2026-03-29T14:30:00+02:00[+02:00]");
    check("Sun, 29 Mar 2026 14:30:00 +0200", "UTC", "2026-03-29T14:30:00+02:00[+02:00]");
    check("2026-03-29 14:30:15.25", "UTC", "2026-03-29T14:30:15.25+00:00[UTC]");
    check("2026-03-29T14:30:00,123456789Z", "UTC", "2026-03-29T14:30:00.123456789+00:00[UTC]");
    check("today", "UTC", "2026-07-01T00:00:00+00:00[UTC]");
    check("today", "Asia/Tokyo", "2026-07-02T00:00:00+09:00[Asia/Tokyo]");
    check("tomorrow 9:00", "UTC", "2026-07-02T09:00:00+00:00[UTC]");
    check("Tomorrow at 9am Asia/Tokyo", "UTC", "2026-07-03T09:00:00+09:00[Asia/Tokyo]");
    check("2026-3-9", "UTC", "2026-03-09T00:00:00+00:00[UTC]");
    check("2026.03.09", "UTC", "2026-03-09T00:00:00+00:00[UTC]");
    check("noon on 29 March 2026", "UTC", "2026-03-29T12:00:00+00:00[UTC]");
    check("5 PM on March 5 2026", "UTC", "2026-03-05T17:00:00+00:00[UTC]");
    check("14:30 on 2026-03-29 in Tokyo", "UTC", "2026-03-29T14:30:00+09:00[Asia/Tokyo]");
    check("now in Tokyo", "UTC", "2026-07-02T07:20:30+09:00[Asia/Tokyo]");
    check("2026-03-29 18:00 New York time", "UTC", "2026-03-29T18:00:00-04:00[America/New_York]");
    check("2026-03-29 18:00 Eastern Time", "UTC", "2026-03-29T18:00:00-04:00[America/New_York]");
    check("18:00 UT", "UTC", "2026-07-01T18:00:00+00:00[UTC]");
    check("0900Z", "Asia/Tokyo", "2026-07-01T09:00:00+00:00[UTC]");
    check("2026-03-29 0900Z", "Asia/Tokyo", "2026-03-29T09:00:00+00:00[UTC]");
    check("in 2 hours", "UTC", "2026-07-02T00:20:30+00:00[UTC]");
    check("in 1.5 days", "UTC", "2026-07-03T10:20:30+00:00[UTC]");
    check("a month ago", "UTC", "2026-06-01T22:20:30+00:00[UTC]");
    check("3 days ago", "UTC", "2026-06-28T22:20:30+00:00[UTC]");
    check("now + 2 hours", "UTC", "2026-07-02T00:20:30+00:00[UTC]");
    check("now+2h", "UTC", "2026-07-02T00:20:30+00:00[UTC]");
    check("Now - 1 day", "Asia/Tokyo", "2026-07-01T07:20:30+09:00[Asia/Tokyo]");
    check("now minus 3 business days", "UTC", "2026-06-26T22:20:30+00:00[UTC]");
    check("2 hours from now", "UTC", "2026-07-02T00:20:30+00:00[UTC]");
    check("now plus 2 days", "UTC", "2026-07-03T22:20:30+00:00[UTC]");
    check("now +02:00", "UTC", "2026-07-02T00:20:30+02:00[+02:00]");
    check("in a business day", "UTC", "2026-07-02T22:20:30+00:00[UTC]");
    check("in 3 business days", "UTC", "2026-07-06T22:20:30+00:00[UTC]");
    check("2 business days ago", "UTC", "2026-06-29T22:20:30+00:00[UTC]");
    check("today at 17", "UTC", "2026-07-01T17:00:00+00:00[UTC]");
    check("tomorrow at 0 Tokyo", "UTC", "2026-07-03T00:00:00+09:00[Asia/Tokyo]");
    check("9999-12-30", "UTC", "9999-12-30T00:00:00+00:00[UTC]");
    check("-0044-03-15", "UTC", "-000044-03-15T00:00:00+00:00[UTC]");
    check("-0044-03-15T12:00Z", "UTC", "-000044-03-15T12:00:00+00:00[UTC]");
    check("-000044-03-15", "UTC", "-000044-03-15T00:00:00+00:00[UTC]");
    check("2026-12-31T24:00", "UTC", "2027-01-01T00:00:00+00:00[UTC]");
    check("2026-03-29 24:00:00 Tokyo", "UTC", "2026-03-30T00:00:00+09:00[Asia/Tokyo]");
    check("24:00", "UTC", "2026-07-02T00:00:00+00:00[UTC]");
    check("yesterday", "UTC", "2026-06-30T00:00:00+00:00[UTC]");
    check("@1774787400", "UTC", "2026-03-29T12:30:00+00:00[UTC]");
    check("@-1.5", "UTC", "1969-12-31T23:59:58.5+00:00[UTC]");
    check("@0.1", "UTC", "1970-01-01T00:00:00.1+00:00[UTC]");
    check("@1774787400.123456789", "UTC", "2026-03-29T12:30:00.123456789+00:00[UTC]");
    check("1774787400.5", "UTC", "2026-03-29T12:30:00.5+00:00[UTC]");
    check("@1774787400123", "UTC", "2026-03-29T12:30:00.123+00:00[UTC]");
    check("@1774787400123456", "UTC", "2026-03-29T12:30:00.123456+00:00[UTC]");
    check("@-1774787400123", "UTC", "1913-10-05T11:29:59.877+00:00[UTC]");
    check("1774787400", "UTC", "2026-03-29T12:30:00+00:00[UTC]");
    check("1774787400000", "UTC", "2026-03-29T12:30:00+00:00[UTC]");
    check("1774787400000000", "UTC", "2026-03-29T12:30:00+00:00[UTC]");
}

/// Each way to name a zone behind each form: the clock shows what was written, there.
#[test]
fn every_form_takes_every_kind_of_zone() {
    let forms = [
        ("14:30", "2026-07-01T14:30:00"),
        ("T14:30", "2026-07-01T14:30:00"),
        ("2:30pm", "2026-07-01T14:30:00"),
        ("2026-07-01T14:30", "2026-07-01T14:30:00"),
        ("2026-07-01t14:30:00", "2026-07-01T14:30:00"),
        ("2026-07-01 14:30:00.0", "2026-07-01T14:30:00"),
        ("20260701T1430", "2026-07-01T14:30:00"),
        ("1 July 2026 14:30", "2026-07-01T14:30:00"),
        ("Wed Jul 1 2026 14:30", "2026-07-01T14:30:00"),
    ];
    let zones = [
        ("", "+00:00[UTC]"),
        ("Z", "+00:00[UTC]"),
        ("+02:00", "+02:00[+02:00]"),
        ("-0330", "-03:30[-03:30]"),
        ("+09", "+09:00[+09:00]"),
        (" +02:00", "+02:00[+02:00]"),
        (" Z", "+00:00[UTC]"),
        (" UTC", "+00:00[UTC]"),
        (" GMT+2", "+02:00[+02:00]"),
        (" PDT", "-07:00[-07:00]"),
        (" Europe/Berlin", "+02:00[Europe/Berlin]"),
        (" New York", "-04:00[America/New_York]"),
        ("[Europe/Berlin]", "+02:00[Europe/Berlin]"),
        ("+02:00[Europe/Berlin]", "+02:00[Europe/Berlin]"),
        (" +02:00 Europe/Berlin", "+02:00[Europe/Berlin]"),
        ("[!Europe/Berlin][u-ca=gregory]", "+02:00[Europe/Berlin]"),
    ];
    for (form, civil) in forms {
        for (zone, expected) in zones {
            let text = format!("{form}{zone}");
            let twelve = form.ends_with("pm") && !(zone.is_empty() || zone.starts_with([' ', '[']));
            if !twelve {
                let parsed = time(&text, &at("2026-07-01T10:00Z", "UTC"));
                let parsed = parsed.unwrap_or_else(|error| panic!("{error}"));
                let right = format!("{civil}{expected}");
                assert_eq!((parsed.time.to_string(), parsed.note), (right, None), "{text}");
            }
        }
    }
    // A zone is where the day is taken from: in Tokyo it is the next one.
    let tokyo = ("2026-07-02T14:30:00+09:00[Asia/Tokyo]".to_string(), None);
    assert_eq!(found("14:30[Asia/Tokyo]", "UTC"), tokyo);
    assert_eq!(found("14:30 Asia/Tokyo", "UTC"), tokyo);
    // With an offset of its own, a time is on the day of that.
    for (text, expected) in [
        ("14:30Z in Tokyo", "2026-07-01T23:30:00+09:00[Asia/Tokyo]"),
        ("0900Z in Tokyo", "2026-07-01T18:00:00+09:00[Asia/Tokyo]"),
        ("14:30Z Tokyo", "2026-07-01T23:30:00+09:00[Asia/Tokyo]"),
        ("14:30Z[Asia/Tokyo]", "2026-07-01T23:30:00+09:00[Asia/Tokyo]"),
        ("tomorrow 14:30Z in Tokyo", "2026-07-02T23:30:00+09:00[Asia/Tokyo]"),
        ("14:30 +09:00 Asia/Tokyo", "2026-07-02T14:30:00+09:00[Asia/Tokyo]"),
        ("2026-07-01 14:30Z in Tokyo", "2026-07-01T23:30:00+09:00[Asia/Tokyo]"),
    ] {
        assert_eq!(found(text, "UTC"), (expected.to_string(), None), "{text}");
    }
    assert_eq!(found("14:30+09:00", "UTC").0, "2026-07-02T14:30:00+09:00[+09:00]");
    // `Z` beside a zone: the time is UTC's, and shown there.
    assert_eq!(
        found("2026-07-01T14:30Z[Europe/Berlin]", "UTC").0,
        "2026-07-01T16:30:00+02:00[Europe/Berlin]"
    );
}

#[test]
fn a_clock_that_skips_or_repeats_is_noted() {
    let check = |text: &str, expected: &str, part: &str| {
        let (found, note) = found(text, "Europe/Berlin");
        let note = note.unwrap_or_default();
        assert_eq!(found, expected, "{text}");
        assert!(note.contains(part), "{text}: {note}");
        assert_eq!(note.is_empty(), part.is_empty(), "{text}: {note}");
    };
    let (gap, first, second) = (
        "2026-03-29T03:30:00+02:00[Europe/Berlin]",
        "2026-10-25T02:30:00+02:00[Europe/Berlin]",
        "2026-10-25T02:30:00+01:00[Europe/Berlin]",
    );
    let moved = "does not exist in Europe/Berlin: clocks went from +01 to +02 over it; 2026-03-29T03:30:00 is taken";
    let twice = "happened twice in Europe/Berlin: the first, at +02, is taken; for the second write 2026-10-25T02:30:00+01";
    for form in [
        "2026-03-29T02:30",
        "29 March 2026 2:30 am",
        "2026-03-29 02:30 Europe/Berlin",
        "2026-03-29T02:30[Europe/Berlin]",
    ] {
        check(form, gap, moved);
    }
    for form in [
        "2026-10-25T02:30",
        "25.10.2026 2:30",
        "Sun Oct 25 02:30:00 2026",
        "2026-10-25 02:30 Berlin",
    ] {
        check(form, first, twice);
    }
    check("2026-10-25T02:30+01:00[Europe/Berlin]", second, "");
    check("2026-10-25 02:30 +02:00 Berlin", first, "");
    // An offset that the zone does not have then is no way out of a gap.
    let message = time("2026-03-29T02:30+03:00[Europe/Berlin]", &around("UTC")).unwrap_err();
    assert!(message.contains("not at +03"), "{message}");
    check("2026-03-29T02:30+02:00", "2026-03-29T02:30:00+02:00[+02:00]", "");
}

#[test]
fn what_was_decided_is_noted() {
    let check = |text: &str, expected: &str, part: &str| {
        let (found, note) = found(text, "UTC");
        assert_eq!(found, expected, "{text}");
        assert!(note.as_deref().unwrap_or_default().contains(part), "{text}: {note:?}");
    };
    check("2026-06-30T23:59:60Z", "2026-06-30T23:59:59+00:00[UTC]", "leap second");
    // The first of July is a Wednesday, and the second in Tokyo.
    let first = "is taken as the first one after 2026-07-01";
    check("next friday", "2026-07-03T00:00:00+00:00[UTC]", first);
    check("next Wed 9:00", "2026-07-08T09:00:00+00:00[UTC]", first);
    check(
        "last monday at 14:30 Tokyo",
        "2026-06-29T14:30:00+09:00[Asia/Tokyo]",
        "last one before 2026-07-02",
    );
    check(
        "2026-07-01 14:30 PST",
        "2026-07-01T14:30:00-08:00[-08:00]",
        "PST is -08 all year; on that date America/Los_Angeles has PDT (-07)",
    );
    check(
        "Sun Mar 29 2026 14:30:00 GMT+0200 (Central European Summer Time)",
        "2026-03-29T14:30:00+02:00[+02:00]",
        "`(Central European Summer Time)` is taken as a comment",
    );
}

#[test]
fn what_is_not_a_time_is_refused_with_a_reason() {
    let check = |text: &str, part: &str| {
        let message = time(text, &around("UTC")).map(|found| found.time.to_string());
        let message = message.expect_err(text);
        assert!(message.contains(part), "{text}: {message}");
    };
    check("2026-13-9", "is no date");
    check("in 2 parsecs", "is not understood");
    check("soon", "there is no time zone `soon`");
    check("2026-02-30", "`2026-02-30` is no date");
    check("2026-03-29T25:00", "`25:00` is beyond the day");
    check("2026-03-29T24:01", "beyond the day; expected 00:00 to 24:00");
    check("24:00:00.1", "beyond the day");
    check("24:00 pm", "is no hour of");
    check("14:30:15.1234567890", "1 to 9 digits");
    check("14:30.5", "not a time of day");
    check("2026-03-29T14:30+05:00[Europe/Berlin]", "is at offset +02 in Europe/Berlin, not at +05");
    check("2026-03-29T14:30[Europe/Berln]", "did you mean Europe/Berlin");
    check("2026-03-29T14:30[Europe/Berlin][Asia/Tokyo]", "two zones");
    check("2026-03-29 14:30 Tokyo [Europe/Berlin]", "two zones");
    check("2026-03-29 14:30+02:00 +03:00", "two offsets");
    check("2026-03-29[u-ca=hebrew]", "`[u-ca=hebrew]` is not known");
    check("2026-03-29 14:30 CST", "America/Chicago, Asia/Shanghai");
    check("2026-03-29 14:30 15:30", "only be one time of day");
    check("2026-03-29 2026-03-30", "only be one date");
    check("2026-03-29 30 March 2026", "two dates");
    check("Mon, 29 Mar 2026 14:30:00 +0200", "is a Sunday, not a Monday");
    check("29 March", "no year");
    check("-0044-13-15", "month");
    check("Friday", "which friday is left open");
    check("next month", "`next` needs a weekday");
    check("last", "`last` needs a weekday");
    check("next Friday 2026-07-03", "`next` needs a weekday and no date");
    check("next last friday", "only be one");
    check("3/4/2026", "can be 2026-04-03 or 2026-03-04");
    check("13/13/2026", "is no date");
    check("14", "may be a day or an hour");
    check("14 pm", "is no hour of");
    check("2026-03-29 14:30 foo 2026 bar", "`bar` is not understood beside `foo`");
    check("14:30 Tokyo please", "there is no time zone `Tokyo please`");
    check("2026-03-29T14:30[", "not closed");
    check("2026-367", "no date");
    check("@x", "expected Unix seconds");
    check("@NaN", "expected Unix seconds");
    check("@1e3", "expected Unix seconds");
    check(
        "@99999999999999",
        "beyond the times that are known, -9999-01-02T01:59:59Z to 9999-12-30T22:00:00Z",
    );
    check("9999-12-31", "9999-12-31T00:00:00 is beyond the times");
    check("9999-12-31T00:00+00:00", "9999-12-31T00:00:00 is beyond the times");
    check("", "is not a time");
    check(&"9".repeat(1000), "1000 bytes long");
}

#[test]
fn no_text_ends_in_a_panic() {
    let parts = [
        "2026-03-29",
        "T",
        "14:30",
        "Z",
        "+02:00",
        "[",
        "]",
        "Tokyo",
        " ",
        "pm",
        "-",
        ":",
        "é",
        "\u{202f}",
        "@",
        "9",
        "w",
        "Mar",
        "u-ca=",
        "(",
        ")",
        ",",
        ".",
        "/",
        "now",
        "today",
        "0",
        "\u{0}",
    ];
    let around = around("UTC");
    for a in parts {
        for b in parts {
            for c in ["", "+02:00", " é"] {
                let _ = time(&format!("{a}{b}{c}"), &around);
            }
        }
    }
}

#[test]
fn what_stands_in_parentheses_is_read() {
    let check = |text: &str, expected: &str| {
        assert_eq!(found(text, "UTC"), (expected.to_string(), None), "{text}");
    };
    check("17:00 (UTC+1)", "2026-07-01T17:00:00+01:00[+01:00]");
    check("17:00 (+9)", "2026-07-02T17:00:00+09:00[+09:00]");
    check("17:00 (+01:00)", "2026-07-01T17:00:00+01:00[+01:00]");
    check("18:00 (Berlin)", "2026-07-02T18:00:00+02:00[Europe/Berlin]");
    check("18:00 (CEST)", "2026-07-02T18:00:00+02:00[+02:00]");
    check("now (Tokyo)", "2026-07-02T07:20:30+09:00[Asia/Tokyo]");
    check("6:00 (pm)", "2026-07-01T18:00:00+00:00[UTC]");
    check("2026-03-29 (Sunday)", "2026-03-29T00:00:00+00:00[UTC]");
    check("14:30 (29 March 2026)", "2026-03-29T14:30:00+00:00[UTC]");
    let comment = |text: &str, expected: &str| {
        let (found, note) = found(text, "UTC");
        assert_eq!(found, expected, "{text}");
        assert!(
            note.as_deref().unwrap_or_default().ends_with("is taken as a comment"),
            "{text}: {note:?}"
        );
    };
    comment("Sun, 29 Mar 2026 14:30:00 +0200 (CEST)", "2026-03-29T14:30:00+02:00[+02:00]");
    comment("2026-01-29 14:30 -0600 (CST)", "2026-01-29T14:30:00-06:00[-06:00]");
    // All year in Regina and Mexico City, and in winter in Havana.
    comment("Wed, 1 Jul 2026 14:30:00 -0600 (CST)", "2026-07-01T14:30:00-06:00[-06:00]");
    comment("2026-01-29 14:30 -0500 (CST)", "2026-01-29T14:30:00-05:00[-05:00]");
    comment("2026-07-01 14:30 +0800 (CST)", "2026-07-01T14:30:00+08:00[+08:00]");
    comment("2026-07-01 14:30 -0400 (AST)", "2026-07-01T14:30:00-04:00[-04:00]");
    comment("2026-07-01 14:30 -0500 (EST)", "2026-07-01T14:30:00-05:00[-05:00]");
    comment("2026-07-01 14:30 +1000 (EST)", "2026-07-01T14:30:00+10:00[+10:00]");
    comment("2026-07-01 14:30 +0800 (PST)", "2026-07-01T14:30:00+08:00[+08:00]");
    comment("2026-07-01 14:30 +0600 (BST)", "2026-07-01T14:30:00+06:00[+06:00]");
    comment("2026-07-01 14:30 +0200 (IST)", "2026-07-01T14:30:00+02:00[+02:00]");
    comment("2026-07-01 14:30 +0400 (GST)", "2026-07-01T14:30:00+04:00[+04:00]");
    comment("2026-07-01 14:30 +0930 (CST)", "2026-07-01T14:30:00+09:30[+09:30]");
    comment("2026-07-01 14:30 -0400 (CDT)", "2026-07-01T14:30:00-04:00[-04:00]");
    comment("2026-07-01 14:30 +0800 (MST)", "2026-07-01T14:30:00+08:00[+08:00]");
    // A second clock that shows the same.
    comment("17:00 (5 pm)", "2026-07-01T17:00:00+00:00[UTC]");
    comment("5pm (17:00)", "2026-07-01T17:00:00+00:00[UTC]");
    comment("17:00:15 (17:00:15)", "2026-07-01T17:00:15+00:00[UTC]");
    comment("10:00 EST (15:00 UTC)", "2026-07-01T10:00:00-05:00[-05:00]");
    comment("10 am ET (7 am PT)", "2026-07-01T10:00:00-04:00[America/New_York]");
    comment("10 am ET (16:00 Berlin)", "2026-07-01T10:00:00-04:00[America/New_York]");
    comment("2026-03-29 23:00 UTC (2026-03-30 8:00 Tokyo)", "2026-03-29T23:00:00+00:00[UTC]");
    comment("2026-03-29 23:00 UTC (8 am Tokyo)", "2026-03-29T23:00:00+00:00[UTC]");
    comment(
        "2026-03-29T14:30+02:00[Europe/Berlin] (12:30Z)",
        "2026-03-29T14:30:00+02:00[Europe/Berlin]",
    );
    comment("2026-03-29 14:30 Berlin (summer time)", "2026-03-29T14:30:00+02:00[Europe/Berlin]");
    comment("2026-07-01 14:30 Europe/Berlin (CEST)", "2026-07-01T14:30:00+02:00[Europe/Berlin]");
    for (text, part) in [
        ("17:00 CET (UTC+2)", "is at offset +01, `(UTC+2)` at +02; leave one out"),
        ("2026-07-01 14:30 +0200 (EST)", "is at offset +02, `(EST)` at -05"),
        (
            "2026-01-29 14:30 -0700 (CST)",
            "`(CST)` at -06; leave one out, or write the zone that is meant, such as America/Chicago",
        ),
        ("2026-07-01 14:30 -0500 (CST)", "is at offset -05, `(CST)` at -06; leave one out"),
        ("2026-07-01 14:30 -0300 (AST)", "`(AST)` at -04"),
        ("2026-07-01 14:30 -0800 (EST)", "`(EST)` at -05"),
        ("2026-07-01 14:30 Berlin (CET)", "`(CET)` at +01"),
        ("2026-03-29 (Monday)", "is a Sunday, not a Monday"),
        ("14:30 (15:30)", "two of what can only be one time of day"),
        ("17:00 (6 pm)", "since the first is 17:00 there; leave one out"),
        ("10:00 EST (16:00 UTC)", "since the first is 15:00 there"),
        ("10 am ET (7 am Mars)", "there is no time zone `Mars`"),
        ("2026-03-29 23:00 UTC (2026-03-29 8:00 Tokyo)", "since the first is 08:00 there"),
        ("14:30 (IST)", "is used in several zones"),
        ("14:30 (San Juan)", "is used in several zones"),
        ("14:30 (local time)", "`(local time)` is not understood; leave it out"),
        ("6:00 (+1)", "may be the offset or another day; write `(UTC+1)` for the offset"),
        ("23:50 (+2)", "may be the offset or another day"),
        ("6:00 CET (+1)", "may be the offset or another day"),
        ("23:50 ( -1 )", "may be the offset or another day"),
        ("14:30 ()", "`()` is not understood"),
        ("14:30 (pm)", "is no hour of"),
    ] {
        let message = time(text, &around("UTC")).map(|found| found.time.to_string());
        let message = message.expect_err(text);
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn a_span_of_clock_times_is_no_offset() {
    for (text, part) in [
        ("14:30-15:30", "may be from 14:30 to 15:30"),
        ("9:00-17:00", "may be from 9:00 to 17:00"),
        ("9:00-11:00", "write the offset apart, as `9:00 UTC-11:00`"),
        ("22:00-06:00", "may be from 22:00 to 06:00"),
        ("2026-03-29 09:00-11:00", "may be from 09:00 to 11:00"),
        ("09:00-11:00 29 March 2026", "may be from 09:00 to 11:00"),
        ("tomorrow 9:00\u{2212}10:00", "may be from 9:00 to 10:00"),
        ("09:00-10", "may be from 09:00 to 10, or 09:00 at the offset -10"),
        ("2026-03-29 09:00-1000", "write the offset apart, as `09:00 UTC-1000`"),
        ("2026-03-29 09:00-10", "write the offset apart, as `09:00 UTC-10`"),
        ("9:00-5", "write the offset apart, as `9:00 UTC-5`"),
        ("2026-03-29T14:30-15:30", "`-15:30` is no offset"),
        ("14:30+25:00", "`+25:00` is no offset"),
        ("14:30 -15:30", "there is no time zone `-15:30`"),
        ("now 17:00", "`now` and another time are two"),
        ("now tomorrow", "`now` and another time are two"),
    ] {
        let message = time(text, &around("UTC")).map(|found| found.time.to_string());
        let message = message.expect_err(text);
        assert!(message.contains(part), "{text}: {message}");
        // A hint is a time itself.
        if let Some((_, hint)) = message.split_once("write the offset apart, as `") {
            let (hint, _) = hint.split_once('`').unwrap();
            assert!(time(hint, &around("UTC")).is_ok(), "{text}: {hint}");
        }
    }
    let check = |text: &str, expected: &str| {
        assert_eq!(found(text, "UTC"), (expected.to_string(), None), "{text}");
    };
    check("2026-03-29 14:30-05", "2026-03-29T14:30:00-05:00[-05:00]");
    check("14:30-0500", "2026-07-01T14:30:00-05:00[-05:00]");
    check("2026-03-29 09:00:00-10", "2026-03-29T09:00:00-10:00[-10:00]");
    check("2026-03-29T09:00-10", "2026-03-29T09:00:00-10:00[-10:00]");
    check("2026-03-29T09:00-11:00", "2026-03-29T09:00:00-11:00[-11:00]");
    check("2026-03-29 14:30-03:00", "2026-03-29T14:30:00-03:00[-03:00]");
    check("2026-03-29 09:00:00-11:00", "2026-03-29T09:00:00-11:00[-11:00]");
    check("9:00 UTC-11:00", "2026-07-01T09:00:00-11:00[-11:00]");
    check("2026-03-29 09:00+14:00", "2026-03-29T09:00:00+14:00[+14:00]");
}

#[test]
fn what_a_text_leaves_open_is_asked_for() {
    let check = |text: &str, part: &str| {
        let message = time(text, &around("UTC")).unwrap_err();
        assert!(message.contains(part), "{text}: {message}");
    };
    for text in
        ["today at 5", "tomorrow 5", "5 tomorrow", "2026-03-29 at 5", "at 5", "5", "5 o'clock"]
    {
        check(text, "write `5 am`, `5 pm` or `5:00`");
    }
    check("today at 12", "write `12 am`, `12 pm`");
    check("today 17", "write `17:00` for the hour");
    check("tomorrow at 25", "there are two dates");
    check("tomorrow at", "no time of day follows `at`");
    check("14:30 on", "no date follows `on`");
    check("14:30 in", "there is no time zone `in`");
    check("14:30 local time", "there is no time zone `local`");
    check("2460Z", "beyond the day");
    check("2026.13.09", "is no date");
    for text in ["friday", "friday 5pm", "this friday", "on Fri at 14:00"] {
        check(text, "write `next friday` for the first one after today");
    }
    check("tomorrow + 1 hour", "give them to `add`, as time `tomorrow` and duration `+ 1 hour`");
    check("2026-03-29 14:30 - 2 business days", "duration `- 2 business days`");
    check("5pm - 6pm", "two of what can only be one time of day");
    check("in 1.5 business days", "whole number of business days");
    check("-2 hours from now", "is not a time");
}

#[test]
fn a_dash_behind_a_date_is_asked_back() {
    let at = |text: &str| time(text, &around("UTC")).map(|parsed| parsed.time.to_string());
    for text in [
        "2026-11-27-10:00",
        "2026-11-27-10",
        "20261127-10:30",
        "2026-11-27\u{2212}10:00",
        "2026-11-27-15:30",
    ] {
        let message = at(text).unwrap_err();
        assert!(message.contains("may be"), "{message}");
        let reason = message.split(" is not a time: ").nth(1).unwrap();
        let hints: Vec<&str> =
            reason.split("; expected").next().unwrap().split('`').skip(3).step_by(2).collect();
        assert!(!hints.is_empty(), "{message}");
        for hint in hints {
            assert!(at(hint).is_ok(), "{hint}");
        }
    }
    for text in ["2026-11-27+10:00", "2026-11-27Z", "2026-11-27T10:00-10:00"] {
        assert!(at(text).is_ok(), "{text}");
    }
}
