public import Base
public import Stores

/// What runs, how far each part of it is, and what it waits for. Made of snapshots: parts are as of their own last
/// commit or projection, topics' ends as of the reading.
public struct EngineStatus: Sendable {
    /// The engine's clock when this was read; ages are counted from it.
    public var readAt: EventTime
    /// In the order in which they were given to the engine.
    public var topologies: [Topology]

    public init(readAt: EventTime, topologies: [Topology]) {
        self.readAt = readAt
        self.topologies = topologies
    }

    public struct Topology: Sendable {
        public var name: String
        /// By partition.
        public var tasks: [Task]
        public var views: [View]

        public init(name: String, tasks: [Task], views: [View]) {
            self.name = name
            self.tasks = tasks
            self.views = views
        }
    }

    public struct Task: Sendable {
        /// Who runs the task.
        public enum Place: Hashable, Sendable {
            /// This process.
            case here
            /// This process, once its state is that of the last epoch.
            case restoring(RestoreProgress)
            /// The process that has committed the task's last epoch; nil: it has not said who it is.
            case elsewhere(TaskOwner?)
            /// It has never run, as far as is known.
            case nowhere
        }

        /// As of the last commit. Of a task that runs elsewhere only what its journal tells: position, watermark and clock.
        public var status: TaskStatus
        public var place: Place
        /// For each of `status.inputs`, how much of it is still to be read.
        public var lags: [Lag]
        public var rates: TaskRates
        /// Of a task that runs elsewhere, the offsets of its changelog that this process's copy lacks; nil: it has none.
        public var copyLag: Int64?

        public init(status: TaskStatus, place: Place = .here, lags: [Lag], rates: TaskRates, copyLag: Int64? = nil) {
            self.status = status
            self.place = place
            self.lags = lags
            self.rates = rates
            self.copyLag = copyLag
        }

        public var lag: Lag { lags.reduce(.none, +) }
    }

    /// What lies between a reader and the end of its partition.
    public struct Lag: Hashable, Sendable {
        public var records: Int64
        /// How long ago the oldest record that is not read yet was appended; zero where all are read.
        public var age: TimeSpan

        public init(records: Int64, age: TimeSpan) {
            self.records = records
            self.age = age
        }

        public static let none = Lag(records: 0, age: .zero)

        /// Of several readers: all records, and the age of the oldest.
        public static func + (a: Lag, b: Lag) -> Lag { Lag(records: a.records + b.records, age: max(a.age, b.age)) }
    }

    /// A view, and how far its projection has followed the tasks.
    public struct View: Sendable {
        public var name: String
        /// By partition.
        public var partitions: [Partition]
        /// Nil: the database does not say, and never did.
        public var rowCount: Int?
        /// Why its projection stands still; nil: it does not.
        public var trouble: ViewTrouble?
        /// The latest; nil: none that is known.
        public var rebuild: Rebuild?

        public init(name: String, partitions: [Partition], rowCount: Int?, trouble: ViewTrouble? = nil, rebuild: Rebuild? = nil) {
            self.name = name
            self.partitions = partitions
            self.rowCount = rowCount
            self.trouble = trouble
            self.rebuild = rebuild
        }

        /// A rebuild of the view, and how much of the topic its new table has.
        public struct Rebuild: Sendable {
            public var rebuild: ViewRebuild
            public var recordsDone: Int64
            public var recordsTotal: Int64
            /// Why the new table stands still; nil: it does not, as far as this process knows.
            public var trouble: ViewTrouble?

            /// - Parameter ranges: what the view's topic holds, by partition.
            public init(_ rebuild: ViewRebuild, ranges: [PartitionNumber: OffsetRange], trouble: ViewTrouble? = nil) {
                self.rebuild = rebuild
                self.trouble = trouble
                recordsTotal = ranges.values.reduce(0) { $0 + ($1.end.number - $1.first.number) }
                recordsDone = rebuild.isRunning
                    ? ranges.reduce(0) { sum, range in
                        let next = rebuild.positions[range.key]?.next ?? .zero
                        return sum + max(0, min(next, range.value.end).number - range.value.first.number)
                    } : 0
            }
        }

        public struct Partition: Sendable {
            public var partition: PartitionNumber
            public var position: ViewPosition
            /// Rows in the view's topic that are not in its table yet.
            public var lagRecords: Int64

            public init(partition: PartitionNumber, position: ViewPosition, lagRecords: Int64) {
                self.partition = partition
                self.position = position
                self.lagRecords = lagRecords
            }
        }

        public var lagRecords: Int64 { partitions.reduce(0) { $0 + $1.lagRecords } }

        /// The least over the partitions; one that never had a row holds nothing back. `.earliest` while rows of one that
        /// has no watermark are on their way.
        public var watermark: EventTime {
            let partitions = partitions.filter { $0.position.watermark > .earliest || $0.position.next > .zero || $0.lagRecords > 0 }
            return partitions.map(\.position.watermark).min() ?? .earliest
        }
    }
}

extension EngineStatus.Topology {
    /// The task whose watermark is the topology's: the least of those that have one. Where none has one yet, a task that
    /// waits for a source although others have had records; nil before the first record.
    public var holdingTask: EngineStatus.Task? {
        tasks.filter { $0.status.watermark > .earliest }.min { $0.status.watermark < $1.status.watermark }
            ?? tasks.first { $0.status.holder != nil }
    }

    public var watermark: EventTime { holdingTask?.status.watermark ?? .earliest }
    public var lag: EngineStatus.Lag { tasks.reduce(.none) { $0 + $1.lag } }
    public var rates: TaskRates { tasks.reduce(TaskRates()) { $0 + $1.rates } }
    public var state: StateSize { tasks.reduce(StateSize()) { $0 + $1.status.state } }
    public var counters: TaskCounters { tasks.reduce(into: TaskCounters()) { $0.add($1.status.counters) } }
}
