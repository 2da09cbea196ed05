import ArgumentParser
import Base
import Fleet
import Foundation
import Synchronization
import Testing

@testable import pioneer

/// An engine's memory of producers, and the lines it took. Breaks at one send: before the lines are in, or after.
private final class FleetEngine: Sendable {
    struct Broken: Error {}

    struct State {
        var last: [String: Int64] = [:]
        var lines: [UInt8] = []
        var sends = 0
    }

    let state = Mutex(State())

    func send(_ name: String, _ number: Int64, _ lines: [UInt8], breaksAt: Int?, after: Bool) throws {
        try state.withLock { state in
            state.sends += 1
            if state.sends == breaksAt, !after { throw Broken() }
            let known = state.last[name]
            if let known, number <= known { return }
            if let known, number != known + 1 { throw Broken() }
            state.last[name] = number
            state.lines += lines
            if state.sends == breaksAt { throw Broken() }
        }
    }
}

struct FleetCommandTests {
    private let now = EventTime("2026-02-02T10:02:03Z")!

    private func plan(_ words: String, now: EventTime? = nil) throws -> FleetPlan {
        try FleetPlan(try FleetCommand.parse(words.split(separator: " ").map(String.init)), now: now ?? self.now)
    }

    private func append(_ plan: FleetPlan, to engine: FleetEngine, breaksAt: Int? = nil, after: Bool = false) async throws {
        let position = try await AppendPosition.find(plan.historyProducer) { name in engine.state.withLock { $0.last[name] } }
        try await FleetHistory(plan: plan, position: position, state: FleetState()) { name, number, lines in
            try engine.send(name, number, lines, breaksAt: breaksAt, after: after)
        }.run()
    }

    @Test(arguments: [
        ("--machines 0", "1 to 10,000,000"), ("--every 500ms", "whole seconds"), ("--live-every 2d", "whole seconds"),
        ("--speed 0", "above 0"), ("--shapes idel", "Did you mean 'idle'"), ("--start monday", "RFC 3339"),
        ("--start 2026-01-05T00:00:00Z --until 2026-01-04T00:00:00Z", "later end"), ("--compare a.csv", "--statistics"),
        ("--only disks", "metrics, machines, prices"), ("--history 99999d", "3650d"),
    ])
    func `an option that cannot be is answered with what can be`(words: String, answer: String) throws {
        let error = #expect(throws: (any Error).self) { try plan(words) }
        let message = try #require(error.map { FleetCommand.fullMessage(for: $0) })
        #expect(message.replacing("\n", with: " ").contains(answer), "\(message)")
    }

    @Test func `the history ends now unless it is told else, and its times are multiples of the step`() throws {
        let usual = try plan("--history 1d")
        #expect(usual.start.description == "2026-02-01T10:00:00Z")
        #expect(usual.end.description == "2026-02-02T10:00:00Z")
        #expect(usual.rowCount == 288 * 200)
        let told = try plan("--start 2026-01-05T00:00:07Z --until 2026-01-05T01:00:00Z --every 1m --machines 3")
        #expect(told.start.description == "2026-01-05T00:00:00Z")
        #expect(told.rowCount == 180)
        let error = #expect(throws: EngineError.self) { try plan("--start 2027-01-01T00:00:00Z") }
        #expect(error?.code == .fleetSpan)
    }

    @Test(arguments: [1, 2, 3, 4], [true, false])
    func `an interrupted history goes on where it stopped`(send: Int, after: Bool) async throws {
        let words = "--machines 1100 --history 2h", whole = try plan(words)
        #expect(whole.rowCount > 3 * whole.rowsPerBatch)
        let engine = FleetEngine()
        await #expect(throws: FleetEngine.Broken.self) { try await append(whole, to: engine, breaksAt: send, after: after) }
        try await append(whole, to: engine)
        let expected = whole.history.batch(0..<whole.rowCount).lines
        #expect(engine.state.withLock { $0.lines } == expected)
        let sends = engine.state.withLock { $0.sends }
        try await append(whole, to: engine)
        #expect(engine.state.withLock { $0.sends } == sends)
    }

    @Test func `a history that is given a later end goes on from its last`() async throws {
        let engine = FleetEngine(), start = "--start 2026-02-02T08:00:00Z --machines 40"
        for minutes in [0, 7, 40, 41] { try await append(plan(start, now: now + .minutes(Int64(minutes))), to: engine) }
        let whole = try plan(start, now: now + .minutes(41))
        #expect(engine.state.withLock { $0.lines } == whole.history.batch(0..<whole.rowCount).lines)
    }

    @Test(arguments: ["1s", "7s", "5m", "1d"])
    func `live steps begin where the history ends, and are numbered whatever the history is`(every: String) throws {
        let short = try plan("--start 2026-02-01T10:00:00Z --live-every \(every)")
        let long = try plan("--start 2026-02-01T10:00:00Z --live-every \(every)", now: now + .days(9))
        for plan in [short, long] {
            let first = plan.live.time(ofStep: plan.liveStepFirst)
            #expect(first >= plan.end && first < plan.end + plan.liveEvery)
        }
        #expect(short.live.time(ofStep: long.liveStepFirst) == long.live.time(ofStep: long.liveStepFirst))
    }

    @Test func `a file holds the history, or the machines, or the prices`() throws {
        let path = NSTemporaryDirectory() + "/pioneer-fleet-\(UUID().uuidString).jsonl"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let plan = try plan("--machines 20 --history 1h")
        try FleetFile(path: path).write(plan, .metrics)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(plan.history.batch(0..<plan.rowCount).lines))
        try FleetFile(path: path).write(plan, .machines)
        #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count == 20)
        try FleetFile(path: path).write(plan, .prices)
        #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count == ListPrice.all.count)
        let error = #expect(throws: EngineError.self) { try FleetFile(path: "/nowhere/at/all").write(plan, .prices) }
        #expect(error?.code == .fleetOutput && error?.message.contains("'/nowhere/at/all'") == true)
    }
}
