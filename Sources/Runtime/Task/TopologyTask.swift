import Base
import Columns
import Expressions
import Operators
import Planner
import Stores

/// One topology on one partition number. Owned by one thread.
///
/// ```
///            restore                 open/advance ⟲
///  closed ─────────────▶ running ──────────────────────┐
///    ▲                      ▲      commit due          │
///    │ fenced               │                          ▼
///    └──────────────────────┴── committed · aborted ─ commit
/// ```
/// A step has four phases: 1. read the clock, 2. read records and run the operators over them, 3. advance event time,
/// which closes windows, 4. commit if the epoch is due. After an abort the task restores itself from the store's last
/// epoch, the same way as at the start. Tables that are everywhere are read to their ends before anything else.
final class TopologyTask {
    struct Settings {
        /// Of the topology's sources: how many tasks there are.
        var partitionCount = 1
        /// Of outputs and rekeyed sources whose topics have another.
        var partitionCounts: [TopicName: Int] = [:]
        var batchRecords = Limits.batchRecordsDefault
        var commitInterval = TimeSpan.seconds(1)
        /// An epoch ends early when its outputs and state changes hold this many bytes.
        var epochBytesMax = 32 << 20
        /// State kept in memory between epochs.
        var stateBytesMax = 64 << 20
        /// Keys of dropped state that one epoch deletes.
        var clearedKeysMax = Limits.clearedKeysMax
        /// The store has the state of all of the topology's tasks, and may be asked for it.
        var hasStoreOfAll = false
        /// Changes of the topology that may lose state.
        var approval = UpgradeApproval.unlimited
    }

    let id: TaskID
    let plan: Plan
    let settings: Settings
    let log: any EventLog
    let store: any StateStore
    let committer: any EpochCommit

    /// The plan's sources, its hops, its partitioned tables; and from `restore` on all partitions of the tables that are
    /// everywhere.
    var inputs: [TaskInput]
    /// What rows come by, of the first so many inputs: sources, and behind them hops.
    let origins: [PlanInput]
    /// In the plan's order.
    private(set) var tables: [TableFeed]
    /// For each input that rows come by, the streams that descend from it, each after the one it reads.
    private let streamsOfInput: [[Int]]
    var operators: [any Operator]
    let outputs: TaskOutputs
    /// Whether a source's batches are wanted as they are, by a view or an output.
    let records: RecordBatch
    private var issues: [RecordIssue] = []
    private var output = OperatorOutput()
    var missingKeys = ByteRuns()

    /// The open epoch.
    var steps: [EpochRecord.Step] = []
    var clock = EventTime.earliest
    /// The wall clock when the last step was begun: finer than `clock`, and told to nobody but readers of the status.
    private(set) var steppedAt = EventTime.earliest
    /// When the open epoch's first step was taken, on the monotonic clock; nil while it is empty.
    var openedAt: Stopwatch?
    /// What the task is to have running, and what its state says; nil: nothing, as far as is known.
    var deployment: Deployment
    var storedDeployment: Deployment?
    var clearing: StateClearing
    /// The open epoch has something that must become durable, beside outputs.
    var needsCommit = false
    /// The clock when the open epoch first read something that need not become durable soon; nil: nothing.
    var quietSince: EventTime?
    /// A step failed midway, so that the open epoch is neither before nor after a batch: it is dropped and done again.
    var isBroken = false
    /// Per stream, the watermark its operator has been advanced to.
    var streamWatermarks: [EventTime]
    private var status: TaskStatus
    /// As of the last commit.
    var committedCounters = TaskCounters()

    private var reachedMoves = 0
    /// Grows with whatever makes the status worth looking at: epochs that ended, well or not, and ends of inputs.
    var changeCount: Int { status.counters.commits + status.counters.aborts + reachedMoves }

    /// Sees every batch of every stream; for tests of topologies.
    var probe: ((_ stream: String, _ batch: Batch) -> Void)?

