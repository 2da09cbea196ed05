import Base
import Columns
import Testing

struct JSONRecordDecoderTests {
    static let metric = Schema(
        name: "metric",
        fields: [
            .init("resource_id", .string), .init("observed_at", .timestampMillis), .init("metric", .string), .init("value", .double),
        ])
    static let machine = Schema(
        name: "machine",
        fields: [
            .init("id", .string),
            .init(
                "size",
                .record(
                    Schema(
                        name: "size",
                        fields: [
                            .init("cpus", .int), .init("note", .string, isNullable: true),
                            .init("disk", .record(Schema(name: "disk", fields: [.init("gb", .long)])), isNullable: true),
                        ])), isNullable: true),
            .init("place", .record(Schema(name: "place", fields: [.init("region", .string)]))),
        ])

    @Test func `a record's fields land in their columns whatever their order and company`() {
        let texts = [
            #"{"resource_id":"i-1","observed_at":"2026-01-05T00:00:01Z","metric":"cpu","value":37.25,"unit":"percent"}"#,
            #" { "value" : -1e2 , "unit":{"a":[1,2,{"b":null}]}, "metric":"m","observed_at":1767571201500,"resource_id":"i-2" } "#,
            #"{"resource_id":"i-3","metric":"c","value":0.1,"observed_at":"2026-01-05T00:00:01.25+01:00"}"#,
        ]
        let (rows, faults) = decode(Self.metric, texts)
        #expect(faults.allSatisfy { $0 == nil })
        #expect(
            rows[0] == [
                "resource_id": .string("i-1"), "observed_at": .timestamp(EventTime("2026-01-05T00:00:01Z")!), "metric": .string("cpu"),
                "value": .double(37.25),
            ])
        #expect(rows[1]["observed_at"] == .timestamp(EventTime("2026-01-05T00:00:01.5Z")!))
        #expect(rows[1]["value"] == .double(-100))
        #expect(rows[2]["observed_at"] == .timestamp(EventTime("2026-01-04T23:00:01.25Z")!))
    }

    @Test func `a record at fault leaves nothing and its neighbours whole`() {
        let (rows, faults) = decode(
            Self.metric,
            [
                #"{"resource_id":"a","observed_at":0,"metric":"m","value":1}"#,
                #"{"resource_id":"bad one","observed_at":0,"metric":"m","value":"x"}"#,
                #"{"resource_id":"c","observed_at":0,"metric":"m","value":3}"#,
            ])
        #expect(rows.map { $0["resource_id"] } == [.string("a"), .string("c")])
        #expect(faults.map { $0?.code } == [nil, .decodeWrongType, nil])
        #expect(faults[1]?.path == "value")
        #expect(faults[1]?.position == 62)
        #expect(faults[1]?.message == #"the value in field 'value' at byte 62 is not a number (or "NaN", "Infinity", "-Infinity"): "x"}"#)
    }

    @Test func `nested records are addressed by dotted path and null where they are absent`() {
        let (rows, faults) = decode(
            Self.machine,
            [
                #"{"id":"a","size":{"cpus":4,"disk":{"gb":9}},"place":{"region":"r"}}"#,
                #"{"id":"b","size":null,"place":{"region":"r"}}"#,
                #"{"place":{"region":"r"},"id":"c","size":{"cpus":2,"note":"n","disk":null}}"#,
                #"{"place":{"region":"r"},"id":"d"}"#,
                #"{"id":"e"}"#,
                #"{"id":"f","size":{"note":"n"},"place":{"region":"r"}}"#,
                #"{"id":"g","place":null}"#,
            ])
        #expect(rows.count == 4)
        #expect(
            rows[0] == [
                "id": .string("a"), "size": .bool(true), "size.cpus": .int(4), "size.note": .null, "size.disk": .bool(true),
                "size.disk.gb": .int(9), "place.region": .string("r"),
            ])
        let absent: [String: Value] = [
            "size": .bool(false), "size.cpus": .null, "size.note": .null, "size.disk": .null, "size.disk.gb": .null,
        ]
        for row in [rows[1], rows[3]] { #expect(row.filter { absent[$0.key] != nil } == absent) }
        #expect(rows[2]["size.disk"] == .bool(false))
        #expect(rows[2]["size.disk.gb"] == .null)
        #expect(faults[4...].map { $0?.code } == [.decodeMissingField, .decodeMissingField, .decodeNull])
        #expect(faults[4...].map { $0?.path } == ["place", "size.cpus", "place"])
    }

    @Test func `of a key given twice the last counts, whole records included`() {
        #expect(
            decode(Self.metric, [#"{"value":1,"resource_id":"a","observed_at":0,"metric":"m","resource_id":"b","value":2}"#]).rows[0]
                == [
                    "resource_id": .string("b"), "value": .double(2), "metric": .string("m"),
                    "observed_at": .timestamp(.init(microseconds: 0)),
                ])
        let (rows, faults) = decode(
            Self.machine,
            [
                #"{"id":"a","place":{"region":"r"},"size":{"cpus":4,"note":"x"},"size":{"cpus":5}}"#,
                #"{"id":"a","place":{"region":"r"},"size":{"cpus":4},"size":{}}"#,
                #"{"id":"a","place":{"region":"r"},"size":{"cpus":4},"size":null}"#,
                #"{"id":"a","place":{"region":"r"},"size":null,"size":{"cpus":6}}"#,
            ])
        #expect(rows.map { $0["size.cpus"] } == [.int(5), .null, .int(6)])
        #expect(rows[0]["size.note"] == .null)
        #expect(faults[1]?.code == .decodeMissingField)
    }

    @Test func `missing fields take the schema's default`() {
        let schema = Schema(
            name: "d",
            fields: [
                .init("i", .int, defaultJSON: "7"), .init("s", .string, defaultJSON: #""né""#),
                .init("n", .long, isNullable: true, defaultJSON: "null"),
                .init("o", .long, isNullable: true, defaultJSON: "5"), .init("b", .bytes, defaultJSON: #""\u00ff\u0001""#),
                .init("m", .map, defaultJSON: #"{"b":"2","a":"1"}"#), .init("t", .timestampMillis, defaultJSON: "1500"),
                .init("f", .boolean, defaultJSON: "true"),
                .init(
                    "r", .record(Schema(name: "r", fields: [.init("x", .int), .init("y", .string, defaultJSON: #""why""#)])),
                    defaultJSON: #"{"x":3}"#),
            ])
        let expected: [String: Value] = [
            "i": .int(7), "s": .string("né"), "n": .null, "o": .int(5), "b": .bytes([255, 1]), "m": .map(["a": "1", "b": "2"]),
            "t": .timestamp(.init(milliseconds: 1500)), "f": .bool(true), "r.x": .int(3), "r.y": .string("why"),
        ]
        let (rows, faults) = decode(schema, ["{}", #"{"i":8}"#, #"{"o":null,"s":"z"}"#, "{}"])
        #expect(faults.allSatisfy { $0 == nil })
        #expect(rows[0] == expected)
        #expect(rows[3] == expected)
        #expect(rows[1]["i"] == .int(8))
        #expect(rows[2]["o"] == .null)
        #expect(rows[2]["s"] == .string("z"))
    }

    @Test func `a field that is not wanted is passed over, its syntax is not`() {
        let (rows, faults) = decode(
            Self.metric,
            [
                #"{"resource_id":5,"observed_at":0,"value":1}"#, #"{"resource_id":"a","observed_at":0,"value":1,"metric":tru}"#,
            ], projection: [false, true, false, true])
        #expect(rows == [["resource_id": .null, "observed_at": .timestamp(.init(microseconds: 0)), "metric": .null, "value": .double(1)]])
        #expect(faults.map { $0?.code } == [nil, .decodeSyntax])
        let nested = decode(
            Self.machine, [#"{"size":{"cpus":1,"disk":{"gb":2}}}"#, "{}"], projection: [false, false, false, false, false, true, false])
        #expect(nested.rows.map { $0["size.disk.gb"] } == [.int(2), .null])
        #expect(nested.rows.map { $0["size"] } == [.bool(true), .bool(false)])
    }

    @Test func `maps are sorted, and the last of a repeated key counts`() {
        #expect(value(#"{"b":"1","a":"2","b":"3","":"e"}"#, as: .map).value == .map(["a": "2", "b": "3", "": "e"]))
        #expect(value("{}", as: .map).value == .map([:]))
        #expect(value(#"{"a":1}"#, as: .map).code == "decode.wrong_type")
        #expect(value(#"{"a":null}"#, as: .map).code == "decode.wrong_type")
        #expect(value(#"{"a":"x",}"#, as: .map).code == "decode.syntax")
    }

    @Test func `rows do not depend on where batches end`() {
        var random = SeededRandom(seed: 5)
        let texts = (0..<200).map { i in
            var fields = [
                #""resource_id":"i-\#(i)""#, #""observed_at":\#(i * 1000)"#, #""metric":"m\#(i % 3)""#, #""value":\#(i).5"#,
                #""u\#(i % 5)":[\#(i)]"#,
            ]
            fields.shuffle(using: &random)
            return "{" + fields.joined(separator: ",") + "}"
        }
        let whole = decode(Self.metric, texts).rows
        let decoder = JSONRecordDecoder(schema: Self.metric)
        var parts: [[String: Value]] = []
        var at = 0
        while at < texts.count {
            let size = 1 + random.below(30)
            decoder.begin(capacity: size)
            for text in texts[at..<min(at + size, texts.count)] { #expect(decoder.append(text: text) == nil) }
            parts += rows(decoder.finish(), decoder.type)
            at += size
        }
        #expect(parts == whole)
        #expect(whole.count == 200)
    }
}
