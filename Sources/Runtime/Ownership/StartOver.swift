public import Base
import Stores
import Telemetry

// Starting a topology over, on a log that many processes share. It is a commit like any other, of all tasks at once:
//
// 1. join the group, and be given all tasks: nobody else works for the topology then;
// 2. fence each task: what its owners had open has ended, and none of them writes any more;
// 3. note where the topology's own topics end, and where the inputs begin;
// 4. in one transaction: a restart mark to each changelog and view partition, an epoch record that stands at the inputs'
//    beginnings to changelogs and journals, and the same as the group's offsets, with the membership's generation;
// 5. remove the records before the noted ends. Nothing depends on it: to readers they are void.
//
// Before the transaction has committed nothing has changed, afterwards everything has: there is no state between to recover
// from. It may be repeated at any time, also when its outcome is not known.

/// What of a topology is started over: its tasks' inputs and its own topics.
struct StartOver {
    let topology: String
    let taskCount: Int
    let cluster: any TaskCluster
    let log: any EventLog
    let owner: TaskOwner
    /// By task number: what it alone reads of other topics.
    let inputs: (PartitionNumber) -> [TopicPartition]
    /// Topics by which its tasks send each other rows.
    let hops: [TopicName]
    let views: [TopicName]

    /// Joins the group, waits for all tasks, starts them over, and leaves.
    ///
    /// - Parameter willBegin: called when it is certain that nobody else has any of the tasks.
    /// - Throws: `engine.not_alone` when others have some of the tasks; nothing has changed then. What the cluster throws:
    ///   the call may be repeated.
    func run(clock: any WallClock, willBegin: () throws -> Void) throws {
        let membership = try cluster.join(topology: topology, taskCount: taskCount)
        defer { membership.close { _ in } }
        let watch = Stopwatch()
        var result: Result<Void, any Error>?
        while result == nil {
            guard watch.elapsedSeconds < Double(Limits.startOverWait.microseconds) / 1e6 else { throw notAssigned() }
            try membership.serve(timeout: Limits.membershipWait) { change in
                guard case .assigned(let tasks) = change else { return }
                // Before this returns the group cannot give any of the tasks to somebody else.
                result = Result { try perform(as: membership, having: tasks, now: clock.now(), willBegin) }
            }
        }
        try result?.get()
    }

    /// To be called while the membership's assignment is handled. Throws as `run` does.
    func perform(
        as membership: any TaskMembership, having tasks: [PartitionNumber], now: EventTime, _ willBegin: () throws -> Void = {}
    ) throws {
        guard tasks.count == taskCount else { throw notAlone(tasks) }
        do { try perform(as: membership, now: now, willBegin) } catch let fault as TransactionFault { throw fault.error }
    }

    private func perform(as membership: any TaskMembership, now: EventTime, _ willBegin: () throws -> Void) throws {
        let all = (0..<taskCount).map { TaskID(topology: topology, partition: PartitionNumber($0)) }
        let producers = try all.map { task in try fenced(task, membership) }
        defer { for producer in producers { producer.close() } }
        let ends = try ends()
        let records = try all.map { task in try beginning(of: task, ends) }
        try willBegin()
        try commit(records, ends, now, by: producers[0])
        Telemetry.emit(TopologyStartedOver(topology: topology, taskCount: taskCount))
        for (partition, end) in ends.sorted(by: { $0.key < $1.key }) {
            do { try log.deleteRecords(before: end, in: partition) } catch {
                Telemetry.emit(VoidRecordsKept(partition: partition, error: EngineError(describing: error)))
            }
        }
    }

    private func fenced(_ task: TaskID, _ membership: any TaskMembership) throws -> any TaskTransactions {
        let producer = try cluster.transactions(of: task, membership)
        do {
            try Self.repeating { () throws(TransactionFault) in try producer.fence() }
        } catch {
            producer.close()
            throw error
        }
        return producer
    }

    /// Of all topics that are the topology's own, by partition.
    private func ends() throws -> [TopicPartition: Offset] {
        var ends: [TopicPartition: Offset] = [:]
        for topic in [.changelog(of: topology), .journal(of: topology), .deadLetters(of: topology)] + hops + views {
            for number in 0..<taskCount {
                let partition = TopicPartition(topic, PartitionNumber(number))
                ends[partition] = try cluster.uncommittedEnd(of: partition)
            }
        }
        return ends
    }

    /// Hops begin where they end: their rows will be sent again.
    private func beginning(of task: TaskID, _ ends: [TopicPartition: Offset]) throws -> EpochRecord {
        var offsets: [TopicPartition: Offset] = [:]
        for input in inputs(task.partition) { offsets[input] = try ends[input] ?? log.range(of: input).first }
        return .beginning(at: offsets)
    }