    init(
        _ plan: Plan, partition: PartitionNumber, settings: Settings, log: any EventLog, store: any StateStore,
        committer: any EpochCommit
    ) {
        id = TaskID(topology: plan.topology, partition: partition)
        self.plan = plan
        self.settings = settings
        self.log = log
        self.store = store
        self.committer = committer
        deployment = Deployment(plan).resolved(after: nil)
        clearing = StateClearing(id, names: [], keysMax: settings.clearedKeysMax)
        tables = Self.tables(of: plan, deployment, id, settings, recordBytesMax: log.recordBytesMax)
        let timed = Self.timedInputs(of: plan, partition, settings)
        origins = timed.map(\.origin)
        inputs = timed.map(\.input) + Self.tableInputs(tables, partition)
        streamsOfInput = origins.map { origin in plan.streams.indices.filter { plan.streams[$0].origin == origin } }
        operators = Self.operators(of: plan, deployment, id, recordBytesMax: log.recordBytesMax)
        outputs = TaskOutputs(plan, task: id, settings, recordBytesMax: log.recordBytesMax)
        records = RecordBatch(capacity: settings.batchRecords)
        streamWatermarks = plan.streams.map { _ in .earliest }
        status = TaskStatus(task: id)
    }

    private static func tables(
        of plan: Plan, _ deployment: Deployment, _ task: TaskID, _ settings: Settings, recordBytesMax: Int
    ) -> [TableFeed] {
        zip(plan.tables, deployment.tables).map { table, deployed in
            let scope = StateScope(task: task, operatorName: deployed.stateName, recordBytesMax: recordBytesMax)
            return TableFeed(table, scope: scope, partitionCount: settings.partitionCount)
        }
    }

    private static func operators(
        of plan: Plan, _ deployment: Deployment, _ task: TaskID, recordBytesMax: Int
    ) -> [any Operator] {
        zip(plan.streams, deployment.streams).map { stream, deployed in
            let scope = StateScope(task: task, operatorName: deployed.stateName, recordBytesMax: recordBytesMax)
            return stream.definition.makeOperator(name: stream.name, type: stream.type, scope: scope)
        }
    }

    /// Has operators and tables work on the state names that the task's state says. Before anything is restored.
    func take(_ next: Deployment) {
        let isSame = next.streams.map(\.stateName) == deployment.streams.map(\.stateName)
            && next.tables.map(\.stateName) == deployment.tables.map(\.stateName)
        deployment = next
        clearing = StateClearing(id, names: next.clearing, keysMax: settings.clearedKeysMax)
        guard !isSame else { return }
        tables = Self.tables(of: plan, deployment, id, settings, recordBytesMax: log.recordBytesMax)
        operators = Self.operators(of: plan, deployment, id, recordBytesMax: log.recordBytesMax)
        inputs.removeSubrange(origins.count...)
        inputs += Self.tableInputs(tables, id.partition)
    }

    /// One round over all inputs. True when records were processed, so that more may be waiting.
    func step(now: EventTime) throws -> Bool {
        steppedAt = now
        if isBroken { try restore() }
        // A commit that failed comes first: the task goes no further until it succeeds.
        if isCommitDue { try commit() }
        readClock(now)
        var didWork = false
        do {
            switch try loadTables() {
            case .read: return true
            case .waiting: return false
            case .done: break
            }
            for index in readingOrder where try processNext(of: index) { didWork = true }
            try endDoubts()
        } catch {
            isBroken = true
            throw error
        }
        noteIdleInputs()
        if isCommitDue { try commit() }
        return didWork
    }

    // MARK: 1. Time

    /// Notes the wall clock's reading, once a second at most; an earlier reading than the last is passed over.
    func readClock(_ now: EventTime) {
        guard now >= clock + Limits.tickInterval || clock == .earliest else { return }
        clock = now
        if let last = steps.last, case .tick = last { steps.removeLast() }
        steps.append(.tick(now))
    }

    private var context: EvaluationContext { EvaluationContext(clock: max(clock, watermark)) }

    /// The least over the sources and hops that hold it, or over all of them where none does.
    var watermark: EventTime {
        var least = EventTime.latest, leastHolding = EventTime.latest
        var isHeld = false
        for index in origins.indices {
            least = min(least, inputs[index].time.watermark)
            guard !inputs[index].time.isIdle else { continue }
            leastHolding = min(leastHolding, inputs[index].time.watermark)
            isHeld = true
        }
        return isHeld ? leastHolding : origins.isEmpty ? .earliest : least
    }

