public import Stores
import Base
import Telemetry

// The protocol of an epoch, in steps:
//
// 1. begin a transaction;
// 2. send the outputs, the changes and the record to the changelog, the record to the journal;
// 3. send the offsets of the inputs, always, also when nothing was read: with them goes the membership's generation, so
//    that a process which has lost the task cannot commit;
// 4. commit, again and again until the log says what became of it;
// 5. write changes and position to the local state. From 4 on the epoch is committed whatever happens: a write that fails
//    is repeated, by the next call or by the restore.
//
// Each answer is given to `CommitDecision`; this file does what it decides.

extension TaskLedger {
    /// An epoch between its first step and its last.
    final class Commit {
        enum AbortPurpose {
            case redo
            case leaveOut
            case refuse(EngineError)
            case close
        }

        let write: EpochWrite
        var outputs: RefusedOutputs
        /// What the transaction consists of, in order.
        var sends: [(partition: TopicPartition, buffer: RecordBuffer)] = []
        var step = CommitFacts.Step.begin
        var sent = 0
        var abortPurpose = AbortPurpose.redo
        /// The log has it; only the local state may not.
        var isInLog = false
        var calls = 0
        var rounds = 0
        var lastFault: EngineError?

        init(_ write: EpochWrite, recordBytesMax: Int) {
            self.write = write
            outputs = RefusedOutputs(write, recordBytesMax: recordBytesMax)
        }

        var record: EpochRecord { write.record }

        func move(to next: CommitFacts.Step) {
            step = next
            calls = 0
        }

        func abort(for purpose: AbortPurpose) {
            abortPurpose = purpose
            move(to: .abort)
        }
    }

    /// Commits the epoch after the last one; see `EpochCommit`.
    ///
    /// Throws `task.commit_unknown` (transient) while the log does not answer, `store.…` when the log has the epoch but the
    /// local state cannot be written, and what the cluster throws: the call may be repeated with the same write. Throws
    /// `task.record_refused` when the log will never take the epoch. After `.fenced` the ledger is closed.
    public func commit(_ write: EpochWrite) throws -> CommitOutcome {
        switch life {
        case .closed: return .fenced
        case .restoring: preconditionFailure("a task commits after its restore has ended")
        case .committing(let open): return try goOn(with: open, write)
        case .ready: break
        }
        let last = try lastEpoch(of: task)
        if last == write.record { return .committed }
        guard write.record.epoch == (last?.epoch ?? .none).next else {
            Telemetry.emit(TaskGivenUp(task: task, error: OwnershipErrors.fenced(task)))
            close()
            return .fenced
        }
        let commit = Commit(write, recordBytesMax: log.recordBytesMax)
        if let large = tooLarge(changelogOf: write) { throw OwnershipErrors.refused(task, large) }
        prepare(commit)
        life = .committing(commit)
        return try run(commit)
    }

    private func goOn(with open: Commit, _ write: EpochWrite) throws -> CommitOutcome {
        if open.record == write.record { return try run(open) }
        // The caller has come to another epoch of the same number. What is open cannot be forgotten, because it may be in the
        // log; if it is not it never shall be.
        if !open.isInLog, open.step != .commit, open.step != .abort { open.abort(for: .redo) }
        switch try run(open) {
        case .committed: return .aborted
        case .aborted: return try commit(write)
        case .fenced: return .fenced
        }
    }

    private func prepare(_ commit: Commit) {
        commit.sends = commit.outputs.sends() + [
            (changelog, changelogRecords), (TopicPartition(.journal(of: task.topology), task.partition), journalRecords),
        ]
        commit.sent = 0
        commit.move(to: .begin)
    }

    /// Fills the buffers of changelog and journal. A record that the log cannot take is found before anything is sent.
    private func tooLarge(changelogOf write: EpochWrite) -> TransactionFault.RefusedRecord? {
        changelogRecords.removeAll(keepingAtMost: Limits.outputBytesKept)
        journalRecords.removeAll(keepingAtMost: Limits.outputBytesKept)
        Changelog.write(write, to: changelogRecords)
        write.record.appendJournalEntry(to: journalRecords, owner: settings.owner, timestamp: write.record.clock.microseconds)
        return RefusedOutputs.tooLarge([(changelog, changelogRecords)], recordBytesMax: log.recordBytesMax).first
    }

    // MARK: Steps

    private func run(_ commit: Commit) throws -> CommitOutcome {
        commit.calls = 0
        while !commit.isInLog {
            let fault = call(commit)
            commit.calls += 1
            let answer = CommitFacts.Answer(fault, commit.outputs)
            let facts = CommitFacts(step: commit.step, answer: answer, calls: commit.calls, rounds: commit.rounds, standing: standing)
            if let error = fault?.error { commit.lastFault = error }
            if let outcome = try act(on: CommitDecision.decide(facts), fault, commit) { return outcome }
        }
        try local.apply(commit.write.changes, of: task, position: try position(after: commit))
        beginning = nil
        life = .ready
        return .committed
    }

