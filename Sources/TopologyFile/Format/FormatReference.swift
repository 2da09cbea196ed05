/// The reference of the format, made from the declarations that reading uses.
public enum FormatReference {
    /// Every object of the format, each once, outermost first.
    public static var objects: [FormatObject] {
        var found: [FormatObject] = []
        func visit(_ object: FormatObject) {
            guard !found.contains(where: { $0.title == object.title }) else { return }
            found.append(object)
            for key in object.keys { key.object.map(visit) }
        }
        visit(TopologyFormat.object)
        visit(TestsFormat.object)
        return found
    }

    /// The reference as text for a terminal.
    public static var text: String {
        objects.map { object in
            "\(object.title): \(object.doc)\n" + object.keys.map(text(of:)).joined()
        }.joined(separator: "\n")
    }

    private static func text(of key: FormatKey) -> String {
        let presence = switch key.presence {
        case .required: "required"
        case .optional(let standard): standard.map { "default \($0)" } ?? "optional"
        case .later: "not in this version"
        }
        let type = key.presence == .later ? "" : "; \(key.type)"
        return "  \(key.name)  (\(key.kind.rawValue), \(presence)\(type))\n      \(key.doc)\n      \(key.name): \(key.example)\n"
    }
}
