import ArgumentParser
import Base

extension ErrorCode {
    /// There is no command of that name.
    static let unknownCommand = ErrorCode("usage.unknown_command")
    /// An option or argument is missing, unknown or wrong.
    static let wrongUsage = ErrorCode("usage.wrong")
}

/// What the argument parser says, in the form that all messages have.
///
/// The parser keeps its errors' types to itself and gives texts: `Unknown option '--wokers'. Did you mean '--workers'?`, and
/// below it the usage, which ends with `See 'pioneer run --help' for more information.`
enum WrongUsage {
    /// - Parameters:
    ///   - message: what the parser says is wrong.
    ///   - fullMessage: that with the usage below it.
    static func error(message: String, fullMessage: String, root: any ParsableCommand.Type) -> EngineError {
        let path = commandPath(in: fullMessage)
        let names = command(at: path, from: root).configuration.subcommands.map { $0._commandName }
        let (head, rest) = split(message)
        // `Unexpected argument 'rnu'`, `2 unexpected arguments: 'rnu', 'x.yaml'`
        if !names.isEmpty, message.contains("nexpected argument"), let wrong = message.split(separator: "'").dropFirst().first {
            let nearest = nearestName(to: String(wrong), among: names).map { "Did you mean '\(path) \($0)'? " } ?? ""
            return EngineError(
                .unknownCommand, .user, "there is no command '\(path) \(wrong)'",
                remedy: nearest + "There are: \(names.joined(separator: ", ")).")
        }
        var remedies = rest.map { [$0] } ?? []
        if let option = quoted(after: "Missing value for ", in: message)?.prefix(while: { $0 != " " }) {
            remedies.append("A value that begins with a dash is given as \(option)=-1.")
        }
        if rest == nil, head.hasPrefix("the value '"), let form = forms.first(where: { head.hasSuffix(" <\($0.key)>'") }) {
            remedies.append("It takes \(form.value).")
        }
        remedies.append("'\(path) --help' shows what it takes.")
        return EngineError(.wrongUsage, .user, head, remedy: remedies.joined(separator: " "))
    }

    /// What stands for the values whose form the parser does not tell, by their names in help texts.
    private static let forms: KeyValuePairs = [
        "n": "a whole number", "partitions": "a whole number", "workers": "a whole number", "number": "a number",
        "factor": "a number", "seconds": "a number", "span": "a span of time such as 30s, 5m, 1h30m or 7d",
        "every": "a span of time such as 30s, 5m, 1h30m or 7d",
    ]

    /// What is wrong, as a clause, and what follows it.
    static func split(_ message: String) -> (head: String, rest: String?) {
        let end = message.firstRange(of: "\n") ?? message.firstRange(of: ". ")
        var head = String(end.map { message[..<$0.lowerBound] } ?? message[...])
        let rest = end.map { message[$0.upperBound...].trimmingPrefix { $0.isWhitespace } }
        while head.hasSuffix(".") { head.removeLast() }
        // Not an acronym.
        if let first = head.first, first.isUppercase, head.dropFirst().first?.isLowercase == true {
            head = first.lowercased() + head.dropFirst()
        }
        return (head, rest.flatMap { $0.isEmpty ? nil : String($0) })
    }

    private static func quoted(after start: String, in message: String) -> String? {
        guard message.hasPrefix(start + "'") else { return nil }
        return message.dropFirst(start.count + 1).split(separator: "'", omittingEmptySubsequences: false).first.map(String.init)
    }

    /// `pioneer agent`, from the last line of the usage.
    private static func commandPath(in fullMessage: String) -> String {
        guard let from = fullMessage.firstRange(of: "See '"), let to = fullMessage.firstRange(of: " --help'"),
            from.upperBound < to.lowerBound
        else { return "pioneer" }
        return String(fullMessage[from.upperBound..<to.lowerBound])
    }

    private static func command(at path: String, from root: any ParsableCommand.Type) -> any ParsableCommand.Type {
        path.split(separator: " ").dropFirst().reduce(root) { command, name in
            command.configuration.subcommands.first { $0._commandName == name } ?? command
        }
    }
}
