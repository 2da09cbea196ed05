/// A horizontal bar, to an eighth of a column where the terminal has the characters for it.
enum Bar {
    private static let eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

    /// - Parameters:
    ///   - share: 0 to 1 of `width`; what is beyond is cut. What is more than nothing shows something.
    ///   - width: in columns.
    static func text(_ share: Double, width: Int, isUTF8: Bool) -> String {
        guard share > 0, width > 0 else { return "" }
        let parts = isUTF8 ? 8 : 1
        let filled = max(1, Int((min(share, 1) * Double(width * parts)).rounded()))
        let whole = String(repeating: isUTF8 ? "█" : "#", count: filled / parts)
        return isUTF8 ? whole + eighths[filled % parts] : whole
    }
}
