public import Base
import Expressions
import TopologyFile

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension ErrorCode {
    public static let seriesValue = ErrorCode("test.series_value")
}

/// The value of a test's series as a function of time.
///
/// It is written in CEL's syntax, but all of its numbers are doubles, `t` is its only variable, and it has the functions
/// of mathematics, which topologies do not have: it makes up inputs and decides nothing.
indirect enum SeriesFunction: Sendable {
    case constant(Double)
    case time
    case negated(SeriesFunction)
    case binary(Arithmetic, SeriesFunction, SeriesFunction)
    case one(@Sendable (Double) -> Double, SeriesFunction)
    case two(@Sendable (Double, Double) -> Double, SeriesFunction, SeriesFunction)
    case conditional(Condition, SeriesFunction, SeriesFunction)

    enum Arithmetic: Sendable { case add, subtract, multiply, divide, remainder }

    indirect enum Condition: Sendable {
        case compare(BinaryOperator, SeriesFunction, SeriesFunction)
        case and(Condition, Condition)
        case or(Condition, Condition)
        case not(Condition)
    }

    static let functionsOfOne: [String: @Sendable (Double) -> Double] = [
        "sin": { sin($0) }, "cos": { cos($0) }, "tan": { tan($0) }, "exp": { exp($0) }, "log": { log($0) }, "sqrt": { sqrt($0) },
        "abs": { abs($0) }, "floor": { floor($0) }, "ceil": { ceil($0) }, "round": { $0.rounded() }, "double": { $0 },
    ]
    static let functionsOfTwo: [String: @Sendable (Double, Double) -> Double] = [
        "pow": { pow($0, $1) }, "min": { min($0, $1) }, "max": { max($0, $1) },
    ]
    static let allowed = "t, numbers, + - * / %, comparisons, ?:, && || !, "
        + (functionsOfOne.keys.map { $0 + "(x)" } + functionsOfTwo.keys.map { $0 + "(x, y)" }).sorted().joined(separator: ", ")

    /// The value `seconds` after the series' start. - Complexity: O(length of the expression).
    func value(at seconds: Double) -> Double {
        switch self {
        case .constant(let number): return number
        case .time: return seconds
        case .negated(let operand): return -operand.value(at: seconds)
        case .one(let function, let operand): return function(operand.value(at: seconds))
        case .two(let function, let left, let right): return function(left.value(at: seconds), right.value(at: seconds))
        case .conditional(let condition, let then, let otherwise):
            return condition.holds(at: seconds) ? then.value(at: seconds) : otherwise.value(at: seconds)
        case .binary(let arithmetic, let left, let right):
            let left = left.value(at: seconds), right = right.value(at: seconds)
            switch arithmetic {
            case .add: return left + right
            case .subtract: return left - right
            case .multiply: return left * right
            case .divide: return left / right
            case .remainder: return left.truncatingRemainder(dividingBy: right)
            }
        }
    }
}

extension SeriesFunction.Condition {
    func holds(at seconds: Double) -> Bool {
        switch self {
        case .and(let left, let right): return left.holds(at: seconds) && right.holds(at: seconds)
        case .or(let left, let right): return left.holds(at: seconds) || right.holds(at: seconds)
        case .not(let operand): return !operand.holds(at: seconds)
        case .compare(let comparison, let left, let right):
            let left = left.value(at: seconds), right = right.value(at: seconds)
            switch comparison {
            case .equal: return left == right
            case .notEqual: return left != right
            case .less: return left < right
            case .lessOrEqual: return left <= right
            case .greater: return left > right
            default: return left >= right
            }
        }
    }
}

extension SeriesFunction {
    /// Reads the expression; what is wrong is reported where it stands.
    static func compile(_ expression: ExpressionText, _ findings: FindingCollector) -> SeriesFunction? {
        let (tree, issues) = Expression.parse(expression.text)
        for issue in issues {
            findings.add(issue.code, issue.message, remedy: issue.remedy, at: expression.location(atUTF8Offset: issue.range.lowerBound))
        }
        guard let tree else { return nil }
        do throws(Refusal) {
            return try number(tree)
        } catch {
            findings.add(
                .seriesValue, "this has no place in a series' value", remedy: "Allowed: \(allowed).",
                at: expression.location(atUTF8Offset: error.offset))
            return nil
        }
    }

    private struct Refusal: Error { var offset: Int }

    private static func number(_ node: SyntaxNode) throws(Refusal) -> SeriesFunction {
        switch node.kind {
        case .literal(.int(let number)): return .constant(Double(number))
        case .literal(.double(let number)): return .constant(number)
        case .identifier("t", _): return .time
        case .unary(.negate, let operand): return .negated(try number(operand))
        case .binary(let symbol, let left, let right):
            let arithmetic: Arithmetic
            switch symbol {
            case .add: arithmetic = .add
            case .subtract: arithmetic = .subtract
            case .multiply: arithmetic = .multiply
            case .divide: arithmetic = .divide
            case .remainder: arithmetic = .remainder
            default: throw Refusal(offset: node.focus.lowerBound)
            }
            return .binary(arithmetic, try number(left), try number(right))
        case .conditional(let condition, let then, let otherwise):
            return .conditional(try self.condition(condition), try number(then), try number(otherwise))
        case .call(let name, nil, let arguments):
            if arguments.count == 1, let function = functionsOfOne[name] { return .one(function, try number(arguments[0])) }
            if arguments.count == 2, let function = functionsOfTwo[name] {
                return .two(function, try number(arguments[0]), try number(arguments[1]))
            }
            throw Refusal(offset: node.focus.lowerBound)
        default: throw Refusal(offset: node.focus.lowerBound)
        }
    }

    private static func condition(_ node: SyntaxNode) throws(Refusal) -> Condition {
        switch node.kind {
        case .unary(.not, let operand): return .not(try condition(operand))
        case .binary(.and, let left, let right): return .and(try condition(left), try condition(right))
        case .binary(.or, let left, let right): return .or(try condition(left), try condition(right))
        case .binary(let symbol, let left, let right) where [.equal, .notEqual, .less, .lessOrEqual, .greater,
            .greaterOrEqual].contains(symbol):
            return .compare(symbol, try number(left), try number(right))
        default: throw Refusal(offset: node.focus.lowerBound)
        }
    }
}
