import Foundation

/// A text file of the repository.
struct SourceFile: Sendable {
    /// From the repository's root: `Sources/Base/Clock.swift`.
    let path: String
    let text: String
    let lines: [String]
    /// Without comments and the insides of strings.
    let code: String
    let codeLines: [String]
    let functions: [SwiftScanner.Function]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let isSwift = path.hasSuffix(".swift")
        let scanner = isSwift ? SwiftScanner(text) : nil
        code = scanner.map { String(decoding: $0.code, as: UTF8.self) } ?? text
        codeLines = scanner?.lines ?? lines
        functions = scanner?.functions ?? []
    }

    /// The target's name: `Base`.
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    /// Without the empty piece after the last line break.
    var lineCount: Int { lines.last == "" ? lines.count - 1 : lines.count }

    /// The modules it imports, with their lines.
    var imports: [(module: String, line: Int)] {
        codeLines.enumerated().compactMap { index, line in
            let words = line.split(separator: " ")
            guard let at = words.firstIndex(of: "import"), at + 1 < words.count,
                words[..<at].allSatisfy({ $0.hasPrefix("@") || ["public", "package", "internal", "private"].contains($0) })
            else { return nil }
            let kinds = ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"]
            let named = kinds.contains(String(words[at + 1])) && at + 2 < words.count ? words[at + 2] : words[at + 1]
            return (String(named.split(separator: ".")[0]), index + 1)
        }
    }

    /// The lines whose code holds `call`, beginning as a word of its own; a call that begins with a dot is a member's.
    func lines(calling call: String) -> [Int] {
        guard code.contains(call) else { return [] }
        return codeLines.enumerated().compactMap { index, line in
            guard line.contains(call) else { return nil }
            var rest = Substring(line)
            while let range = rest.range(of: call) {
                let before = line[..<range.lowerBound].last
                let isMember = call.hasPrefix(".")
                if isMember || !(before.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." } ?? false) { return index + 1 }
                rest = rest[range.upperBound...]
            }
            return nil
        }
    }
}

/// The files that the rules look at, read once.
enum Repository {
    static let root: URL = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let sources = swift("Sources")
    static let tests = swift("Tests")
    /// Everything else that is shipped as text.
    static let others = ["deploy", "topologies", "schemas", ".ci", ".github"].flatMap { files(in: $0) { _ in true } }
        + ["Package.swift", "README.md"].compactMap(read)

    private static func swift(_ folder: String) -> [SourceFile] { files(in: folder) { $0.hasSuffix(".swift") } }

    private static func files(in folder: String, _ isWanted: (String) -> Bool) -> [SourceFile] {
        let names = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)?.compactMap { $0 as? String } ?? []
        return names.filter(isWanted).sorted().compactMap { read(folder + "/" + $0) }
    }

    /// Nil for a folder or a file that is not text.
    private static func read(_ path: String) -> SourceFile? {
        (try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)).map { SourceFile(path: path, text: $0) }
    }
}
