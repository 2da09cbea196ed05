public import Planner

/// What is done before an engine is made of plans: decided for all topologies and tasks before any of it is.
public struct ApprovedUpgrade: Sendable {
    public let plans: [UpgradePlan]
    /// Topologies that are started over: because somebody said so, or because an approved plan does.
    public let startingOver: Set<String>
    /// What the engine's tasks go by, each looking again when it is restored.
    public let approval: UpgradeApproval

    /// - Parameters:
    ///   - rebuild: topologies that are started over whatever it costs.
    ///   - approve: hashes of plans.
    /// - Throws: `topology.change_not_approved`; what the stores throw.
    public init(_ plans: [Plan], _ settings: EngineSettings, _ parts: Engine.Parts, rebuild: [String], approve: [String]) throws {
        let upgrades = try Engine.upgrades(of: plans, settings: settings, log: parts.log, host: parts.host, onlyCurrent: true)
        var approval = UpgradeApproval(hashes: Set(approve), topologies: Set(rebuild))
        try approval.check(upgrades)
        self.plans = upgrades
        startingOver = Set(upgrades.filter { $0.startsOver && approval.covers($0) }.map(\.topology)).union(rebuild)
        // Tasks that go from process to process are looked at again, each by the hash: of some nothing was known here.
        if !parts.host.canMove { approval.topologies.formUnion(upgrades.map(\.topology)) }
        self.approval = approval
    }
}
