import Base
public import Stores

/// Which tasks an engine has, and what they stand on.
public enum TaskHost: Sendable {
    /// All tasks of its topologies, from start to stop; log, state and commits are one store.
    case embedded(state: any StateStore, committer: any EpochCommit)
    /// Those that the topologies' groups assign to this process, for as long as they do; the state follows a changelog.
    case cluster(ClusterHost)

    var canMove: Bool {
        switch self {
        case .embedded: false
        case .cluster: true
        }
    }
}

/// What an engine that shares its topologies with others stands on.
public struct ClusterHost: Sendable {
    public var cluster: any TaskCluster
    /// This process's copy of state: of its tasks, and of others where it stands by.
    public var local: any LocalState
    public var owner: TaskOwner
    /// Whether state of tasks that other processes run is followed too, so that taking them over is quick.
    public var isStandby: Bool

    public init(cluster: any TaskCluster, local: any LocalState, owner: TaskOwner, isStandby: Bool) {
        self.cluster = cluster
        self.local = local
        self.owner = owner
        self.isStandby = isStandby
    }

    var ledgerSettings: TaskLedger.Settings {
        var settings = TaskLedger.Settings()
        settings.owner = owner
        return settings
    }
}
