import Base
public import Planner
import Stores

extension Engine {
    /// Starts topologies over, from what the log still holds of their inputs, before an engine is made of the same parts. Rows
    /// are written to outputs once more; all else that the topologies have made is void: state, epochs, dead letters, views,
    /// rows between their tasks.
    ///
    /// - Parameter dropView: forgets a view that this process has projected; other processes' follow the log.
    /// - Precondition: parts on a log that processes share.
    /// - Throws: `engine.not_alone` while others have tasks of a topology: nothing of that one has changed then. What topics
    ///   and cluster throw: the call may be repeated.
    public static func startOver(
        _ names: [String], of plans: [Plan], settings: EngineSettings, parts: Parts, dropView: (String) throws -> Void
    ) throws {
        guard case .cluster(let host) = parts.host else { preconditionFailure("an embedded store forgets by itself") }
        let layout = try makeTopics(plans, settings, parts)
        for plan in plans where names.contains(plan.topology) {
            let hops = try parts.log.topics().filter { $0.name.isHop(of: plan.topology) }
            try StartOver(plan, layout, hops: hops, host: host, log: parts.log).run(clock: parts.clock) {
                for view in plan.views { try dropView(view.definition.name) }
            }
        }
    }
}

extension StartOver {
    /// - Parameter hops: of whatever versions there were.
    init(_ plan: Plan, _ layout: TopicLayout, hops: [TopicDescription], host: ClusterHost, log: any EventLog) {
        let taskCount = layout.taskCount(of: plan.topology)
        self.init(
            topology: plan.topology, taskCount: taskCount, cluster: host.cluster, log: log,
            owner: host.owner, inputs: { plan.ownInputs($0, layout) },
            hops: hops.filter { $0.partitionCount == taskCount }.map(\.name),
            views: plan.views.map(\.definition.topic))
    }
}
