public import Base
public import Columns

/// A stream projected into a table.
public struct ViewDefinition: Hashable, Sendable {
    /// Unique in an engine; also the table's name.
    public var name: String
    public var topology: String
    /// The stream's type; table columns carry the flattened names.
    public var type: RowType
    /// Flattened names of the columns that make a row unique; contains the partition key.
    public var key: [String]
    /// Indexes beside that of the key, each of flattened column names in their order: not empty, none of a map's column, and
    /// no two alike. They change what queries cost and nothing else, so a table is never incompatible because of them:
    /// `prepare` makes those that are missing and drops those that are no longer here.
    public var indexes: [[String]]
    /// Rows whose event time is further than this behind the watermark are removed. Nil: kept.
    public var keep: TimeSpan?
    /// A second path under which the HTTP interface serves the view, if the topology names one.
    public var path: String?
    public var description: String?

    public init(
        name: String, topology: String, type: RowType, key: [String], indexes: [[String]] = [], keep: TimeSpan?, path: String?,
        description: String?
    ) {
        self.name = name
        self.topology = topology
        self.type = type
        self.key = key
        self.indexes = indexes
        self.keep = keep
        self.path = path
        self.description = description
    }

    /// The internal topic the view is filled from.
    public var topic: TopicName { .view(name, of: topology) }

    /// What the names of all views' indexes begin with, those of keys and of `keep` not among them.
    public static let indexPrefix = "_pioneer_index_"

    /// An index's name in a database, the same in every release: the same view and columns give the same name, others
    /// another, so that a store knows an index that is there by its name alone. At most 63 bytes, which is what PostgreSQL
    /// takes, for a view's name of ASCII.
    public func indexName(of columns: [String]) -> String {
        var hash = StableHash()
        hash.combine(name)
        hash.combine(columns)
        return "\(Self.indexPrefix)\(name.prefix(31))_\(hash.hex.prefix(16))"
    }
}

/// How far a view has followed one partition of its topic.
public struct ViewPosition: Hashable, Sendable {
    public var next: Offset
    /// All rows of event time before this are in the view.
    public var watermark: EventTime
    public init(next: Offset, watermark: EventTime) {
        self.next = next
        self.watermark = watermark
    }
    public static let start = ViewPosition(next: .zero, watermark: .earliest)
}

/// One step of a projection: rows of one partition, applied together with the move of its position.
public struct ViewChange {
    public var view: String
    public var partition: PartitionNumber
    /// Which log the offsets are of.
    public var log: LogID
    /// Where the view must stand for the change to apply.
    public var expected: Offset
    /// Where it stands afterwards.
    public var position: ViewPosition
    /// The last row of each key, in the view's type; event times are stored with the rows, for `keep`.
    public var upserts: Batch
    /// Key values of rows to remove, in the order of the definition's `key`.
    public var deletes: [[Value]]
    /// Rows with an event time before this go, `keep` being over. Nil: none.
    public var expireBefore: EventTime?
    /// The view starts over: before anything else of the change all its rows go, whichever partition they came from, and the
    /// other partitions stand at these offsets, without a watermark. Nil: it goes on.
    public var startsOver: [PartitionNumber: Offset]?
    /// The rebuild whose table and positions are meant, by its number; nil: those that serve.
    public var rebuild: Int64?

    public init(
        view: String, partition: PartitionNumber, log: LogID, expected: Offset, position: ViewPosition, upserts: Batch,
        deletes: [[Value]], expireBefore: EventTime?, startsOver: [PartitionNumber: Offset]? = nil, rebuild: Int64? = nil
    ) {
        self.view = view
        self.partition = partition
        self.log = log
        self.expected = expected
        self.position = position
        self.upserts = upserts
        self.deletes = deletes
        self.expireBefore = expireBefore
        self.startsOver = startsOver
        self.rebuild = rebuild
    }
}

public enum ViewOutcome: Hashable, Sendable {
    /// Rows and position are durable.
    case applied
    /// The view does not stand at `expected`: somebody else moved it. Nothing was changed; read the position again.
    case conflict(actual: Offset)
}

/// Tables that projections fill and queries read. Thread-safe; a view has one projector at a time, and a second one
/// (a zombie) is told so by `conflict`.
public protocol ViewStore: Sendable {
    /// Makes the view's table, or adds the columns it lacks, and makes its indexes what the definition says. Idempotent.
    /// Throws `view.incompatible`, with the remedy, when the table's key or a column's type differ.
    func prepare(_ view: ViewDefinition) throws

    /// Where the view stands, per partition; partitions never projected are absent. Throws `view.other_log` when the
    /// rows were filled from another log than `log`.
    func positions(of view: String, log: LogID) throws -> [PartitionNumber: ViewPosition]

    /// Applies one change in one transaction. Safe to repeat after an error: a repeat of one that was applied answers
    /// `conflict` with its own end. A change of a rebuild that is over throws `view.not_rebuilding`.
    func apply(_ change: ViewChange) throws -> ViewOutcome

    /// The view's latest rebuild; nil: it never had one. Throws `view.unknown`.
    func rebuild(of view: String) throws -> ViewRebuild?

    /// Makes an empty table beside the view's, for changes with the rebuild's number. Where a rebuild runs already, that one
    /// is the answer. Throws `view.unknown`.
    func beginRebuild(of view: String, at now: EventTime) throws -> ViewRebuild

    /// Puts the new table, with its positions, in the place of the one that serves, in one transaction that first compares
    /// the positions of both (`RebuildRule`). Safe to repeat after an error. Queries see the old rows or the new ones.
    func finishRebuild(of view: String, number: Int64, at now: EventTime) throws -> RebuildOutcome

    /// Gives the running rebuild up, with its table. False: none runs.
    func cancelRebuild(of view: String, at now: EventTime) throws -> Bool

    /// How many rows the view has. Throws `view.unknown`. - Complexity: O(rows).
    func rowCount(of view: String) throws -> Int

    /// How many queries run at once; more would wait for each other.
    var queriesMax: Int { get }

    /// Reads rows. Throws `view.unknown`; the query's columns and values were checked by `ViewQuery`.
    func query(_ query: ViewQuery) throws -> ViewRows

    /// Reads the rows that `query` answers, at most `limit` of them, and writes each as it is read: the cells of `select`, in
    /// its order. Says whether there are more, and behind which values they go on. Throws what `query` throws, and what was
    /// written is then of no use.
    func page(_ query: ViewQuery, to writer: RowWriter) throws -> ViewPage

    /// How many lookups (`ViewQuery.isLookup`) of a view are best given to one call of `pages` at the most, and how many such
    /// calls are best under way at once.
    var lookups: (together: Int, calls: Int) { get }

    /// Answers each as `page` does, and may ask for all of them at once: the slowest holds up the others, and they may have
    /// their rows from one snapshot. The answers come in the order of the requests.
    func pages(_ requests: [ViewPageRequest]) -> [Result<ViewPage, any Error>]
}
