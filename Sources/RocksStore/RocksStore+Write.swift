public import Base
public import Stores
import Synchronization

/// Chunks for one partition, in the order they follow each other.
struct PreparedAppend {
    let partition: RocksStore.Partition
    let recordCount: Int
    let chunks: [PreparedChunk]
}

/// A client's append on its way through the group writer.
final class AppendTicket: @unchecked Sendable {
    let topic: UInt32
    let producer: AppendRequest.Producer?
    let appends: [(number: PartitionNumber, prepared: PreparedAppend)]
    var outcome: AppendOutcome?

    init(topic: UInt32, producer: AppendRequest.Producer?, appends: [(number: PartitionNumber, prepared: PreparedAppend)]) {
        self.topic = topic
        self.producer = producer
        self.appends = appends
    }
}

/// An epoch on its way through the group writer.
final class CommitTicket: @unchecked Sendable {
    let task: TaskID
    let record: EpochRecord
    let encodedRecord: [UInt8]
    let appends: [PreparedAppend]
    let changes: StateChanges
    /// The changes to write, by their indices, in the order of their keys; see `ChangeOrder`.
    let changeOrder: [Int32]
    var outcome: CommitOutcome?

    init(_ write: EpochWrite, encodedRecord: [UInt8], appends: [PreparedAppend]) {
        task = write.task
        record = write.record
        self.encodedRecord = encodedRecord
        self.appends = appends
        changes = write.changes
        changeOrder = ChangeOrder.ascending(write.changes.keys)
    }
}

extension RocksStore {
    public func append(_ request: AppendRequest) throws -> AppendOutcome {
        let topic = try topicState(request.topic)
        var appends: [(number: PartitionNumber, prepared: PreparedAppend)] = []
        for (number, buffer) in request.records {
            let partition = try self.partition(TopicPartition(request.topic, number))
            if !buffer.isEmpty { appends.append((number, prepare(buffer, partition))) }
        }
        let append = AppendTicket(topic: topic.number, producer: request.producer, appends: appends)
        let bytes = appends.reduce(0) { $0 + $1.prepared.chunks.reduce(0) { $0 + $1.storedBytes } }
        let ticket = GroupWriter.Ticket(.append(append), byteCount: bytes)
        guard writer.submit(ticket, write: writeGroup) else { throw LogErrors.closed() }
        if let failure = ticket.failure { throw failure }
        guard let outcome = append.outcome else { preconditionFailure("a ticket that is done has an outcome or an error") }
        return outcome
    }

    public func lastSequence(of producer: String, topic: TopicName) throws -> Int64? {
        let number = try topicState(topic).number
        guard let entry = try producerEntry(topic: number, producer: producer, database()) else { return nil }
        // To ask is a sign of life: an input that is appended again and again has names under which nothing new comes.
        if options.isOld(entry, now: clock.now()) {
            _ = try append(AppendRequest(topic: topic, producer: .init(id: producer, sequence: entry.lastSequence), records: []))
        }
        return entry.lastSequence
    }

    public func commit(_ write: EpochWrite) throws -> CommitOutcome {
        let journal = TopicPartition(.journal(of: write.task.topology), write.task.partition)
        var appends: [PreparedAppend] = []
        for (name, buffer) in write.outputs {
            let partition = try self.partition(name)
            if !buffer.isEmpty { appends.append(prepare(buffer, partition)) }
        }
        appends.append(prepare(write.record.journalEntry(), try partition(journal)))
        let encoded = ByteArena(capacity: 512)
        write.record.encode(to: encoded)
        let commit = CommitTicket(write, encodedRecord: Array(encoded.bytes), appends: appends)
        let bytes = write.changes.byteCount + appends.reduce(0) { $0 + $1.chunks.reduce(0) { $0 + $1.storedBytes } }
        let ticket = GroupWriter.Ticket(.commit(commit), byteCount: bytes)
        guard writer.submit(ticket, write: writeGroup) else { return .fenced }
        if let failure = ticket.failure { throw failure }
        guard let outcome = commit.outcome else { preconditionFailure("a ticket that is done has an outcome or an error") }
        return outcome
    }

    private func prepare(_ buffer: RecordBuffer, _ partition: Partition) -> PreparedAppend {
        PreparedAppend(partition: partition, recordCount: buffer.count, chunks: ChunkCodec.prepare(buffer, options))
    }

    func producerEntry(topic: UInt32, producer: String, _ database: Database) throws(EngineError) -> ProducerEntry? {
        guard let stored = try database.get(.meta, Format.producerKey(topic: topic, producer: producer)) else { return nil }
        guard let entry = stored.withUnsafeBytes(ProducerEntry.init(decoding:)) else {
            throw StoreErrors.corrupted(directory, "the entry of producer '\(producer)' cannot be read.")
        }
        return entry
    }

