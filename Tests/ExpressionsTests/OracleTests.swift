import Base
import Columns
import Testing

@testable import Expressions

/// Random well-typed expressions over random rows: the kernels give what the oracle gives, value and fault.
struct OracleTests {
    @Test(arguments: 1...8)
    func `kernels agree with the oracle on random expressions`(seed: Int) throws {
        var writer = ExpressionWriter(random: SeededRandom(seed: UInt64(seed)))
        var faulted = 0, nulls = 0
        for _ in 0..<150 {
            let type = ExpressionWriter.types[writer.random.below(ExpressionWriter.types.count)]
            let text = writer.write(type, depth: 1 + writer.random.below(5))
            let rows = (0..<(writer.random.below(20) == 0 ? 0 : 40)).map { _ in writer.row() }
            let (compiled, issues) = Expression.compile(text, over: Fixture.row)
            let expression = try #require(compiled, "\(text): \(issues)")
            let result = expression.evaluate(Fixture.batch(rows), EvaluationContext(clock: Fixture.clock))
            let tree = try #require(Expression.parse(text).0)
            for (index, row) in rows.enumerated() {
                let expected = Oracle(row: row, clock: Fixture.clock).evaluate(tree)
                let actual = outcome(expression, result, index)
                if !same(actual, expected) { Issue.record("\(text)\n\(row)\n\(actual) for \(expected)") }
                if case .fault = expected { faulted += 1 }
                if expected == .value(.null) { nulls += 1 }
            }
            checkSelection(expression, rows, result)
        }
        #expect(faulted > 200, "expressions fail now and then")
        #expect(nulls > 20, "expressions are null now and then")
    }

    private func outcome(_ expression: CompiledExpression, _ result: EvaluatedColumn, _ row: Int) -> Oracle.Outcome {
        if let fault = result.faults.flatMap({ ExpressionFault(rawValue: $0.base[row]) }) { return .fault(fault) }
        let value = result.column.value(at: row)
        if value == .null, !expression.type.isNullable { Issue.record("a null where there should be none") }
        return .value(value)
    }

    private func same(_ a: Oracle.Outcome, _ b: Oracle.Outcome) -> Bool {
        switch (a, b) {
        case (.value(.double(let x)), .value(.double(let y))): x == y || (x.isNaN && y.isNaN)
        // An int literal is a double where the other branch is one.
        case (.value(.double(let x)), .value(.int(let y))): x == Double(y)
        default: a == b
        }
    }

    private func checkSelection(_ expression: CompiledExpression, _ rows: [[String: Value]], _ result: EvaluatedColumn) {
        guard expression.type.value == .bool else { return }
        let selection = expression.select(Fixture.batch(rows), EvaluationContext(clock: Fixture.clock))
        var passed: [Int32] = [], failed: [Int] = []
        for row in rows.indices {
            let isTrue = result.column.flags[row] != 0 && (!expression.type.isNullable || result.column.isValid(row))
            if let faults = result.faults, faults.base[row] != 0 {
                failed.append(row)
            } else if isTrue {
                passed.append(Int32(row))
            }
        }
        #expect(selection.rows == passed)
        #expect(selection.failed.map(\.row) == failed)
    }
}

/// Writes random well-typed expressions and rows. Nullable fields are used only inside a test that shows them.
struct ExpressionWriter {
    var random: SeededRandom
    /// Nullable fields that the tests around the current place have shown to hold a value.
    private var shown: Set<String> = []

    static let types: [ValueType] = [.bool, .bool, .bool, .int, .double, .string, .timestamp, .duration]

    init(random: SeededRandom) { self.random = random }

    private mutating func pick<T>(_ options: [T]) -> T { options[random.below(options.count)] }

    mutating func write(_ type: ValueType, depth: Int, isTop: Bool = true) -> String {
        if depth <= 0 { return leaf(type) }
        // Choices exist for every type.
        switch random.below(12) {
        case 0: return "(\(part(.bool, depth)) ? \(part(type, depth)) : \(part(type, depth)))"
        case 1: return guarded(type, depth)
        case 2 where isTop: return "\(part(.bool, depth)) ? \(part(type, depth)) : null"
        default: break
        }
        switch type {
        case .bool: return bool(depth)
        case .int: return int(depth)
        case .double: return double(depth)
        case .string: return string(depth)
        case .timestamp: return "(\(part(.timestamp, depth)) \(pick(["+", "-"])) \(part(.duration, depth)))"
        default:
            return pick([0, 1]) == 0
                ? "(\(part(.duration, depth)) \(pick(["+", "-"])) \(part(.duration, depth)))"
                : "(\(part(.timestamp, depth)) - \(part(.timestamp, depth)))"
        }
    }

    private mutating func part(_ type: ValueType, _ depth: Int) -> String { write(type, depth: depth - 1, isTop: false) }

    /// A test of a nullable field, and what may use it.
    private mutating func guarded(_ type: ValueType, _ depth: Int) -> String {
        let field = pick(["maybe", "label", "machines.cores", "machines"])
        let other = part(type, depth)
        let before = shown
        shown.insert(field)
        if field == "machines.cores" { shown.insert("machines") }
        let inside = part(type, depth), condition = part(.bool, depth)
        shown = before
        return switch random.below(5) {
        case 0: "(\(field) != null ? \(inside) : \(other))"
        case 1: "(\(field) == null ? \(other) : \(inside))"
        case 2: "(\(field) != null && \(condition) ? \(inside) : \(other))"
        case 3: "(!(\(field) == null || \(condition)) ? \(inside) : \(other))"
        default: "((\(field) == null || \(condition)) || !\(type == .bool ? inside : "(\(condition))") ? \(other) : \(inside))"
        }
    }

