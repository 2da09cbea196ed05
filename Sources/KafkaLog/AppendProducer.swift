import Base
import CRdKafka
import Stores

/// Writes groups of appends, each group in one transaction. One thread at a time uses it.
///
/// 1. Take the share: `init_transactions` ends what another process has open under the same id, and keeps it from going on.
/// 2. Read the last sequence numbers of the group's producers, unless known: while the share is held nobody else sets them.
/// 3. Answer what is a repetition or out of sequence; the rest goes into a transaction: the records, and for each producer
///    its number as committed offset of its own consumer group.
/// 4. A transaction that did not commit is aborted and done again; where that is not known, or another process has taken the
///    share, the producer is made anew and the numbers, read again, tell. An append without a number then fails.
final class AppendProducer: @unchecked Sendable {
    typealias LastSequence = (_ producer: String, _ topic: TopicName) throws(EngineError) -> Int64?

    private let properties: KafkaProperties
    private let transactionalID: String
    private let timeout: TimeSpan
    private let lastSequence: LastSequence
    /// Nil until needed, and again after it was of no more use.
    private var handle: KafkaHandle?
    private var sequences: [Key: Int64?] = [:]

    private struct Key: Hashable {
        var producer: String
        var topic: TopicName
    }

    /// What happened to a transaction that did not end as it should.
    private enum Failure: Error {
        /// Nothing of it is in the log.
        case nothing(EngineError)
        /// All of it is in the log, or nothing.
        case unknown(EngineError)
    }

    /// Known sequence numbers beyond so many are forgotten, to be read again.
    private static let sequencesMax = 10_000
    private static let attemptsMax = 10

    init(_ properties: KafkaProperties, transactionalID: String, timeout: TimeSpan, lastSequence: @escaping LastSequence) {
        self.properties = properties
        self.transactionalID = transactionalID
        self.timeout = timeout
        self.lastSequence = lastSequence
    }

    func close() {
        handle?.close()
        handle = nil
        sequences.removeAll()
    }

    /// Gives every task its result.
    func append(_ tasks: [AppendTask]) {
        let watch = Stopwatch()
        var open = tasks
        for attempt in 1... {
            do throws(Failure) {
                open = try answer(open)
                guard !open.isEmpty else { return }
                try transact(open)
                for task in open { task.result = .success(task.land()) }
                return
            } catch {
                let isLast = attempt == Self.attemptsMax || watch.elapsedNanoseconds / 1_000 > UInt64(timeout.microseconds)
                open = settle(open, error, isLast: isLast)
            }
        }
    }

    /// Answers those that the failure is the answer to, and returns those to try again.
    private func settle(_ tasks: [AppendTask], _ failure: Failure, isLast: Bool) -> [AppendTask] {
        tasks.filter { task in
            switch failure {
            case .nothing(let error):
                let failure = task.landings.lazy.compactMap(\.failure).first
                task.landings.removeAll()
                if let refused = failure {
                    let own = KafkaErrors.error(refused.code, "records for '\(task.request.topic)' were not taken", said: refused.said)
                    if isLast || !own.isTransient { task.result = .failure(own) }
                } else if isLast || (!error.isTransient && error.code != .kafkaFenced && tasks.count == 1) {
                    task.result = .failure(error)
                }
            case .unknown(var error):
                guard isLast || task.request.producer == nil else { break }
                error.isTransient = true
                error.message = "whether records for '\(task.request.topic)' were appended is not known: " + error.message
                task.result = .failure(error)
            }
            return task.result == nil
        }
    }

    // MARK: Sequence numbers

    /// Answers repetitions and those out of sequence; returns the rest.
    private func answer(_ tasks: [AppendTask]) throws(Failure) -> [AppendTask] {
        try takeShare()
        var accepted: [AppendTask] = []
        var next: [Key: Int64] = [:]
        for task in tasks {
            guard let producer = task.request.producer else {
                accepted.append(task)
                continue
            }
            let key = Key(producer: producer.id, topic: task.request.topic)
            let last: Int64?
            do throws(EngineError) {
                if let coming = next[key] { last = coming } else { last = try known(key) }
            } catch { throw .nothing(error) }
            switch last {
            case .some(let last) where producer.sequence == last && task.hasLanded:
                // Its own transaction has committed after all.
                task.result = .success(task.land())
            case .some(let last) where producer.sequence <= last: task.result = .success(.duplicate(lastSequence: last))
            case .some(let last) where producer.sequence > last + 1: task.result = .success(.outOfSequence(expected: last + 1))
            default:
                next[key] = producer.sequence
                accepted.append(task)
            }
        }
        return accepted
    }

