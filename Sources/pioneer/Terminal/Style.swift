/// Colours and weights of terminal text (ECMA-48 "select graphic rendition"); plain text where there are no colours.
struct Style {
    enum Mark: Int {
        case bold = 1
        case dim = 2
        case red = 31
        case green = 32
        case yellow = 33
        case cyan = 36
    }

    let hasColours: Bool

    init(_ terminal: Terminal) { hasColours = terminal.hasColours }

    func callAsFunction(_ mark: Mark, _ text: String) -> String {
        hasColours ? "\u{1B}[\(mark.rawValue)m\(text)\u{1B}[0m" : text
    }
}
