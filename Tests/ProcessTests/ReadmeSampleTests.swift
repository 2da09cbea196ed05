import Foundation
import KafkaBrokers
import OwnThreads
import PostgresServer
import Testing

/// The shell blocks of the README, in order, as one reader would give them: what runs until Ctrl-C runs beside the rest,
/// and everything else has to end well.
@Suite(.ownThreads) struct ReadmeSampleTests {
    /// Lines that this very test is part of, or that build what it runs on.
    private static let leftOut = ["deploy/", "swift build"]

    @Test func `every command of the README does what it says, in the README's order`() throws {
        let page = try String(contentsOfFile: EngineBinary.repository + "/README.md", encoding: .utf8)
        let port = try ListeningSocket.freePort()
        let shell = try Shell()
        try writeTopologies(of: page, to: shell.directory)
        // Of its own: the page's topics have names that other tests use too.
        let broker = Brokers.hasFaultBroker ? try FaultBroker() : nil
        let noida = broker == nil && Brokers.hasOwn ? try Brokers.own() : nil
        let database = Postgres.isHere ? try Postgres.database() : nil
        var script = Script(port: port, kafka: broker?.address ?? noida?.address, postgres: database?.url)
        // Never lets go of a member that is dead, so that nobody takes its tasks over.
        script.evictsMembers = noida == nil
        for block in Self.blocks(of: "sh", in: page) { script.add(block) }
        #expect(script.commandCount > 12)
        let outcome = try withExtendedLifetime((broker, noida, database)) { try shell.run(script.text, interruptedAfter: 480) }
        #expect(outcome.status == 0, "\(outcome.output.suffix(4_000))")
        #expect(outcome.output.contains(Script.lastWords), "\(outcome.output.suffix(4_000))")
    }

    /// Each topology of the page, with the tests that follow it, where the page says it lies.
    private func writeTopologies(of page: String, to directory: TemporaryDirectory) throws {
        var name = ""
        for block in Self.blocks(of: "yaml", in: page) {
            if block.hasPrefix("topology: ") {
                name = String(block.prefix { $0 != "\n" }.dropFirst("topology: ".count))
                _ = try directory.write(block, to: "topologies/\(name).yaml")
            } else {
                _ = try directory.write(block, to: "topologies/\(name).test.yaml")
            }
        }
    }

    private static func blocks(of language: String, in page: String) -> [String] {
        var blocks: [String] = []
        var open: [String]?
        for line in page.components(separatedBy: "\n") {
            if line == "```" + language, open == nil {
                open = []
            } else if line == "```" {
                if let block = open { blocks.append(block.joined(separator: "\n")) }
                open = nil
            } else {
                open?.append(line)
            }
        }
        return blocks
    }

    /// The blocks as one shell script.
    private struct Script {
        static let lastWords = "THE README IS DONE"

        let port: UInt16
        /// Nil: there is none, and commands that need it are left out.
        let kafka: String?
        let postgres: String?
        /// Whether that Kafka does.
        var evictsMembers = true
        private(set) var commandCount = 0
        private var lines: [String] = []

        init(port: UInt16, kafka: String?, postgres: String?) {
            self.port = port
            self.kafka = kafka
            self.postgres = postgres
        }

        mutating func add(_ block: String) {
            var isHereDocument = false
            var command = ""
            for line in block.components(separatedBy: "\n") {
                command += command.isEmpty ? line : "\n" + line
                if line.contains("<< END") { isHereDocument = true }
                if line == "END" { isHereDocument = false }
                if isHereDocument || line.hasSuffix("\\") { continue }
                append(command)
                command = ""
            }
        }

        private mutating func append(_ command: String) {
            guard kafka != nil || !command.contains("--kafka"), postgres != nil || !command.contains("postgresql:") else { return }
            let text = command.replacing("127.0.0.1:8000", with: "127.0.0.1:\(port)")
                .replacing("postgresql://pioneer@db.example/metrics", with: quoted(postgres ?? ""))
                .replacing("broker-1:9092", with: kafka ?? "").replacing("localhost:9092", with: kafka ?? "")
                .replacing("--count 8000000", with: "--count 20000 --rate 2000")
                .replacing(" --standby", with: evictsMembers ? " --standby" : "")
            let words = text.split(separator: " ")
            guard !words.isEmpty, !text.hasPrefix("#"), !leftOut.contains(where: { text.hasPrefix($0) }) else { return }
            commandCount += 1
            lines.append("echo '---' \(quoted(text))")
            if text.hasPrefix("pioneer run") {
                // A second engine of the page comes after the first was stopped. Comments end the line.
                lines.append("[ -z \"${engine:-}\" ] || { kill -INT $engine; wait $engine; }")
                lines.append("\(beforeComment(text)) --listen 127.0.0.1:\(port) & engine=$!")
                lines.append("for try in $(seq 600); do curl -fso /dev/null 127.0.0.1:\(port)/health && break; sleep 0.1; done")
            } else if goesOn(text) {
                // In the foreground it is sent one SIGINT, as from a terminal; a second one would end it at once.
                lines.append("timeout --foreground --preserve-status -s INT 8 \(beforeComment(text)) || { echo \"ended with status $?\"; exit 1; }")
            } else if text.hasPrefix("pioneer bench") {
                lines.append("\(beforeComment(text)) --seconds 1 --warmup 0")
            } else {
                lines.append(text)
            }
        }

        private func goesOn(_ text: String) -> Bool {
            ["--follow", "--watch", "pioneer agent", "pioneer top", "/changes"].contains { text.contains($0) }
                || text.hasPrefix("pioneer fleet")
        }

        private func beforeComment(_ text: String) -> String { text.components(separatedBy: " # ")[0] }

        private func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }

        var text: String {
            (lines + ["kill -INT $engine; wait $engine", "echo '\(Self.lastWords)'"]).joined(separator: "\n")
        }
    }
}
