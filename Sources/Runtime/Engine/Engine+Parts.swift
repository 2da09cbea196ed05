public import Base
public import Stores

extension Engine {
    /// What the engine runs on. The composition root chooses; the engine knows only the seams.
    public struct Parts: Sendable {
        public var log: any EventLog & RecordAppender
        public var host: TaskHost
        public var views: any ViewStore
        public var clock: any WallClock
        /// Retention and compaction of the log, called now and then with the time. Nil: the log sees to that itself, and to
        /// what views need no longer keep.
        public var upkeep: Upkeep?

        /// How an embedded log lets go of what it need no longer keep.
        public struct Upkeep: Sendable {
            public var maintain: @Sendable (EventTime) throws -> MaintenanceReport
            /// Removes records with a timestamp before the given one from a view's topic: its `keep` is over.
            public var trim: @Sendable (TopicPartition, EventTime) throws -> Void

            public init(
                maintain: @escaping @Sendable (EventTime) throws -> MaintenanceReport,
                trim: @escaping @Sendable (TopicPartition, EventTime) throws -> Void
            ) {
                self.maintain = maintain
                self.trim = trim
            }
        }

        public init(
            log: any EventLog & RecordAppender, host: TaskHost, views: any ViewStore, clock: any WallClock, upkeep: Upkeep? = nil
        ) {
            self.log = log
            self.host = host
            self.views = views
            self.clock = clock
            self.upkeep = upkeep
        }

        /// An embedded engine: log, state and commits are one store.
        public init(
            log: any EventLog & RecordAppender, state: any StateStore, committer: any EpochCommit, views: any ViewStore,
            clock: any WallClock, maintain: @escaping @Sendable (EventTime) throws -> MaintenanceReport,
            trim: @escaping @Sendable (TopicPartition, EventTime) throws -> Void
        ) {
            self.init(
                log: log, host: .embedded(state: state, committer: committer), views: views, clock: clock,
                upkeep: Upkeep(maintain: maintain, trim: trim))
        }
    }
}
