public import Base
import Columns
public import Operators
import Stores

/// What of a topology runs in a task: what the next version is compared with, and where its streams' state is.
///
/// It lies in the task's state (`DeploymentEntry`), written by the first epoch of each version; so it goes wherever the state
/// goes. Two deployments are equal exactly as long as nothing of a topology has changed that its state or rows depend on.
public struct Deployment: Hashable, Sendable {
    public struct Source: Hashable, Sendable {
        public var name: String
        /// What says which rows come to which task, and when they happened: state of other rows is of no use.
        public var origin: String
        /// Everything else: schema, and the settings of event time.
        public var settings: String

        /// Whose records they are.
        var topic: String { Self.topic(of: origin) }

        static func topic(of origin: String) -> String { String(origin.prefix { $0 != " " }) }

        public init(name: String, origin: String, settings: String) {
            self.name = name
            self.origin = origin
            self.settings = settings
        }
    }

    public struct Stream: Hashable, Sendable {
        public var name: String
        public var renamedFrom: String?
        /// `PlannedStream.text`; empty: not known.
        public var text: String
        /// Over everything between the sources and the stream, names left out.
        public var feed: String
        /// Of its sources, in order of their topics.
        public var origins: [String]
        /// The topic that its rows come through; empty where there is none.
        public var hop: String
        /// Over the fields of the rows that come through it; empty where there is none.
        public var hopRows: String
        /// Nil: it has no state.
        public var layout: WindowLayout?
        /// What its state keys begin with, behind the task's prefix (`StateScope`); empty where it has no state, and before
        /// `StateNames` has given it one.
        public var stateName = ""
        /// `WindowDefinition.legacyLayout`; of the next deployment alone, and no part of what is stored.
        var legacyLayout = ""

        public init(
            name: String, renamedFrom: String? = nil, text: String, feed: String, origins: [String], hop: String,
            hopRows: String, layout: WindowLayout?, stateName: String = ""
        ) {
            self.name = name
            self.renamedFrom = renamedFrom
            self.text = text
            self.feed = feed
            self.origins = origins
            self.hop = hop
            self.hopRows = hopRows
            self.layout = layout
            self.stateName = stateName
        }
    }

    public struct Table: Hashable, Sendable {
        public var name: String
        /// Its topic and key: rows of others are of no use.
        public var origin: String
        public var isEverywhere: Bool
        public var stateName = ""

        public init(name: String, origin: String, isEverywhere: Bool, stateName: String = "") {
            self.name = name
            self.origin = origin
            self.isEverywhere = isEverywhere
            self.stateName = stateName
        }
    }

    public struct View: Hashable, Sendable {
        public var name: String
        public var key: [String]
        /// `name type`, with `?` where it may be null; neither is ever empty.
        public var columns: [String]
        public var keep: TimeSpan?
        /// Over what its rows are, names left out.
        public var feed: String

        public init(name: String, key: [String], columns: [String], keep: TimeSpan?, feed: String) {
            self.name = name
            self.key = key
            self.columns = columns
            self.keep = keep
            self.feed = feed
        }
    }

    /// Counts a task's deployments, from 1; 0: not deployed yet.
    public var number: UInt64 = 0
    /// `Plan.version`.
    public var version: String
    /// False: it was made up from what lies in the state of a task that was last run before there were deployment entries. Only
    /// its state names are known.
    public var isKnown = true
    public var sources: [Source]
    public var streams: [Stream]
    public var tables: [Table]
    public var views: [View]
    /// State names of what was dropped whose keys are still to be cleared.
    public var clearing: [String] = []

    public init(version: String, sources: [Source], streams: [Stream], tables: [Table], views: [View]) {
        self.version = version
        self.sources = sources
        self.streams = streams
        self.tables = tables
        self.views = views
    }
}

extension Deployment {
    /// Of its sources.
    public var topics: [TopicName] { sources.compactMap { TopicName($0.topic) } }

    /// Topics that rows come through from task to task, where the deployment is one of the topology of that name.
    public func hops(of topology: String) -> Set<TopicName> {
        let rekeyed = sources.filter { $0.origin.hasSuffix(" rekeyed") }.map { TopicName.hop(to: $0.name, of: topology) }
        return Set(streams.compactMap { TopicName($0.hop) } + rekeyed)
    }

