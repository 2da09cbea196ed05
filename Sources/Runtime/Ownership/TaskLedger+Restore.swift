public import Base
import Stores
import Telemetry

// The way of a task to its last epoch, in steps; start, restart, rescale and standby take the same:
//
// 1. fence: earlier owners' transactions end, and none can begin another;
// 2. ask for the group's stable offsets;
// 3. ask for the changelog's end, uncommitted records included: what is not to be read yet has to be waited for;
// 4. decide about the copy (`LocalStateDecision`), and drop it where it is of no use;
// 5. read the changelog's committed records up to that end, and apply them to the copy in chunks;
// 6. compare the last epoch record with the group's offsets (`RestoreDecision`): equal, else from 2 on again for a while.

extension TaskLedger {
    /// A restore between its first step and its last.
    final class Restore {
        enum Step {
            case fence, askGroup, askEnd, openCopy, read, askJournal, compare
        }

        var step = Step.fence
        var progress = RestoreProgress()
        var group: [TopicPartition: Offset] = [:]
        var reader: (any EventLog)?
        var follower: ChangelogFollower?
        var readingSince = EventTime.earliest
        /// Since nothing came of a log that has more.
        var silentSince: EventTime?
        /// Since record and group were first seen to differ.
        var differSince: EventTime?
        /// Whether the journal has epochs, once that was asked.
        var journalHasEpochs: Bool?
        var toldAt = EventTime.earliest
    }

    /// Does the next piece of the restore: one call or one read of the log, and the write of what it brought.
    ///
    /// - Parameter now: the engine's clock; decides how long is waited, and whether the copy is too old.
    /// - Throws: `task.fenced`: the ledger is closed. `task.offsets_differ`, `task.changelog_lost`, `task.changelog_damaged`: a
    ///   person has to act. `task.changelog_blocked`, `log.offsets_unstable`, `store.…` and other transient errors: the next
    ///   call goes on.
    public func restoreStep(now: EventTime) throws -> Restoring {
        guard case .restoring(let restore) = life else {
            if isClosed { throw OwnershipErrors.fenced(task) }
            return .ready
        }
        guard standing != .lost else {
            close()
            throw OwnershipErrors.fenced(task)
        }
        if restore.progress.startedAt == .earliest { restore.progress.startedAt = now }
        switch restore.step {
        case .fence: try fence(restore)
        case .askGroup:
            restore.group = try cluster.committedOffsets(of: task.topology, inputs)
            restore.step = .askEnd
        case .askEnd:
            restore.progress.to = try cluster.uncommittedEnd(of: changelog)
            restore.step = restore.follower == nil ? .openCopy : .read
        case .openCopy: try openCopy(restore, now)
        case .read: try read(restore, now)
        case .askJournal: try askJournal(restore, now)
        case .compare: try compare(restore, now)
        }
        return isReady ? .ready : .restoring(restore.progress)
    }

    private func fence(_ restore: Restore) throws {
        let transactions = try self.transactions ?? cluster.transactions(of: task, membership)
        self.transactions = transactions
        do throws(TransactionFault) {
            try transactions.fence()
        } catch {
            if error.kind == .fenced {
                Telemetry.emit(TaskGivenUp(task: task, error: error.error))
                close()
                throw OwnershipErrors.fenced(task)
            }
            if error.kind == .fatal {
                transactions.close()
                self.transactions = nil
            }
            var fault = error.error
            fault.isTransient = true
            throw fault
        }
        restore.progress.phase = .asking
        restore.step = .askGroup
    }

    private func openCopy(_ restore: Restore, _ now: EventTime) throws {
        let reader = try restore.reader ?? log.reader()
        restore.reader = reader
        let opened = try ChangelogFollower.open(
            task, log: reader, local: local, end: restore.progress.to, groupHasOffsets: !restore.group.isEmpty, now: now,
            settings: settings)
        guard let (follower, rebuild) = opened else { return try wait(for: changelog, restore, now) }
        restore.follower = follower
        restore.readingSince = now
        restore.toldAt = now
        restore.progress.rebuild = restore.progress.rebuild ?? rebuild
        restore.progress.from = follower.next
        restore.progress.next = follower.next
        restore.progress.phase = .reading
        restore.step = .read
        Telemetry.emit(RestoreStarted(task: task, progress: restore.progress))
    }

