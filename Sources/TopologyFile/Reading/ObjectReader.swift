public import Base

extension ErrorCode {
    public static let unknownKey = ErrorCode("topology.unknown_key")
    public static let missingKey = ErrorCode("topology.missing_key")
    public static let wrongType = ErrorCode("topology.wrong_type")
    public static let notAvailable = ErrorCode("topology.not_available")
}

/// Reads one mapping by its declaration: unknown keys, keys this version lacks and missing keys are reported, whatever
/// is asked for afterwards.
struct ObjectReader {
    /// `stream 'cpu'`, for messages.
    let what: String
    let location: SourceLocation
    private let format: FormatObject
    private let entries: [YAMLNode.Entry]
    private let findings: FindingCollector
    /// Whether the mapping uses something of the language that this version lacks, so that the rest of it need not make
    /// sense by itself.
    let usesLater: Bool
    /// Keys that unknown ones were probably meant to be. That they are missing is told with the unknown key.
    private let meant: Set<String>

    /// Nil when the node is no mapping, which is reported.
    init?(_ node: YAMLNode, _ format: FormatObject, what: String, _ findings: FindingCollector) {
        guard let entries = node.mapping(for: "\(what) is a mapping with the keys \(format.names.joined(separator: ", "))", findings)
        else { return nil }
        self.what = what
        self.location = node.location
        self.format = format
        self.entries = entries
        self.findings = findings
        var usesLater = false
        var meant: Set<String> = []
        let given = Set(entries.map(\.key.value))
        for entry in entries {
            switch format.key(entry.key.value)?.presence {
            case nil:
                let nearest = Self.nearestKey(to: entry.key.value, in: format, given: given)
                if let nearest { meant.insert(nearest) }
                Self.reportUnknown(entry.key, in: format, nearest, what, findings)
            case .later:
                usesLater = true
                findings.add(
                    .notAvailable, "'\(entry.key.value)' in \(what) is part of the language but not of this version",
                    remedy: "This version has: \(format.names.joined(separator: ", ")).", at: entry.key.location)
            default: break
            }
        }
        self.usesLater = usesLater
        self.meant = meant
    }

    /// A key that the mapping does not have yet, if one is near.
    private static func nearestKey(to name: String, in format: FormatObject, given: Set<String>) -> String? {
        let names = format.keys.map(\.name)
        return nearestName(to: name, among: names.filter { !given.contains($0) }) ?? nearestName(to: name, among: names)
    }

    private static func reportUnknown(
        _ key: Located<String>, in format: FormatObject, _ nearest: String?, _ what: String, _ findings: FindingCollector
    ) {
        let hint = nearest.map { "Did you mean '\($0)'? " } ?? ""
        findings.add(
            .unknownKey, "unknown key '\(key.value.shortened)' in \(what)",
            remedy: hint + "Allowed: \(format.names.joined(separator: ", ")).", at: key.location)
    }

    /// The key's value. Nil when it is absent or was reported: for a required key the absence is.
    func read<Value>(_ key: Key<Value>) -> Value? {
        guard let entry = entry(key.declaration.name) else {
            if key.declaration.presence == .required, !usesLater { reportMissing(key.declaration) }
            return nil
        }
        guard !entry.value.isNull else {
            findings.add(
                .wrongType, "'\(key.declaration.name)' in \(what) has no value",
                remedy: "It is \(key.declaration.type), for example '\(key.declaration.name): \(key.declaration.example)'.",
                at: entry.key.location)
            return nil
        }
        return key.form.read(entry.value, findings)
    }

    func entry(_ name: String) -> YAMLNode.Entry? { entries.first { $0.key.value == name } }

    func has<Value>(_ key: Key<Value>) -> Bool { entry(key.declaration.name) != nil }

    /// Whether an unknown key is probably this one, misspelt.
    func isMeant(_ name: String) -> Bool { meant.contains(name) }

    /// Where the key stands, or the mapping, for findings about what the key means together with others.
    func location(of name: String) -> SourceLocation { entry(name)?.key.location ?? location }

    /// Reports something about the mapping, or about one of its keys.
    func report(_ code: ErrorCode, _ message: String, remedy: String, at key: String? = nil) {
        findings.add(code, message, remedy: remedy, at: key.map(location(of:)) ?? location)
    }

    /// Unless an unknown key was reported as a misspelling of it.
    func reportMissing(_ key: FormatKey) {
        guard !isMeant(key.name) else { return }
        findings.add(
            .missingKey, "\(what) has no '\(key.name)'",
            remedy: "Add '\(key.name): \(key.example)'. \(key.doc)", at: location)
    }
}

extension YAMLNode {
    /// The node's entries, or nil and a finding.
    func mapping(for expectation: String, _ findings: FindingCollector) -> [Entry]? {
        if case .mapping(let entries) = content { return entries }
        reportType(expectation, findings)
        return nil
    }

    /// The node's elements, or nil and a finding.
    func sequence(for expectation: String, _ findings: FindingCollector) -> [YAMLNode]? {
        if case .sequence(let nodes) = content { return nodes }
        reportType(expectation, findings)
        return nil
    }

    /// The node's text, or nil and a finding.
    func text(for expectation: String, _ findings: FindingCollector) -> Located<String>? {
        if let scalar, !isNull { return Located(scalar.text, location) }
        reportType(expectation, findings)
        return nil
    }

    private func reportType(_ expectation: String, _ findings: FindingCollector) {
        guard !isReported else { return }
        findings.add(.wrongType, "\(described) stands where something else belongs", remedy: "Expected: \(expectation).", at: location)
    }
}
