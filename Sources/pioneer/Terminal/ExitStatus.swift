import Base

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How a command ended, for scripts. Shown in `pioneer --help`. Thrown by commands that have said everything.
enum ExitStatus: Int32, CaseIterable, Error {
    case success = 0
    case findings = 1
    case user = 2
    case environment = 3
    /// As `sysexits.h` has it.
    case `internal` = 70

    init(_ domain: EngineError.Domain) {
        self =
            switch domain {
            case .user: .user
            case .environment: .environment
            case .internal: .internal
            }
    }

    /// Ends the process.
    func end() -> Never { exit(rawValue) }

    var meaning: String {
        switch self {
        case .success: "done"
        case .findings: "'check' has findings, or a test failed"
        case .user: "something in the call is wrong; the message says what is allowed"
        case .environment: "the surroundings failed: engine not reachable, disk full, …"
        case .internal: "a defect of pioneer"
        }
    }

    /// For help texts.
    static var table: String {
        "EXIT STATUS\n" + allCases.map { status in
            let number = "\(status.rawValue)"
            return "  " + number + String(repeating: " ", count: 4 - number.count) + status.meaning
        }.joined(separator: "\n")
    }
}

/// Errors as a person reads them.
enum ErrorText {
    static func lines(_ error: EngineError, style: Style) -> [String] {
        let head = style(.bold, "pioneer: ") + style(.red, "error: ")
        let remedy = error.remedy.map { $0.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 } } ?? []
        return [head + error.message + " " + style(.dim, "[\(error.code)]")] + remedy
    }
}
