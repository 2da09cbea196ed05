/// A place in a file, counted from 1 as editors do; columns count characters.
public struct SourceLocation: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var file: String
    public var line: Int
    public var column: Int
    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }
    public var description: String { "\(file):\(line):\(column)" }
    public static func < (a: SourceLocation, b: SourceLocation) -> Bool {
        (a.file, a.line, a.column) < (b.file, b.line, b.column)
    }
}

/// Something wrong in a file that a user wrote. All findings of a file are reported in one run.
public struct Finding: Hashable, Sendable {
    public enum Severity: String, Sendable {
        /// The file cannot be used.
        case error
        /// The file can be used and does what it says; something about it deserves a look.
        case note
    }

    public var severity: Severity
    /// Stable across releases, `area.what`: scripts and documentation refer to it.
    public var code: ErrorCode
    public var location: SourceLocation
    /// What is wrong, quoting the value.
    public var message: String
    /// What is allowed and what to do; the nearest valid name where there is one.
    public var remedy: String?

    public init(
        _ code: ErrorCode, _ message: String, remedy: String? = nil, at location: SourceLocation, severity: Severity = .error
    ) {
        self.severity = severity
        self.code = code
        self.location = location
        self.message = message
        self.remedy = remedy
    }
}

extension Finding: CustomStringConvertible {
    /// `topologies/usage.yaml:7:5: error: unknown key 'form' [topology.unknown_key]` and the remedy on a line of its own.
    public var description: String {
        "\(location): \(severity.rawValue): \(message) [\(code)]" + (remedy.map { "\n    \($0)" } ?? "")
    }
}

/// Names the nearest of `candidates` in edit distance, if it is near enough to be a slip of the fingers: at most a third
/// of the longer name, and at most 3.
public func nearestName(to name: String, among candidates: some Sequence<String>) -> String? {
    var best: (name: String, distance: Int)?
    for candidate in candidates where candidate != name {
        let distance = editDistance(name, candidate)
        let allowed = min(3, max(1, max(name.count, candidate.count) / 3))
        if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
}

/// Levenshtein distance in characters, with a swap of two neighbours as one edit (optimal string alignment): `form` for
/// `from` is the commonest slip there is. - Complexity: O(m·n) time, O(n) space.
func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a), b = Array(b)
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 0..<a.count {
        var row = [i + 1]
        for j in 0..<b.count {
            var distance = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { distance = min(distance, beforeLast[j - 1] + 1) }
            row.append(distance)
        }
        beforeLast = last
        last = row
    }
    return last[b.count]
}
