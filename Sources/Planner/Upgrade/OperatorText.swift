import Base
import TopologyFile

extension StreamSpecification.Operation {
    /// The operator in one line, the same as long as the file says the same: `filter metric == "cpu"`.
    var text: String {
        switch self {
        case .filter(let condition): "filter \(condition.trimmed)"
        case .map(let assignments):
            "map " + assignments.map { "\($0.name.value): \($0.expression.trimmed)" }.joined(separator: ", ")
        case .select(let fields): "select " + fields.map(\.value).joined(separator: ", ")
        case .window(let window, let aggregates): Self.text(window, aggregates)
        }
    }

    private static func text(_ window: StreamSpecification.Window, _ aggregates: [StreamSpecification.Aggregate]) -> String {
        let by = window.by.map { " by \($0.map(\.value).joined(separator: ", "))" } ?? ""
        let computed = aggregates.map { "\($0.name.value): \($0.function.value.rawValue)(\($0.argument?.trimmed ?? ""))" }
        return "window \(window.tumbling.value)\(by) late \(window.late.rawValue): \(computed.joined(separator: ", "))"
    }
}

extension ExpressionText {
    /// Without white space at its ends, and with a single space wherever there is some outside of quotes: how a file is laid
    /// out is no part of what an expression computes.
    var trimmed: String {
        var result = ""
        var quote: Character?
        var isEscaped = false, isSpaced = false
        for character in text {
            if let opened = quote {
                result.append(character)
                if character == opened, !isEscaped { quote = nil }
                isEscaped = character == "\\" && !isEscaped
                continue
            }
            if character.isWhitespace {
                isSpaced = !result.isEmpty
                continue
            }
            if isSpaced { result.append(" ") }
            isSpaced = false
            if character == "\"" || character == "'" { quote = character }
            result.append(character)
        }
        return result
    }
}
