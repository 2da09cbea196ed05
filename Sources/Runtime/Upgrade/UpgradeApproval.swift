public import Base
public import Planner

extension ErrorCode {
    /// A topology has changed in a way that loses state or rows, and the plan of it was not approved.
    public static let changeNotApproved = ErrorCode("topology.change_not_approved")
}

/// Which changes of topologies may lose state and rows of views.
public struct UpgradeApproval: Sendable {
    /// Of plans that somebody has read: `UpgradePlan.hash`.
    public var hashes: Set<String>
    /// Whatever is lost of these.
    public var topologies: Set<String>
    /// For tests of topologies and of the engine, which have nothing to lose.
    public var isUnlimited = false

    public init(hashes: Set<String> = [], topologies: Set<String> = []) {
        self.hashes = hashes
        self.topologies = topologies
    }

    public static var unlimited: UpgradeApproval {
        var approval = UpgradeApproval()
        approval.isUnlimited = true
        return approval
    }

    public func covers(_ plan: UpgradePlan) -> Bool {
        !plan.needsApproval || isUnlimited || topologies.contains(plan.topology) || hashes.contains(plan.hash)
    }

    /// Throws `topology.change_not_approved` for the first that is not covered.
    public func check(_ plans: [UpgradePlan]) throws {
        for plan in plans where !covers(plan) { throw refusal(of: plan) }
    }

    func refusal(of plan: UpgradePlan) -> EngineError {
        let lost = plan.changes.filter(\.loses).map { change in
            let why = change.why.isEmpty ? "" : ": " + change.why.joined(separator: ", ")
            return "\(change.part.rawValue) '\(change.name)' (\(change.verdict.rawValue))" + why
        }
        let shown = lost.prefix(3).joined(separator: "; ") + (lost.count > 3 ? "; and \(lost.count - 3) more" : "")
        let effect = plan.startsOver ? "would start over" : "would lose state or rows"
        let other = hashes.isEmpty ? "" : ", and --approve is of another plan (\(hashes.sorted().joined(separator: ", ")))"
        return EngineError(
            .changeNotApproved, .user, "topology '\(plan.topology)' has changed, and \(effect)\(other): \(shown)",
            remedy: "Nothing was changed. See what becomes of what there is: pioneer plan FILE. To have just that done: pioneer run "
                + "--approve \(plan.hash) FILE. To start over whatever it costs: pioneer run --rebuild \(plan.topology) FILE.")
    }
}
