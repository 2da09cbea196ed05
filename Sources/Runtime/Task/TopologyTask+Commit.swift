public import Base
import Operators
import Planner
import Stores

extension ErrorCode {
    /// The records a task needs next are no longer in the log.
    public static let taskInputExpired = ErrorCode("task.input_expired")
    /// A task stands beyond the end of its input.
    public static let taskInputBeyondEnd = ErrorCode("task.input_beyond_end")
}

// MARK: 4. Commit and restore

extension TopologyTask {
    /// Whether the open epoch has anything that must become durable. Clock readings alone need not: a task without new
    /// records has nothing that depends on them. Nor may a broken epoch: it holds half a batch.
    var hasWork: Bool {
        guard !isBroken else { return false }
        return !outputs.isEmpty
            || steps.contains { step in
                switch step {
                case .slice, .idle: true
                case .tick: false
                }
            }
    }

    var isCommitDue: Bool {
        guard hasWork else { return false }
        guard let openedAt else { return true }
        if openedAt.elapsedNanoseconds >= UInt64(settings.commitInterval.microseconds) * 1_000 { return true }
        return isEpochFull
    }

    private var isEpochFull: Bool { outputs.byteCount + operators.reduce(0) { $0 + $1.dirtyBytes } >= settings.epochBytesMax }

    /// Makes the open epoch durable. Throws when the disk fails: the epoch stays open and the call may be repeated.
    func commit() throws {
        guard hasWork else { return }
        let watch = Stopwatch()
        if isEpochFull { updateStatus { $0.counters.memoryPressure[.epoch, default: 0] += 1 } }
        var changes = StateChanges()
        for target in operators { target.collectChanges(into: &changes) }
        for key in droppedStateKeys { key.withUnsafeBytes { changes.delete(key: $0) } }
        let record = EpochRecord(
            epoch: currentStatus.epoch.next, topologyVersion: plan.version, steps: steps,
            positions: inputs.map(\.position), clock: clock, watermark: watermark)
        switch try committer.commit(EpochWrite(task: id, record: record, outputs: outputs.buffers(), changes: changes)) {
        case .committed: didCommit(record, nanoseconds: watch.elapsedNanoseconds)
        case .aborted:
            updateStatus { $0.counters.aborts += 1 }
            try restore()
        case .fenced: throw OwnershipErrors.fenced(id)
        }
    }

    private func didCommit(_ record: EpochRecord, nanoseconds: UInt64) {
        for target in operators { target.didCommit() }
        droppedStateKeys = []
        shrinkState()
        outputs.removeAll()
        steps.removeAll(keepingCapacity: true)
        openedAt = nil
        let state = stateSize, inputs = inputStatuses, now = max(steppedAt, clock)
        updateStatus {
            $0.epoch = record.epoch
            $0.watermark = record.watermark
            $0.clock = record.clock
            $0.inputs = inputs
            $0.state = state
            $0.committedAt = now
            $0.counters.commits += 1
            if $0.commitNanoseconds.count == TaskStatus.commitsKept { $0.commitNanoseconds.removeFirst() }
            $0.commitNanoseconds.append(nanoseconds)
        }
        committedCounters = currentStatus.counters
    }

    private var stateSize: StateSize {
        operators.reduce(StateSize()) {
            $0 + StateSize(bytes: $1.memoryBytes, windows: $1.openWindowCount, groups: $1.groupCount)
        }
    }

    /// Has operators let go of state when all of them together hold too much, each in proportion to what it holds.
    private func shrinkState() {
        let held = operators.map(\.memoryBytes)
        let total = held.reduce(0, +)
        guard total > settings.stateBytesMax else { return }
        updateStatus { $0.counters.memoryPressure[.state, default: 0] += 1 }
        for (target, bytes) in zip(operators, held) {
            target.shrink(toBytes: Int(Double(settings.stateBytesMax) * Double(bytes) / Double(total)))
        }
    }

    /// Takes the store's last committed epoch as the task's state: at the start, after an abort, after a move.
    func restore() throws {
        outputs.removeAll()
        steps.removeAll()
        openedAt = nil
        isBroken = true
        let last = try store.lastEpoch(of: id)
        for index in inputs.indices {
            let position = last?.positions.first { $0.input == inputs[index].partition }
            inputs[index].next = try position?.next ?? log.range(of: inputs[index].partition).first
            inputs[index].reached = inputs[index].next
            inputs[index].time.maxEventTime = position?.maxEventTime ?? .earliest
            inputs[index].time.watermark = position?.watermark ?? .earliest
            inputs[index].time.isIdle = position?.isIdle ?? false
            inputs[index].lastRecordAt = .earliest
        }
        clock = last?.clock ?? .earliest
        for index in plan.streams.indices {
            try operators[index].restore(from: store)
            streamWatermarks[index] = inputs[plan.streams[index].sources[0]].time.watermark
        }
        droppedStateKeys = last.map { $0.topologyVersion != plan.version } ?? false ? try keysOfDroppedStreams() : []
        isBroken = false
        let state = stateSize, restored = inputStatuses, committed = committedCounters
        updateStatus {
            $0.counters = $0.counters.dropping(epochAfter: committed)
            $0.epoch = last?.epoch ?? .none
            $0.watermark = last?.watermark ?? .earliest
            $0.clock = clock
            $0.inputs = restored
            $0.state = state
            $0.committedAt = max($0.committedAt, clock)
        }
    }

    /// Keys of state that belongs to no stream of the topology any more. It goes with the next commit: a stream of that
    /// name that comes back one day starts afresh, instead of going on with windows it has not followed since.
    private func keysOfDroppedStreams() throws -> [[UInt8]] {
        let prefix = StateScope.taskPrefix(id)
        let kept = Set(plan.streams.map(\.name))
        var keys: [[UInt8]] = []
        try prefix.withUnsafeBytes { prefix in
            try store.scan(prefix: prefix, from: prefix) { key, _ in
                // Behind the task's prefix: the stream's name and its length (`StateScope`).
                let length = Int(key[prefix.count])
                let name = String(decoding: key[(prefix.count + 1)..<(prefix.count + 1 + length)], as: UTF8.self)
                if !kept.contains(name) { keys.append(Array(key)) }
                return true
            }
        }
        return keys
    }

    func inputExpired(_ input: TopicPartition, at next: Offset, first: Offset) -> EngineError {
        EngineError(
            .taskInputExpired, .environment,
            "task \(id) needs \(input) from offset \(next), but retention has removed everything before \(first)",
            remedy: "Start the topology over from what is still there: pioneer run --rebuild \(id.topology) …; "
                + "keep more with --retention-age and --retention-bytes.")
    }

    func inputBeyondEnd(_ input: TopicPartition, at next: Offset, end: Offset) -> EngineError {
        EngineError(
            .taskInputBeyondEnd, .environment,
            "task \(id) stands at offset \(next) of \(input), which ends at \(end): its state is of another log",
            remedy: "Use the data directory that the state was made with, or start over: pioneer run --rebuild \(id.topology) FILE.")
    }
}
