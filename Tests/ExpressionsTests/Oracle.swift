import Base
import Columns

@testable import Expressions

/// CEL a row at a time, straight from the syntax tree and boxed values: slow, plain, and written without a look at the
/// kernels, which are compared with it.
struct Oracle {
    enum Outcome: Equatable {
        case value(Value)
        case fault(ExpressionFault)
    }

    let row: [String: Value]
    let clock: EventTime

    func evaluate(_ node: SyntaxNode) -> Outcome {
        switch node.kind {
        case .literal(let literal): return .value(value(literal))
        case .identifier, .select: return field(node)
        case .index(let map, let key): return strict([map, key]) { lookUp($0[0], $0[1]) }
        case .unary(.not, let operand): return strict([operand]) { .value(.bool($0[0] != .bool(true))) }
        case .unary(.negate, let operand): return strict([operand]) { negate($0[0]) }
        case .conditional(let condition, let then, let otherwise):
            switch evaluate(condition) {
            case .value(.bool(true)): return evaluate(then)
            case .value: return evaluate(otherwise)
            case .fault(let fault): return .fault(fault)
            }
        case .binary(.and, let a, let b): return logic(evaluate(a), evaluate(b), deciding: false)
        case .binary(.or, let a, let b): return logic(evaluate(a), evaluate(b), deciding: true)
        case .binary(.in, let operand, let right):
            guard case .list(let items) = right.kind else {
                return strict([operand, right]) { values in
                    guard case .string(let key) = values[0], case .map(let map) = values[1] else { fatalError("no map") }
                    return .value(.bool(map[key] != nil))
                }
            }
            return strict([operand] + items) { values in .value(.bool(values.dropFirst().contains { equal(values[0], $0) })) }
        case .binary(let op, let a, let b): return strict([a, b]) { binary(op, $0[0], $0[1]) }
        case .call(let name, let target, let arguments): return call(name, target, arguments)
        default: fatalError("the oracle does not know \(node)")
        }
    }

    /// The operands' values, or the first fault.
    private func strict(_ nodes: [SyntaxNode], _ body: ([Value]) -> Outcome) -> Outcome {
        var values: [Value] = []
        for node in nodes {
            switch evaluate(node) {
            case .value(let value): values.append(value)
            case .fault(let fault): return .fault(fault)
            }
        }
        return body(values)
    }

    private func value(_ literal: Literal) -> Value {
        switch literal {
        case .null: .null
        case .bool(let x): .bool(x)
        case .int(let x): .int(x)
        case .double(let x): .double(x)
        case .string(let x): .string(x)
        case .bytes(let x): .bytes(x)
        case .uint: fatalError("no uints here")
        }
    }

    private func field(_ node: SyntaxNode) -> Outcome {
        if let path = node.path, let value = row[path] { return .value(value == .bool(false) && path == "machines" ? .null : value) }
        guard case .select(let owner, let name) = node.kind else { fatalError("no field \(node)") }
        return strict([owner]) { lookUp($0[0], .string(name)) }
    }

    private func lookUp(_ map: Value, _ key: Value) -> Outcome {
        guard case .map(let map) = map, case .string(let key) = key else { return .fault(.noSuchKey) }
        return map[key].map { .value(.string($0)) } ?? .fault(.noSuchKey)
    }

    /// The second operand is looked at only if it matters: a test in the first may be what makes it mean something.
    private func logic(_ a: Outcome, _ second: @autoclosure () -> Outcome, deciding: Bool) -> Outcome {
        if a == .value(.bool(deciding)) { return a }
        let b = second()
        if b == .value(.bool(deciding)) { return b }
        if case .fault = a { return a }
        return b
    }

    private func negate(_ value: Value) -> Outcome {
        switch value {
        case .int(let x): x == .min ? .fault(.intOverflow) : .value(.int(-x))
        case .double(let x): .value(.double(-x))
        case .duration(let x): .value(.duration(TimeSpan(microseconds: -x.microseconds)))
        default: fatalError("no sign for \(value)")
        }
    }

    private func call(_ name: String, _ target: SyntaxNode?, _ arguments: [SyntaxNode]) -> Outcome {
        if name == "or_else" {
            switch evaluate(arguments[0]) {
            case .value(.null), .fault(.noSuchKey): return evaluate(arguments[1])
            case let other: return other
            }
        }
        return strict((target.map { [$0] } ?? []) + arguments) { values in
            switch (name, values[0], values.dropFirst().first) {
            case ("size", .string(let x), nil): .value(.int(Int64(x.unicodeScalars.count)))
            case ("size", .map(let x), nil): .value(.int(Int64(x.count)))
            case ("startsWith", .string(let x), .string(let y)?): .value(.bool(Array(x.utf8).starts(with: Array(y.utf8))))
            case ("endsWith", .string(let x), .string(let y)?):
                .value(.bool(Array(x.utf8.reversed()).starts(with: Array(y.utf8.reversed()))))
            case ("contains", .string(let x), .string(let y)?):
                .value(.bool(y.isEmpty || x.utf8.indices.contains { x.utf8[$0...].starts(with: y.utf8) }))
            case ("upperAscii", .string(let x), nil): .value(.string(String(x.map { $0.isASCII ? Character($0.uppercased()) : $0 })))
            case ("int", .double(let x), nil): x > -0x1p63 && x < 0x1p63 ? .value(.int(Int64(x))) : .fault(.conversion)
            case ("double", .int(let x), nil): .value(.double(Double(x)))
            case ("string", .int(let x), nil): .value(.string(String(x)))
            default: fatalError("the oracle does not know \(name)")
            }
        }
    }
}

