import Base
import Telemetry

/// Moves batches from the spool to the engine, one at a time, in order.
struct SpoolSender {
    let spool: Spool
    let client: AppendClient
    let topic: TopicName
    let producerName: String
    /// How long to wait before records that the engine refused are offered again: a person has to act first.
    let refusedWait: TimeSpan

    /// The name the engine knows this spool's sequence by.
    var producer: String { "\(producerName):\(spool.identity)" }

    /// How to go on when the engine waits for another number than the one sent.
    enum Resync: String, Equatable {
        /// The engine is further: it has these batches.
        case skip = "skip what the engine has"
        /// It lost its end (an older copy of it was put back): send again what the spool still has.
        case rewind = "send again"
        /// What it waits for is gone from the spool. The batch sent was refused, so a new name repeats nothing.
        case renew = "begin a new sequence"
    }

    static func resync(sent: Int64, expected: Int64, canRewind: Bool) -> Resync {
        if expected > sent { return .skip }
        return expected < sent && canRewind ? .rewind : .renew
    }

    /// Sends whenever there is something; returns only by throwing `CancellationError` or `spool.disk`.
    func run(wakeups: AsyncStream<Void>) async throws {
        try await begin()
        for await _ in wakeups {
            while let batch = try spool.oldest() { try await send(batch.sequence, batch.payload) }
        }
        try Task.checkCancellation()
    }

    /// Asks how far the engine is: what an earlier run sent may have arrived without its answer.
    private func begin() async throws {
        let last = try await untilAccepted { try await client.lastSequence(of: producer, topic: topic) }
        guard let last else { return }
        let next = spool.nextSequence
        try spool.acknowledge(through: last)
        if last >= next {
            // The folder is an older copy of itself: its next numbers are used up.
            Telemetry.emit(ProducerResynced(producer: producer, sent: next, expected: last + 1, step: Resync.renew.rawValue))
            try spool.renew()
        }
    }

    private func send(_ sequence: Int64, _ payload: [UInt8]) async throws {
        let producer = producer
        let outcome = try await untilAccepted {
            try await client.append(topic: topic, producer: producer, sequence: sequence, body: payload)
        }
        switch outcome {
        case .appended:
            try spool.acknowledge(through: sequence)
            Telemetry.emit(BatchAppended(sequence: sequence, bytes: payload.count))
        case .outOfSequence(let expected):
            let step = Self.resync(sent: sequence, expected: expected, canRewind: spool.rewind(to: expected))
            Telemetry.emit(ProducerResynced(producer: producer, sent: sequence, expected: expected, step: step.rawValue))
            switch step {
            case .skip: try spool.acknowledge(through: expected - 1)
            case .rewind: break
            case .renew: try spool.renew()
            }
        }
    }

    /// Nothing is thrown away because the engine refuses it: a topic may be missing until its topology is deployed.
    private func untilAccepted<Result>(_ act: () async throws -> Result) async throws -> Result {
        while true {
            do {
                return try await act()
            } catch let error as EngineError where error.code == .appendRefused || error.code == .appendAnswer {
                Telemetry.emit(AppendRefused(why: error.message, wait: refusedWait))
                try await Task.sleep(for: .microseconds(refusedWait.microseconds))
            }
        }
    }
}
