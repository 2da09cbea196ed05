import Testing

/// A place where a rule is not kept.
struct Violation: Hashable, CustomStringConvertible {
    var file: String
    var line: Int
    var what: String
    var remedy: String
    var description: String { "\(file):\(line): \(what). \(remedy)" }
}

/// The ratchet: files that may break a rule, each with its reason. It only gets shorter; an entry that is no longer
/// needed fails too.
struct Exception: Hashable {
    var rule: String
    var file: String
    var reason: String
}

/// Fails for each violation that is not in the ratchet, and for each entry of it that is not needed.
func expect(_ rule: String, _ violations: [Violation], location: Testing.SourceLocation = #_sourceLocation) {
    let excused = Set(ratchet.filter { $0.rule == rule }.map(\.file))
    let open = violations.filter { !excused.contains($0.file) }
    if !open.isEmpty {
        Issue.record("\(rule): \(open.count)\n\(open.map(\.description).joined(separator: "\n"))", sourceLocation: location)
    }
    for file in excused.subtracting(violations.map(\.file)).sorted() {
        Issue.record("\(file) keeps the rule '\(rule)' by now. Take it off the ratchet.", sourceLocation: location)
    }
}
