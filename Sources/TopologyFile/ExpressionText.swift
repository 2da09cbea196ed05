public import Base

/// An expression as the file has it, not yet compiled, and where each of its characters stands in the file.
public struct ExpressionText: Sendable, Hashable {
    public let text: String
    /// Where the expression begins in the file. For a quoted text or a block that is its first character.
    public var location: SourceLocation { location(atUTF8Offset: 0) }
    private let places: [ScalarPlace]

    /// - Precondition: `places` is not empty and ascends by offset.
    init(_ text: String, places: [ScalarPlace]) {
        precondition(!places.isEmpty, "an expression stands somewhere")
        self.text = text
        self.places = places
    }

    /// An expression that begins at `location` and runs on in one line.
    public init(_ text: String, at location: SourceLocation) {
        self.init(text, places: [ScalarPlace(offset: 0, location: location)])
    }

    /// Where the character stands that begins `offset` bytes of UTF-8 into the text. Exact but for white space that YAML
    /// folds; past the end, the place just behind the last character.
    /// - Complexity: O(length of the text).
    public func location(atUTF8Offset offset: Int) -> SourceLocation {
        let place = places.last { $0.offset <= offset } ?? places[0]
        let utf8 = text.utf8
        let start = utf8.index(utf8.startIndex, offsetBy: place.offset, limitedBy: utf8.endIndex) ?? utf8.endIndex
        let end = utf8.index(utf8.startIndex, offsetBy: max(offset, place.offset), limitedBy: utf8.endIndex) ?? utf8.endIndex
        var location = place.location
        location.column += text[start..<end].count
        return location
    }

    /// A part of the expression that keeps its places. - Precondition: `range` is of `text`.
    func part(_ range: Range<String.Index>) -> ExpressionText {
        let offset = text.utf8.distance(from: text.utf8.startIndex, to: range.lowerBound)
        let first = ScalarPlace(offset: 0, location: location(atUTF8Offset: offset))
        let rest = places.filter { $0.offset > offset }.map { ScalarPlace(offset: $0.offset - offset, location: $0.location) }
        return ExpressionText(String(text[range]), places: [first] + rest)
    }
}