extension Oracle {
    private func binary(_ op: BinaryOperator, _ a: Value, _ b: Value) -> Outcome {
        switch op {
        case .equal: return .value(.bool(equal(a, b)))
        case .notEqual: return .value(.bool(!equal(a, b)))
        case .less: return .value(.bool(less(a, b)))
        case .greater: return .value(.bool(less(b, a)))
        case .lessOrEqual: return .value(.bool(less(a, b) || equal(a, b)))
        case .greaterOrEqual: return .value(.bool(less(b, a) || equal(a, b)))
        default: break
        }
        switch (a, b) {
        case (.int(let x), .int(let y)): return int(op, x, y)
        case (.double(let x), .double(let y)): return .value(.double(double(op, x, y)))
        case (.double(let x), .int(let y)): return .value(.double(double(op, x, Double(y))))
        case (.int(let x), .double(let y)): return .value(.double(double(op, Double(x), y)))
        case (.string(let x), .string(let y)): return .value(.string(x + y))
        case (.timestamp(let x), .duration(let y)): return time(x.microseconds + (op == .add ? y.microseconds : -y.microseconds))
        case (.duration(let x), .timestamp(let y)): return time(x.microseconds + y.microseconds)
        case (.timestamp(let x), .timestamp(let y)): return span(x.microseconds - y.microseconds)
        case (.duration(let x), .duration(let y)):
            return span(op == .add ? x.microseconds + y.microseconds : x.microseconds - y.microseconds)
        default: fatalError("no \(op) for \(a) and \(b)")
        }
    }

    private func time(_ microseconds: Int64) -> Outcome {
        let (days, rest) = microseconds.quotientAndRemainder(dividingBy: 86_400_000_000)
        let year = CivilDate(daysSinceEpoch: Int(rest < 0 ? days - 1 : days)).year
        return (1...9999).contains(year) ? .value(.timestamp(EventTime(microseconds: microseconds))) : .fault(.timeOutOfRange)
    }

    private func span(_ microseconds: Int64) -> Outcome {
        microseconds.multipliedReportingOverflow(by: 1000).overflow
            ? .fault(.timeOutOfRange) : .value(.duration(TimeSpan(microseconds: microseconds)))
    }

    private func int(_ op: BinaryOperator, _ x: Int64, _ y: Int64) -> Outcome {
        let result: (partialValue: Int64, overflow: Bool)
        switch op {
        case .add: result = x.addingReportingOverflow(y)
        case .subtract: result = x.subtractingReportingOverflow(y)
        case .multiply: result = x.multipliedReportingOverflow(by: y)
        case .divide: if y == 0 { return .fault(.divisionByZero) } else { result = x.dividedReportingOverflow(by: y) }
        default: if y == 0 { return .fault(.modulusByZero) } else { result = (y == -1 ? 0 : x % y, false) }
        }
        return result.overflow ? .fault(.intOverflow) : .value(.int(result.partialValue))
    }

    private func double(_ op: BinaryOperator, _ x: Double, _ y: Double) -> Double {
        switch op {
        case .add: x + y
        case .subtract: x - y
        case .multiply: x * y
        default: x / y
        }
    }

    private func equal(_ a: Value, _ b: Value) -> Bool {
        switch (a, b) {
        case (.int(let x), .double(let y)): Double(x) == y
        case (.double(let x), .int(let y)): x == Double(y)
        case (.string(let x), .string(let y)): Array(x.utf8) == Array(y.utf8)
        default: a == b
        }
    }

    private func less(_ a: Value, _ b: Value) -> Bool {
        switch (a, b) {
        case (.int(let x), .int(let y)): x < y
        case (.double(let x), .double(let y)): x < y
        case (.int(let x), .double(let y)): Double(x) < y
        case (.double(let x), .int(let y)): x < Double(y)
        case (.bool(let x), .bool(let y)): !x && y
        case (.string(let x), .string(let y)): x.utf8.lexicographicallyPrecedes(y.utf8)
        case (.timestamp(let x), .timestamp(let y)): x < y
        case (.duration(let x), .duration(let y)): x < y
        default: fatalError("no order of \(a) and \(b)")
        }
    }
}
