import Agents
import Base
import Foundation
import OwnThreads
import Testing

@testable import pioneer

@Suite(.ownThreadsInTurn) struct AppendTests {
    private let producer = AppendProducer(id: "test")

    private func withFile(_ body: (String) async throws -> Void) async throws {
        let path = NSTemporaryDirectory() + "/pioneer-append-\(UUID().uuidString).jsonl"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }

    private func write(_ lines: Range<Int>, to path: String, endsWithNewline: Bool = true) throws {
        var text = lines.map { "{\"n\":\($0)}" }.joined(separator: "\n")
        if endsWithNewline { text += "\n" }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    @discardableResult
    private func append(_ path: String, to engine: FakeEngine) async throws -> AppendTally {
        try await Appending(
            batches: StreamedBatches(InputBytes(try ByteSource(path: path)), LineReader()), producer: producer, isResumable: true,
            send: { try engine.send($0, $1, $2) },
            lastSequence: { engine.last[$0] }, report: { _ in }
        ).run()
    }

    private func expected(_ lines: Range<Int>) -> [String] { lines.map { "{\"n\":\($0)}" } }

    @Test func `a file is appended whole, and a second run appends nothing`() async throws {
        try await withFile { path in
            try write(0..<12_345, to: path)
            let engine = FakeEngine()
            #expect(try await append(path, to: engine).appended == 12_345)
            let again = try await append(path, to: engine)
            #expect(again.appended == 0)
            #expect(again.skipped == 12_345)
            #expect(engine.lines == expected(0..<12_345))
        }
    }

    @Test(arguments: 1...4, [true, false])
    func `an interrupted append goes on where it stopped`(send: Int, before: Bool) async throws {
        try await withFile { path in
            try write(0..<17_000, to: path)
            let engine = FakeEngine()
            engine.faultAt = send
            engine.fault = before ? .before : .after
            await #expect(throws: FakeEngine.Broken.self) { try await append(path, to: engine) }
            try await append(path, to: engine)
            #expect(engine.lines == expected(0..<17_000))
        }
    }

    @Test func `a file that grows is appended from where it ended, at any sizes`() async throws {
        var random = SeededRandom(seed: 7)
        for _ in 0..<10 {
            try await withFile { path in
                let engine = FakeEngine()
                var count = 0
                for _ in 0..<6 {
                    count += [0, 1, 3_000, 5_000, 12_000][random.below(5)]
                    try write(0..<count, to: path)
                    engine.faultAt = random.below(3) == 0 ? 2 : nil
                    _ = try? await append(path, to: engine)
                    engine.faultAt = nil
                }
                try await append(path, to: engine)
                #expect(engine.lines == expected(0..<count))
            }
        }
    }

    @Test func `a last line without newline is appended once, also when the newline comes later`() async throws {
        try await withFile { path in
            let engine = FakeEngine()
            try write(0..<5_001, to: path, endsWithNewline: false)
            try await append(path, to: engine)
            try write(0..<5_003, to: path)
            try await append(path, to: engine)
            #expect(engine.lines == expected(0..<5_003))
        }
    }

    @Test(arguments: ["\n", "\r\n"])
    func `a line that was half written is appended again when it is whole`(lineBreak: String) async throws {
        try await withFile { path in
            let engine = FakeEngine()
            func write(_ text: String) throws {
                try Data(text.replacing("\n", with: lineBreak).utf8).write(to: URL(fileURLWithPath: path))
            }
            try write("{\"n\":0}\n{\"n\":")
            try await append(path, to: engine)
            for text in ["{\"n\":0}\n{\"n\":1}", "{\"n\":0}\n{\"n\":1}\n", "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n"] {
                try write(text)
                try await append(path, to: engine)
            }
            #expect(engine.lines == ["{\"n\":0}", "{\"n\":", "{\"n\":1}", "{\"n\":2}"])
        }
    }

    @Test func `a line without end is refused before it fills the memory`() throws {
        let reader = LineReader("big.json"), piece = [UInt8](repeating: 0x20, count: 1 << 20)
        let error = #expect(throws: EngineError.self) {
            for _ in 0...16 { try piece.withUnsafeBufferPointer { try reader.read($0) { _ in } } }
        }
        #expect(error?.code == .appendLine && error?.message.contains("'big.json'") == true)
    }