    // MARK: The transaction

    private func commit(
        _ records: [EpochRecord], _ ends: [TopicPartition: Offset], _ now: EventTime, by producer: any TaskTransactions
    ) throws {
        var sends: [(partition: TopicPartition, buffer: RecordBuffer)] = []
        var offsets: [TopicPartition: Offset] = [:]
        for (number, record) in records.enumerated() {
            let partition = PartitionNumber(number)
            let changelog = RecordBuffer(), journal = RecordBuffer()
            mark(.changelog(of: topology), ends).append(to: changelog, timestamp: now.microseconds)
            Changelog.write(record, timestamp: now.microseconds, to: changelog)
            record.appendJournalEntry(to: journal, owner: owner, timestamp: now.microseconds)
            sends += [
                (TopicPartition(.changelog(of: topology), partition), changelog),
                (TopicPartition(.journal(of: topology), partition), journal),
            ]
            for view in views {
                let buffer = RecordBuffer()
                // Timestamps of a view's records are its rows' event times, and a mark has none.
                mark(view, ends).append(to: buffer, timestamp: 0)
                sends.append((TopicPartition(view, partition), buffer))
            }
            for position in record.positions { offsets[position.input] = position.next }
        }
        do throws(TransactionFault) {
            try Self.repeating { () throws(TransactionFault) in try producer.begin() }
            for (partition, buffer) in sends { try producer.send(buffer, to: partition) }
            try Self.repeating { () throws(TransactionFault) in try producer.send(offsets: offsets) }
        } catch {
            let fault = error
            do throws(TransactionFault) { try producer.abort() } catch { /* The next owner's fence. */ }
            throw fault
        }
        try Self.repeating { () throws(TransactionFault) in try producer.commit() }
    }

    private func mark(_ topic: TopicName, _ ends: [TopicPartition: Offset]) -> RestartMark {
        let starts = (0..<taskCount).map { number in
            (PartitionNumber(number), ends[TopicPartition(topic, PartitionNumber(number))] ?? .zero)
        }
        return RestartMark(starts: Dictionary(uniqueKeysWithValues: starts))
    }

    /// A call whose outcome is not known is made again, a few times.
    private static func repeating(_ call: () throws(TransactionFault) -> Void) throws(TransactionFault) {
        for _ in 1..<Limits.transactionCallsMax {
            do throws(TransactionFault) {
                try call()
                return
            } catch {
                guard case .unknown = error.kind else { throw error }
            }
        }
        try call()
    }

    private func notAssigned() -> EngineError {
        EngineError(
            .engineNotAssigned, .environment,
            "topology '\(topology)' is not started over: its group gave this process no tasks within \(Limits.startOverWait)",
            remedy: "See whether the brokers answer and whether other members of the group hang, and give the command again.",
            isTransient: true)
    }

    private func notAlone(_ tasks: [PartitionNumber]) -> EngineError {
        let others = Set((0..<taskCount).map { PartitionNumber($0) }).subtracting(tasks).sorted().map(\.description)
        return EngineError(
            .engineNotAlone, .user,
            "topology '\(topology)' is not started over: others in its group have task\(others.count == 1 ? "" : "s") "
                + others.joined(separator: ", "),
            remedy: "Stop all engines that run it, and try again. The group takes one that was killed, or has stopped with a static "
                + "membership, for a member until its session is over (--session-timeout).")
    }
}

extension ErrorCode {
    /// A topology is to be started over while other processes have tasks of it.
    public static let engineNotAlone = ErrorCode("engine.not_alone")
    /// The group gave out no tasks in time.
    public static let engineNotAssigned = ErrorCode("engine.not_assigned")
}

struct TopologyStartedOver: InternalEvent {
    static let name = "topology_started_over"
    static let level = EventLevel.info
    var topology: String
    var taskCount: Int
    var message: String { "What the topology has made so far is void; its tasks begin at the inputs' first records." }
    var fields: [EventField] { [EventField("topology", topology), EventField("tasks", taskCount)] }
}

/// They take room, and nobody reads them as anything that counts.
struct VoidRecordsKept: InternalEvent {
    static let name = "void_records_kept"
    static let level = EventLevel.warning
    var partition: TopicPartition
    var error: EngineError
    var message: String { "Records from before a topology was started over could not be removed; they count no more." }
    var fields: [EventField] {
        [EventField("partition", "\(partition)"), EventField("code", error.code.text), EventField("error", error.message)]
    }
}
