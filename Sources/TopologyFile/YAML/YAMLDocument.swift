public import Base
import Yams

extension ErrorCode {
    public static let notYAML = ErrorCode("topology.not_yaml")
    public static let duplicateKey = ErrorCode("topology.duplicate_key")
    public static let yamlFeature = ErrorCode("topology.yaml_feature")
}

/// Parses a file's text into nodes with places. Everything the format does not take of YAML is reported here: duplicate
/// keys, anchors, tags, keys that are no text, several documents.
struct YAMLDocument {
    /// Aliases are refused node by node; a text with more than this many is refused unparsed, since nested aliases in
    /// keys would be expanded by the parser.
    private static let aliasesMax = 16

    /// Places are found by walking lines; nobody writes longer ones.
    private static let lineScalarsMax = 16_384

    /// None, and what the parser itself puts on the keys of a mapping when it compares them.
    private static let tagsAllowed: Set<String> = ["", Tag.Name.str.rawValue]

    private let source: SourceText
    private let findings: FindingCollector
    private var duplicates = DuplicateKeys()
    private var colons = ConditionalColons()

    /// Nil when nothing could be parsed, which was reported, or when the text holds no document, which was not.
    static func parse(_ text: String, file: String, into findings: FindingCollector) -> YAMLNode? {
        var document = YAMLDocument(source: SourceText(text, file: file), findings: findings)
        return document.parse()
    }

    private init(source: SourceText, findings: FindingCollector) {
        self.source = source
        self.findings = findings
    }

    private mutating func parse() -> YAMLNode? {
        if let line = source.lines.firstIndex(where: { $0.count > Self.lineScalarsMax }) {
            findings.add(
                .notYAML, "the line has \(source.lines[line].count) characters", remedy: "At most \(Self.lineScalarsMax): break it up.",
                at: source.location(line: line + 1, column: 1))
            return nil
        }
        if let place = excessiveAlias() {
            findings.add(.yamlFeature, "too many aliases", remedy: "Write the values out: aliases are not part of the format.", at: place)
            return nil
        }
        var repaired = source
        while true {
            do {
                // The anchors of nodes live as long as their parser.
                let parser = try Yams.Parser(yaml: repaired.text, resolver: .basic, encoding: .utf8)
                guard let root = try parser.singleRoot() else { return nil }
                return withExtendedLifetime(parser) { node(root, fallback: source.location(line: 1, column: 1)) }
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                guard let name = names.first,
                    let next = duplicates.repair(repaired, name: name, line: context.mark.line, column: context.mark.column)
                else {
                    reportDuplicate(names.first ?? "", at: source.location(line: context.mark.line, column: context.mark.column))
                    return nil
                }
                repaired = next
            } catch {
                guard case YamlError.scanner(_, let problem, let mark, _) = error,
                    let next = colons.repair(repaired, problem: problem, line: mark.line, column: mark.column)
                else {
                    report(error)
                    return nil
                }
                repaired = next
            }
        }
    }

    private func node(_ node: Node, fallback: SourceLocation) -> YAMLNode {
        let location = node.mark.map { source.location(line: $0.line, column: $0.column) } ?? fallback
        func refuse(_ message: String, _ remedy: String) -> YAMLNode {
            findings.add(.yamlFeature, message, remedy: remedy, at: location)
            return YAMLNode(content: .reported, location: location)
        }
        if node.anchor != nil {
            return refuse("an anchor or alias", "Write the value out: anchors and aliases are not part of the format.")
        }
        switch node {
        case .scalar(let scalar):
            guard Self.tagsAllowed.contains(scalar.tag.description) else {
                return refuse("a tag", "Leave the tag out: each key's type is fixed.")
            }
            return YAMLNode(content: .scalar(self.scalar(scalar)), location: location)
        case .sequence(let sequence):
            return YAMLNode(content: .sequence(sequence.map { self.node($0, fallback: location) }), location: location)
        case .mapping(let mapping):
            return YAMLNode(content: .mapping(entries(mapping, at: location)), location: location)
        case .alias:
            return refuse("an alias", "Write the value out: anchors and aliases are not part of the format.")
        }
    }

