import Base
import Testing

struct EventTimeTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-01-05T00:00:00Z", 1_767_571_200_000_000),
        ("2026-01-05T01:00:00.250+01:00", 1_767_571_200_250_000),
        ("2026-01-04t23:30:00-00:30", 1_767_571_200_000_000), ("1969-12-31 23:59:59.999999z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_799_999_999), ("2000-02-29T12:00:00.1Z", 951_825_600_100_000),
    ])
    func `RFC 3339 text is the time it names`(text: String, microseconds: Int64) {
        #expect(EventTime(text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "", "2026-01-05", "2026-01-05T00:00:00", "2026-01-05T00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-01-32T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-05T24:00:00Z", "2026-01-05T00:60:00Z",
        "2026-01-05T00:00:60Z",
        "2026-01-05T00:00:00.Z", "2026-01-05T00:00:00.1234567890Z", "2026-01-05T00:00:00+0100", "2026-01-05T00:00:00+24:00",
        "2026-01-05T00:00:00ZZ",
        "2026-01-05T00:00:00Z ", " 2026-01-05T00:00:00Z", "0000-01-01T00:00:00Z", "12026-01-05T00:00:00Z", "2026-1-05T00:00:00Z",
        "2026-01-05X00:00:00Z", "now",
    ])
    func `text that is no time is refused`(text: String) {
        #expect(EventTime(text) == nil)
    }

    @Test func `every time is written as text that reads as the same time`() {
        var random = SeededRandom(seed: 1)
        for i in 0..<20_000 {
            let seconds = Int64(random.below(315_537_897_600)) - 62_135_596_800
            let fraction: Int64 = [0, Int64(random.below(1_000)) * 1_000, Int64(random.below(1_000_000))][i % 3]
            let time = EventTime(microseconds: seconds * 1_000_000 + fraction)
            #expect(EventTime(time.description) == time)
        }
        #expect(EventTime(milliseconds: 1_500).description == "1970-01-01T00:00:01.500Z")
        #expect(EventTime(microseconds: -1).description == "1969-12-31T23:59:59.999999Z")
    }

    @Test func `civil dates and day numbers are each other's inverse`() {
        for days in stride(from: -719_162, through: 2_932_896, by: 37) {
            let date = CivilDate(daysSinceEpoch: days)
            #expect(date.daysSinceEpoch == days)
            #expect((1...12).contains(date.month) && (1...CivilDate.daysIn(month: date.month, year: date.year)).contains(date.day))
        }
    }

    @Test func `sums beyond the range stay at its ends`() {
        #expect(EventTime.latest + .seconds(1) == .latest)
        #expect(EventTime.earliest - .seconds(1) == .earliest)
        #expect(EventTime.earliest + .seconds(-1) == .earliest)
        #expect(EventTime(seconds: 10) - EventTime(seconds: 4) == .seconds(6))
        #expect(EventTime.earliest.description == "earliest")
        #expect(EventTime.latest.description == "latest")
    }
}

struct TimeSpanTests {
    @Test(arguments: [
        ("500ms", 500_000), ("30s", 30_000_000), ("5m", 300_000_000), ("1h30m", 5_400_000_000), ("7d", 604_800_000_000), ("0s", 0),
        ("3us", 3),
    ])
    func `spans read and write the same text`(text: String, microseconds: Int64) {
        #expect(TimeSpan(text)?.microseconds == microseconds)
        #expect(TimeSpan(text)?.description == text)
    }

    @Test(arguments: [
        "", "5", "m", "5 m", "-5m", "1.5h", "5w", "5min", "99999999999999999999s", "9223372036854775807s", "106751991d106751991d", "٣s",
    ])
    func `text that is no span is refused`(text: String) {
        #expect(TimeSpan(text) == nil)
    }

    @Test func `a span is written with its largest units first`() {
        #expect(TimeSpan(microseconds: 90_061_000_001).description == "1d1h1m1s1us")
        #expect(TimeSpan(microseconds: -1_500_000).description == "-1s500ms")
    }
}
