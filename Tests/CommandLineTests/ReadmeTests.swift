import ArgumentParser
import Base
import Foundation
import Planner
import Runtime
import Testing
import TopologyFile

@testable import pioneer

/// Holds README.md against the program: its topologies, its tests, its commands, and the files it names.
struct ReadmeTests {
    private static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    private static let schemas = root + "/schemas"

    private let page: MarkdownPage

    init() throws { page = MarkdownPage(try String(contentsOfFile: Self.root + "/README.md", encoding: .utf8)) }

    /// Writes each topology of the page, with the tests block that follows it, into a folder that is gone afterwards.
    private func withTopologies(_ body: (_ paths: [String]) throws -> Void) throws {
        let parent = NSTemporaryDirectory() + "/pioneer-readme-\(UUID().uuidString)"
        let folder = parent + "/topologies"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: parent) }
        var paths: [String] = []
        for block in page.blocks(of: "yaml") {
            if let name = Self.topologyName(block.text) {
                paths.append("\(folder)/\(name).yaml")
                try block.text.write(toFile: "\(folder)/\(name).yaml", atomically: true, encoding: .utf8)
            } else {
                let path = try #require(paths.last, "README.md:\(block.line): tests without a topology before them")
                try block.text.write(toFile: TopologyLoader.testsPath(ofTopology: path), atomically: true, encoding: .utf8)
            }
        }
        try body(paths)
    }

    private static func topologyName(_ text: String) -> String? {
        text.hasPrefix("topology: ") ? text.prefix { $0 != "\n" }.dropFirst("topology: ".count).description : nil
    }

    @Test func `every topology of the README passes the check`() throws {
        try withTopologies { paths in
            #expect(!paths.isEmpty)
            for path in paths {
                let checked = Planner.check(path: path, schemas: .directory(Self.schemas))
                #expect(checked.findings.map(\.description) == [])
                #expect(checked.plan != nil)
            }
        }
    }

    @Test func `every test of the README passes`() throws {
        try withTopologies { paths in
            var count = 0
            for path in paths {
                let tests = CheckedTests.load(TopologyLoader.testsPath(ofTopology: path), schemas: Self.schemas)
                let runner = TopologyTestRunner(try #require(tests.topology.plan))
                for test in tests.tests {
                    let result = try runner.run(test.planned, of: test.specification)
                    #expect(result.failures.map(\.message) == [], "\(test.planned.name)")
                    count += 1
                }
            }
            #expect(count > 0)
        }
    }

    @Test func `every command of the README can be given as it stands there`() throws {
        let commands = page.commands
        let pioneer = commands.filter { $0.words.first == "pioneer" }
        #expect(pioneer.count >= 8)
        for command in pioneer {
            #expect(throws: Never.self, "README.md:\(command.line): \(command.words.joined(separator: " "))") {
                _ = try Pioneer.parseAsRoot(Array(command.words.dropFirst()))
            }
        }
        for command in commands {
            guard let program = command.words.first, program.hasPrefix("deploy/") else { continue }
            #expect(FileManager.default.isExecutableFile(atPath: Self.root + "/" + program), "README.md:\(command.line): \(program)")
        }
    }

    @Test func `every file that the README names is there or is written in it`() throws {
        let written = Set(page.blocks(of: "yaml").compactMap { Self.topologyName($0.text).map { "topologies/\($0).yaml" } })
        let named = page.commands.flatMap { command in
            command.words.filter { $0.hasPrefix("topologies/") }.map { ($0, command.line) }
        }
        for (path, line) in named + page.links where !written.contains(path) {
            #expect(FileManager.default.fileExists(atPath: Self.root + "/" + path), "README.md:\(line): \(path)")
        }
        #expect(!page.links.isEmpty)
    }

    @Test func `the README's exit statuses are the program's`() {
        let rows = page.lines.compactMap { line -> String? in
            guard line.hasPrefix("| "), let cell = line.split(separator: "|").first else { return nil }
            return Int(cell.trimmingCharacters(in: .whitespaces)).map(String.init)
        }
        #expect(rows == ExitStatus.allCases.map { "\($0.rawValue)" })
    }
}

/// A page of Markdown, as far as the tests look at it.
private struct MarkdownPage {
    let lines: [String]

    init(_ text: String) { lines = text.components(separatedBy: "\n") }

    /// The fenced blocks of a language, each with the number of its first line.
    func blocks(of language: String) -> [(text: String, line: Int)] {
        var blocks: [(text: String, line: Int)] = []
        var open: (isWanted: Bool, text: String, line: Int)?
        for (index, line) in lines.enumerated() {
            if let block = open, line == "```" {
                if block.isWanted { blocks.append((block.text, block.line)) }
                open = nil
            } else if open != nil {
                open?.text += line + "\n"
            } else if line.hasPrefix("```") {
                open = (line.dropFirst(3) == language, "", index + 2)
            }
        }
        return blocks
    }

    /// The shell commands, in words; lines that a backslash continues are one.
    var commands: [(words: [String], line: Int)] {
        blocks(of: "sh").flatMap { block -> [(words: [String], line: Int)] in
            var found: [(words: [String], line: Int)] = []
            var pending = ""
            for (index, line) in block.text.components(separatedBy: "\n").enumerated() {
                pending += line
                if pending.hasSuffix("\\") {
                    pending.removeLast()
                    continue
                }
                let words = ShellWords.split(pending)
                pending = ""
                if !words.isEmpty { found.append((words, block.line + index)) }
            }
            return found
        }
    }

    /// Targets of links that stay in the repository.
    var links: [(String, Int)] {
        lines.enumerated().flatMap { index, line in
            line.components(separatedBy: "](").dropFirst().compactMap { rest in
                let target = rest.prefix { $0 != ")" }
                return target.contains("://") ? nil : (String(target), index + 1)
            }
        }
    }
}

/// Words of a simple shell command: quotes group, and a `#` that begins a word begins a comment.
private enum ShellWords {
    static func split(_ line: String) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character == " " {
                if let done = word { words.append(done) }
                word = nil
            } else if character == "#", word == nil {
                break
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let done = word { words.append(done) }
        return words
    }
}
