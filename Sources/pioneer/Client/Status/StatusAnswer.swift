import Base
import Columns

/// What the engine answers at `/api/v1/status`, as far as commands show it.
struct StatusAnswer {
    /// The source that a watermark waits for.
    struct Holder {
        /// `cloud.metrics[0]`
        var input: String
        /// Nil: no record yet.
        var newest: EventTime?
        var outOfOrderSeconds: Double
        var idleAfterSeconds: Double
        /// For how long its watermark has not moved; nil: not since the engine started.
        var stillSeconds: Double?
        var isIdle: Bool
    }

    struct Watermark {
        /// Nil: none yet.
        var time: EventTime?
        var holder: Holder?
    }

    struct Figures {
        var lagRecords: Int
        var lagSeconds: Double
        var recordsPerSecond: Double
        var rowsOutPerSecond: Double
        var stateBytes: Int
        var openWindows: Int
        var groups: Int
        var records: Int
        var rowsOut: Int
        var windowsClosed: Int
        var late: Int
        var lateByStream: [(name: String, count: Int)]
        var deadLetters: Int
        var deadLettersByCode: [(name: String, count: Int)]
        var aborts: Int
    }

    struct Input {
        /// Whether its records are of the topology's own making, on their way from task to task.
        var isHop: Bool
        var holder: Holder
        var nextOffset: Int
        var lagRecords: Int
        var lagSeconds: Double
        var watermark: EventTime?
    }

    /// A task on its way to its last epoch.
    struct Restore {
        var bytes: Int
        /// Of the changelog, from 0 to 1.
        var share: Double
        /// Nil: not known yet.
        var secondsLeft: Double?
        /// What the state is made of, in words; nil: that is not decided yet.
        var origin: String?
    }

    struct Task {
        var partition: Int
        /// Nil: it runs here, or nowhere.
        var restore: Restore?
        /// The machine and the process that run it; nil: this one, or nobody is known to.
        var owner: String?
        var isNowhere: Bool
        /// Of a task that runs elsewhere, how many records the copy there lacks; nil: there is none.
        var copyLag: Int?
        var epoch: Int
        var watermark: Watermark
        /// Nil: nothing committed yet, or not since the engine started.
        var commitAgeSeconds: Double?
        var commitSeconds: Double?
        var figures: Figures
        var inputs: [Input]
    }

    struct View {
        var name: String
        /// Nil: the views' database does not say.
        var rows: Int?
        var lagRecords: Int
        var watermark: EventTime?
        /// Why it stands still; nil: it does not.
        var trouble: ViewTroubleText?
        /// The latest; nil: none.
        var rebuild: RebuildAnswer?
        /// By partition: where the projection goes on.
        var nextOffsets: [Int]
    }

    struct Topology {
        var name: String
        var watermark: Watermark
        var figures: Figures
        var tasks: [Task]
        var views: [View]
    }

    var isRunning: Bool
    var version: String
    var uptimeSeconds: Double
    var readAt: EventTime
    var residentBytes: Int
    var cpuSeconds: Double
    var diskBytes: Int
    var topologies: [Topology]
}

// MARK: Reading

extension StatusAnswer {
    /// Nil where the value is no such answer.
    init?(_ json: JSONValue) {
        guard let readAt = json.time("read_at"), let topologies = json["topologies"]?.elements else { return nil }
        isRunning = json["status"]?.string == "running"
        version = json["version"]?.string ?? ""
        uptimeSeconds = json.number("uptime_s")
        self.readAt = readAt
        residentBytes = json["process"]?.count("resident_bytes") ?? 0
        cpuSeconds = json["process"]?.number("cpu_s") ?? 0
        diskBytes = json["process"]?.count("disk_bytes") ?? 0
        self.topologies = topologies.map(Topology.init)
    }
}

extension StatusAnswer.Topology {
    fileprivate init(_ json: JSONValue) {
        name = json["topology"]?.string ?? ""
        watermark = .init(json)
        figures = .init(json)
        tasks = json["tasks"]?.elements?.map(StatusAnswer.Task.init) ?? []
        views = json["views"]?.elements?.map(StatusAnswer.View.init) ?? []
    }
}

