/// One line on a terminal's standard error that is written over; nothing where standard error is no terminal.
struct ProgressLine {
    private let terminal = Terminal.standardError

    func show(_ text: String) {
        guard terminal.isTerminal else { return }
        StandardStreams.note("\r\u{1b}[K" + String(text.prefix((terminal.width ?? 80) - 1)))
    }

    func clear() {
        if terminal.isTerminal { StandardStreams.note("\r\u{1b}[K") }
    }
}
