public import Base

/// A YAML file of names and values, as places: what a program's own settings are written in, next to the topologies.
public struct YAMLEntry: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        case text(String)
        /// Anything else, described as messages name it: `a list`, `nothing`.
        case other(String)
    }

    /// The keys from the top down to the value.
    public var path: [String]
    public var value: Value
    /// Of the key.
    public var location: SourceLocation
}

public enum YAMLEntries {
    /// Every value of the text with the keys that lead to it, in file order, and what cannot be read of it. Mappings that
    /// are not empty are entered; anything else is a value. - Complexity: O(length).
    public static func read(_ text: String, file: String) -> (entries: [YAMLEntry], findings: [Finding]) {
        let collector = FindingCollector()
        var entries: [YAMLEntry] = []
        if let root = YAMLDocument.parse(text, file: file, into: collector) {
            if case .mapping(let members) = root.content {
                add(members, under: [], to: &entries)
            } else if !root.isNull, !root.isReported {
                collector.add(
                    .wrongType, "the file is \(root.described), not names with values", remedy: "Write 'name: value', one a line.",
                    at: root.location)
            }
        }
        return (entries, collector.sorted)
    }

    private static func add(_ members: [YAMLNode.Entry], under path: [String], to entries: inout [YAMLEntry]) {
        for member in members {
            let path = path + [member.key.value]
            switch member.value.content {
            case .mapping(let inner) where !inner.isEmpty: add(inner, under: path, to: &entries)
            case .scalar(let scalar) where !member.value.isNull:
                entries.append(YAMLEntry(path: path, value: .text(scalar.text), location: member.key.location))
            case .reported: break
            default: entries.append(YAMLEntry(path: path, value: .other(member.value.described), location: member.key.location))
            }
        }
    }
}