extension StatusAnswer.Task {
    fileprivate init(_ json: JSONValue) {
        partition = json.count("partition")
        restore = json["restore"].map(StatusAnswer.Restore.init)
        isNowhere = json["phase"]?.string == "nowhere"
        if json["phase"]?.string == "elsewhere" {
            owner = json["owner"].map { "\($0["host"]?.string ?? "") (\($0["instance"]?.string?.prefix(8) ?? ""))" } ?? "another process"
        }
        copyLag = json["copy"].map { $0.count("lag_records") }
        epoch = json.count("epoch")
        watermark = .init(json)
        commitAgeSeconds = json["last_commit"]?["age_s"]?.double
        commitSeconds = json["last_commit"]?["took_s"]?.double
        figures = .init(json)
        inputs = json["inputs"]?.elements?.map(StatusAnswer.Input.init) ?? []
    }
}

extension StatusAnswer.Restore {
    fileprivate init(_ json: JSONValue) {
        bytes = json.count("bytes")
        let from = json.count("from_offset"), end = json.count("end_offset")
        share = end > from ? Double(json.count("next_offset") - from) / Double(end - from) : 0
        secondsLeft = json["left_s"]?.double
        origin = json["rebuild"]?.string.map { "anew (\($0))" } ?? (json["step"]?.string == "reading" ? "from the copy here" : nil)
    }
}

extension StatusAnswer.Input {
    fileprivate init(_ json: JSONValue) {
        isHop = json["kind"]?.string == "hop"
        holder = .init(json)
        nextOffset = json.count("next_offset")
        lagRecords = json.count("lag_records")
        lagSeconds = json.number("lag_s")
        watermark = json.time("watermark")
    }
}

extension StatusAnswer.View {
    fileprivate init(_ json: JSONValue) {
        name = json["view"]?.string ?? ""
        rows = json["rows"]?.int.map { Int($0) }
        lagRecords = json.count("lag_records")
        watermark = json.time("watermark")
        trouble = ViewTroubleText(json["trouble"])
        rebuild = RebuildAnswer(json["rebuild"])
        nextOffsets = json["partitions"]?.elements?.map { $0.count("next_offset") } ?? []
    }
}

extension StatusAnswer.Watermark {
    fileprivate init(_ json: JSONValue) {
        time = json.time("watermark")
        holder = json["held_by"].flatMap { $0.isNull ? nil : StatusAnswer.Holder($0) }
    }
}

extension StatusAnswer.Holder {
    fileprivate init(_ json: JSONValue) {
        input = "\(json["topic"]?.string ?? "")[\(json.count("partition"))]"
        newest = json.time("max_event_time")
        outOfOrderSeconds = json.number("out_of_order_s")
        idleAfterSeconds = json.number("idle_after_s")
        stillSeconds = json["still_s"]?.double
        isIdle = json["idle"]?.bool ?? false
    }
}

extension StatusAnswer.Figures {
    fileprivate init(_ json: JSONValue) {
        lagRecords = json.count("lag_records")
        lagSeconds = json.number("lag_s")
        recordsPerSecond = json.number("records_per_s")
        rowsOutPerSecond = json.number("rows_out_per_s")
        stateBytes = json["state"]?.count("bytes") ?? 0
        openWindows = json["state"]?.count("open_windows") ?? 0
        groups = json["state"]?.count("groups") ?? 0
        records = json.count("records")
        rowsOut = json.count("rows_out")
        windowsClosed = json.count("windows_closed")
        late = json.count("late")
        lateByStream = json.counts("late_by_stream")
        deadLetters = json.count("dead_letters")
        deadLettersByCode = json.counts("dead_letters_by_code")
        aborts = json.count("aborts")
    }
}

extension JSONValue {
    fileprivate func count(_ name: String) -> Int { self[name]?.int.map { Int($0) } ?? 0 }
    fileprivate func number(_ name: String) -> Double { self[name]?.double ?? 0 }
    fileprivate func time(_ name: String) -> EventTime? { self[name]?.string.flatMap { EventTime($0) } }
    fileprivate func counts(_ name: String) -> [(name: String, count: Int)] {
        self[name]?.members?.map { ($0.key, Int($0.value.int ?? 0)) } ?? []
    }
}
