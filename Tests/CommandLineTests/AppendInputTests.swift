import Agents
import Base
import Foundation
import Gzip
import OwnThreads
import Testing

@testable import pioneer

/// Inputs as the command opens them, with an engine that only remembers.
@Suite(.ownThreadsInTurn) struct AppendInputTests {
    private let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "/pioneer-input-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    private func file(_ bytes: [UInt8], _ name: String = "input") throws -> String {
        let path = "\(directory)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func file(_ text: String, _ name: String = "input") throws -> String { try file(Array(text.utf8), name) }

    private func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        let writer = GzipWriter()
        bytes.withUnsafeBytes { writer.write($0, into: &out) }
        writer.finish(into: &out)
        return out
    }

    private static let start = EventTime("2011-05-01T00:00:00Z")!

    private func time(_ step: Int) -> EventTime { Self.start + .minutes(Int64(step) * 5) }

    /// Rows of so many machines, one machine after the other.
    private func table(machines: Int, steps: Int) -> String {
        var text = "id,at,value\n"
        for machine in 0..<machines { for step in 0..<steps { text += "i-\(machine),\(time(step)),\(step)\n" } }
        return text
    }

    private let lines = InputMaking(format: .lines)
    private let csv = InputMaking(format: .table(.init()))

    private func open(
        _ path: String, _ making: InputMaking, _ engine: FakeEngine? = nil, now: EventTime = EventTime(seconds: 2_000_000_000),
        said: (String) -> Void = { _ in }
    ) async throws -> any RecordBatches {
        let facts = engine.map { engine in
            AgreedFacts(
                producer: AppendProducer(id: "test"), lastSequence: { engine.last[$0] },
                remember: { _ = try engine.send($0, $1, LineBatch()) })
        }
        return try await withoutActuallyEscaping(said) { said in
            try await InputOpening(
                path: path, making: making, topic: TableReaderTests.topic, facts: facts, clock: ManualClock(now),
                progress: { _ in { _ in } }, say: said
            ).open()
        }
    }

    @discardableResult
    private func append(
        _ path: String, _ making: InputMaking, to engine: FakeEngine, now: EventTime = EventTime(seconds: 2_000_000_000)
    ) async throws -> AppendTally {
        try await Appending(
            batches: try await open(path, making, engine, now: now), producer: AppendProducer(id: "test"), isResumable: true,
            send: { try engine.send($0, $1, $2) }, lastSequence: { engine.last[$0] }, report: { _ in }
        ).run()
    }

    private func text(_ batches: any RecordBatches) throws -> String {
        var text = ""
        while case .batch(let batch) = try batches.next(patience: nil) { text += String(decoding: batch.body, as: UTF8.self) }
        return text
    }

    // MARK: Gzip

    @Test func `gzip is told by its first bytes and not by the name, of any number of members`() async throws {
        let text = (0..<20_000).map { "{\"n\":\($0)}\n" }.joined()
        let half = Array(text.utf8).count / 2
        let members = gzip(Array(text.utf8.prefix(half))) + gzip(Array(text.utf8.dropFirst(half)))
        for (bytes, name) in [(members, "plain.jsonl"), (Array(text.utf8), "not-really.gz")] {
            let batches = try await open(try file(bytes, name), lines)
            #expect(try self.text(batches) == text)
            #expect(batches.share == 1)
        }
    }

    @Test func `short inputs are read whole, whatever their first bytes`() async throws {
        for bytes in [[], [0x1F], [0x31], Array("{}".utf8)] as [[UInt8]] {
            let expected = bytes.isEmpty ? "" : String(decoding: bytes + [0x0A], as: UTF8.self)
            #expect(try text(try await open(try file(bytes), lines)) == expected)
        }
    }

    @Test func `damaged gzip is an error that names the file`() async throws {
        let path = try file(Array(gzip(Array(table(machines: 3, steps: 50).utf8)).dropLast(9)), "t.csv.gz")
        let batches = try await open(path, csv)
        let error = #expect(throws: EngineError.self) { try text(batches) }
        #expect(error?.code == .gzipDamaged)
        #expect(error?.message.contains("'\(path)'") == true)
    }

    @Test func `a file's name says whether it is a table`() {
        #expect(InputMaking.tableDelimiter(path: "/a/b.CSV") == UInt8(ascii: ","))
        #expect(InputMaking.tableDelimiter(path: "b.tsv.gz") == UInt8(ascii: "\t"))
        for path in ["b.jsonl", "b.csv.jsonl", "csv", "-", "b.gz"] { #expect(InputMaking.tableDelimiter(path: path) == nil) }
    }

    // MARK: Going on

    @Test(arguments: 1...5, [true, false])
    func `an interrupted append of a table goes on where it stopped`(send: Int, before: Bool) async throws {
        let path = try file(gzip(Array(table(machines: 4, steps: 4_000).utf8)), "t.csv.gz")
        for making in [csv, InputMaking(format: csv.format, isSorted: true), InputMaking(format: csv.format, shiftTarget: .now)] {
            let whole = FakeEngine(), engine = FakeEngine()
            try await append(path, making, to: whole)
            engine.faultAt = send
            engine.fault = before ? .before : .after
            _ = try? await append(path, making, to: engine)
            // Another clock: what was agreed on stays.
            let tally = try await append(path, making, to: engine, now: EventTime(seconds: 2_100_000_000))
            #expect(engine.lines.count == 16_000)
            // The second thing sent says where the latest event is to be; before that nothing was agreed on.
            let isAgreed = making.shiftTarget == nil || send > 2 || (send == 2 && !before)
            if isAgreed { #expect(engine.lines == whole.lines) }
            #expect(Set(engine.lines).count == 16_000)
            #expect(tally.appended + tally.skipped == 16_000)
        }
    }

    @Test func `a table that grows is appended from where it ended`() async throws {
        let engine = FakeEngine()
        for steps in [10, 3_000, 3_001, 9_000] { try await append(try file(table(machines: 1, steps: steps)), csv, to: engine) }
        #expect(engine.lines.count == 9_000)
        #expect(Set(engine.lines).count == 9_000)
    }

    @Test func `what was sorted or moved and is another file now is refused`() async throws {
        for making in [InputMaking(format: csv.format, isSorted: true), InputMaking(format: csv.format, shiftTarget: .now)] {
            let engine = FakeEngine()
            try await append(try file(table(machines: 1, steps: 10)), making, to: engine)
            let path = try file(table(machines: 1, steps: 11))
            let error = await #expect(throws: EngineError.self) { try await append(path, making, to: engine) }
            #expect(error?.code == .appendChanged)
            #expect(engine.lines.count == 10)
        }
    }

    // MARK: The order of time

    @Test func `sorted, records come in the order of time, those of one time as they stood`() async throws {
        let path = try file(table(machines: 3, steps: 3))
        let sorted = try text(try await open(path, InputMaking(format: csv.format, isSorted: true)))
        let expected = (0..<3).flatMap { step in
            (0..<3).map { #"{"id":"i-\#($0)","at":"\#(time(step))","value":\#(step)}"# + "\n" }
        }
        #expect(sorted == expected.joined())
        let lines = try file("{\"id\":\"b\",\"at\":2}\n{\"id\":\"c\",\"at\":\"x\"}\n{\"id\":\"a\",\"at\":1}\n", "l.jsonl")
        let sortedLines = try text(try await open(lines, InputMaking(format: .lines, isSorted: true)))
        #expect(sortedLines == "{\"id\":\"a\",\"at\":1}\n{\"id\":\"b\",\"at\":2}\n{\"id\":\"c\",\"at\":\"x\"}\n")
    }

    @Test func `more than fits is not sorted`() throws {
        let batches = StreamedBatches(InputBytes(try ByteSource(path: try file("{\"id\":\"a\",\"at\":1}\n"))), LineReader())
        let scanner = EventTimeScanner(TableReaderTests.topic.readings[0])
        let error = #expect(throws: EngineError.self) { try SortedBatches(batches, scanner, bytesMax: 10, progress: {}) }
        #expect(error?.code == .appendSortTooLarge)
    }

    // MARK: Moving in time

    @Test func `the latest event of a table comes to the time asked for, and all others with it`() async throws {
        let path = try file(table(machines: 2, steps: 3))
        let target = try #require(EventTime("2030-01-01T00:00:00.0005Z"))
        var words = ""
        let moved = try text(
            try await open(path, InputMaking(format: csv.format, shiftTarget: .time(target)), said: { words = $0 }))
        #expect(moved.hasPrefix(#"{"id":"i-0","at":"2029-12-31T23:50:00Z","value":0}"#))
        #expect(moved.hasSuffix("{\"id\":\"i-1\",\"at\":\"2030-01-01T00:00:00Z\",\"value\":2}\n"))
        #expect(words.contains("so that the latest is 2030-01-01T00:00:00Z"))
    }

    @Test func `lines of JSON keep everything but their event times`() async throws {
        let path = try file(
            #"{ "at" : 1304208300000 ,"id":"\"at\":1", "x":{"at":5}}"# + "\n"
                + #"{"id":"a","at":"2011-05-01T02:00:00+02:00","at":"2011-05-01T00:10:00.5Z"}"# + "\n" + "{\"id\":\"b\",\"at\":null}\nno\n")
        let target = try #require(EventTime("2011-05-02T00:10:00.5Z"))
        let moved = try text(try await open(path, InputMaking(format: .lines, shiftTarget: .time(target))))
        #expect(moved == #"{ "at" : 1304294700000 ,"id":"\"at\":1", "x":{"at":5}}"# + "\n"
            + #"{"id":"a","at":"2011-05-01T02:00:00+02:00","at":"2011-05-02T00:10:00.500Z"}"# + "\n{\"id\":\"b\",\"at\":null}\nno\n")
    }

    @Test func `what cannot be moved is an error`() async throws {
        func fault(_ path: String, _ making: InputMaking) async -> EngineError? {
            await #expect(throws: EngineError.self) { try await open(path, making) }
        }
        let now = InputMaking(format: .lines, shiftTarget: .now)
        #expect(await fault("-", now)?.message.contains("cannot be done with a pipe") == true)
        let timeless = await fault(try file("{\"id\":\"a\"}\n"), now)
        #expect(timeless?.code == .appendShift && timeless?.message.contains("no record") == true)
        let path = try file(table(machines: 1, steps: 1))
        let engine = FakeEngine()
        try await append(path, InputMaking(format: csv.format, shiftTarget: .time(Self.start)), to: engine)
        let other = InputMaking(format: csv.format, shiftTarget: .time(Self.start + .hours(1)))
        let error = await #expect(throws: EngineError.self) { try await append(path, other, to: engine) }
        #expect(error?.message.contains("before, not at") == true)
    }

    @Test func `another table with the same header under the same path is another input`() throws {
        func name(_ text: String, _ making: InputMaking) throws -> AppendProducer {
            try .file(at: file(text), making: making, topic: #require(TopicName("t")))
        }
        let first = try name("id,at\ni-1,2026-01-01\n", csv)
        #expect(try name("id,at\ni-1,2026-01-01\ni-2,2026-01-01\n", csv) == first)
        #expect(try name("id,at\ni-1,2026-01-02\n", csv) != first)
        #expect(try name("{\"n\":1}\n{\"n\":2}\n", lines) == name("{\"n\":1}\n{\"n\":3}\n", lines))
    }

    @Test func `what is made of a file is a part of its name`() throws {
        let topic = try #require(TopicName("readings")), path = try file(gzip(Array("id,at\n".utf8)), "t.csv.gz")
        let plain = try AppendProducer.file(at: path, making: csv, topic: topic)
        var making = csv
        making.words = "sort"
        #expect(try AppendProducer.file(at: path, making: making, topic: topic) != plain)
    }
}