    /// Nil: done.
    private func call(_ commit: Commit) -> TransactionFault? {
        guard let transactions else { preconditionFailure("a ledger that is not closed has its transactions") }
        do throws(TransactionFault) {
            switch commit.step {
            case .begin: try transactions.begin()
            case .send: try transactions.send(commit.sends[commit.sent].buffer, to: commit.sends[commit.sent].partition)
            case .sendOffsets: try transactions.send(offsets: offsets(of: commit.record))
            case .commit: try transactions.commit()
            case .abort: try transactions.abort()
            }
            return nil
        } catch {
            return error
        }
    }

    /// Nil: there is another call to make.
    private func act(on decision: CommitDecision, _ fault: TransactionFault?, _ commit: Commit) throws -> CommitOutcome? {
        switch decision {
        case .goOn: return try goOn(commit)
        case .committed: commit.isInLog = true
        case .callAgain: noteUnknown(commit)
        case .callLater:
            throw OwnershipErrors.commitUnknown(task, commit.record.epoch, commit.lastFault ?? LogErrors.closed(), isLeft: false)
        case .leaveToNextOwner:
            close()
            guard standing != .lost else { return .fenced }
            throw OwnershipErrors.commitUnknown(task, commit.record.epoch, commit.lastFault ?? LogErrors.closed(), isLeft: true)
        case .abortAndRedo:
            if let fault { Telemetry.emit(TransactionAborted(task: task, epoch: commit.record.epoch, error: fault.error)) }
            commit.abort(for: .redo)
        case .leaveOutAndRedo:
            if case .refused(let records)? = fault?.kind {
                tellRefused(records)
                commit.outputs.leaveOut(records)
            }
            commit.rounds += 1
            commit.abort(for: .leaveOut)
        case .abortAndRefuse: commit.abort(for: .refuse(refusal(fault)))
        case .abortAndClose: commit.abort(for: .close)
        case .fenced, .closeAndRestore:
            Telemetry.emit(TaskGivenUp(task: task, error: fault?.error ?? OwnershipErrors.fenced(task)))
            close()
            return .fenced
        }
        return nil
    }

    private func goOn(_ commit: Commit) throws -> CommitOutcome? {
        switch commit.step {
        case .begin: commit.move(to: commit.sends.isEmpty ? .sendOffsets : .send)
        case .send:
            commit.sent += 1
            commit.move(to: commit.sent < commit.sends.count ? .send : .sendOffsets)
        case .sendOffsets: commit.move(to: .commit)
        case .commit: preconditionFailure("a commit that is done is decided as committed")
        case .abort:
            switch commit.abortPurpose {
            case .leaveOut: prepare(commit)
            case .redo:
                life = .ready
                return .aborted
            case .refuse(let error):
                life = .ready
                throw error
            case .close:
                close()
                return .fenced
            }
        }
        return nil
    }

    private func refusal(_ fault: TransactionFault?) -> EngineError {
        guard case .refused(let records)? = fault?.kind, let record = records.first else {
            return fault?.error ?? OwnershipErrors.fenced(task)
        }
        return OwnershipErrors.refused(task, record)
    }

    /// One event for the first time that a call did not answer; the calls after it are told as one.
    private func noteUnknown(_ commit: Commit) {
        guard commit.calls == 1, let fault = commit.lastFault else { return }
        Telemetry.emit(CommitUnknown(task: task, epoch: commit.record.epoch, error: fault))
    }

    /// One event a topic, with the first record's reason.
    private func tellRefused(_ records: [TransactionFault.RefusedRecord]) {
        for (topic, refused) in Dictionary(grouping: records, by: \.partition.topic).sorted(by: { $0.key < $1.key }) {
            Telemetry.emit(RecordsRefused(task: task, topic: topic, count: refused.count, reason: refused[0].reason))
        }
    }

    func offsets(of record: EpochRecord) -> [TopicPartition: Offset] {
        var offsets: [TopicPartition: Offset] = [:]
        for position in record.positions where inputs.contains(position.input) { offsets[position.input] = position.next }
        return offsets
    }

    private func position(after commit: Commit) throws -> LocalPosition {
        // Where the log has not told, the place before stays: to read this epoch's changes once more does no harm. The
        // changelog's end would do some: a next owner may have written there by now.
        let told = transactions?.lastOffset(in: changelog).map { $0 + 1 }
        let next = try told ?? local.position(of: task)?.changelog ?? log.range(of: changelog).first
        return LocalPosition(changelog: next, appliedAt: commit.record.clock, epoch: commit.record)
    }
}

extension CommitFacts.Answer {
    fileprivate init(_ fault: TransactionFault?, _ outputs: RefusedOutputs) {
        switch fault?.kind {
        case nil: self = .done
        case .unknown: self = .unknown
        case .mustAbort: self = .mustAbort
        case .refused(let records): self = .refused(canLeaveOut: outputs.canLeaveOut(records))
        case .fenced: self = .fenced
        case .fatal: self = .fatal
        }
    }
}

extension EpochRecord {
    /// The record as `journalEntry()` has it, with who ran the task as headers.
    func appendJournalEntry(to buffer: RecordBuffer, owner: TaskOwner, timestamp: Int64) {
        let encoded = ByteArena(capacity: 512), headers = ByteArena(capacity: 64)
        encode(to: encoded)
        RecordHeaders.append(JournalHeader.instance, owner.instance, to: headers)
        RecordHeaders.append(JournalHeader.host, owner.host, to: headers)
        buffer.append(timestamp: timestamp, key: nil, value: encoded.bytes, headers: headers.bytes)
    }
}
