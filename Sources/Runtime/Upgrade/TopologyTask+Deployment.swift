import Base
import Planner
import Stores

// A task goes from one deployment to the next when it is restored:
//
// 1. read what it has run last;
// 2. refuse what would lose state and was not approved: nothing has changed then;
// 3. give streams and tables their state names, and restore them from there;
// 4. with the first epoch, write what runs now, with the state names that are to be cleared;
// 5. with each epoch clear some, and write what is left when a name is done. A crash in between goes on here.
//
// None of it looks at more than a few entries of the state, however much there is.

extension TopologyTask {
    /// Whether an epoch is wanted for the deployment alone. A task that has never committed has nothing to tell yet.
    var isDeploymentDue: Bool { currentStatus.epoch > .none && (storedDeployment != deployment || !clearing.isDone) }

    /// Throws `topology.change_not_approved`, `state.damaged`.
    func restoreDeployment() throws {
        let former = try DeploymentEntry.read(of: id, from: store)
        let next = Deployment(plan)
        if !settings.approval.isUnlimited, former?.unresolved != next.unresolved {
            let facts = UpgradeFacts(tasks: [try UpgradeFacts.Task(of: id, from: store, sizes: false)], ranges: [:])
            let upgrade = UpgradePlan(topology: plan.topology, from: facts, to: next)
            // Starting over is done for all tasks at once, before any runs.
            guard settings.approval.covers(upgrade), !upgrade.startsOver else { throw settings.approval.refusal(of: upgrade) }
        }
        storedDeployment = former.flatMap { $0.isKnown ? $0 : nil }
        if let former { try emptyHops(of: former) }
        var resolved = next.resolved(after: former)
        if former == nil, settings.hasStoreOfAll { resolved.number = try numberToBeginWith(next) }
        take(resolved)
    }

    /// Removes the rows that would have come to this task, and to nobody else, through hops that it no longer has: a stream that
    /// comes back one day would take them for its own. Until the deployment is committed it is done with each restoring.
    private func emptyHops(of former: Deployment) throws {
        for topic in former.hops(of: id.topology).subtracting(plan.hops.map(\.topic)).sorted() {
            guard try log.topic(topic) != nil else { continue }
            let partition = TopicPartition(topic, id.partition)
            try log.deleteRecords(before: log.range(of: partition).end, in: partition)
        }
    }

    /// Of a task that has never committed. Tasks are told by their numbers which of them a deployment has reached
    /// (`UpgradePlan.init`), so it counts as the others do.
    private func numberToBeginWith(_ next: Deployment) throws -> UInt64 {
        var number: UInt64 = 1
        for other in 0..<settings.partitionCount where PartitionNumber(other) != id.partition {
            let task = TaskID(topology: id.topology, partition: PartitionNumber(other))
            guard let deployed = try DeploymentEntry.read(of: task, from: store) else { continue }
            number = max(number, deployed.unresolved == next.unresolved ? deployed.number : deployed.number + 1)
        }
        return number
    }

    /// Whether an input is read from its beginning: that of a table which has no state yet.
    func isReadAnew(_ input: TaskInput) -> Bool {
        guard case .table(let feed) = input.kind, let index = plan.tables.firstIndex(where: { $0.name == feed.table.name }) else {
            return false
        }
        let stateName = deployment.tables[index].stateName
        return storedDeployment.map { stored in !stored.tables.contains { $0.stateName == stateName } } ?? false
    }

    /// Adds what the open epoch changes of the deployment. Returns what the state says when it has been committed.
    func collectDeployment(into changes: inout StateChanges) throws -> Deployment {
        var deployed = deployment
        deployed.clearing = try clearing.collect(into: &changes, from: store)
        if deployed != storedDeployment {
            DeploymentEntry.key(of: id).withUnsafeBytes { key in
                deployed.encoded.withUnsafeBytes { changes.put(key: key, value: $0) }
            }
        }
        return deployed
    }

    func didCommit(_ deployed: Deployment) {
        clearing.didCommit()
        deployment = deployed
        storedDeployment = deployed
    }
}
