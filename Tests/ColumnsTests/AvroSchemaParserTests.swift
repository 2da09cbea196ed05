import Base
import Columns
import Testing

struct AvroSchemaParserTests {
    static let machine = """
        {
          "type": "record", "name": "machine", "namespace": "cloud", "doc": "A machine.", "connect.name": "x",
          "fields": [
            { "name": "id", "type": "string", "doc": "Its id." },
            { "name": "state", "type": { "type": "enum", "name": "state", "symbols": ["RUNNING", "STOPPED"] }, "default": "RUNNING" },
            { "name": "before", "type": ["null", "state"], "default": null },
            { "name": "seen", "type": { "type": "long", "logicalType": "timestamp-millis" } },
            { "name": "born", "type": [{ "type": "int", "logicalType": "date" }, "null"], "default": 5 },
            { "name": "tags", "type": { "type": "map", "values": "string" }, "default": {} },
            { "name": "size", "type": { "type": "record", "name": "size", "fields": [ { "name": "cpus", "type": "int" } ] } },
            { "name": "wish", "type": ["null", "cloud.size"] },
            { "name": "u", "type": { "type": "string", "logicalType": "uuid" } },
            { "name": "raw", "type": "bytes", "default": "\\u00ff" }
          ]
        }
        """

    @Test func `a schema file becomes a schema, which writes itself as an equal one`() throws {
        let (parsed, findings) = AvroSchemaParser.parse(Self.machine, file: "m.avsc")
        #expect(findings.isEmpty)
        let schema = try #require(parsed)
        let size = Schema(name: "size", fields: [.init("cpus", .int)])
        let state = AvroType.enumeration(name: "state", symbols: ["RUNNING", "STOPPED"])
        #expect(
            schema
                == Schema(
                    name: "machine", namespace: "cloud", doc: "A machine.",
                    fields: [
                        .init("id", .string, doc: "Its id."), .init("state", state, defaultJSON: "\"RUNNING\""),
                        .init("before", state, isNullable: true, defaultJSON: "null"),
                        .init("seen", .timestampMillis), .init("born", .date, isNullable: true, defaultJSON: "5"),
                        .init("tags", .map, defaultJSON: "{}"),
                        .init("size", .record(size)), .init("wish", .record(size), isNullable: true), .init("u", .uuid),
                        .init("raw", .bytes, defaultJSON: "\"ÿ\""),
                    ]))
        let again = AvroSchemaParser.parse(schema.avroJSON(), file: "again.avsc")
        #expect(again.findings.isEmpty)
        #expect(again.schema == schema)
    }

    @Test func `the schema of any row type writes itself as an equal one`() {
        var generator = RowGenerator(random: SeededRandom(seed: 3))
        for _ in 0..<100 {
            let schema = Schema(name: "s", rowType: generator.schema().rowType)
            let (again, findings) = AvroSchemaParser.parse(schema.avroJSON(), file: "s.avsc")
            #expect(findings.isEmpty)
            #expect(again == schema)
        }
    }

    @Test func `all findings come in one run, each at its token`() {
        let (schema, findings) = AvroSchemaParser.parse(
            """
            { "type": "record", "name": "m",
              "fields": [
                { "name": "a", "type": "strnig" },
                { "name": "b-c", "type": "int" },
                { "name": "l", "type": { "type": "array", "items": "int" } },
                { "name": "é", "type": "m" }, { "name": "t", "type": "int", "defualt": 3 },
                { "name": "d", "type": "int", "default": "x" },
                { "name": "d", "type": ["int", "string"] },
                { "name": "ts", "type": { "type": "int", "logicalType": "timestamp-millis" } },
                { "name": "n", "type": { "type": "bytes", "logicalType": "decimal" } },
                { "name": "m", "type": { "type": "map", "values": "int" } }
              ] }
            """, file: "m.avsc")
        #expect(schema == nil)
        #expect(
            findings.map { "\($0.location.line):\($0.location.column) \($0.code)" } == [
                "3:28 schema.unknown_type", "4:15 schema.bad_name", "5:38 schema.unsupported_type", "6:15 schema.bad_name",
                "6:28 schema.recursion",
                "6:65 schema.unknown_key", "7:46 schema.bad_default", "8:28 schema.bad_union", "9:61 schema.bad_logical_type",
                "10:62 schema.bad_logical_type", "11:55 schema.unsupported_type",
            ])
        #expect(findings[0].remedy?.contains("Did you mean 'string'?") == true)
        #expect(findings[5].remedy?.contains("Did you mean 'default'?") == true)
    }

    @Test(arguments: [
        ("", "1:1 schema.syntax"), ("{\n \"type\": record}", "2:10 schema.syntax"), ("\"string\"", "1:1 schema.not_a_record"),
        (#"{"type":"record","name":"a"}"#, "1:1 schema.missing_key"), (#"{"type":"record","fields":[]}"#, "1:1 schema.missing_key"),
        (#"{"type":"record","name":"a","fields":[{"type":"int"}]}"#, "1:39 schema.missing_key"),
        (#"{"type":"record","name":"a","name":"b","fields":[]}"#, "1:29 schema.duplicate_key"),
        (#"{"type":"record","name":"a","fields":[{"name":"x","type":"int"},{"name":"x","type":"int"}]}"#, "1:73 schema.duplicate_name"),
        (
            #"{"type":"record","name":"a","fields":[{"name":"x","type":{"type":"enum","name":"e","symbols":[]}}]}"#,
            "1:94 schema.wrong_value"
        ),
        (
            #"{"type":"record","name":"a","fields":[{"name":"x","type":{"type":"fixed","name":"f","size":4}}]}"#,
            "1:66 schema.unsupported_type"
        ),
        (#"{"type":"record","name":"a","fields":[{"name":"x","type":["null","int"],"default":3}]}"#, "1:83 schema.bad_default"),
        (#"{"type":"record","name":"a","fields":[{"name":"x","type":["int","null"],"default":null}]}"#, "1:83 schema.bad_default"),
        (
            #"{"type":"record","name":"a","fields":[{"name":"x","type":{"type":"record","name":"r","fields":[{"name":"y","type":"int"}]},"default":{}}]}"#,
            "1:134 schema.bad_default"
        ),
    ])
    func `each mistake has its code and place`(text: String, expected: String) {
        let (schema, findings) = AvroSchemaParser.parse(text, file: "x.avsc")
        #expect(schema == nil)
        #expect(findings.map { "\($0.location.line):\($0.location.column) \($0.code)" } == [expected])
    }
}
