import Base
import Fleet

/// What a call of `pioneer fleet` makes: the fleet, and which steps of it.
struct FleetPlan {
    /// A day of ten years is as far back as anyone looks, and a clock that is wrong by ten years is still ahead of now.
    static let historyDaysMax: Int64 = 3_650
    /// A batch is a request, and in memory twice while the one before is under way.
    private static let batchBytesMax = 6 << 20

    let fleet: Fleet
    let start: EventTime
    let history: MetricEvents
    /// Steps of the history.
    let stepCount: Int
    let liveEvery: TimeSpan
    let speed: Double?
    /// Rows of a full batch; part of the producer's name, as everything is that batches depend on.
    let rowsPerBatch: Int

    init(_ command: FleetCommand, now: EventTime) throws {
        fleet = Fleet(seed: command.seed, machineCount: command.machines, shapes: command.shapes)
        let step = command.every.microseconds
        let end = command.until ?? now
        let wanted = command.start ?? end - command.history
        // Times are multiples of the step, as those of real collectors are.
        start = EventTime(microseconds: wanted.microseconds - ((wanted.microseconds % step) + step) % step)
        guard start <= end, end - start <= .days(Self.historyDaysMax) else {
            throw EngineError(
                .fleetSpan, .user, "the history would go from \(start) to \(end)",
                remedy: "It begins at most \(Self.historyDaysMax) days before it ends, which is now unless --until says else.")
        }
        history = MetricEvents(fleet, start: start, step: command.every)
        stepCount = Int((end - start).microseconds / step)
        liveEvery = command.liveEvery
        speed = command.speed
        let rowBytes = history.eventsPerRowMax * history.lineBytesMax
        let rows = max(1, Self.batchBytesMax / rowBytes)
        // A history that is paced comes step by step; else a batch is as large as it may be.
        rowsPerBatch = command.speed == nil ? rows : min(rows, history.rowsPerStep)
    }

    var rowCount: Int { stepCount * history.rowsPerStep }
    /// The first time that is not in the history.
    var end: EventTime { history.time(ofStep: stepCount) }

    /// Everything that the events and their batches depend on.
    private var name: String {
        let shapes = fleet.shapes.compactMap { LoadShape.allCases.firstIndex(of: $0) }.reduce(0) { $0 | 1 << $1 }
        return "fleet:\(fleet.seed):\(fleet.machines.count):\(String(shapes, radix: 16)):\(start.microseconds / 1_000_000)"
    }

    var inventoryProducer: String { name }
    var historyProducer: AppendProducer { AppendProducer(id: name + ":\(history.step):\(rowsPerBatch)") }
    var liveProducer: String { name + ":\(history.step):live:\(liveEvery)" }

    /// The live steps, counted from the history's start: so the number of the last one alone says where a fleet that was
    /// stopped goes on.
    var live: MetricEvents { MetricEvents(fleet, start: start, step: liveEvery) }
    /// The first of them that is not before the history's end.
    var liveStepFirst: Int { Int(((end - start).microseconds + liveEvery.microseconds - 1) / liveEvery.microseconds) }
    /// Batches of a live step, of at most `rowsPerBatch` machines each.
    var batchesPerLiveStep: Int { (history.rowsPerStep + rowsPerBatch - 1) / rowsPerBatch }
}

extension ErrorCode {
    static let fleetSpan = ErrorCode("fleet.span")
    static let fleetTopic = ErrorCode("fleet.topic_not_read")
    static let fleetOutput = ErrorCode("fleet.output")
}
