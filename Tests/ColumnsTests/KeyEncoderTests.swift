import Base
import Columns
import Testing

struct KeyEncoderTests {
    static let schema = Schema(
        name: "k",
        fields: [
            .init("id", .string), .init("n", .long, isNullable: true), .init("ok", .boolean), .init("at", .timestampMillis),
            .init("v", .double),
            .init("tags", .map), .init("raw", .bytes),
            .init("r", .record(Schema(name: "r", fields: [.init("x", .string)])), isNullable: true),
        ])

    /// The keys of two records: one whole, one with nulls.
    func keys(_ paths: [String]) -> [String?] {
        let decoder = JSONRecordDecoder(schema: Self.schema)
        decoder.begin(capacity: 2)
        for text in [
            #"{"id":"i-1","n":42,"ok":true,"at":"2026-01-05T00:00:00Z","v":0.5,"tags":{"b":"\"","a":"é"},"raw":"AQI=","r":{"x":"y"}}"#,
            #"{"id":"","n":null,"ok":false,"at":1767571200001,"v":-3,"tags":{},"raw":"","r":null}"#,
        ] { #expect(decoder.append(text: text) == nil) }
        let columns = decoder.finish()
        let encoder = KeyEncoder(columns: paths.map { decoder.type.index(of: $0)! }, type: decoder.type)
        return (0..<2).map { row in
            let arena = ByteArena()
            let isWhole = encoder.encode(row: row, of: columns, into: arena)
            #expect(isWhole || arena.count == 0)
            return isWhole ? String(decoding: arena.bytes, as: UTF8.self) : nil
        }
    }

    @Test(
        arguments: [
            (["id"], ["i-1", ""]), (["n"], ["[42]", nil]), (["id", "n"], [#"["i-1",42]"#, nil]),
            (["id", "n", "ok", "at"], [#"["i-1",42,true,"2026-01-05T00:00:00Z"]"#, nil]),
            (["at"], [#"["2026-01-05T00:00:00Z"]"#, #"["2026-01-05T00:00:00.001Z"]"#]),
            (["v", "id"], [#"[0.5,"i-1"]"#, #"[-3.0,""]"#]), (["tags"], [#"[{"a":"é","b":"\""}]"#, "[{}]"]),
            (["raw"], [#"["AQI="]"#, #"[""]"#]),
            (["r.x"], ["y", nil]), (["ok", "r.x"], [#"[true,"y"]"#, nil]),
        ] as [([String], [String?])])
    func `the golden vectors of keys hold`(paths: [String], expected: [String?]) {
        #expect(keys(paths) == expected)
    }

    @Test func `a group's bytes are its key's, with nulls, and one zero`() {
        let type = RowType([.init("id", .string, isNullable: true), .init("v", .double)])
        let arena = ByteArena()
        let columns = [Column(.string, capacity: 4, isNullable: true, arena: arena), Column(.double, capacity: 4)]
        for (id, v) in [(Value.string("a"), 0.0), (.string("a"), -0.0), (.null, 1.5), (.string(""), 1.5)] {
            columns[0].append(id)
            columns[1].append(.double(v))
        }
        func groups(_ indices: [Int]) -> [String] {
            let encoder = KeyEncoder(columns: indices, type: type)
            encoder.begin(columns)
            return (0..<4).map { row in
                let bytes = ByteArena()
                encoder.encodeGroup(row: row, into: bytes)
                return String(decoding: bytes.bytes, as: UTF8.self)
            }
        }
        #expect(groups([0]) == ["a", "a", "[null]", ""])
        #expect(groups([0, 1]) == [#"["a",0.0]"#, #"["a",0.0]"#, "[null,1.5]", #"["",1.5]"#])
        #expect(groups([1]) == ["[0.0]", "[0.0]", "[1.5]", "[1.5]"])
    }

    @Test(arguments: [
        ("i-1", -901_649_991), (#"["i-1",42,true,"2026-01-05T00:00:00Z"]"#, -1_419_605_760), ("[42]", -644_656_923),
    ])
    func `the golden vectors of partitions hold`(key: String, hash: Int32) {
        var key = key
        let got = key.withUTF8 { (Hashing.murmur2($0), Hashing.partition(of: $0, among: 12).number) }
        #expect(got.0 == hash)
        #expect(got.1 == (hash & 0x7fff_ffff) % 12)
    }
}
