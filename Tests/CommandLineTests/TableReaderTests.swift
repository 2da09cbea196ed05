import Base
import Columns
import Testing

@testable import pioneer

struct TableReaderTests {
    private static let schema = Schema(name: "Reading", fields: [
        .init("id", .string), .init("at", .timestampMillis), .init("value", .double, isNullable: true),
        .init("count", .int, isNullable: true, defaultJSON: "null"), .init("big", .long, isNullable: true),
        .init("up", .boolean, isNullable: true), .init("day", .date, isNullable: true), .init("tags", .map, defaultJSON: "{}"),
        .init("kind", .enumeration(name: "Kind", symbols: ["small", "large"]), isNullable: true),
        .init("metric", .string, isNullable: true),
    ])

    static let topic = TopicFacts(name: "readings", readings: [
        .init(
            topology: "t", source: "s", schema: schema, eventTimeField: "at", outOfOrder: .seconds(30), maxAhead: .hours(1)),
    ])

    /// The lines made of a table, and its tally.
    private func lines(
        _ text: String, _ columns: String? = nil, skips: Bool = false, delimiter: Character = ",", shift: TimeSpan = .zero
    ) throws -> (lines: [String], tally: ReadingTally) {
        let mapping = try columns.map { try ColumnMapping($0) }
        let format = TableReader.Format(delimiter: delimiter.asciiValue ?? 0, mapping: mapping, skipsBadRows: skips)
        let reader = TableReader("t.csv", format, topic: Self.topic, shift: shift)
        var lines: [String] = []
        func take(_ unit: RecordUnit) {
            let found = String(decoding: unit.body, as: UTF8.self).split(separator: "\n").map(String.init)
            #expect(found.count == unit.lines)
            lines += found
        }
        try Array(text.utf8).withUnsafeBufferPointer { try reader.read($0, take) }
        try reader.finish(take)
        return (lines, reader.tally)
    }

    private func fault(_ text: String, _ columns: String? = nil) -> EngineError? {
        #expect(throws: EngineError.self) { try lines(text, columns) }
    }

