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
    /// records has nothing that depends on them. Nor need what was read and can be read again, such as marks of hops, so
    /// that tasks do not keep each other awake; but now and then it is noted how far that has been read. Nor may a broken
    /// epoch: it holds half a batch.
    var hasWork: Bool {
        guard !isBroken else { return false }
        if needsCommit || !outputs.isEmpty || areMarksDue || isDeploymentDue { return true }
        return quietSince.map { clock >= $0 + Limits.quietCommitInterval } ?? false
    }

    var isCommitDue: Bool {
        guard hasWork else { return false }
        guard let openedAt else { return true }
        if openedAt.elapsedNanoseconds >= UInt64(settings.commitInterval.microseconds) * 1_000 { return true }
        return isEpochFull
    }

    private var isEpochFull: Bool { outputs.byteCount + dirtyBytes >= settings.epochBytesMax }

    private var dirtyBytes: Int { operators.reduce(tables.reduce(0) { $0 + $1.contents.dirtyBytes }) { $0 + $1.dirtyBytes } }

    /// Makes the open epoch durable. Throws when the disk fails: the epoch stays open and the call may be repeated.
    func commit() throws {
        guard hasWork else { return }
        let watch = Stopwatch()
        if isEpochFull { updateStatus { $0.counters.memoryPressure[.epoch, default: 0] += 1 } }
        var changes = StateChanges()
        writeMarks()
        for target in operators { target.collectChanges(into: &changes) }
        for table in tables { table.contents.collectChanges(into: &changes) }
        let deployed = try collectDeployment(into: &changes)
        let record = EpochRecord(
            epoch: currentStatus.epoch.next, topologyVersion: plan.version, steps: steps,
            positions: inputs.filter(\.isKept).map(\.position), clock: clock, watermark: watermark)
        switch try committer.commit(EpochWrite(task: id, record: record, outputs: outputs.buffers(), changes: changes)) {
        case .committed:
            didCommit(deployed)
            didCommit(record, nanoseconds: watch.elapsedNanoseconds)
        case .aborted:
            updateStatus { $0.counters.aborts += 1 }
            try restore()
        case .fenced: throw OwnershipErrors.fenced(id)
        }
    }

    private func didCommit(_ record: EpochRecord, nanoseconds: UInt64) {
        for target in operators { target.didCommit() }
        for table in tables { table.contents.didCommit() }
        shrinkState()
        outputs.removeAll()
        steps.removeAll(keepingCapacity: true)
        forgetEpoch()
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

    private func forgetEpoch() {
        openedAt = nil
        needsCommit = false
        quietSince = nil
    }

    private var stateSize: StateSize {
        let held = tables.reduce(StateSize()) { $0 + StateSize(bytes: $1.contents.memoryBytes) }
        return operators.reduce(held) {
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
        forgetEpoch()
        isBroken = true
        let last = try store.lastEpoch(of: id)
        try restoreDeployment()
        for index in inputs.indices where inputs[index].isKept {
            let position = isReadAnew(inputs[index]) ? nil : last?.positions.first { $0.input == inputs[index].partition }
            inputs[index].next = try position?.next ?? log.range(of: inputs[index].partition).first
            inputs[index].reached = inputs[index].next
            inputs[index].time.maxEventTime = position?.maxEventTime ?? .earliest
            inputs[index].time.watermark = position?.watermark ?? .earliest
            inputs[index].time.isIdle = position?.isIdle ?? false
            inputs[index].lastRecordAt = .earliest
            inputs[index].time.doubted = position?.doubted ?? []
            inputs[index].time.doubtUntil = position?.doubtUntil
            if case .hop = inputs[index].kind { inputs[index].time.upstreams = upstreams(position) }
        }
        clock = last?.clock ?? .earliest
        for index in plan.streams.indices {
            try operators[index].restore(from: store)
            streamWatermarks[index] = time(of: plan.streams[index].origin).watermark
        }
        for table in tables { try table.contents.restore(from: store) }
        try restoreEverywhereTables()
        restoreMarks(last)
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

    /// One for each task, also where the position has none yet.
    private func upstreams(_ position: EpochRecord.InputPosition?) -> [EpochRecord.UpstreamTime] {
        let told = position?.upstreams ?? []
        return (0..<settings.partitionCount).map { $0 < told.count ? told[$0] : EpochRecord.UpstreamTime() }
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
