extension String {
    /// The non-empty lines.
    var lines: [Substring] { split(separator: "\n") }
}

extension StringProtocol {
    /// The runs of characters between spaces and tabs.
    var fields: [SubSequence] { split { $0 == " " || $0 == "\t" || $0 == "\n" } }
}

/// How far a counter that only grows has come; nil when it went backwards: it was reset, and what it counted in between
/// is not known.
func growth(from earlier: UInt64, to later: UInt64) -> UInt64? { later >= earlier ? later - earlier : nil }
