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

    /// `850 ms`, `12.3 s`, `4 min 10 s`, `2 h 5 min`
    static func duration(seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "?" }
        if seconds < 1 { return "\(Int((seconds * 1_000).rounded())) ms" }
        if seconds < 60 { return "\(fixed(seconds, digits: 1)) s" }
        let whole = Int(seconds.rounded())
        if whole < 3_600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3_600) h \(whole % 3_600 / 60) min"
    }

    /// With `digits` (1 or more) behind the point.
    static func fixed(_ number: Double, digits: Int) -> String {
        let scale = (0..<digits).reduce(1) { sum, _ in sum * 10 }
        let scaled = Int((number.magnitude * Double(scale)).rounded())
        let fraction = String(scaled % scale)
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return (number < 0 && scaled != 0 ? "-" : "") + "\(scaled / scale)." + zeros + fraction
    }
}
