import Base

/// Numbers as people read them.
enum Figures {
    /// `1,234,567`
    static func count(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var out = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { out += "," }
            out.append(digit)
        }
        return (number < 0 ? "-" : "") + out
    }

    /// `1 line`, `1,200 lines`
    static func count(_ number: Int, _ noun: String) -> String { count(number) + " " + noun + (number == 1 ? "" : "s") }

    /// `850 ms`, `12.3 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`
    static func duration(seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "?" }
        if seconds < 1 { return "\(Int((seconds * 1_000).rounded())) ms" }
        if seconds < 60 { return "\(fixed(seconds, digits: 1)) s" }
        let whole = Int(seconds.rounded())
        if whole < 3_600 { return "\(whole / 60) min \(whole % 60) s" }
        if whole < 2 * 86_400 { return "\(whole / 3_600) h \(whole % 3_600 / 60) min" }
        return "\(whole / 86_400) d \(whole % 86_400 / 3_600) h"
    }

    /// `0 B`, `4.2 MB`, in powers of 1,024; three digits at the most.
    static func bytes(_ count: Int) -> String { scaled(Double(count), by: 1_024, units: ["B", "KB", "MB", "GB", "TB", "PB"]) }

    /// A number short enough for a column: `0`, `0.574`, `12.3`, `1,234`, `575 k`, `1.15 M`.
    static func short(_ number: Double) -> String {
        guard number.isFinite else { return "?" }
        let size = number.magnitude
        if size >= 99_999.5 { return scaled(number, by: 1_000, units: ["", "k", "M", "G", "T", "P"]) }
        if size >= 99.95 { return count(Int(number.rounded())) }
        if size == 0 { return "0" }
        if number == number.rounded() { return "\(Int(number))" }
        return fixed(number, digits: size < 0.9995 ? 3 : size < 9.995 ? 2 : 1)
    }

    private static func scaled(_ number: Double, by step: Double, units: [String]) -> String {
        var value = number, unit = 0
        while value.magnitude >= 999.5, unit < units.count - 1 {
            value /= step
            unit += 1
        }
        let digits = unit == 0 || value.magnitude >= 99.95 ? 0 : value.magnitude >= 9.995 ? 1 : 2
        return (digits == 0 ? "\(Int(value.rounded()))" : fixed(value, digits: digits)) + " " + units[unit]
    }

    /// With `digits` (1 or more) behind the point.
    static func fixed(_ number: Double, digits: Int) -> String {
        let scale = (0..<digits).reduce(1) { sum, _ in sum * 10 }
        let scaled = Int((number.magnitude * Double(scale)).rounded())
        let fraction = String(scaled % scale)
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return (number < 0 && scaled != 0 ? "-" : "") + "\(scaled / scale)." + zeros + fraction
    }

    /// A fraction with the six digits that say something, for tables: `12.5779`, `0.0130237`, `813119898`. Whole digits all
    /// stay. Nil where the number is better left as it is: an infinity, or one with an exponent.
    static func significant(_ number: Double) -> String? {
        let magnitude = number.magnitude
        guard magnitude == 0 || (1e-4..<1e15).contains(magnitude) else { return nil }
        let whole = magnitude < 1 ? 0 : String(Int(magnitude)).count
        // Zeros behind the point say nothing yet.
        var digits = max(0, 6 - whole)
        var leading = magnitude
        while leading > 0, leading < 0.1 {
            leading *= 10
            digits += 1
        }
        guard digits > 0 else { return String(Int(number.rounded())) }
        var text = fixed(number, digits: digits)
        while text.hasSuffix("0"), !text.hasSuffix(".0") { text.removeLast() }
        return text
    }
}
