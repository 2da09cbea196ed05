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
    /// Bytes of the input read, those passed over included.
    var position = 0

    static func + (a: AppendTally, b: AppendTally) -> AppendTally {
        AppendTally(
            appended: a.appended + b.appended, skipped: a.skipped + b.skipped, withoutKey: a.withoutKey + b.withoutKey,
            position: a.position + b.position)
    }
}

/// Appends one input's lines, batch after batch.
struct Appending {
    let source: ByteSource
    let producer: AppendProducer
    /// Goes on where an earlier run stopped. Else the input is sent as it comes, also when it pauses within a batch.
    let isResumable: Bool
    /// Appends one batch under a producer's name and number.
    let send: (_ producer: String, _ sequence: Int64, _ batch: LineBatch) async throws -> AppendClient.Receipt
    let lastSequence: (_ producer: String) async throws -> Int64?
    let report: (AppendTally) -> Void

    /// How long a pause of a live input may be before what has come is sent.
    private static let patience = TimeSpan.milliseconds(200)

    /// Throws what `send` throws, `append.input`, or `append.input_changed`.
    func run() async throws -> AppendTally {
        isResumable ? try await resume() : try await stream()
    }

    // MARK: Inputs that can be read again

    private func resume() async throws -> AppendTally {
        let open = try await AppendPosition.find(producer, last: lastSequence)
        var tally = AppendTally()
        let beyond = try skip(to: open.stretch, &tally)
        var batcher = LineBatcher(position: open.stretch)
        batcher.add(beyond[...])
        var number: Int64 = 0
        while let batch = try next(&batcher) {
            if batch.isFull {
                number += 1
                if number <= open.batches {
                    tally.skipped += batch.lines
                } else {
                    let name = producer.name(ofStretchAt: open.stretch)
                    try await add(batch, name, number, &tally)
                }
            } else {
                guard number >= open.batches else { throw changed() }
                let name = producer.name(ofRestAfter: number, stretchAt: open.stretch)
                try await add(batch, name, Int64(batch.end), &tally)
            }
            tally.position = batch.end
            report(tally)
        }
        guard number >= open.batches else { throw changed() }
        return tally
    }

    /// Reads and counts the lines before `position`. Returns what was read beyond it.
    private func skip(to position: Int, _ tally: inout AppendTally) throws -> [UInt8] {
        var counter = LineBatcher()
        var beyond: [UInt8] = []
        while tally.position < position {
            guard case .bytes(let bytes) = try source.next() else { throw changed() }
            let wanted = bytes.prefix(position - tally.position)
            counter.add(wanted)
            while let batch = counter.next() { tally.skipped += batch.lines }
            tally.position += wanted.count
            beyond = Array(bytes.dropFirst(wanted.count))
        }
        while let batch = counter.finish(isEnd: true) { tally.skipped += batch.lines }
        return beyond
    }

    /// The next batch of the input, full or the rest; nil at the end.
    private func next(_ batcher: inout LineBatcher) throws -> LineBatch? {
        while true {
            if let batch = batcher.next() { return batch }
            switch try source.next() {
            case .bytes(let bytes): batcher.add(bytes)
            case .nothingYet: continue
            case .end: return batcher.finish(isEnd: true)
            }
        }
    }

    private func changed() -> EngineError {
        EngineError(
            .appendChanged, .user, "'\(source.name)' is shorter than what was appended of it before.",
            remedy: "It is another input now: append it with --restart, or under a name of its own with --producer.")
    }

    // MARK: Inputs that come once

    private func stream() async throws -> AppendTally {
        var tally = AppendTally()
        var batcher = LineBatcher()
        var number: Int64 = 0
        var isAtEnd = false
        while !isAtEnd {
            let piece = try source.next(patience: Self.patience)
            if case .bytes(let bytes) = piece { batcher.add(bytes) }
            if case .end = piece { isAtEnd = true }
            while let batch = batcher.next() {
                number += 1
                try await add(batch, producer.id, number, &tally)
            }
            guard isAtEnd || isPause(piece) else { continue }
            while let batch = batcher.finish(isEnd: isAtEnd) {
                number += 1
                try await add(batch, producer.id, number, &tally)
            }
        }
        return tally
    }

    private func isPause(_ piece: ByteSource.Piece) -> Bool { if case .nothingYet = piece { true } else { false } }

    private func add(_ batch: LineBatch, _ name: String, _ number: Int64, _ tally: inout AppendTally) async throws {
        let receipt = try await send(name, number, batch)
        tally.appended += batch.lines
        tally.withoutKey += receipt.withoutKey
        tally.position = batch.end
        report(tally)
    }
}
