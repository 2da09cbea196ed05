import Base
import Foundation
import Synchronization

/// A client that appends an event file in order, as one producer, whatever becomes of the engine meanwhile.
///
/// A batch without an answer may or may not be in the log. The client then either asks the engine how far the producer
/// is, or sends the same batch with the same number again; which, is up to its seed. Now and then it is too impatient to
/// wait for an answer, so that it repeats what the engine is still at work on. It goes no further than it is allowed, so
/// that every part of the file meets the engine between two particular kills.
final class AppendClient: Sendable {
    private struct State {
        var allowed = 0
        var acknowledged = 0
        var unanswered = 0
        var duplicates = 0
        var fault: String?
        var isCancelled = false
        var isOver = false
    }

    static let producer = "crash-test"

    private let events: EventFile
    private let port: UInt16
    private let seed: UInt64
    /// Between two batches, at most.
    private let pauseMilliseconds: Int
    private let state = Mutex(State())

    init(_ events: EventFile, port: UInt16, seed: UInt64, pauseMilliseconds: Int = 1) {
        self.events = events
        self.port = port
        self.seed = seed
        self.pauseMilliseconds = pauseMilliseconds
    }

    func start() {
        let thread = Thread { [self] in
            run()
            state.withLock { $0.isOver = true }
        }
        thread.name = "append-client"
        thread.start()
    }

    /// Lets it append the first `batches` batches.
    func allow(_ batches: Int) { state.withLock { $0.allowed = batches } }

    /// Has it end soon, whatever is left.
    func cancel() { state.withLock { $0.isCancelled = true } }

    /// Batches known to be in the log, for messages.
    var acknowledged: Int { state.withLock { $0.acknowledged } }
    var summary: String {
        state.withLock { "\($0.acknowledged) batches, \($0.unanswered) without an answer, \($0.duplicates) found appended" }
    }

    /// Throws what the engine refused.
    func check() throws {
        if let fault = state.withLock({ $0.fault }) { throw Trouble(fault) }
    }

    /// Waits until the whole file is appended. Throws when the client was refused, or when a minute passes without a batch.
    func finish() throws {
        allow(events.batches.count)
        var last = -1, deadline = Deadline(seconds: 60)
        while true {
            try check()
            let now = state.withLock { $0 }
            if now.isOver { return }
            if now.acknowledged != last { (last, deadline) = (now.acknowledged, Deadline(seconds: 60)) }
            guard !deadline.isOver else { throw Trouble("no batch could be appended for 60 s; \(summary)") }
            pause(milliseconds: 20)
        }
    }

    private func run() {
        var random = SeededRandom(seed: seed)
        var isUnsure = false
        var next = 0
        while next < events.batches.count {
            guard let isAllowed = state.withLock({ $0.isCancelled ? nil : $0.allowed > next }) else { return }
            guard isAllowed else {
                pause(milliseconds: 5)
                continue
            }
            do {
                if isUnsure, random.below(2) == 0 {
                    isUnsure = false
                    if try lastSequence() >= next + 1 { next = found(next) }
                    continue
                }
                let isImpatient = random.below(8) == 0
                let wasDuplicate = try send(next, timeout: isImpatient ? 0.03 * random.unit() : 30)
                if wasDuplicate { next = found(next) } else { next = acknowledge(next) }
                isUnsure = false
                pause(milliseconds: random.below(pauseMilliseconds))
            } catch let error as Refused {
                state.withLock { $0.fault = "batch \(next): \(error.words)" }
                return
            } catch {
                state.withLock { $0.unanswered += 1 }
                isUnsure = true
                pause(milliseconds: 5 + random.below(30))
            }
        }
    }

    private struct Refused: Error { let words: String }

    private func acknowledge(_ batch: Int) -> Int {
        state.withLock { $0.acknowledged = batch + 1 }
        return batch + 1
    }

    private func found(_ batch: Int) -> Int {
        state.withLock { $0.duplicates += 1 }
        return acknowledge(batch)
    }

    /// True when the engine had the batch already.
    private func send(_ batch: Int, timeout: Double) throws -> Bool {
        let answer = try HTTPExchange(
            port: port, method: "POST", target: "/api/v1/topics/\(EngineProcess.source)/records",
            headers: ["Pioneer-Producer": Self.producer, "Pioneer-Sequence": "\(batch + 1)"], body: events.batches[batch], timeout: timeout
        ).answer()
        switch answer.status {
        case 200: return try answer.object()["duplicate"] as? Bool ?? false
        case 503: throw HTTPExchange.Unanswered(description: answer.text)
        default: throw Refused(words: "the engine answered \(answer.status): \(answer.text)")
        }
    }

    private func lastSequence() throws -> Int {
        let answer = try HTTPExchange(
            port: port, target: "/api/v1/producers/\(Self.producer)?topic=\(EngineProcess.source)", timeout: 30
        ).answer()
        guard answer.status == 200 else { throw HTTPExchange.Unanswered(description: answer.text) }
        return try answer.object()["last_sequence"] as? Int ?? 0
    }
}
