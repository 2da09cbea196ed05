/// The stable name of an error or finding: `area.what_is_wrong`. Declared as constants beside the code that uses
/// them; `Tests/StyleTests` checks that no two declarations share a text.
public struct ErrorCode: Hashable, Sendable, CustomStringConvertible {
    public let text: String
    public var description: String { text }
    public init(_ text: String) { self.text = text }
}

/// An operating fault, with everything a person needs to act on it.
public struct EngineError: Error, Sendable {
    /// Who can mend it; decides exit codes and HTTP statuses.
    public enum Domain: String, Sendable {
        /// What was asked for is wrong: exit 2, HTTP 4xx.
        case user
        /// The surroundings failed (disk, network, permissions): exit 3, HTTP 503.
        case environment
        /// A defect of ours: exit 70, HTTP 500.
        case `internal`
    }

    public var code: ErrorCode
    public var domain: Domain
    /// One sentence: what is wrong, quoting the value.
    public var message: String
    /// What is allowed and what to do.
    public var remedy: String?
    /// Whether the same call may succeed later without anyone changing anything.
    public var isTransient: Bool

    public init(
        _ code: ErrorCode, _ domain: Domain, _ message: String, remedy: String? = nil, isTransient: Bool = false
    ) {
        self.code = code
        self.domain = domain
        self.message = message
        self.remedy = remedy
        self.isTransient = isTransient
    }
}

extension EngineError: CustomStringConvertible {
    public var description: String { "\(message) [\(code)]" + (remedy.map { "\n    \($0)" } ?? "") }
}
