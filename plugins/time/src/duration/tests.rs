use super::*;

#[test]
fn durations_are_read_in_words_and_in_iso() {
    let check = |text: &str, expected: &str| {
        assert_eq!(parse(text).unwrap().to_string(), expected, "{text}");
    };
    check("3 months", "P3M");
    check("1 year 2 days", "P1Y2D");
    check("1h30m", "PT1H30M");
    check("-90 minutes", "-PT90M");
    check("2 weeks ago", "-P2W");
    check("P1Y2M3DT4H", "P1Y2M3DT4H");
    check("1.5 days", "P1DT12H");
    check("-1.5 days", "-P1DT12H");
    check("0.5 weeks ago", "-P3DT12H");
    check("1.5 years", "P1Y6M");
    check("3 days and 2 hours", "P3DT2H");
    check("3 days, 2 hours, and 5.5 minutes", "P3DT2H5M30S");
    check("1 quarter", "P3M");
    check("2 quarters and 1 month", "P7M");
    check("6 quarters", "P1Y6M");
    check("a month", "P1M");
    check("an hour ago", "-PT1H");
    check("PT1H30M", "PT1H30M");
    for (text, expected) in [
        ("ninety minutes", "PT1H30M"),
        ("twenty-five minutes", "PT25M"),
        ("twenty five minutes ago", "-PT25M"),
        ("a hundred and twenty days", "P120D"),
        ("2 1/2 hours", "PT2H30M"),
        ("2½ hours", "PT2H30M"),
        ("½ hour", "PT30M"),
        ("1/2 day and ten minutes", "PT12H10M"),
        ("minus two hours", "-PT2H"),
        ("Plus two hours", "PT2H"),
        ("\u{2212}5 hours", "-PT5H"),
        ("in 2 days", "P2D"),
        ("2 days later", "P2D"),
        ("2 days before", "-P2D"),
        ("half of an hour", "PT30M"),
        ("a decade", "P10Y"),
        ("1.5 days 5 ms", "P1DT12H0.005S"),
        ("one hour and 2 µs", "PT1H0.000002S"),
        ("2H30M", "PT2H30M"),
        ("P0.5Y", "P6M"),
        ("P1.5D", "P1DT12H"),
        ("-P1Y0,5W", "-P1Y3DT12H"),
        ("P1DT0.5H", "P1DT30M"),
    ] {
        check(text, expected);
    }
    check("1h30", "PT1H30M");
    check("-1h05", "-PT1H5M");
    check("2 days 5m30", "P2DT5M30S");
    check("half an hour", "PT30M");
    check("half a day ago", "-PT12H");
    check("half hour", "PT30M");
    check("an hour and a half", "PT1H30M");
    check("two and a half hours", "PT2H30M");
    check("a day and a half hour", "P1DT30M");
    check("1 day and a half", "P1DT12H");
    check("a quarter of an hour", "PT15M");
    check("three quarters of an hour", "PT45M");
    check("a quarter and a month", "P4M");
    check("three weeks", "P21D");
    check("half a year", "P6M");
    check("a fortnight", "P14D");
    check("an hour and a quarter", "PT1H15M");
    check("an hour and a quarter ago", "-PT1H15M");
    check("one hour and one quarter", "PT1H15M");
    check("two hours and three quarters", "PT2H45M");
    check("2 hours, and three-quarters", "PT2H45M");
    check("a day and a quarter", "P1DT6H");
    check("2 weeks and a quarter", "P15DT18H");
    check("a minute and a quarter", "PT1M15S");
    check("a year and a quarter", "P1Y3M");
    check("2 years and 3 quarters", "P2Y9M");
    check("6 months and 1 quarter", "P9M");
    check("two and a quarter hours", "PT2H15M");
    check("2 and three quarter hours", "PT2H45M");
    check("a quarter hour", "PT15M");
    check("a day and a quarter hour", "P1DT15M");
    check("an hour and a quarter of a day", "PT7H");
    check("a day and three quarters of an hour", "P1DT45M");
    check("a day and a quarter and 5 minutes", "P1DT6H5M");
    check("1,5 hours", "PT1H30M");
    check("PT1,500S", "PT1.5S");
    check("2 hours,300 seconds", "PT2H5M");
    for (text, part) in [
        ("1.5 months", "is not a duration"),
        ("1M", "`M` may be months or minutes"),
        ("in 3 M", "`M` may be months or minutes"),
        ("1Y2M", "`M` may be months or minutes"),
        ("and 2 hours", "`and` is no number"),
        ("2 hours and", "it ends where"),
        ("2 hours,", "it ends where"),
        ("2 hours and and 3 minutes", "`and` is no number"),
        ("2 hours,, 3.5 minutes 1 s", "`,` is no number"),
        ("2 hours and a half and a quarter", "a quarter in it"),
        ("three quarter", "may be of the year"),
        ("-2 hours ago", "direction is said twice"),
        ("in 2 hours ago", "direction is said twice"),
        ("", "it is empty"),
        ("5", "no unit follows `5`"),
        ("1 hour 30", "no unit follows `30`"),
        ("3 moons", "`moons` is no unit of time"),
        ("P0.5M", "a part of a month is of no certain length; say it in days"),
        ("0.5 months", "a part of a month is of no certain length; say it in days"),
        ("P1.5DT2H", "does not go on with it"),
        ("P1H", "does not go on with it"),
        ("P1DT", "does not go on with it"),
        ("P1M1Y", "does not go on with it"),
        ("P-1D", "does not go on with it"),
        ("P", "nothing follows `P`"),
        ("PT", "does not go on with it"),
        ("Paris", "does not go on with it"),
        ("P1.5D1.5", "does not go on with it"),
        ("a", "is not a duration"),
        ("half", "is not a duration"),
        ("half a", "is not a duration"),
        ("half a month", "is not a duration"),
        ("and a half", "is not a duration"),
        ("a quarter of", "is not a duration"),
        ("a month and a quarter", "is not a duration"),
        ("an hour and 3 quarters", "is not a duration"),
        ("1,000 hours", "write `1000` or `1.000`"),
        ("10,000 seconds", "write `10000` or `10.000`"),
        ("2 days and 1,500 seconds ago", "`1,500` may have commas"),
        ("1,000,000 s", "write `1000000`"),
        ("1h60", "is not a duration"),
        ("1h3", "is not a duration"),
        ("1d30", "is not a duration"),
        ("h30", "is not a duration"),
        ("--1 h", "is not a duration"),
        ("-half -1 h", "is not a duration"),
        ("\u{e4}h\u{e4}\u{e4}", "is not a duration"),
        ("and", "is not a duration"),
        ("-", "is not a duration"),
        ("9999999999999999999999999 years", "is not a duration"),
        ("9999999999999999999999999 days 9999999999999999999999999.5 hours", "is not a duration"),
        ("3 dayss", "is not a duration"),
        ("1.0000000001 days", "is not a duration"),
    ] {
        let message = parse(text).unwrap_err();
        assert!(message.contains(part), "{text}: {message}");
        assert!(!message.contains("friendly") && !message.contains("parse"), "{message}");
    }
    let message = parse("soon").unwrap_err();
    assert!(message.contains("`soon` is not a duration"), "{message}");
}
