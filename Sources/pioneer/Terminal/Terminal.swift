#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What a standard stream is connected to, which decides how output looks: fitted and coloured for a person at a
/// terminal, whole and plain for everything else.
struct Terminal: Equatable {
    var isTerminal: Bool
    /// Columns to fit tables into. Nil: no limit, nothing is cut.
    var width: Int?
    /// Lines that can be seen at once. Nil: not a terminal, or one that does not say.
    var height: Int?
    var hasColours: Bool
    /// Whether characters beyond ASCII can be shown.
    var isUTF8 = true

    static let plain = Terminal(isTerminal: false, width: nil, hasColours: false)
    /// A terminal that does not say how wide it is.
    static let widthDefault = 80
    /// Narrower, and no table can be read.
    static let widthMin = 20

    /// - Parameters:
    ///   - reported: the width the terminal gives of itself, 0 where it gives none.
    ///   - reportedHeight: the same of its lines.
    init(isTerminal: Bool, reported: Int, reportedHeight: Int = 0, environment: (String) -> String?) {
        self.isTerminal = isTerminal
        let wanted = environment("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        let own = isTerminal ? (reported > 0 ? reported : Self.widthDefault) : nil
        width = (wanted ?? own).map { max($0, Self.widthMin) }
        height = isTerminal && reportedHeight > 0 ? reportedHeight : nil
        // As setlocale(3) looks for it: the first that is set and not empty decides.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment).first { !$0.isEmpty }?.uppercased() ?? ""
        isUTF8 = locale.contains("UTF-8") || locale.contains("UTF8")
        // https://no-color.org: set and not empty means no colours.
        hasColours = isTerminal && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    }

    private init(isTerminal: Bool, width: Int?, hasColours: Bool) {
        self.isTerminal = isTerminal
        self.width = width
        self.hasColours = hasColours
    }

    static var standardOutput: Terminal { of(STDOUT_FILENO) }
    static var standardError: Terminal { of(STDERR_FILENO) }

    private static func of(_ descriptor: Int32) -> Terminal {
        let isTerminal = isatty(descriptor) == 1
        var size = winsize()
        let isKnown = isTerminal && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
        return Terminal(
            isTerminal: isTerminal, reported: isKnown ? Int(size.ws_col) : 0, reportedHeight: isKnown ? Int(size.ws_row) : 0,
            environment: Environment.variable)
    }
}

enum Environment {
    /// The value of an environment variable; nil where it is not set.
    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