    @Test func `a file that became shorter is refused`() async throws {
        try await withFile { path in
            let engine = FakeEngine()
            try write(0..<6_000, to: path)
            try await append(path, to: engine)
            try write(0..<10, to: path)
            let error = await #expect(throws: EngineError.self) { try await append(path, to: engine) }
            #expect(error?.code == .appendChanged)
        }
    }

    @Test(arguments: [1, 13, 1 << 16])
    func `batches are the same however the bytes arrive`(step: Int) throws {
        let line = Array(String(repeating: "x", count: 700_000).utf8) + [0x0A]
        let bytes = line + [0x0A] + line + Array("short\r\n\n last".utf8)
        let reader = LineReader()
        var cutter = BatchCutter()
        var batches: [LineBatch] = []
        let width = step == 1 ? 999 : step
        for start in stride(from: 0, to: bytes.count, by: width) {
            try bytes[start..<min(start + width, bytes.count)].withUnsafeBufferPointer { try reader.read($0) { cutter.add($0) } }
            while let batch = cutter.takeFull() { batches.append(batch) }
        }
        try reader.finish { cutter.add($0) }
        while let batch = cutter.takeFull() { batches.append(batch) }
        if let rest = cutter.takeRest() { batches.append(rest) }
        #expect(batches.map(\.lines) == [1, 3])
        #expect(batches.map(\.isFull) == [true, false])
        #expect(batches.map(\.end) == [700_001, bytes.count])
        #expect(batches.last?.body.suffix(12) == Array("short\n last\n".utf8)[...])
    }

    @Test func `a producer's name tells topics, paths and first lines apart, and fits the engine's limit`() throws {
        let topic = try #require(TopicName("cloud.metrics")), other = try #require(TopicName("cloud.prices"))
        let long = "/data/" + String(repeating: "n", count: 300) + ".jsonl"
        let ids = [
            AppendProducer.file(path: long, firstLine: "a".utf8, topic: topic), .file(path: long, firstLine: "b".utf8, topic: topic),
            .file(path: long, firstLine: "a".utf8, topic: other), .file(path: "/x", firstLine: "a".utf8, topic: topic),
        ].map(\.id)
        #expect(Set(ids).count == 4)
        let name = AppendProducer(id: ids[0]).name(ofRestAfter: .max, stretchAt: .max)
        #expect(name.utf8.count <= 128)
        #expect(name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    }

    @Test func `progress shows lines, share, rate and time left`() {
        let tally = AppendTally(appended: 10_000)
        func text(_ share: Double?, begun: Double = 0) -> String {
            AppendReport.progress(of: "f", tally, share: share, begun: begun, seconds: 2)
        }
        #expect(text(0.25) == "f: 10,000 lines  25%  5,000/s  6.0 s left")
        #expect(text(nil) == "f: 10,000 lines  5,000/s")
        // What was there before took next to no time.
        #expect(text(0.75, begun: 0.5) == "f: 10,000 lines  75%  5,000/s  2.0 s left")
        #expect(AppendReport.reading("sorting", "f", share: 0.5, seconds: 3) == "sorting f:  50%  3.0 s left")
    }

    @Test func `the report tells what was new, what was there, and what has no key`() {
        let tally = AppendTally(appended: 1_200, skipped: 300, withoutKey: 2)
        let lines = AppendReport(topic: "t", tally: tally, seconds: 0.5).lines
        #expect(lines.first == "t: 1,200 lines appended in 500 ms, 300 there from before, 2 without a key")
        #expect(lines.last?.contains("dead letters") == true)
    }
}
