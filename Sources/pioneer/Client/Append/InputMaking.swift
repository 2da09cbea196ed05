import Base
import Columns

/// What is made of an input: how it is read, and what is done to its records on the way.
struct InputMaking {
    enum Format: Equatable {
        case lines
        case table(TableReader.Format)
    }

    var format: Format
    var isSorted = false
    var shiftTarget: ShiftTarget?
    /// The options that decide what is made of the lines, as they were given: a part of the input's name. Empty where lines
    /// go as they are.
    var words = ""

    func reader(_ name: String, topic: TopicFacts, shift: TimeSpan) -> any RecordReader {
        switch format {
        case .lines: LineReader(name, shifter: shift == .zero ? nil : LineShifter(topic, shift: shift))
        case .table(let table): TableReader(name, table, topic: topic, shift: shift)
        }
    }

    /// Whether a file's name says that it is a table, compressed or not, and of which delimiter.
    static func tableDelimiter(path: String) -> UInt8? {
        var name = path.lowercased()
        if name.hasSuffix(".gz") { name.removeLast(3) }
        return name.hasSuffix(".csv") ? UInt8(ascii: ",") : name.hasSuffix(".tsv") ? UInt8(ascii: "\t") : nil
    }
}

/// Numbers that all runs of one input have to agree on, kept by the engine beside its memory of producers: the first run
/// that asks decides.
struct AgreedFacts {
    let producer: AppendProducer
    let lastSequence: (_ producer: String) async throws -> Int64?
    /// Has the engine remember a number under a name; a number that is there already stays.
    let remember: (_ producer: String, _ number: Int64) async throws -> Void

    func number(_ fact: String, orElse number: Int64) async throws -> Int64 {
        let name = producer.name(ofFact: fact)
        if let known = try await lastSequence(name) { return known }
        try await remember(name, number)
        return try await lastSequence(name) ?? number
    }
}

/// Opens an input, which it reads once or twice before where its records are sorted or moved in time.
struct InputOpening {
    let path: String
    let making: InputMaking
    let topic: TopicFacts
    /// Nil where no later run goes on with the input.
    let facts: AgreedFacts?
    let clock: any WallClock
    /// Shows how far a reading before the append is, which takes `what`.
    let progress: (_ what: String) -> (_ share: Double?) -> Void
    let say: (String) -> Void

    /// Throws what reading throws, `append.shift`, `append.sort_too_large` and `append.input_changed`.
    func open() async throws -> any RecordBatches {
        var shift = TimeSpan.zero
        if let target = making.shiftTarget { shift = try await self.shift(to: target) }
        let batches = StreamedBatches(
            InputBytes(try ByteSource(path: path), isFingerprinted: making.isSorted),
            making.reader(path == ByteSource.standardInput ? "standard input" : path, topic: topic, shift: shift))
        guard making.isSorted else { return batches }
        let show = progress("sorting")
        let sorted = try SortedBatches(batches, try scanner(), progress: { show(batches.share) })
        if making.shiftTarget == nil { try await checkUnchanged(batches.fingerprint) }
        return sorted
    }

    private func scanner() throws -> EventTimeScanner {
        guard let reading = topic.readings.first else {
            throw EngineError(
                .appendShift, .user, "no topology of the engine reads '\(topic.name)', so nothing says which field is its event time",
                remedy: "Append to a topic that a topology has as a source.")
        }
        return EventTimeScanner(reading)
    }

    // MARK: Moving in time

    private func shift(to target: ShiftTarget) async throws -> TimeSpan {
        let (latest, fingerprint) = try survey()
        try await checkUnchanged(fingerprint)
        var goal: EventTime
        switch target {
        case .now: goal = EventTime(seconds: clock.now().microseconds / 1_000_000)
        case .time(let time): goal = time
        }
        if let facts {
            let agreed = EventTime(microseconds: try await facts.number("latest", orElse: goal.microseconds))
            guard target == .now || agreed == goal else {
                throw EngineError(
                    .appendShift, .user, "'\(path)' was appended with its latest event at \(agreed) before, not at \(goal)",
                    remedy: "Give the same time again, or append it anew with --restart or another --producer.")
            }
            goal = agreed
        }
        // Whole milliseconds, rounded down: no event is later than asked for.
        let microseconds = (goal - latest).microseconds
        let shift = TimeSpan(microseconds: microseconds - ((microseconds % 1_000) + 1_000) % 1_000)
        say("'\(path)': event times are moved by \(shift), so that the latest is \(latest + shift).")
        return shift
    }

    /// The latest event time, and what the text is told by. Reads the whole input.
    private func survey() throws -> (latest: EventTime, fingerprint: Fingerprint) {
        let source = try ByteSource(path: path)
        guard source.size != nil, path != ByteSource.standardInput else {
            throw EngineError(
                .appendShift, .user, "--shift-to has to read '\(source.name)' twice, which cannot be done with a pipe",
                remedy: "Write it to a file first; gzip is taken as it is.")
        }
        for field in topic.eventTimeFields {
            let types = topic.readings.filter { $0.eventTimeField == field }.map { LineShifter.type(of: field, in: $0.schema) }
            guard types.allSatisfy({ $0 == .timestampMillis || $0 == .timestampMicros }) else {
                throw EngineError(
                    .appendShift, .user, "the event time '\(field)' of '\(topic.name)' is no timestamp, so it cannot be moved by any span",
                    remedy: "Append without --shift-to, or give the schema's field the type timestamp-millis or timestamp-micros.")
            }
        }
        let scanner = try scanner()
        let batches = StreamedBatches(
            InputBytes(source, isFingerprinted: true), making.reader(path, topic: topic, shift: .zero))
        let show = progress("reading the times of")
        var latest = Int64.min
        while case .batch(let batch) = try batches.next() {
            scanner.scan(batch) { _, time in latest = max(latest, time ?? .min) }
            show(batches.share)
        }
        guard latest > .min else {
            throw EngineError(
                .appendShift, .user, "no record of '\(path)' has an event time that can be read",
                remedy: "The topic '\(topic.name)' has its event time in \(topic.eventTimeFields.joined(separator: ", ")).")
        }
        return (EventTime(microseconds: latest), batches.fingerprint)
    }

    /// What is sorted or moved depends on the whole text: a text that is another now would be appended beside the first.
    private func checkUnchanged(_ fingerprint: Fingerprint) async throws {
        guard let facts else { return }
        let number = Int64(bitPattern: fingerprint.value)
        guard try await facts.number("text", orElse: number) != number else { return }
        throw EngineError(
            .appendChanged, .user, "'\(path)' is not what it was when it was appended before",
            remedy: "With --sort or --shift-to what is appended depends on the whole file. Append all of it anew with --restart, or\n"
                + "what is new from a file of its own.")
    }
}