    private func scalar(_ scalar: Node.Scalar) -> YAMLNode.Scalar {
        let style: ScalarAlignment.Style = switch scalar.style {
        case .singleQuoted: .singleQuoted
        case .doubleQuoted: .doubleQuoted
        case .literal, .folded: .block
        case .plain, .any: .plain
        }
        let text = colons.restored(scalar.string)
        let places = ScalarAlignment.places(
            of: text, style: style, in: source, line: scalar.mark?.line ?? 1, column: scalar.mark?.column ?? 1)
        return YAMLNode.Scalar(text: text, isPlain: style == .plain, places: places)
    }

    private func entries(_ mapping: Node.Mapping, at location: SourceLocation) -> [YAMLNode.Entry] {
        var entries: [YAMLNode.Entry] = []
        for (keyNode, valueNode) in mapping {
            let key = node(keyNode, fallback: location)
            guard let name = key.scalar?.text else {
                if !key.isReported {
                    findings.add(.yamlFeature, "a key that is \(key.described)", remedy: "A key is a text.", at: key.location)
                }
                continue
            }
            if let original = duplicates.original(of: name) {
                reportDuplicate(original, at: key.location)
                continue
            }
            entries.append(.init(key: Located(name, key.location), value: node(valueNode, fallback: key.location)))
        }
        return entries
    }

    private func reportDuplicate(_ name: String, at location: SourceLocation) {
        findings.add(.duplicateKey, "the key '\(name.shortened)' is given twice", remedy: "Remove one of the two.", at: location)
    }

    private func report(_ error: any Error) {
        let (problem, line, column): (String, Int, Int) =
            switch error {
            case YamlError.scanner(let context, let problem, let mark, _), YamlError.parser(let context, let problem, let mark, _),
                YamlError.composer(let context, let problem, let mark, _):
                ((context.map { $0.text + ": " } ?? "") + problem, mark.line, mark.column)
            case YamlError.reader(let problem, let offset, _, _): (problem, 1 + linesBefore(offset ?? 0), 1)
            default: ("\(error)", 1, 1)
            }
        findings.add(
            .notYAML, "not valid YAML: \(problem)",
            remedy: "Mind indentation, quotes and brackets; quote texts that contain ': ' or ' #' or begin with a special character.",
            at: source.location(line: line, column: column))
    }

    private func linesBefore(_ offset: Int) -> Int {
        var bytes = 0
        for (index, line) in source.lines.enumerated() {
            bytes += line.reduce(1) { $0 + UTF8.width($1) }
            if bytes > offset { return index }
        }
        return 0
    }

    /// Where the text has one alias (or what looks like one) too many.
    private func excessiveAlias() -> SourceLocation? {
        var aliases = 0
        for (index, line) in source.lines.enumerated() {
            for column in line.indices where line[column] == "*" {
                let isAtStart = column == 0 || " \t[{,:".unicodeScalars.contains(line[column - 1])
                guard isAtStart, column + 1 < line.count, line[column + 1].properties.isAlphabetic else { continue }
                aliases += 1
                if aliases > Self.aliasesMax {
                    // Without anchors these are no aliases but multiplications.
                    return source.lines.contains(where: hasAnchor) ? source.location(line: index + 1, column: column + 1) : nil
                }
            }
        }
        return nil
    }

    private func hasAnchor(_ line: [Unicode.Scalar]) -> Bool {
        line.indices.dropLast().contains { index in
            line[index] == "&" && line[index + 1] != "&" && line[index + 1] != " "
                && (index == 0 || " \t[{,:".unicodeScalars.contains(line[index - 1]))
        }
    }
}
