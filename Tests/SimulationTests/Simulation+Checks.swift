import Base
import Planner
@testable import Runtime
import SimulatedCluster
import Stores

extension Simulation {
    /// Each commit holds together: the record in the changelog, the same in the journal, and the group's offsets.
    func checkCommit(_ transaction: CommittedTransaction) -> String? {
        guard transaction.producer.hasPrefix("pioneer.\(plan.topology).") else { return nil }
        func broken(_ what: String) -> String { "a commit of \(transaction.producer) \(what)" }
        if options.startsOver, isStartOver(transaction) {
            noteStartOver()
            let wanted = SimulatedTopology.partitionCount * (plan.sources.count + plan.hops.count)
            return transaction.offsets?.count == wanted ? nil : broken("starts over without all offsets")
        }
        guard let changelog = transaction.partitions.first(where: { $0.topic == .changelog(of: plan.topology) }),
            let journal = transaction.partitions.first(where: { $0.topic == .journal(of: plan.topology) }),
            let recorded = epoch(try? transaction.lastRecord(in: changelog)),
            let told = epoch(try? transaction.lastRecord(in: journal))
        else { return broken("lacks its epoch record") }
        guard recorded == told else { return broken("has one epoch in the changelog and another in the journal") }
        guard let offsets = transaction.offsets else { return broken("is without offsets") }
        let positions = Dictionary(uniqueKeysWithValues: recorded.positions.map { ($0.input, $0.next) })
        return offsets == positions ? nil : broken("has other offsets than its record: \(offsets) for \(positions)")
    }

    private func isStartOver(_ transaction: CommittedTransaction) -> Bool {
        transaction.partitions.contains { epoch(try? transaction.lastRecord(in: $0))?.epoch == Epoch.none }
    }

    /// What comes from now on is of the new life.
    private func noteStartOver() {
        startOverCount += 1
        let others = [SimulatedTopology.source, SimulatedTopology.table]
        for topic in SimulatedTopology.topics(of: plan).map(\.name) where !others.contains(topic) {
            for number in 0..<SimulatedTopology.partitionCount {
                let partition = TopicPartition(topic, PartitionNumber(number))
                lifeStart[partition] = try? cluster.offsets(of: partition).end
            }
        }
    }

    private func epoch(_ record: RecordView??) -> EpochRecord? {
        record.flatMap { $0 }?.valueBytes.flatMap { EpochRecord(decoding: UnsafeRawBufferPointer($0)) }
    }

    /// What is there in the end, against the uninterrupted run. Nil: no difference.
    func difference() throws -> String? {
        let records = { [cluster, lifeStart] (partition: TopicPartition) throws -> [CopiedRecord] in
            let batch = try cluster.committedRecords(of: partition), start = lifeStart[partition]?.number ?? 0
            return (0..<batch.count).lazy.map { batch[$0] }.filter { $0.offset >= start }.map(CopiedRecord.init)
        }
        var outcome = try Outcome.reading(plan, records)
        for number in 0..<SimulatedTopology.partitionCount {
            let task = SimulatedTopology.task(number)
            guard let owner = owner(of: number) else { return "task \(number) has no owner" }
            if let table = owner.table(of: task.partition) {
                let bytes = source.table.reduce(0) { $0 + $1.key.count + $1.value.count + 128 }
                guard table == (source.table.count, bytes) else {
                    return "task \(number) has \(table) of the table that is everywhere, for \((source.table.count, bytes))"
                }
            }
            let entries = owner.machine.disk.entries(of: task)
            outcome.state.append(entries.map { Outcome.hex($0.key) })
            // A machine without a process has followed nothing for a while.
            let standbys = options.hasStandbys ? machines.filter { $0 !== owner.machine && $0.host != nil } : []
            let copies = [entries] + standbys.map { $0.disk.entries(of: task) }
            if let broken = try journalFault(number, records) ?? changelogFault(number, records, copies) { return broken }
        }
        return outcome.difference(from: try Outcome.reference(plan, source))
    }

    /// Each epoch is in the journal once, and goes on where the one before stopped; the last one is the group's offsets.
    private func journalFault(_ number: Int, _ records: (TopicPartition) throws -> [CopiedRecord]) throws -> String? {
        let partition = TopicPartition(.journal(of: plan.topology), PartitionNumber(number))
        var last: EpochRecord?
        var next: [TopicPartition: Offset] = [:]
        for record in try records(partition) {
            guard let epoch = record.value?.withUnsafeBytes({ EpochRecord(decoding: $0) }) else { return "\(partition) cannot be read" }
            let before = last?.epoch ?? .none
            guard epoch.epoch == before.next else { return "\(partition): epoch \(epoch.epoch) after \(before)" }
            // A table that is everywhere is read anew at each start.
            for case .slice(let input, let from, let to) in epoch.steps where !plan.tables.contains(where: { $0.topic == input.topic }) {
                if let expected = next[input], expected != from { return "\(partition): \(input) read to \(expected), then from \(from)" }
                next[input] = to
            }
            last = epoch
        }
        for position in last?.positions ?? [] {
            let group = cluster.groupOffset(of: plan.topology, position.input)
            if let group, group != position.next {
                return "the group stands at \(group) of \(position.input), the task at \(position.next)"
            }
        }
        return nil
    }

    /// The changelog alone gives the same state as the disks of the owner and of those who follow it.
    private func changelogFault(
        _ number: Int, _ records: (TopicPartition) throws -> [CopiedRecord], _ disks: [[(key: [UInt8], value: [UInt8])]]
    ) throws -> String? {
        let partition = TopicPartition(.changelog(of: plan.topology), PartitionNumber(number))
        var folded: [[UInt8]: [UInt8]] = [:]
        for record in try records(partition) {
            guard let key = record.key, key.first == Changelog.changePrefix else { continue }
            folded[StateScope.taskPrefix(SimulatedTopology.task(number)) + key.dropFirst()] = record.value
        }
        let entries = folded.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for (index, disk) in disks.enumerated() where !entries.elementsEqual(disk, by: { $0.key == $1.key && $0.value == $1.value }) {
            let whose = index == 0 ? "its owner's disk" : "a standby's disk"
            return "the changelog of task \(number) gives \(entries.count) entries, \(whose) has \(disk.count), or others"
        }
        return nil
    }
}
