import Base
import Operators
import Planner
import Stores

/// Where a task's deployment lies in its state: as the only entry of a state name that no stream or table has.
enum DeploymentEntry {
    /// Names of streams and tables have no colon in front.
    static let stateName = ":deployment"

    static func key(of task: TaskID) -> [UInt8] { StateScope(task: task, operatorName: stateName).prefix + [0] }

    /// What the task has run last; nil where it has never committed. Made up of the state names that there are, where the task
    /// was last run before there were deployment entries.
    ///
    /// Throws `state.damaged`.
    static func read(of task: TaskID, from store: any StateStore) throws -> Deployment? {
        guard let last = try store.lastEpoch(of: task), last.epoch > .none else { return nil }
        var keys = ByteRuns()
        key(of: task).withUnsafeBytes { keys.append($0) }
        var entry: [UInt8]?
        try store.multiGet(keys) { _, value in entry = value.map { Array($0) } }
        guard let entry else { return try undeclared(last.topologyVersion, of: task, from: store) }
        guard let deployment = entry.withUnsafeBytes(Deployment.init(decoding:)) else {
            throw EngineError(
                .stateDamaged, .environment, "what task \(task) has run last cannot be read: its state is damaged, or of a newer version",
                remedy: "Use the version of pioneer that wrote it; or start the topology over from its inputs: "
                    + "pioneer run --rebuild \(task.topology) ….")
        }
        return deployment
    }

    private static func undeclared(_ version: String, of task: TaskID, from store: any StateStore) throws -> Deployment {
        var deployment = Deployment(version: version, sources: [], streams: [], tables: [], views: [])
        deployment.isKnown = false
        for name in try stateNames(of: task, in: store) where name != stateName {
            if name.hasPrefix(Deployment.tablePrefix) {
                let table = String(name.dropFirst(Deployment.tablePrefix.count))
                deployment.tables.append(.init(name: table, origin: "", isEverywhere: false, stateName: name))
            } else {
                deployment.streams.append(
                    .init(name: name, text: "", feed: "", origins: [], hop: "", hopRows: "", layout: nil, stateName: name))
            }
        }
        return deployment
    }

    /// What the task has keys of. - Complexity: one seek a name.
    static func stateNames(of task: TaskID, in store: any StateStore) throws -> [String] {
        let prefix = StateScope.taskPrefix(task)
        var names: [String] = []
        var next: [UInt8]? = prefix
        while let from = next {
            next = nil
            try prefix.withUnsafeBytes { prefix in
                try from.withUnsafeBytes { from in
                    try store.scan(prefix: prefix, from: from) { key, _ in
                        // Behind the task's prefix: the name's length and the name (`StateScope`).
                        let end = prefix.count + 1 + Int(key[prefix.count])
                        names.append(String(decoding: key[(prefix.count + 1)..<end], as: UTF8.self))
                        // The first key that a longer or greater name can have: names are ASCII, so the last byte can grow.
                        var following = Array(key[..<end])
                        following[end - 1] += 1
                        next = following
                        return false
                    }
                }
            }
        }
        return names
    }
}

extension UpgradeFacts.Task {
    /// Reads what a task has. - Complexity: a few seeks for each of its streams; with `sizes`, up to some megabytes are read.
    init(of task: TaskID, from store: any StateStore, sizes: Bool) throws {
        let deployment = try DeploymentEntry.read(of: task, from: store)
        self.init(task: task, deployment: deployment, positions: try store.lastEpoch(of: task)?.positions ?? [])
        guard let deployment else { return }
        for stream in deployment.streams where !stream.stateName.isEmpty {
            windows[stream.stateName] = try WindowOperator.stored(
                StateScope(task: task, operatorName: stream.stateName), in: store)
        }
        guard sizes else { return }
        for name in deployment.streams.map(\.stateName) + deployment.tables.map(\.stateName) where !name.isEmpty {
            bytes[name] = try StateScope(task: task, operatorName: name).prefix.withUnsafeBytes { try store.bytes(prefix: $0) }
        }
    }
}