    private mutating func bool(_ depth: Int) -> String {
        switch random.below(9) {
        case 0, 1: return "(\(part(.bool, depth)) && \(part(.bool, depth)))"
        case 2, 3: return "(\(part(.bool, depth)) || \(part(.bool, depth)))"
        case 4: return "!\(leafOrParentheses(.bool, depth))"
        case 5: return "(\(part(.int, depth)) \(comparison()) \(part(.double, depth)))"
        case 6: return pick([
            "(\(part(.string, depth)) in [\"a\", \"web\", \"cpu_utilization\", \"\"])",
            "(\(part(.int, depth)) in [1, 2.0, 0])"])
        case 7: return "\(part(.string, depth)).\(pick(["contains", "startsWith", "endsWith"]))(\(part(.string, depth)))"
        default:
            let type = Self.types[random.below(Self.types.count)]
            return "(\(part(type, depth)) \(comparison()) \(part(type, depth)))"
        }
    }

    private mutating func leafOrParentheses(_ type: ValueType, _ depth: Int) -> String { "(\(part(type, depth)))" }

    private mutating func comparison() -> String { pick(["==", "!=", "<", "<=", ">", ">="]) }

    private mutating func int(_ depth: Int) -> String {
        switch random.below(8) {
        case 0: "size(\(part(.string, depth)))"
        case 1: "int(\(part(.double, depth)))"
        case 2: "(-\(leafOrParentheses(.int, depth)))"
        default: "(\(part(.int, depth)) \(pick(["+", "-", "*", "/", "%"])) \(part(.int, depth)))"
        }
    }

    private mutating func double(_ depth: Int) -> String {
        switch random.below(8) {
        case 0: "double(\(part(.int, depth)))"
        case 1: "(\(part(.double, depth)) * \(pick(["2", "-3", "0"])))"
        case 2: "or_else(maybe, \(part(.double, depth)))"
        case 3: "(-\(leafOrParentheses(.double, depth)))"
        default: "(\(part(.double, depth)) \(pick(["+", "-", "*", "/"])) \(part(.double, depth)))"
        }
    }

    private mutating func string(_ depth: Int) -> String {
        switch random.below(8) {
        case 0: "string(\(part(.int, depth)))"
        case 1: "tags[\(part(.string, depth))]"
        case 2: "or_else(\(pick(["tags.team", "tags[\"os\"]", "hint[\"a\"]", "machines.tags.os"])), \(part(.string, depth)))"
        case 3: "\(part(.string, depth)).upperAscii()"
        case 4: "or_else(label, \(part(.string, depth)))"
        default: "(\(part(.string, depth)) + \(part(.string, depth)))"
        }
    }

    private mutating func leaf(_ type: ValueType) -> String {
        switch type {
        case .bool: return pick(["ok", "true", "false", "(\"team\" in tags)", "(maybe == null)", "(machines != null)", "(count > 2)"])
        case .int:
            if shown.contains("machines.cores"), random.below(2) == 0 { return "machines.cores" }
            return pick(["count", "count", "0", "1", "-1", "7", "9223372036854775807"])
        case .double:
            if shown.contains("maybe"), random.below(2) == 0 { return "maybe" }
            return pick(["value", "value", "window.hours", "0.0", "2.5", "-1e300"])
        case .string:
            if shown.contains("label"), random.below(2) == 0 { return "label" }
            if shown.contains("machines"), random.below(2) == 0 { return pick(["machines.sku", "machines.tags[\"os\"]"]) }
            return pick(["metric", "metric", "\"a\"", "\"\"", "\"web\"", "\"cpu_utilization\"", "\"é\"", "tags.team", "\"team\""])
        case .timestamp: return pick(["at", "window.start"])
        default: return "span"
        }
    }

    // MARK: Rows

    mutating func row() -> [String: Value] {
        let hasMachine = random.below(3) > 0
        let ints: [Int64] = [0, 1, -1, 7, .max, .min, 3, 100]
        let doubles = [0, 1, -2.5, 1e19, .nan, .infinity, 1e-9, 7]
        let texts = ["", "a", "web", "cpu_utilization", "cpu_utilizatioN", "é", "team", "a longer text than sixteen bytes"]
        let times: [Int64] = [0, 1_767_571_200_000_000, 253_402_300_799_999_999, -62_135_596_800_000_000]
        let spans: [Int64] = [0, 1, -3_600_000_000, 9_223_372_036_854_775, -9_223_372_036_854_775]
        func maybe(_ value: Value, _ random: inout SeededRandom) -> Value { random.below(2) == 0 ? .null : value }
        return [
            "metric": .string(pick(texts)), "value": .double(pick(doubles)), "count": .int(pick(ints)), "ok": .bool(pick([true, false])),
            "at": .timestamp(EventTime(microseconds: pick(times))), "span": .duration(TimeSpan(microseconds: pick(spans))),
            "raw": .bytes([]),
            "tags": .map(pick([[:], ["team": pick(texts)], ["os": "linux", "a": "b", "team": ""]])),
            "maybe": maybe(.double(pick(doubles)), &random), "label": maybe(.string(pick(texts)), &random),
            "hint": maybe(.map(["a": "x"]), &random),
            "window.hours": .double(pick(doubles)), "window.start": .timestamp(EventTime(microseconds: pick(times))),
            "machines": .bool(hasMachine),
            "machines.sku": hasMachine ? .string(pick(texts)) : .null,
            "machines.cores": hasMachine ? maybe(.int(pick(ints)), &random) : .null,
            "machines.tags": hasMachine ? .map(pick([["os": "linux"], [:]])) : .null,
        ]
    }
}
