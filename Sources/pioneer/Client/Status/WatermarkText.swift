import Base

/// Event times and what holds them, in words.
struct WatermarkText {
    /// What ages are counted from.
    let now: EventTime

    /// A source that has moved within this time is not said to stand still.
    private static let stillSecondsMin = 5.0

    /// `10:03:20Z`, with its date where that is not today's; whole seconds.
    func time(_ time: EventTime) -> String {
        let text = EventTime(microseconds: time.microseconds - Self.fraction(time)).description
        return text.prefix(10) == now.description.prefix(10) ? String(text.dropFirst(11)) : text
    }

    private static func fraction(_ time: EventTime) -> Int64 {
        let rest = time.microseconds % 1_000_000
        return rest < 0 ? rest + 1_000_000 : rest
    }

    /// `2.0 s ago`, `4 min 10 s ahead`.
    func age(_ time: EventTime) -> String {
        let seconds = (now - time).seconds
        return Figures.duration(seconds: seconds.magnitude) + (seconds < 0 ? " ahead" : " ago")
    }

    /// The time and its age; `-` where there is none.
    func cell(_ time: EventTime?) -> String { time.map { "\(self.time($0)), \(age($0))" } ?? "-" }

    /// What the watermark is, what holds it, and what has to happen for it to move.
    func sentence(_ watermark: StatusAnswer.Watermark) -> String {
        guard let holder = watermark.holder else { return "no watermark: no record has come yet" }
        guard let newest = holder.newest else {
            return "no watermark: held by \(holder.input), which has had no record; it stops to hold when it has been silent for "
                + Figures.duration(seconds: holder.idleAfterSeconds)
        }
        let head = watermark.time.map { "watermark \(time($0)), \(age($0)), " } ?? "no watermark, "
        let held = "held by \(holder.input), whose newest event is of \(time(newest)) (\(age(newest)))"
        if holder.isIdle { return head + held + " and which is silent; windows close when a later one comes" }
        guard let still = holder.stillSeconds else {
            return head + held + "; nothing has come since the engine started; windows close when a later one comes"
        }
        guard still >= Self.stillSecondsMin else { return head + held }
        return head + held + "; not moved for \(Figures.duration(seconds: still)); windows close when a later one comes"
    }

    /// Breaks a text between words so that no line is longer than `width`, the first one beginning at `indent` too.
    static func wrapped(_ text: String, width: Int?, indent: String) -> [String] {
        guard let width else { return [indent + text] }
        var lines: [String] = []
        var line = indent
        for word in text.split(separator: " ") {
            let isFirst = line == indent
            if !isFirst, CellText.width(line) + 1 + CellText.width(String(word)) > width {
                lines.append(line)
                line = indent + word
            } else {
                line += (isFirst ? "" : " ") + word
            }
        }
        return lines + [line]
    }
}
