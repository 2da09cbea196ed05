public import Base

/// What passes put their findings into, so that one run reports them all.
public final class FindingCollector {
    public private(set) var findings: [Finding] = []

    public init() {}

    public func add(_ finding: Finding) { findings.append(finding) }

    public func add(_ code: ErrorCode, _ message: String, remedy: String? = nil, at location: SourceLocation) {
        findings.append(Finding(code, message, remedy: remedy, at: location))
    }

    /// In file order, each once.
    public var sorted: [Finding] {
        var seen: Set<Finding> = []
        return findings.filter { seen.insert($0).inserted }.sorted { $0.location < $1.location }
    }
}