    private func read(_ restore: Restore, _ now: EventTime) throws {
        guard let follower = restore.follower else { preconditionFailure("a copy is opened before it is read into") }
        guard follower.next < restore.progress.to else {
            restore.step = .compare
            return
        }
        let before = (follower.appliedRecords, follower.appliedBytes)
        let step = try follower.step()
        restore.progress.appliedRecords += follower.appliedRecords - before.0
        restore.progress.appliedBytes += follower.appliedBytes - before.1
        restore.progress.next = follower.next
        restore.progress.timeLeft = RestoreProgress.timeLeft(
            from: restore.progress.from, next: follower.next, to: restore.progress.to, began: restore.readingSince, now: now)
        switch step {
        case .applied:
            restore.progress.phase = .reading
            restore.silentSince = nil
            tellProgress(restore, now)
        case .atEnd(let reached) where reached >= restore.progress.to:
            restore.silentSince = nil
            restore.step = .compare
        case .atEnd: try wait(for: changelog, restore, now)
        case .lost(let reason):
            try local.drop(task)
            restore.follower = nil
            restore.progress.rebuild = reason
            restore.step = .askGroup
        }
    }

    private func compare(_ restore: Restore, _ now: EventTime) throws {
        let position = restore.follower?.position
        if restore.follower?.hasPending == true || (position != nil && position?.epoch == nil) {
            throw OwnershipErrors.changelogDamaged(task, changelog, "it ends with changes that no epoch record follows")
        }
        guard position != nil || restore.journalHasEpochs != nil else {
            restore.step = .askJournal
            return
        }
        let facts = RestoreFacts(
            recorded: position?.epoch, group: restore.group, inputs: inputs,
            journalHasEpochs: restore.journalHasEpochs ?? false, waited: restore.differSince.map { now - $0 } ?? .zero,
            waitMax: settings.offsetsWait)
        switch RestoreDecision.decide(facts) {
        case .goOn(let missing):
            if !missing.isEmpty { Telemetry.emit(GroupOffsetsMissing(task: task, inputs: missing)) }
        case .begin: break
        case .beginAtGroup:
            beginning = .beginning(at: restore.group)
            Telemetry.emit(GroupOffsetsTaken(task: task, offsets: restore.group))
        case .wait(let difference):
            if restore.differSince == nil { Telemetry.emit(RestoreWaiting(task: task, difference: difference)) }
            restore.differSince = restore.differSince ?? now
            restore.progress.phase = .waiting
            restore.step = .askGroup
            return
        case .refuse(let difference): throw OwnershipErrors.offsetsDiffer(task, difference)
        case .refuseLostChangelog:
            // An epoch that came into the journal since the end was asked for is another owner's: this one hears of it soon.
            guard try cluster.uncommittedEnd(of: changelog) > restore.progress.to else {
                throw OwnershipErrors.changelogLost(task, changelog)
            }
            restore.step = .askGroup
            return
        }
        life = .ready
        Telemetry.emit(RestoreFinished(task: task, epoch: position?.epoch?.epoch ?? .none, progress: restore.progress, now: now))
    }

    /// Nothing has come yet: it is on its way, or a transaction keeps it back.
    private func wait(for partition: TopicPartition, _ restore: Restore, _ now: EventTime) throws {
        restore.progress.phase = .waiting
        let since = restore.silentSince ?? now
        restore.silentSince = since
        guard now - since >= settings.offsetsWait else { return }
        restore.silentSince = nil
        throw OwnershipErrors.blocked(task, partition, reached: restore.progress.next, end: restore.progress.to)
    }

    private func tellProgress(_ restore: Restore, _ now: EventTime) {
        guard now >= restore.toldAt + Limits.restoreNoticeInterval else { return }
        restore.toldAt = now
        Telemetry.emit(RestoreProgressed(task: task, progress: restore.progress))
    }

    /// One read of the journal, for a changelog without an epoch: to tell a new task from one whose changelog was lost.
    private func askJournal(_ restore: Restore, _ now: EventTime) throws {
        let journal = TopicPartition(.journal(of: task.topology), task.partition)
        let reader = try restore.reader ?? log.reader()
        restore.reader = reader
        let range = try reader.range(of: journal)
        let outcome = range.first < range.end
            ? try reader.read(journal, from: range.first, recordsMax: 1, bytesMax: Limits.batchBytesMax, into: RecordBatch(capacity: 1))
            : .atEnd(reached: range.end)
        switch outcome {
        case .records: restore.journalHasEpochs = true
        case .atEnd(let reached) where reached >= range.end: restore.journalHasEpochs = false
        case .atEnd, .expired, .beyondEnd: return try wait(for: journal, restore, now)
        }
        restore.silentSince = nil
        restore.step = .compare
    }
}

extension EpochRecord {
    /// An epoch before the first, which says nothing but where the inputs begin.
    static func beginning(at offsets: [TopicPartition: Offset]) -> EpochRecord {
        EpochRecord(
            epoch: .none, topologyVersion: "", steps: [],
            positions: offsets.sorted { $0.key < $1.key }.map {
                EpochRecord.InputPosition(
                    input: $0.key, next: $0.value, maxEventTime: .earliest, watermark: .earliest, isIdle: false)
            },
            clock: .earliest, watermark: .earliest)
    }
}
