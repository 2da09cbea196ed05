/// Reads Swift text far enough to tell code from comments and string literals, and functions from each other.
///
/// Not a parser: it knows line and nested block comments, plain, raw and multi-line strings, and code inside of
/// interpolations, which stays code. Regex literals are read as code.
struct SwiftScanner {
    /// The text with comments and the insides of string literals replaced by spaces; lines stay where they were.
    let code: [UInt8]
    /// `code`, by line.
    let lines: [String]

    init(_ text: String) {
        var blanker = Blanker(Array(text.utf8))
        code = blanker.run()
        lines = code.split(separator: 10, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A function, initialiser or deinitialiser with a body.
    struct Function: Hashable {
        var name: String
        /// Counted from 1, where the declaration begins.
        var line: Int
        /// From there to the closing brace.
        var lineCount: Int
    }

    /// All functions, also those inside of others.
    var functions: [Function] {
        var found: [Function] = []
        var line = 1
        var at = 0
        while at < code.count {
            if code[at] == 10 { line += 1 }
            if let name = declaration(at: at), let end = bodyEnd(from: at) {
                let count = code[at...end].count { $0 == 10 } + 1
                found.append(Function(name: name, line: line, lineCount: count))
            }
            at += 1
        }
        return found
    }

    private func isWord(_ index: Int) -> Bool {
        guard index >= 0, index < code.count else { return false }
        let byte = code[index]
        return (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95 || byte >= 128
    }

    private func hasKeyword(_ keyword: String, at index: Int) -> Bool {
        let bytes = Array(keyword.utf8)
        guard index + bytes.count <= code.count, !isWord(index - 1), !isWord(index + bytes.count) else { return false }
        return code[index..<index + bytes.count].elementsEqual(bytes)
    }

    /// The name of the function declared at `index`; nil when none is.
    private func declaration(at index: Int) -> String? {
        guard code[index] == 102 || code[index] == 105 || code[index] == 100 else { return nil }
        let previous = index > 0 ? code[index - 1] : 32
        guard previous == 32 || previous == 10 || previous == 123 || previous == 59 else { return nil }
        if hasKeyword("func", at: index) {
            let rest = code[(index + 4)...].drop { $0 == 32 }
            return String(decoding: rest.prefix { $0 != 40 && $0 != 60 && $0 != 10 }, as: UTF8.self)
        }
        for keyword in ["init", "deinit"] where hasKeyword(keyword, at: index) {
            let next = index + keyword.utf8.count < code.count ? code[index + keyword.utf8.count] : 10
            // `init(`, `init?(`, `init<`, `deinit {`; not a name or a value that is called so.
            if next == 40 || next == 63 || next == 60 || (keyword == "deinit" && next == 32) { return keyword }
        }
        return nil
    }

    /// The index of the brace that closes the body of the declaration at `start`; nil for a requirement without one.
    private func bodyEnd(from start: Int) -> Int? {
        var parentheses = 0
        var braces = 0
        for at in start + 1..<code.count {
            switch code[at] {
            case 40, 91: parentheses += 1
            case 41, 93: parentheses -= 1
            case 123 where parentheses == 0: braces += 1
            case 125 where parentheses == 0:
                if braces == 0 { return nil }
                braces -= 1
                if braces == 0 { return at }
            default:
                guard braces == 0, parentheses == 0, at > start + 5, !isWord(at - 1) else { continue }
                let next = ["func", "var", "let", "init", "case", "associatedtype", "subscript", "typealias"]
                if next.contains(where: { hasKeyword($0, at: at) }) { return nil }
            }
        }
        return nil
    }
}

/// Replaces what is not code by spaces.
private struct Blanker {
    let text: [UInt8]
    var out: [UInt8]
    var at = 0

    init(_ text: [UInt8]) {
        self.text = text
        out = text
    }

    mutating func run() -> [UInt8] {
        code(untilParenthesis: false)
        return out
    }

    private func has(_ bytes: String, at index: Int) -> Bool {
        index + bytes.utf8.count <= text.count && text[index..<index + bytes.utf8.count].elementsEqual(bytes.utf8)
    }

    private mutating func blank(_ count: Int) {
        for _ in 0..<count where at < text.count {
            if text[at] != 10 { out[at] = 32 }
            at += 1
        }
    }

    /// Reads code, to the end or to the parenthesis that ends an interpolation.
    private mutating func code(untilParenthesis: Bool) {
        var depth = 1
        while at < text.count {
            switch text[at] {
            case 47 where has("//", at: at):
                while at < text.count, text[at] != 10 { blank(1) }
            case 47 where has("/*", at: at): blockComment()
            case 96:
                at += 1
                while at < text.count, text[at] != 96, text[at] != 10 { blank(1) }
                at += 1
            case 34: string(hashes: 0)
            case 35:
                let hashes = text[at...].prefix { $0 == 35 }.count
                at += hashes
                if at < text.count, text[at] == 34 { string(hashes: hashes) }
            case 40:
                depth += 1
                at += 1
            case 41:
                depth -= 1
                at += 1
                if untilParenthesis, depth == 0 { return }
            default: at += 1
            }
        }
    }

    private mutating func blockComment() {
        var depth = 0
        while at < text.count {
            if has("/*", at: at) {
                depth += 1
                blank(2)
            } else if has("*/", at: at) {
                depth -= 1
                blank(2)
                if depth == 0 { return }
            } else {
                blank(1)
            }
        }
    }

    private mutating func string(hashes: Int) {
        let marks = String(repeating: "#", count: hashes)
        let isLong = has("\"\"\"", at: at)
        let end = (isLong ? "\"\"\"" : "\"") + marks
        let escape = "\\" + marks
        at += isLong ? 3 : 1
        while at < text.count {
            if has(end, at: at) {
                at += end.utf8.count
                return
            } else if has(escape + "(", at: at) {
                at += escape.utf8.count + 1
                code(untilParenthesis: true)
            } else if has(escape, at: at) {
                blank(escape.utf8.count + 1)
            } else if text[at] == 10, !isLong {
                return
            } else {
                blank(1)
            }
        }
    }
}