    private func known(_ key: Key) throws(EngineError) -> Int64? {
        if let known = sequences[key] { return known }
        if sequences.count >= Self.sequencesMax { sequences.removeAll() }
        let last = try lastSequence(key.producer, key.topic)
        sequences[key] = .some(last)
        return last
    }

    // MARK: Transactions

    private var timeoutMs: Int32 { timeout.wholeMilliseconds }

    private func takeShare() throws(Failure) {
        guard handle == nil else { return }
        do throws(EngineError) {
            let own = [("transactional.id", transactionalID), ("allow.auto.create.topics", "false")] + properties.compression
            let made = try KafkaHandle(.producer, name: "appends", properties, own: own) { configuration in
                rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, _ in
                    guard let message, let tag = message.pointee._private else { return }
                    Unmanaged<AppendLanding>.fromOpaque(tag).takeUnretainedValue().note(message)
                }
            }
            try made.check(rd_kafka_init_transactions(made.pointer, timeoutMs), "the producer of appends could not start")
            handle = made
        } catch { throw .nothing(error) }
    }

    private func transact(_ tasks: [AppendTask]) throws(Failure) {
        guard let handle else { preconditionFailure("a share is taken before it is used") }
        for task in tasks { task.landings.removeAll() }
        try check(rd_kafka_begin_transaction(handle.pointer), handle, tasks)
        for task in tasks {
            for (partition, buffer) in task.request.records where !buffer.isEmpty {
                let landing = AppendLanding(partition)
                task.landings.append(landing)
                try check(try produce(buffer, task.request.topic, landing, handle), handle, tasks)
            }
        }
        var committed: [Key: Int64] = [:]
        for task in tasks {
            if let producer = task.request.producer {
                committed[Key(producer: producer.id, topic: task.request.topic)] = producer.sequence
            }
        }
        for (key, sequence) in committed {
            let list = PartitionList([TopicPartition(key.topic, PartitionNumber(0)): Offset(sequence)])
            let group = rd_kafka_consumer_group_metadata_new(AppendProducer.group(of: key.producer))
            defer { rd_kafka_consumer_group_metadata_destroy(group) }
            try check(
                list.with { rd_kafka_send_offsets_to_transaction(handle.pointer, $0, group, timeoutMs) }, handle, tasks)
        }
        try check(rd_kafka_commit_transaction(handle.pointer, timeoutMs), handle, tasks, isCommit: true)
        for (key, sequence) in committed { sequences[key] = sequence }
    }

    static func group(of producer: String) -> String { "pioneer.append.\(producer)" }

    /// Acts on an error: aborts where that is asked for, else gives the producer up. Destroys it.
    private func check(_ error: OpaquePointer?, _ handle: KafkaHandle, _ tasks: [AppendTask], isCommit: Bool = false) throws(Failure) {
        guard let error else { return }
        let verdict = TransactionVerdict(
            code: rd_kafka_error_code(error), isRetriable: rd_kafka_error_is_retriable(error) != 0,
            requiresAbort: rd_kafka_error_txn_requires_abort(error) != 0, isFatal: rd_kafka_error_is_fatal(error) != 0)
        let mayAbort = !verdict.isFatal && (!isCommit || verdict.outcome(of: .commit) == .mustAbort)
        let said = handle.error(taking: error, "records for '\(tasks[0].request.topic)' could not be appended")
        if mayAbort, let abortError = rd_kafka_abort_transaction(handle.pointer, timeoutMs) { rd_kafka_error_destroy(abortError) }
        // Also after an abort: librdkafka counts the records of a refused batch, and the brokers do not.
        close()
        throw isCommit && !mayAbort ? .unknown(said) : .nothing(said)
    }

    /// Nil when librdkafka has all records; else why not, which is the caller's to destroy.
    private func produce(
        _ buffer: RecordBuffer, _ topic: TopicName, _ landing: AppendLanding, _ handle: KafkaHandle
    ) throws(Failure) -> OpaquePointer? {
        guard let target = rd_kafka_topic_new(handle.pointer, topic.text, nil) else {
            let error = handle.error(rd_kafka_last_error(), "records for '\(topic)' could not be appended")
            // Who takes the share next ends what is open.
            close()
            throw .nothing(error)
        }
        defer { rd_kafka_topic_destroy(target) }
        var arguments = RecordArguments(topic: target, partition: landing.partition, copiesValues: true)
        let tag = Unmanaged.passUnretained(landing).toOpaque()
        let encoded = UnsafeRawBufferPointer(buffer.bytes.bytes)
        var at = 0
        for _ in 0..<buffer.count {
            let record = RecordHead(encoded, at: at)
            if let error = arguments.produce(record, tag: tag, by: handle.pointer) {
                landing.fail(rd_kafka_error_code(error), String(cString: rd_kafka_error_string(error)))
                return error
            }
            at = record.end
        }
        return nil
    }
}
