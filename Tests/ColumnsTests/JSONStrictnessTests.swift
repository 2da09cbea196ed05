import Base
import Columns
import Testing

struct JSONStrictnessTests {
    static let empty = Schema(name: "none", fields: [])

    @Test(arguments: [
        ("", "decode.not_an_object"), ("[]", "decode.not_an_object"), ("{", "decode.syntax"), ("{}x", "decode.trailing_bytes"),
        ("{} {}", "decode.trailing_bytes"),
        (#"{"a"}"#, "decode.syntax"), (#"{"a":}"#, "decode.syntax"), (#"{"a":1,}"#, "decode.syntax"), (#"{,}"#, "decode.syntax"),
        (#"{"a":01}"#, "decode.syntax"), (#"{"a":1.}"#, "decode.syntax"), (#"{"a":.5}"#, "decode.syntax"), (#"{"a":+1}"#, "decode.syntax"),
        (#"{"a":1e}"#, "decode.syntax"), (#"{"a":-}"#, "decode.syntax"), (#"{"a":nul}"#, "decode.syntax"), (#"{"a":NaN}"#, "decode.syntax"),
        (#"{"a":"x}"#, "decode.syntax"), (#"{"a":"\x"}"#, "decode.syntax"), (#"{"a":"\u12g4"}"#, "decode.syntax"),
        (#"{"a":[1 2]}"#, "decode.syntax"),
        ("{\"a\":\"\n\"}", "decode.syntax"), (#"{"a":"\ud800"}"#, "decode.lone_surrogate"),
        (#"{"a":"\udc00\ud800"}"#, "decode.lone_surrogate"),
        (#"{"\ud800x":1}"#, "decode.lone_surrogate"), ("{'a':1}", "decode.syntax"), (#"{"a":1 "b":2}"#, "decode.syntax"),
        ("\u{FEFF}{}", "decode.not_an_object"),
        (#"{"a":[}"#, "decode.syntax"), (#"{"a":]}"#, "decode.syntax"), (#"{"a":truex}"#, "decode.syntax"),
    ])
    func `text that is not JSON is refused by name, also in fields nobody asked for`(text: String, code: String) {
        #expect(decode(Self.empty, [text]).faults[0]?.code.text == code)
        let wanted = Schema(name: "w", fields: [.init("a", .string, isNullable: true)])
        if code != "decode.not_an_object" { #expect(decode(wanted, [text]).faults[0] != nil) }
    }

    @Test func `bytes that are not UTF-8 are refused in keys, strings and skipped strings`() {
        let bad: [[UInt8]] = [
            [0x80], [0xC0, 0xAF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xC3],
            [0xF0, 0x9F, 0x98],
        ]
        let schema = Schema(name: "u", fields: [.init("a", .string, isNullable: true)])
        for sequence in bad {
            for pad in 0..<9 {
                let text = Array(repeating: UInt8(97), count: pad) + sequence
                for head in [#"{"a":""#, #"{"b":""#] {
                    #expect(bytes(Array(head.utf8) + text + Array(#""}"#.utf8), schema)?.code == .decodeBadUTF8)
                }
                #expect(bytes(Array(#"{""#.utf8) + text + Array(#"":1}"#.utf8), schema)?.code == .decodeBadUTF8)
            }
        }
    }

    @Test func `strings keep every character, escaped or not`() {
        #expect(value(#""aé€😀z""#, as: .string).value == .string("aé€😀z"))
        #expect(value(#""\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00""#, as: .string).value == .string("\"\\/\u{8}\u{C}\n\r\tAé€😀"))
        #expect(value(#""\u0000""#, as: .string).value == .string("\0"))
        let schema = Schema(name: "k", fields: [.init("käse", .int), .init("a\"b", .int)])
        #expect(decode(schema, [#"{"k\u00e4se":1,"a\"b":2}"#, #"{"käse":3,"a\u0022b":4}"#]).rows.map { $0["käse"] } == [.int(1), .int(3)])
    }

    @Test func `nesting ends at sixty-four levels`() {
        func nested(_ depth: Int) -> String {
            #"{"a":"# + String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1) + "}"
        }
        #expect(
            decode(Self.empty, [nested(64), nested(65), nested(100_000)]).faults.map { $0?.code } == [nil, .decodeTooDeep, .decodeTooDeep])
    }

    @Test(arguments: [
        ("1", AvroType.boolean, "decode.wrong_type"), ("\"true\"", .boolean, "decode.wrong_type"), ("null", .boolean, "decode.null"),
        ("2147483648", .int, "decode.overflow"), ("-2147483649", .int, "decode.overflow"),
        ("9223372036854775808", .long, "decode.overflow"),
        ("-9223372036854775809", .long, "decode.overflow"), ("99999999999999999999999", .long, "decode.overflow"),
        ("1e19", .long, "decode.overflow"),
        ("1.0", .int, "decode.wrong_type"), ("1e-1", .int, "decode.wrong_type"), ("\"1\"", .int, "decode.wrong_type"),
        ("01", .int, "decode.syntax"),
        ("1e999", .double, "decode.overflow"), ("-1e309", .double, "decode.overflow"), ("1e39", .float, "decode.overflow"),
        ("\"1\"", .double, "decode.wrong_type"),
        ("\"inf\"", .double, "decode.wrong_type"), ("1", .string, "decode.wrong_type"), ("[]", .string, "decode.wrong_type"),
        ("{}", .string, "decode.wrong_type"),
        ("\"2026-02-29T00:00:00Z\"", .timestampMillis, "decode.bad_timestamp"),
        ("\"2026-01-05\"", .timestampMicros, "decode.bad_timestamp"),
        ("\"0001-01-01T00:00:00+01:00\"", .timestampMicros, "decode.bad_timestamp"), ("1.5", .timestampMillis, "decode.wrong_type"),
        ("999999999999999", .timestampMillis, "decode.bad_timestamp"), ("9223372036854775807", .timestampMillis, "decode.bad_timestamp"),
        ("\"2026-02-30\"", .date, "decode.bad_date"), ("\"2026-1-05\"", .date, "decode.bad_date"), ("99999999", .date, "decode.bad_date"),
        ("true", .date, "decode.wrong_type"),
        ("\"x\"", .enumeration(name: "e", symbols: ["A", "B"]), "decode.bad_enum_symbol"),
        ("1", .enumeration(name: "e", symbols: ["A"]), "decode.wrong_type"),
        ("\"0190b6a0-7c1e-7000-8000-00c04fd430cg\"", .uuid, "decode.bad_uuid"),
        ("\"0190b6a07c1e7000800000c04fd430c8\"", .uuid, "decode.bad_uuid"),
        ("\"abc\"", .bytes, "decode.bad_base64"), ("\"ab==\"", .bytes, "decode.bad_base64"), ("\"a-_=\"", .bytes, "decode.bad_base64"),
        ("\"====\"", .bytes, "decode.bad_base64"),
        ("\"1.5\"", .duration, "decode.bad_duration"), ("\".5s\"", .duration, "decode.bad_duration"),
        ("\"99999999999999s\"", .duration, "decode.bad_duration"),
        ("\"5m\"", .duration, "decode.bad_duration"), ("5", .duration, "decode.wrong_type"), ("[1]", .map, "decode.wrong_type"),
    ])
    func `a value that the type does not allow is refused by name`(json: String, type: AvroType, code: String) {
        #expect(value(json, as: type).code == code)
        #expect(value("null", as: type, isNullable: true).value == .null)
    }

    @Test(arguments: [
        ("-2147483648", AvroType.int, Value.int(-2_147_483_648)), ("1e3", .int, .int(1000)), ("-0", .int, .int(0)),
        ("0e99999", .long, .int(0)),
        ("9223372036854775807", .long, .int(.max)), ("-9223372036854775808", .long, .int(.min)), ("\"NaN\"", .float, .double(.nan)),
        ("\"Infinity\"", .double, .double(.infinity)), ("\"-Infinity\"", .double, .double(-.infinity)),
        ("0.1", .float, .double(Double(Float(0.1)))),
        ("1767571200000", .timestampMillis, .timestamp(EventTime("2026-01-05T00:00:00Z")!)),
        ("-1", .timestampMicros, .timestamp(.init(microseconds: -1))),
        ("\"2026-01-05T23:59:59Z\"", .timestampMicros, .timestamp(EventTime("2026-01-05T23:59:59Z")!)),
        ("\"2026-01-05\"", .date, .timestamp(EventTime("2026-01-05T00:00:00Z")!)),
        ("-1", .date, .timestamp(EventTime("1969-12-31T00:00:00Z")!)),
        ("\"B\"", .enumeration(name: "e", symbols: ["A", "B"]), .string("B")),
        ("\"0190B6A0-7c1e-7000-8000-00C04FD430C8\"", .uuid, .string("0190b6a0-7c1e-7000-8000-00c04fd430c8")),
        ("\"\"", .bytes, .bytes([])), ("\"AQ==\"", .bytes, .bytes([1])), ("\"AQI=\"", .bytes, .bytes([1, 2])),
        ("\"\\/\\/79\"", .bytes, .bytes([255, 254, 253])),
        ("\"-1.5s\"", .duration, .duration(TimeSpan(microseconds: -1_500_000))), ("\"300s\"", .duration, .duration(.minutes(5))),
        ("\"0.123456789s\"", .duration, .duration(TimeSpan(microseconds: 123_456))), ("true", .boolean, .bool(true)),
        ("false", .boolean, .bool(false)),
    ])
    func `a value that the type allows is that value`(json: String, type: AvroType, expected: Value) {
        let result = value(json, as: type)
        if case .double(let number) = expected, number.isNaN {
            guard case .double(let got)? = result.value else { return #expect(Bool(false), "\(result)") }
            #expect(got.isNaN)
        } else {
            #expect(result.value == expected)
        }
    }

    @Test func `times of day beyond the clock are refused though the day was met before`() {
        let schema = Schema(name: "t", fields: [.init("t", .timestampMillis)])
        let texts = ["00:00:00", "23:59:59", "24:00:00", "12:60:00", "12:00:60", "1:000:00", "12:0/:00", "12:0::00", "12.00:00", "0¹:00:0"]
            .map { #"{"t":"2026-01-05T\#($0)Z"}"# }
        #expect(decode(schema, texts).faults.map { $0?.code } == [nil, nil] + Array(repeating: .decodeBadTimestamp, count: 8))
    }
}
