import Base
import Testing

@testable import TopologyFile

/// The file's character at which the expression's character `X` is said to stand.
private func found(_ filter: String) throws -> [Character] {
    let text = """
        topology: t
        sources: { m: { topic: a, schema: s, key: [id], event_time: { field: at } } }
        streams:
          x:
            from: m
            filter: \(filter)
        """
    let reading = TopologyLoader.read(text, path: "t")
    #expect(reading.findings.isEmpty)
    let specification = try #require(reading.specification)
    guard case .filter(let expression) = specification.streams[0].operation else { return [] }
    let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
    return expression.text.indices.filter { !expression.text[$0].isWhitespace }.map { index in
        let place = expression.location(atUTF8Offset: expression.text.utf8.distance(from: expression.text.startIndex, to: index))
        let line = Array(lines[place.line - 1])
        return line.indices.contains(place.column - 1) ? line[place.column - 1] : "∅"
    }
}

@Test(arguments: [
    "a > 1 && b < 2", "a ? b : c ? d : e",
    "'a > 1 && b < 2'", "\"a > 1\"", "a\n      > 1\n      && b", "'a\n      > 1\n\n      && b'", "\"a\n      > 1\"",
    "|\n      a > 1\n      && b\n        && c", ">-\n      a > 1\n      && b\n\n      && c",
    "größe > 1 && ä == b", "  >\n\n      a  ==  b",
])
func `every character of an expression is found where it stands in the file`(_ filter: String) throws {
    let specification = try found(filter)
    let expected = filter.drop { "|>- \"'".contains($0) }.filter { !$0.isWhitespace && $0 != "'" && $0 != "\"" }
    #expect(String(specification) == String(expected))
}

@Test func `escapes in quotes take their room and the characters after them are still found`() throws {
    #expect(try found(#""a == \"x\" && \u00e4 < b""#) == Array(#"a==\x\&&\<b"#))
    #expect(try found("'a == ''x'' && b'") == Array("a=='x'&&b"))
}

@Test func `the argument of an aggregate keeps its place`() throws {
    let text = """
        topology: t
        sources: { m: { topic: a, schema: s, key: [id], event_time: { field: at } } }
        streams: { x: { from: m, window: { tumbling: 5m }, aggregate: { n: "sum( v )" } } }
        """
    let specification = try #require(TopologyLoader.read(text, path: "t").specification)
    guard case .window(_, let aggregates) = specification.streams[0].operation, let argument = aggregates[0].argument else {
        Issue.record("no aggregate")
        return
    }
    #expect(argument.text == " v ")
    #expect(argument.location(atUTF8Offset: 1) == SourceLocation(file: "t", line: 3, column: 74))
}