    /// Origins of what feeds a view; empty where that is not found.
    func origins(ofFeed feed: String) -> [String] {
        if let stream = streams.first(where: { Feeds.hash(ofStream: $0.text, feed: $0.feed) == feed }) { return stream.origins }
        return sources.filter { source in
            let hash = Feeds.hash(ofSource: source.origin, source.settings)
            return hash == feed || Feeds.hash(ofHop: hash) == feed
        }.map(\.origin)
    }

    /// What a plan is to have running. Its streams have no state names yet: `StateNames` gives them.
    public init(_ plan: Plan) {
        let feeds = Feeds(plan)
        self.init(
            version: plan.version,
            sources: plan.sources.map { Source(name: $0.name, origin: $0.origin, settings: $0.settings) },
            streams: plan.streams.indices.map { index in
                let stream = plan.streams[index]
                var hop = "", hopRows = ""
                if case .hop(let number) = stream.input {
                    hop = plan.hops[number].topic.text
                    hopRows = plan.hops[number].rowsHash
                }
                var described = Stream(
                    name: stream.name, renamedFrom: stream.renamedFrom, text: stream.text, feed: feeds.hash(of: stream.input),
                    origins: stream.sources.map { plan.sources[$0].origin }.sorted(), hop: hop, hopRows: hopRows,
                    layout: stream.definition.window?.layout)
                described.legacyLayout = stream.definition.window?.legacyLayout ?? ""
                return described
            },
            tables: plan.tables.map { table in
                let key = table.keyColumns.map { "\(table.type.columns[$0].path) \(table.type.columns[$0].type)" }
                return Table(
                    name: table.name, origin: "\(table.topic) by \(key.joined(separator: ", "))", isEverywhere: table.isEverywhere)
            },
            views: plan.views.map { view in
                let type = view.definition.type
                return View(
                    name: view.definition.name, key: view.definition.key,
                    columns: type.columns.indices.map { index in
                        "\(type.columns[index].flatName) \(type.columns[index].type)\(type.isNullable(at: index) ? "?" : "")"
                    },
                    keep: view.definition.keep, feed: feeds.hash(of: view.input))
            })
    }
}

/// Hashes over what rows are made by, from the sources on.
private struct Feeds {
    private let plan: Plan

    init(_ plan: Plan) { self.plan = plan }

    func hash(of input: PlanInput) -> String {
        switch input {
        case .source(let index): Self.hash(ofSource: plan.sources[index].origin, plan.sources[index].settings)
        case .hop(let index): Self.hash(ofHop: hash(of: plan.hops[index].input))
        case .stream(let index): Self.hash(ofStream: plan.streams[index].text, feed: hash(of: plan.streams[index].input))
        }
    }

    static func hash(ofSource origin: String, _ settings: String) -> String { hash(["source", origin, settings]) }
    static func hash(ofHop feed: String) -> String { hash(["hop", feed]) }
    static func hash(ofStream text: String, feed: String) -> String { hash(["stream", feed, text]) }

    private static func hash(_ texts: [String]) -> String {
        var hash = StableHash()
        hash.combine(texts)
        return hash.hex
    }
}

extension PlannedHop {
    fileprivate var rowsHash: String {
        var hash = StableHash()
        hash.combine(columns.map { "\(type.columns[$0].path) \(type.columns[$0].type)\(type.isNullable(at: $0) ? "?" : "")" })
        return hash.hex
    }
}

extension PlannedSource {
    fileprivate var origin: String {
        let key = keyColumns.map { type.columns[$0].path }.joined(separator: ", ")
        return "\(topic) by \(key) at \(type.columns[eventTimeColumn].path)" + (isRekeyed ? " rekeyed" : "")
    }

    fileprivate var settings: String {
        var hash = StableHash()
        hash.combine(schema)
        return "out_of_order \(outOfOrder), idle_after \(idleAfter), max_ahead \(maxAhead), schema \(hash.hex)"
    }
}
