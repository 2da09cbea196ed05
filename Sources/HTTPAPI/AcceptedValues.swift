/// `Accept` and `Accept-Encoding`: values with weights (RFC 9110, 12.4.2 and 12.5).
struct AcceptedValues {
    private var weights: [(name: String, weight: Double)] = []

    /// - Parameter fields: the header's values, one or several in each.
    init(_ fields: [String]) {
        for part in fields.joined(separator: ",").split(separator: ",") {
            let pieces = part.split(separator: ";").map { Self.trimmed($0).lowercased() }
            guard let name = pieces.first, !name.isEmpty else { continue }
            let weight = pieces.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 }
            weights.append((name, min(max(weight ?? 1, 0), 1)))
        }
    }

    var isEmpty: Bool { weights.isEmpty }

    /// That of the first of the names that the header has, so the most specific is to come first; nil where it has none.
    func weight(of names: String...) -> Double? {
        for name in names { if let found = weights.first(where: { $0.name == name }) { return found.weight } }
        return nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