    @Test func `each column is the field of its name, and cells become what the schema has`() throws {
        let text = "\u{FEFF}id, at ,value,count,up,day,tags,kind,extra\r\n"
            + "i-1,2011-05-01 00:05:00,+.5,7.0,YES,2011-05-01,\"{\"\"a\"\":\"\"b\"\"}\",large,\"x \"\"y\"\"\"\r\n"
            + "\r\n2, 1304208300 ,-12.50,,0,,,,\r\n"
        #expect(try lines(text).lines == [
            #"{"id":"i-1","at":"2011-05-01T00:05:00Z","value":0.5,"count":7,"up":true,"day":"2011-05-01","tags":{"a":"b"},"#
                + #""kind":"large","extra":"x \"y\""}"#,
            #"{"id":"2","at":"2011-05-01T00:05:00Z","value":-12.50,"up":false}"#,
        ])
    }

    @Test func `a row makes an event a part, and none where the part's cells are empty`() throws {
        let columns = #"id=machine, at; metric="cpu", value=cpu; metric="mem", value=mem, count="3"; metric="seen""#
        let text = "machine;at;cpu;mem\ni-1;2011-05-01;1;2\ni-2;2011-05-01;;4\n"
        let made = try lines(text, columns, delimiter: ";")
        func head(_ id: String, _ metric: String) -> String { #"{"id":"\#(id)","at":"2011-05-01T00:00:00Z","metric":"\#(metric)""# }
        #expect(made.lines == [
            head("i-1", "cpu") + #","value":1}"#, head("i-1", "mem") + #","value":2,"count":3}"#, head("i-1", "seen") + "}",
            head("i-2", "mem") + #","value":4,"count":3}"#, head("i-2", "seen") + "}",
        ])
        #expect(made.tally == ReadingTally(badRows: 0, emptyEvents: 1))
    }

    @Test func `every written line is a record of the schema`() throws {
        let decoder = JSONRecordDecoder(schema: Self.schema)
        var random = SeededRandom(seed: 3)
        var text = "id,at,value,count,big,up,day,tags,kind,metric\n"
        let cells: [[String]] = [
            ["i", "\"a,b\"", "\"\"\"\"", "ü", "\"x\ny\""], ["2011-05-01", "1304208300.5", "2011-05-01T01:02+02", "1304208300123"],
            ["", "1", "-0.5e-3", "5.", "007", "1E5"], ["", "-3", "1e3"], ["", "9223372036854775807"], ["", "t", "False"],
            ["", "2024-02-29"], ["", "{}", "\"{\"\"k\"\": \"\"v\"\"}\""], ["", "small"], ["", "cpu"],
        ]
        for _ in 0..<500 { text += cells.map { $0[random.below($0.count)] }.joined(separator: ",") + "\n" }
        let made = try lines(text).lines
        #expect(made.count == 500)
        decoder.begin(capacity: made.count)
        for line in made { #expect(decoder.append(text: line) == nil, "\(line)") }
    }

    @Test(arguments: [
        ("2011-05-01T00:05:00Z", "2011-05-01T00:05:00Z"), ("2011-05-01 00:05:00", "2011-05-01T00:05:00Z"),
        ("2011-05-01 00:05", "2011-05-01T00:05:00Z"), ("2011-05-01", "2011-05-01T00:00:00Z"),
        ("2011-05-01 00:05:00.25", "2011-05-01T00:05:00.250Z"), ("2011-05-01 02:05:00+02", "2011-05-01T00:05:00Z"),
        ("2011-05-01T02:05:00+0200", "2011-05-01T00:05:00Z"), ("2011-05-01 00:05:00 UTC", "2011-05-01T00:05:00Z"),
        ("2011-04-30 22:05:00-02:00", "2011-05-01T00:05:00Z"), ("1304208300", "2011-05-01T00:05:00Z"),
        ("1304208300.5", "2011-05-01T00:05:00.500Z"), ("1304208300000", "2011-05-01T00:05:00Z"),
        ("1304208300000000", "2011-05-01T00:05:00Z"), ("0", "1970-01-01T00:00:00Z"), ("300", "1970-01-01T00:05:00Z"),
        ("-300", "1969-12-31T23:55:00Z"), ("yesterday", nil), ("2011-02-29", nil), ("2011-05-01 25:00", nil), ("01.05.2011", nil),
        ("2011-05-01 00:05:00 CET", nil), ("1.2.3", nil), ("-", nil), ("99999999999999999999", nil), ("2011-05-01T", nil),
    ] as [(String, String?)])
    func `times are read in the forms that tables have`(text: String, expected: String?) {
        #expect(Array(text.utf8).withUnsafeBufferPointer { CellTime.parse($0) }?.description == expected)
    }

    @Test(arguments: [
        ("id,at\na,2011\nb,soon\n", "line 3: column 'at' is 'soon'", "a date and time"),
        ("id,at\na,2011-05-01,\n", "line 2: it has 3 cells, and the header has 2", "cell for each column"),
        ("id,at,value\n\na,2011-05-01,1,5\n", "line 3: it has 4 cells", ""),
        ("id,at,value\na,2011-05-01,high\n", "column 'value' is 'high'", "a number such as"),
        ("id,at,value\na,2011-05-01,0x10\n", "column 'value' is '0x10'", ""), ("id,at,value\na,2011-05-01,nan\n", "'nan'", ""),
        ("id,at,count\na,2011-05-01,3000000000\n", "'3000000000'", "2147483647"),
        ("id,at,count\na,2011-05-01,1.5\n", "column 'count' is '1.5'", "whole number"),
        ("id,at,count\na,2011-05-01,0x10\n", "column 'count' is '0x10'", "whole number"),
        ("id,at,up\na,2011-05-01,maybe\n", "column 'up' is 'maybe'", "true or false"),
        ("id,at,kind\na,2011-05-01,huge\n", "column 'kind' is 'huge'", "small, large"),
        ("id,at,tags\na,2011-05-01,[1]\n", "column 'tags' is '[1]'", "JSON object"),
        ("id,at,day\na,2011-05-01,1\n", "column 'day' is '1'", "2026-01-05"),
        ("id,at\n\"x\ny\",2011-05-01\n,2011-05-01\n", "line 4: column 'id' is empty", "no event without 'id'"),
        ("id,at\na\"b,2011-05-01\n", "line 2: a quote stands inside", "--skip-bad-rows"),
    ])
    func `a bad row is an error with its line, the column and what is allowed`(text: String, words: String, allowed: String) {
        let error = fault(text)
        #expect(error?.code == .appendTableRow)
        #expect(error?.message.contains("'t.csv', line ") == true && error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.remedy?.contains(allowed) == true, "\(error?.remedy ?? "")")
    }

    @Test func `bad rows are passed over and counted when that is asked for`() throws {
        let made = try lines("id,at\na,2011-05-01\nb,soon\n\"c\"x,y\nd\n,\ne,2011-05-02\n", skips: true)
        #expect(made.lines.count == 2)
        #expect(made.tally == ReadingTally(badRows: 3, emptyEvents: 1, firstFault: "line 3: column 'at' is 'soon'"))
    }

    @Test(arguments: [
        ("id,at\n", "id, at, valeu=id", "no field 'valeu'", "Did you mean 'value'?"),
        ("id,at\n", "id, at=ta", "no column 'ta'", "Did you mean 'at'?"),
        ("id,at\n", "id", "no column gives the field 'at'", "Columns: id, at."),
        ("id,att\n", nil, "no column gives the field 'at'", "Is it the column 'att'?"),
        ("id,at\n", #"id, at; metric="a"; count="x""#, "the field 'count' the text 'x'", "whole number"),
    ] as [(String, String?, String, String)])
    func `a mapping that does not fit table and schema is an error with the nearest name`(
        text: String, columns: String?, words: String, remedy: String
    ) {
        let error = fault(text, columns)
        #expect(error?.code == .appendColumns)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.remedy?.contains(remedy) == true, "\(error?.remedy ?? "")")
    }

    @Test(arguments: [
        ("", "is empty"), ("\n\n", "is empty"), ("id,at,id\n", "two columns 'id'"), ("id,at,\n", "no name for column 3"),
        ("\"id\"x,at\n", "no header line that can be read"),
    ])
    func `a header that cannot be used is an error`(text: String, words: String) {
        let error = fault(text)
        #expect(error?.code == .appendTableHeader)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func `event times move by the shift, and other times stay`() throws {
        let made = try lines("id,at,day\na,2011-05-01 00:05:00,2011-05-01\n", shift: .hours(25))
        #expect(made.lines == [#"{"id":"a","at":"2011-05-02T01:05:00Z","day":"2011-05-01"}"#])
    }
}
