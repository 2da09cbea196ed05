import Base
import Testing

@testable import pioneer

struct ColumnMappingTests {
    private typealias Assignment = ColumnMapping.Assignment

    @Test func `what stands before the first semicolon is shared, and each part is an event`() throws {
        let mapping = try ColumnMapping(
            #"resource_id, observed_at=time stamp; metric="cpu", value=cpu_pct;  metric="say ""hi"", ok; = ",value = mem%"#)
        #expect(mapping.shared == [
            Assignment(field: "resource_id", value: .column("resource_id")), Assignment(field: "observed_at", value: .column("time stamp")),
        ])
        #expect(mapping.events == [
            [Assignment(field: "metric", value: .literal("cpu")), Assignment(field: "value", value: .column("cpu_pct"))],
            [Assignment(field: "metric", value: .literal(#"say "hi", ok; = "#)), Assignment(field: "value", value: .column("mem%"))],
        ])
    }

    @Test func `without semicolon a row is one event, and nothing has to be shared`() throws {
        #expect(try ColumnMapping("a=b").events.isEmpty)
        let mapping = try ColumnMapping("; a=b\n; a=c")
        #expect(mapping.shared.isEmpty)
        #expect(mapping.events.count == 2)
    }

    @Test(arguments: [
        ("", "a field's name is missing (character 1)"), ("a,", "a field's name is missing (character 3)"),
        ("a;", "a field's name is missing (character 3)"), ("a;;b", "a field's name is missing (character 3)"),
        ("a=", "'a=' is followed by no column"), (#"a="x"#, "the text's closing quote is missing (character 3)"),
        (#"a="x"b"#, "a ',' or ';' is missing after the text"), (#"a "x""#, "a '=' is missing after 'a'"),
        ("a=b=c", "a ',' or ';' is missing after 'b'"), ("tags.zone=x", "'tags.zone' is no field's name"),
        ("a, a=b", "one event has the field 'a' twice"), (#"a; b=x; a="1""#, "one event has the field 'a' twice"),
        ("1a", "'1a' is no field's name"),
    ])
    func `a mapping that is none is answered with the place and the form`(text: String, words: String) {
        let error = #expect(throws: EngineError.self) { try ColumnMapping(text) }
        #expect(error?.code == .appendColumns)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.remedy?.contains("field=column") == true)
    }
}