    // MARK: 2. Records

    func processNext(of index: Int) throws -> Bool {
        let partition = inputs[index].partition
        let outcome = try log.read(
            partition, from: inputs[index].next, recordsMax: settings.batchRecords, bytesMax: Limits.batchBytesMax, into: records)
        switch outcome {
        case .atEnd(let reached):
            noteReached(reached, index)
            return false
        case .records(let next):
            try process(index, next: next)
            return true
        case .expired(let first): throw inputExpired(partition, at: inputs[index].next, first: first)
        case .beyondEnd(let end): throw inputBeyondEnd(partition, at: inputs[index].next, end: end)
        }
    }

    /// Where the log has places without records, the last record is not at its end, and yet nothing is left to read.
    private func noteReached(_ reached: Offset, _ index: Int) {
        guard reached > max(inputs[index].reached, inputs[index].next) else { return }
        inputs[index].reached = reached
        reachedMoves += 1
        // The status is as of the last commit: only if nothing was read since is this what lies beyond it.
        updateStatus { status in
            if index < status.inputs.count, status.inputs[index].position.next == inputs[index].next {
                status.inputs[index].reached = reached
            }
        }
    }

    /// What need not be committed is not behind either.
    private func tellReached(_ next: Offset, _ index: Int) {
        reachedMoves += 1
        updateStatus { if index < $0.inputs.count { $0.inputs[index].reached = next } }
    }

    private func process(_ index: Int, next: Offset) throws {
        if openedAt == nil { openedAt = Stopwatch() }
        issues.removeAll(keepingCapacity: true)
        let before = inputs[index].time.watermark
        let batch = take(index)
        for issue in issues {
            outputs.writeDeadLetter(
                records[issue.record], from: inputs[index].partition, code: issue.code, message: issue.message,
                operatorName: inputs[index].name, clock: clock)
            status.counters.noteDeadLetter(issue.code)
        }
        inputs[index].lastRecordAt = clock
        inputs[index].readAt = clock
        if inputs[index].time.watermark > before { inputs[index].movedAt = clock }
        noteSlice(inputs[index].partition, from: inputs[index].next, to: next)
        inputs[index].next = next
        if index < origins.count { try run(index, batch) }
        if !needsCommit, outputs.isEmpty { tellReached(next, index) }
        records.removeAll()
    }

    /// Turns the records that were read into rows, or takes them into a table.
    private func take(_ index: Int) -> Batch? {
        if case .hop(let reader) = inputs[index].kind {
            let batch = reader.rows(of: records, clock: clock, time: &inputs[index].time, issues: &issues)
            // Marks alone can be read again: only what follows from them is worth an epoch.
            if batch != nil || !issues.isEmpty { needsCommit = true } else { noteQuietInput() }
            return batch
        }
        status.counters.records += records.count
        status.counters.batches += 1
        switch inputs[index].kind {
        case .source(let reader):
            needsCommit = true
            return reader.rows(of: records, clock: max(clock, watermark), time: &inputs[index].time, issues: &issues)
        case .table(let feed):
            feed.take(records, issues: &issues)
            if inputs[index].isKept {
                needsCommit = true
            } else {
                // All tasks read it, and one of them tells of what it cannot use; at each start anew.
                if Int(inputs[index].partition.partition.number) % settings.partitionCount != Int(id.partition.number) { issues = [] }
                if inputs[index].loadEnd == nil { noteQuietInput() }
            }
            return nil
        case .hop: return nil
        }
    }

    private func noteQuietInput() { if quietSince == nil { quietSince = clock } }

    private func noteSlice(_ input: TopicPartition, from: Offset, to: Offset) {
        if case .slice(input, let first, from)? = steps.last {
            steps[steps.count - 1] = .slice(input: input, from: first, to: to)
        } else {
            steps.append(.slice(input: input, from: from, to: to))
        }
    }

