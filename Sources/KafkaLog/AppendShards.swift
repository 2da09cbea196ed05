import Base
import CRdKafka
import Glibc
import Stores
import Synchronization

/// The producers of clients' appends: each serves a share of the producer ids, and one those without.
///
/// A share has the same transactional id in every process, so that whoever takes it first ends what another process had
/// open: a client that repeats its append elsewhere meets either all of the first attempt or nothing.
final class AppendShards: Sendable {
    /// Producer ids are spread over so many: two processes that serve different ids rarely take a share from each other.
    private static let shareCount = 8
    private static let common = shareCount

    private let properties: KafkaProperties
    private let timeout: TimeSpan
    private let writers = Mutex<[Int: AppendWriter]>([:])

    init(_ properties: KafkaProperties, timeout: TimeSpan) {
        self.properties = properties
        self.timeout = timeout
    }

    /// - Throws: `store.closed`, and what the append met.
    func append(_ request: AppendRequest, _ lastSequence: @escaping AppendProducer.LastSequence) throws -> AppendOutcome {
        let share = request.producer.map { Self.share(of: $0.id) } ?? Self.common
        let writer = writers.withLock { writers in
            if let writer = writers[share] { return writer }
            let name = share == Self.common ? Self.ownName() : "\(share)"
            let producer = AppendProducer(
                properties, transactionalID: "pioneer.append.\(name)", timeout: timeout, lastSequence: lastSequence)
            let writer = AppendWriter(producer)
            writers[share] = writer
            return writer
        }
        return try writer.append(request)
    }

    func close() {
        let all = writers.withLock { writers in
            defer { writers.removeAll() }
            return Array(writers.values)
        }
        for writer in all { writer.close() }
    }

    private static func share(of id: String) -> Int {
        var id = id
        return Int(id.withUTF8 { Hashing.partition(of: $0, among: shareCount).number })
    }

    /// Appends without a producer id have nothing to be told apart by: nobody else is to end them.
    private static func ownName() -> String {
        let (_, host) = KafkaText.filled { gethostname($0, $1 - 1) }
        return "\(host).\(getpid()).\(Stopwatch.nanoseconds())"
    }
}

/// An append on its way: the thread that brought it and the one that writes use it in turn.
final class AppendTask: @unchecked Sendable {
    let request: AppendRequest
    /// One a buffer that is not empty.
    var landings: [AppendLanding] = []
    var result: Result<AppendOutcome, EngineError>?

    init(_ request: AppendRequest) { self.request = request }

    /// Whether records of it were written in an earlier attempt, all of them.
    var hasLanded: Bool { !landings.isEmpty && landings.allSatisfy { $0.base < .max } }

    var byteCount: Int { request.records.reduce(0) { $0 + $1.buffer.bytes.count } }

    func land() -> AppendOutcome {
        var bases: [PartitionNumber: Offset] = [:]
        for landing in landings {
            bases[landing.partition] = min(bases[landing.partition] ?? Offset(.max), Offset(landing.base))
        }
        return .appended(bases)
    }
}

/// Where the records of one buffer came to lie, as librdkafka reports them one by one.
final class AppendLanding {
    let partition: PartitionNumber
    private(set) var base = Int64.max
    private(set) var failure: (code: rd_kafka_resp_err_t, said: String?)?

    init(_ partition: PartitionNumber) { self.partition = partition }

    func fail(_ code: rd_kafka_resp_err_t, _ said: String?) { if failure == nil { failure = (code, said) } }

    func note(_ message: UnsafePointer<rd_kafka_message_t>) {
        let code = message.pointee.err
        if code == RD_KAFKA_RESP_ERR_NO_ERROR {
            base = min(base, message.pointee.offset)
        } else if code != RD_KAFKA_RESP_ERR__PURGE_QUEUE, code != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT {
            fail(code, rd_kafka_message_errstr(message).map { String(cString: $0) })
        }
    }
}

/// Has one thread at a time write for all that wait, so that they share a transaction.
final class AppendWriter: Sendable {
    /// A transaction takes no further append once it has so many bytes.
    private static let groupBytesMax = 4 << 20

    private struct State {
        var queue: [AppendTask] = []
        var isWriting = false
        var isClosed = false
    }

    private enum Role {
        case done(Result<AppendOutcome, EngineError>)
        case writer([AppendTask])
        case closed
    }

    private let state = Monitor(State())
    private let producer: AppendProducer

    init(_ producer: AppendProducer) { self.producer = producer }

    func append(_ request: AppendRequest) throws -> AppendOutcome {
        let task = AppendTask(request)
        state.withLock { if !$0.isClosed { $0.queue.append(task) } }
        while true {
            let role = state.wait { state -> Role? in
                if let result = task.result { return .done(result) }
                if state.isWriting { return nil }
                if state.isClosed { return .closed }
                state.isWriting = true
                return .writer(Self.takeGroup(&state.queue))
            }
            switch role {
            case .done(let result): return try result.get()
            case .closed, nil: throw LogErrors.closed()
            case .writer(let group):
                producer.append(group)
                state.withLock { $0.isWriting = false }
                state.wakeAll()
            }
        }
    }

    /// Waits for the writer to finish; appends still queued fail.
    func close() {
        _ = state.wait { state -> Void? in
            if state.isWriting { return nil }
            state.isClosed = true
            return ()
        }
        producer.close()
        state.wakeAll()
    }

    private static func takeGroup(_ queue: inout [AppendTask]) -> [AppendTask] {
        var bytes = 0, count = 0
        while count < queue.count, bytes < groupBytesMax {
            bytes += queue[count].byteCount
            count += 1
        }
        defer { queue.removeFirst(count) }
        return Array(queue[..<count])
    }
}
