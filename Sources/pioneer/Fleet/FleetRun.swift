import Base
import Fleet
import Synchronization

/// What is shown of a run, and how it ended.
final class FleetState: Sendable {
    private let finished = Mutex(false)
    let line = FleetLine()

    func finish() { finished.withLock { $0 = true } }
    var isFinished: Bool { finished.withLock { $0 } }
}

/// A line of progress that may be shown from any task.
final class FleetLine: Sendable {
    private let line = Mutex(RateLine())

    func show(_ make: @Sendable (_ seconds: Double) -> String) { line.withLock { $0.show(make) } }
    func clear() { line.withLock { $0.clear() } }
}

/// Appends a fleet: machines and prices, the history, and then what happens now.
struct FleetRun: Sendable {
    let plan: FleetPlan
    let topics: FleetTopics
    let only: FleetEvents?
    let sender: FleetSender
    let state: FleetState
    let isLive: Bool

    /// Machines of an inventory's batch: some megabytes.
    private static let inventoryBatch = 10_000

    /// Returns when the history is in; where live, only by being cancelled.
    func run() async throws {
        if only == nil || only == .prices { try await appendPrices() }
        if only == nil || only == .machines { try await appendMachines() }
        guard only == nil || only == .metrics else { return }
        try await appendMetrics()
    }

    private func appendPrices() async throws {
        let lines = ListPrice.all.map { $0.line(observedAt: plan.start) }.joined()
        try await sender.send(Array(lines.utf8), to: topics.prices, producer: plan.inventoryProducer, number: 1)
        note("\(topics.prices): \(Figures.count(ListPrice.all.count, "price"))")
    }

    private func appendMachines() async throws {
        let count = plan.fleet.machines.count
        var number = try await sender.lastSequence(of: plan.inventoryProducer, topic: topics.machines) ?? 0
        while Int(number) * Self.inventoryBatch < count {
            let first = Int(number) * Self.inventoryBatch
            var lines: [UInt8] = []
            for index in first..<min(count, first + Self.inventoryBatch) {
                lines += plan.fleet.machineLine(index, observedAt: plan.start).utf8
            }
            number += 1
            try await sender.send(lines, to: topics.machines, producer: plan.inventoryProducer, number: number)
            state.line.show { _ in "\(topics.machines): \(Figures.count(first, "machine"))" }
        }
        note("\(topics.machines): \(Figures.count(count, "machine"))")
    }

    private func appendMetrics() async throws {
        let producer = plan.historyProducer
        let position = try await AppendPosition.find(producer) { try await sender.lastSequence(of: $0, topic: topics.metrics) }
        // Once a fleet is live, what it missed comes in live steps.
        let liveLast = try await sender.lastSequence(of: plan.liveProducer, topic: topics.metrics)
        guard let liveLast else {
            try await FleetHistory(plan: plan, position: position, state: state) { name, number, lines in
                try await sender.send(lines, to: topics.metrics, producer: name, number: number)
            }.run()
            guard isLive else { return }
            return try await live(after: Int64(plan.liveStepFirst * plan.batchesPerLiveStep))
        }
        guard isLive else { return note("\(topics.metrics): the history is in, and the fleet was live after it") }
        try await live(after: liveLast)
    }

    /// Step after step, each when its time has come; those that are over at once.
    /// - Parameter done: batches that the engine has, or that lie in the history.
    private func live(after done: Int64) async throws {
        let events = plan.live, clock = SystemClock()
        note("\(topics.metrics): live every \(events.step) now; Ctrl-C ends")
        var number = done, count = 0
        while true {
            let (step, part) = Int(number).quotientAndRemainder(dividingBy: plan.batchesPerLiveStep)
            let wait = events.time(ofStep: step) - clock.now()
            if wait > .zero { try await Task.sleep(for: .microseconds(wait.microseconds)) }
            try Task.checkCancellation()
            let first = step * events.rowsPerStep + part * plan.rowsPerBatch
            let batch = events.batch(first..<min(first + plan.rowsPerBatch, (step + 1) * events.rowsPerStep))
            number += 1
            try await sender.send(batch.lines, to: topics.metrics, producer: plan.liveProducer, number: number)
            count += batch.eventCount
            let sent = count
            state.line.show { _ in "live: \(Figures.count(sent, "event")), up to \(events.time(ofStep: step))" }
        }
    }

    private func note(_ text: String) {
        state.line.clear()
        StandardStreams.complain(text)
    }
}
