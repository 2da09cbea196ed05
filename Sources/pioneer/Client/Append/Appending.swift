import Agents
import Base

extension ErrorCode {
    static let appendChanged = ErrorCode("append.input_changed")
    static let appendConflict = ErrorCode("append.conflict")
}

/// What an append has done so far.
struct AppendTally: Equatable {
    /// Lines the engine took in this run.
    var appended = 0
    /// Lines passed over because an earlier run had appended them.
    var skipped = 0
    /// Of those appended, lines in which the engine found no key.
    var withoutKey = 0
    /// What became no record.
    var reading = ReadingTally()

    static func + (a: AppendTally, b: AppendTally) -> AppendTally {
        var sum = a
        sum.appended += b.appended
        sum.skipped += b.skipped
        sum.withoutKey += b.withoutKey
        sum.reading.badRows += b.reading.badRows
        sum.reading.emptyEvents += b.reading.emptyEvents
        sum.reading.firstFault = a.reading.firstFault ?? b.reading.firstFault
        return sum
    }
}

/// Appends one input's lines, batch after batch.
struct Appending {
    let batches: any RecordBatches
    let producer: AppendProducer
    /// Goes on where an earlier run stopped. Else the input is sent as it comes, also when it pauses within a batch.
    let isResumable: Bool
    /// Appends one batch under a producer's name and number.
    let send: (_ producer: String, _ sequence: Int64, _ batch: LineBatch) async throws -> AppendClient.Receipt
    let lastSequence: (_ producer: String) async throws -> Int64?
    /// Called after each batch, and while a live input pauses.
    let report: (AppendTally) async throws -> Void

    /// How long a pause of a live input may be before what has come is sent.
    private static let patience = TimeSpan.milliseconds(200)

    /// Throws what `send` throws, what reading the input does, or `append.input_changed`.
    func run() async throws -> AppendTally {
        var tally = isResumable ? try await resume() : try await stream()
        tally.reading = batches.tally
        return tally
    }

    // MARK: Inputs that can be read again

    private func resume() async throws -> AppendTally {
        let open = try await AppendPosition.find(producer, last: lastSequence)
        batches.begin(at: open.stretch)
        var tally = AppendTally()
        var number: Int64 = 0
        var known = 0
        while case .batch(let batch) = try next() {
            if batch.isFull {
                number += 1
                if number <= open.batches {
                    known += batch.lines
                } else {
                    let name = producer.name(ofStretchAt: open.stretch)
                    try await add(batch, name, number, &tally)
                }
            } else {
                guard number >= open.batches else { throw changed() }
                let name = producer.name(ofRestAfter: number, stretchAt: open.stretch)
                try await add(batch, name, Int64(batch.end), &tally)
            }
            tally.skipped = batches.skipped + known
            try await report(tally)
        }
        guard number >= open.batches, batches.position >= open.stretch else { throw changed() }
        tally.skipped = batches.skipped + known
        return tally
    }

    /// The next batch of the input, full or the rest, or the end.
    private func next() throws -> BatchPiece {
        while true {
            let piece = try batches.next(patience: nil)
            if case .nothingYet = piece { continue }
            return piece
        }
    }

    private func changed() -> EngineError {
        EngineError(
            .appendChanged, .user, "'\(batches.name)' is shorter than what was appended of it before",
            remedy: "It is another input now: append it with --restart, or under a name of its own with --producer.")
    }

    // MARK: Inputs that come once

    private func stream() async throws -> AppendTally {
        var tally = AppendTally()
        var number: Int64 = 0
        while true {
            switch try batches.next(patience: Self.patience) {
            case .end: return tally
            case .batch(let batch):
                number += 1
                try await add(batch, producer.id, number, &tally)
            case .nothingYet:
                guard let batch = batches.takeRest() else { break }
                number += 1
                try await add(batch, producer.id, number, &tally)
            }
            try await report(tally)
        }
    }

    private func add(_ batch: LineBatch, _ name: String, _ number: Int64, _ tally: inout AppendTally) async throws {
        let receipt = try await send(name, number, batch)
        tally.appended += batch.lines
        tally.withoutKey += receipt.withoutKey
    }
}
