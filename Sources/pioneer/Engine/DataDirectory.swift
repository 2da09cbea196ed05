import Base
import Foundation
import Planner
import PostgresViews
import RocksStore
import Runtime
import SQLiteViews
import Stores

/// The files of an engine: `DIR/store` (log and state), `DIR/views/views.sqlite` unless views are in PostgreSQL, and while it
/// runs `DIR/address`. Of one on Kafka there is no log: `DIR/state` (copies of tasks' state) and `DIR/instance` (its name among
/// the others) instead. One process at a time; the store's lock sees to that.
struct DataDirectory {
    /// Where the log is, for the life of a directory.
    enum Kind {
        case embedded, kafka

        var storeName: String { self == .embedded ? "store" : "state" }
    }

    let path: String
    /// Log and state, or state alone.
    let store: RocksStore
    let views: ViewDatabase

    static func addressPath(_ directory: String) -> String { directory + "/address" }

    /// Opens or makes everything, with views in a file. Throws `run.foreign_directory`, `run.other_kind` and what the stores
    /// throw; nothing is changed then.
    static func open(_ path: String, _ kind: Kind = .embedded, memory: MemoryBudget, clock: any WallClock) throws -> DataDirectory {
        let store = try openStore(path, kind, memory: memory, clock: clock)
        do {
            let viewsPath = viewsPath(path)
            try makeDirectory(viewsPath)
            let views = try SQLiteViews(directory: viewsPath, cacheBytes: 4 << 20)
            return DataDirectory(path: path, store: store, views: .sqlite(views))
        } catch {
            store.close()
            throw error
        }
    }

    /// The same, with views in PostgreSQL, which is waited for while it is away.
    static func open(
        _ path: String, _ kind: Kind, postgres: PostgresSettings, memory: MemoryBudget, clock: any WallClock
    ) async throws -> DataDirectory {
        // First: another engine on the directory is told at once.
        let store = try openStore(path, kind, memory: memory, clock: clock)
        do {
            return DataDirectory(path: path, store: store, views: try await .awaited(postgres))
        } catch {
            store.close()
            throw error
        }
    }

    /// What `SQLiteViews` is given.
    static func viewsPath(_ directory: String) -> String { directory + "/views" }

    /// Log and state alone. Throws as `open` does.
    static func openStore(_ path: String, _ kind: Kind, memory: MemoryBudget, clock: any WallClock) throws -> RocksStore {
        try checkIsDirectory(path)
        try checkIsOurs(path)
        try checkKind(path, kind)
        ProcessMemory.limit()
        do {
            return try RocksStore.open(
                directory: path + "/" + kind.storeName, options: RocksStoreOptions(memoryMaxBytes: memory.store),
                newLogID: UUID().uuidString.lowercased(), clock: clock)
        } catch {
            throw named(error, kind, directory: path)
        }
    }

    private static func makeDirectory(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw EngineError(
                .dataDirectory, .environment, "cannot make the directory '\(path)': \(error.localizedDescription)",
                remedy: "Choose another data directory with --data, or change its owner or permissions.")
        }
    }

    func parts(clock: any WallClock) -> Engine.Parts {
        let store = store
        return Engine.Parts(
            log: store, state: store, committer: store, views: views.store, clock: clock,
            maintain: { try store.maintain(now: $0) },
            trim: { try store.deleteRecords(before: $1, in: $0) })
    }

    /// What log, state and views take on this machine's disk, in bytes. - Complexity: O(files) system calls.
    func diskBytes() throws -> Int {
        let files = views.path.map { path in ["", "-wal", "-shm"].map { path + $0 } } ?? []
        return files.reduce(try store.statistics().diskBytes) { sum, path in
            var information = stat()
            return stat(path, &information) == 0 ? sum + Int(information.st_blocks) * 512 : sum
        }
    }

    /// Says where the engine listens, for commands that look for it. Whole or not at all: written beside and renamed.
    func writeAddress(_ address: String) throws {
        let target = Self.addressPath(path)
        do {
            try Data((address + "\n").utf8).write(to: URL(fileURLWithPath: target), options: .atomic)
        } catch {
            throw EngineError(
                .dataDirectory, .environment, "cannot write '\(target)': \(error.localizedDescription)",
                remedy: "Free disk space or change the directory's permissions.")
        }
    }

    /// Ends everything; the address goes first, so that nobody finds an engine that is closing.
    func close() {
        unlink(Self.addressPath(path))
        views.close()
        store.close()
    }
}

extension ErrorCode {
    /// The data directory cannot be made or written.
    static let dataDirectory = ErrorCode("run.data_directory")
    /// The log of the data directory has another number of partitions.
    static let partitionsFixed = ErrorCode("run.partitions_fixed")
    /// A name given with --rebuild is no topology of this run.
    static let rebuildUnknown = ErrorCode("run.rebuild_unknown")
}

extension DataDirectory {
    /// How many partitions topics have: as many as those that are there, which all have the same number. In a new
    /// directory as many as wanted. Throws `run.partitions_fixed` where others are wanted than there are.
    func partitionCount(wanted: Int?, askedBy: String) throws -> Int {
        try Self.partitionCount(of: store, wanted: wanted, askedBy: askedBy, in: path)
    }

    static func partitionCount(of store: RocksStore, wanted: Int?, askedBy: String, in path: String) throws -> Int {
        try partitionCount(wanted: wanted, askedBy: askedBy, existing: store.topics().map(\.partitionCount).max(), in: path)
    }

    static func partitionCount(wanted: Int?, askedBy: String, existing: Int?, in path: String) throws -> Int {
        guard let existing else { return wanted ?? 1 }
        guard let wanted, wanted != existing else { return existing }
        throw EngineError(
            .partitionsFixed, .user,
            "the topics in '\(path)' have \(Figures.count(existing, "partition")), and \(askedBy) asks for \(wanted)",
            remedy: "Leave the setting 'partitions' away: records keep the partition that their key had. Or use another data directory.")
    }

    /// Forgets what a topology has made so far, so that it starts over from the records still in the log. Its views go
    /// first: if this is interrupted, they are filled again from their topics as they were.
    func forget(_ plan: Plan) throws {
        let definitions = plan.views.map(\.definition)
        for view in definitions { try views.drop(view.name) }
        try store.forget(
            topology: plan.topology,
            emptying: definitions.map(\.topic) + store.topics().map(\.name).filter { $0.isHop(of: plan.topology) }
                + [.journal(of: plan.topology), .deadLetters(of: plan.topology)])
    }
}