    // MARK: The writing thread

    /// Writes the requests of a group as one batch; each has an outcome or a failure afterwards.
    private func writeGroup(_ tickets: [GroupWriter.Ticket]) {
        do throws(EngineError) {
            let group = WriteGroup(try database(), now: clock.now())
            for ticket in tickets {
                do throws(EngineError) {
                    switch ticket.request {
                    case .append(let append): append.outcome = try group.add(append, self)
                    case .commit(let commit): commit.outcome = try group.add(commit, self)
                    }
                } catch {
                    // Only reading can fail here, before anything of the request is in the batch.
                    ticket.failure = error
                }
            }
            guard !group.batch.isEmpty else { return }
            try group.database.write(group.batch)
            group.publish()
            appends.withLock { $0 += 1 }
            appends.wakeAll()
        } catch {
            // Answers that rest on this write, duplicates included, are not true: the requests may be repeated.
            for ticket in tickets { ticket.failure = ticket.failure ?? error }
        }
    }
}

/// What one group writes, and what its requests must know of each other before it is written.
private final class WriteGroup {
    let database: Database
    let batch: WriteBatch
    private let now: EventTime
    /// Ends with this group's records.
    private var ends: [ObjectIdentifier: (partition: RocksStore.Partition, end: Int64, bytes: Int)] = [:]
    private var sequences: [[UInt8]: Int64] = [:]
    private var epochs: [TaskID: EpochRecord] = [:]
    private let header = ByteArena(capacity: ChunkHeader.byteCount)

    init(_ database: Database, now: EventTime) {
        self.database = database
        batch = WriteBatch(database)
        self.now = now
    }

    func add(_ request: AppendTicket, _ store: RocksStore) throws(EngineError) -> AppendOutcome {
        if let producer = request.producer {
            let key = Format.producerKey(topic: request.topic, producer: producer.id)
            var last = sequences[key]
            if last == nil, let entry = try store.producerEntry(topic: request.topic, producer: producer.id, database) {
                last = entry.lastSequence
                // Who repeats what is there already is not silent.
                if store.options.isOld(entry, now: now) {
                    batch.put(.meta, key, ProducerEntry(lastSequence: entry.lastSequence, when: now).encode())
                }
            }
            if let last {
                if producer.sequence <= last { return .duplicate(lastSequence: last) }
                if producer.sequence > last + 1 { return .outOfSequence(expected: last + 1) }
            }
            sequences[key] = producer.sequence
            batch.put(.meta, key, ProducerEntry(lastSequence: producer.sequence, when: now).encode())
        }
        var bases: [PartitionNumber: Offset] = [:]
        for (number, prepared) in request.appends {
            let base = put(prepared)
            if bases[number] == nil { bases[number] = Offset(base) }
        }
        return .appended(bases)
    }

    func add(_ request: CommitTicket, _ store: RocksStore) throws(EngineError) -> CommitOutcome {
        var last = epochs[request.task]
        if last == nil { last = try store.storedEpoch(of: request.task, database) }
        if let last, last == request.record { return .committed }
        guard request.record.epoch == (last?.epoch ?? .none).next else { return .fenced }
        epochs[request.task] = request.record
        batch.put(.meta, Format.epochKey(request.task), request.encodedRecord)
        for prepared in request.appends { _ = put(prepared) }
        let changes = request.changes
        for index in request.changeOrder.lazy.map(Int.init) {
            if changes.isDelete[index] {
                batch.delete(.state, changes.keys[index])
            } else {
                batch.put(.state, changes.keys[index], changes.values[index])
            }
        }
        return .committed
    }

    /// Gives out offsets and puts the chunks into the batch. Returns the first record's offset.
    private func put(_ prepared: PreparedAppend) -> Int64 {
        let id = ObjectIdentifier(prepared.partition)
        var state = ends[id] ?? (prepared.partition, prepared.partition.end.load(ordering: .relaxed), 0)
        let base = state.end
        for chunk in prepared.chunks {
            header.removeAll()
            chunk.header.encode(to: header)
            prepared.partition.key.chunkKey(base + chunk.offsetInAppend).withUnsafeBytes { key in
                batch.put(.chunks, key, UnsafeRawBufferPointer(header.bytes))
                batch.put(.payloads, key, chunk.payload)
            }
            state.bytes += chunk.storedBytes
        }
        state.end = base + Int64(prepared.recordCount)
        ends[id] = state
        return base
    }

    /// Lets readers see what is durable now.
    func publish() {
        for (partition, end, bytes) in ends.values {
            partition.bytes.wrappingAdd(bytes, ordering: .relaxed)
            partition.end.store(end, ordering: .releasing)
        }
    }
}
