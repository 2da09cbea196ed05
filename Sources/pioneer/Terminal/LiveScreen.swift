import Base

/// Shows one frame after another: on a terminal each in the place of the one before, elsewhere one below the other.
///
/// On a terminal it uses the alternate screen, so that what was there comes back, and writes the last frame below it at
/// the end. Whoever shows frames calls `close` however it ends.
final class LiveScreen {
    private enum Codes {
        /// Alternate screen, no cursor, and a line that is too long is cut instead of taking two.
        static let enter = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l"
        static let leave = "\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"
        static let home = "\u{1B}[H"
        static let clearLine = "\u{1B}[K"
        static let clearBelow = "\u{1B}[J"
    }

    /// How often a wait looks whether the terminal has another size.
    private static let look = Duration.milliseconds(100)

    private var isOpen = false
    private var frames = 0
    private var make: ((Terminal) -> [String])?
    private var shownSize: [Int?] = []

    /// Draws what `make` gives for the terminal as it is now.
    func show(_ make: @escaping (Terminal) -> [String]) {
        let terminal = Terminal.standardOutput
        self.make = make
        shownSize = [terminal.width, terminal.height]
        frames += 1
        let lines = Self.spelled(make(terminal), terminal)
        guard terminal.isTerminal else { return StandardStreams.print(lines: (frames > 1 ? [""] : []) + lines) }
        let enter = isOpen ? "" : Codes.enter
        isOpen = true
        StandardStreams.write(enter + Self.drawn(Self.cut(lines, to: terminal.height), height: terminal.height))
    }

    /// The lines over what is on the screen. Each is cleared before it is written and not after: behind a line that fills
    /// the width the cursor stays on its last column, which would go.
    static func drawn(_ lines: [String], height: Int?) -> String {
        let isFull = height.map { lines.count >= $0 } ?? false
        return Codes.home + lines.map { Codes.clearLine + $0 }.joined(separator: "\n") + (isFull ? "" : "\n" + Codes.clearBelow)
    }

    /// Waits, and draws the frame again when the terminal's size changes. Throws when the task is cancelled.
    func wait(_ span: TimeSpan) async throws {
        let watch = Stopwatch()
        while watch.elapsedSeconds < span.seconds {
            let left = Duration.microseconds(Int64(max(0, (span.seconds - watch.elapsedSeconds) * 1e6)))
            try await Task.sleep(for: isOpen ? min(left, Self.look) : left)
            let terminal = Terminal.standardOutput
            if isOpen, let make, shownSize != [terminal.width, terminal.height] { show(make) }
        }
    }

    /// Gives the terminal back as it was, with the last frame below what was there.
    func close() {
        guard isOpen else { return }
        isOpen = false
        let terminal = Terminal.standardOutput
        let lines = make.map { Self.spelled($0(terminal), terminal) } ?? []
        StandardStreams.write(Codes.leave + lines.map { $0 + "\n" }.joined())
    }

    /// As many lines as can be seen; the last one says where some are left out.
    static func cut(_ lines: [String], to height: Int?) -> [String] {
        guard let height, lines.count > height, height > 1 else { return lines }
        return lines[..<(height - 1)] + ["(\(lines.count - height + 1) more lines)"]
    }

    /// In characters that the terminal has.
    static func spelled(_ lines: [String], _ terminal: Terminal) -> [String] {
        terminal.isUTF8 ? lines : lines.map { $0.replacing(CellText.ellipsis, with: "~") }
    }
}