    /// Sends an input's batch through the streams that descend from it, each after the one it reads, and then has each
    /// close what the input's new watermark closes.
    func run(_ index: Int, _ batch: Batch?) throws {
        let evaluation = context
        var batches: [[Batch]] = plan.streams.map { _ in [] }
        if let batch {
            holdBack(batch, index)
            deliver(batch, from: origins[index])
        }
        for stream in streamsOfInput[index] {
            output.removeAll()
            let now = OperatorContext(evaluation: evaluation, watermark: streamWatermarks[stream])
            switch plan.streams[stream].input {
            case .source, .hop: if let batch { try feed(batch, to: stream, now) }
            case .stream(let upstream): for batch in batches[upstream] { try feed(batch, to: stream, now) }
            }
            let reached = max(streamWatermarks[stream], inputs[index].time.watermark)
            if reached > streamWatermarks[stream] {
                try operators[stream].advance(to: reached, now, store: store, output: &output)
                streamWatermarks[stream] = reached
            }
            for batch in output.batches { deliver(batch, from: .stream(stream)) }
            noteFaults(of: stream, index)
            batches[stream] = output.batches
        }
    }

    private func feed(_ batch: Batch, to stream: Int, _ context: OperatorContext) throws {
        let target = operators[stream]
        missingKeys.removeAll()
        target.prepare(batch, context, keys: &missingKeys, output: &output)
        if !missingKeys.isEmpty {
            var failure: EngineError?
            try store.multiGet(missingKeys) { index, value in
                guard failure == nil else { return }
                do throws(EngineError) { try target.load(index, value) } catch { failure = error }
            }
            if let failure { throw failure }
        }
        target.process(batch, context, output: &output)
    }

    private func deliver(_ batch: Batch, from input: PlanInput) {
        let tooLarge = outputs.write(batch, from: input, clock: clock)
        for _ in 0..<tooLarge { status.counters.noteDeadLetter(.outputRowTooLarge) }
        if outputs.takes(input) { status.counters.rowsOut += batch.count }
        // What has come through a hop was seen where it came from.
        if case .hop = input { return }
        if let probe {
            probe(plan.name(of: input), batch)
        }
    }

    private func noteFaults(of stream: Int, _ input: Int) {
        let name = plan.streams[stream].name
        if output.lateCount > 0 { status.counters.late[name, default: 0] += output.lateCount }
        status.counters.windowsClosed += output.windowsClosed
        for fault in output.faults {
            status.counters.noteDeadLetter(fault.code)
            if let origin = fault.origin {
                outputs.writeDeadLetter(
                    records[origin], from: inputs[input].partition, code: fault.code, message: fault.message, operatorName: name,
                    clock: clock)
            } else {
                outputs.writeDeadLetter(
                    row: RowText.json(fault.row), code: fault.code, message: fault.message, operatorName: name, clock: clock)
            }
        }
    }

    // MARK: 3. Event time without records

    /// Marks sources that have been silent for their `idle_after`: they no longer hold the task's watermark.
    private func noteIdleInputs() {
        for (index, source) in sourceInputs where !inputs[index].time.isIdle {
            // The silence of an input without a record yet counts from the first reading of the clock.
            if inputs[index].lastRecordAt == .earliest { inputs[index].lastRecordAt = clock }
            guard clock >= inputs[index].lastRecordAt + plan.sources[source].idleAfter else { continue }
            noteIdle(index)
        }
    }

    func noteIdle(_ index: Int) {
        inputs[index].time.isIdle = true
        needsCommit = true
        steps.append(.idle(input: inputs[index].partition))
    }

    /// Moves the clock and every source's watermark to `time` although no record says so: what `advance_to` in a
    /// topology's tests means. Hops follow by the marks of the next commit.
    func advance(to time: EventTime) throws {
        readClock(time)
        for (index, _) in sourceInputs {
            inputs[index].time.maxEventTime = max(inputs[index].time.maxEventTime, time + inputs[index].time.outOfOrder)
            inputs[index].time.watermark = max(inputs[index].time.watermark, time)
            try run(index, nil)
        }
    }

    // MARK: Status

    var currentStatus: TaskStatus { status }

    /// The inputs as they stand in memory.
    var inputStatuses: [InputStatus] { inputs.map(\.status) }

    func updateStatus(_ body: (inout TaskStatus) -> Void) { body(&status) }
}
