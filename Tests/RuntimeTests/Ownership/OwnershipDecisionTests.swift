import Base
@testable import Runtime
import Stores
import Testing

@Suite struct CommitDecisionTests {
    private typealias Facts = CommitFacts

    private func decide(
        _ step: Facts.Step, _ answer: Facts.Answer, calls: Int = 1, rounds: Int = 0, _ standing: TaskStanding = .owned
    ) -> CommitDecision {
        CommitDecision.decide(Facts(step: step, answer: answer, calls: calls, rounds: rounds, standing: standing))
    }

    private static let beforeCommit: [CommitFacts.Step] = [.begin, .send, .sendOffsets]
    private static let mayStillCommit: [TaskStanding] = [.owned, .stopping, .revoked]
    private static let troubles: [CommitFacts.Answer] = [.unknown, .mustAbort, .refused(canLeaveOut: true), .refused(canLeaveOut: false)]
    private let last = Limits.transactionCallsMax

    @Test(arguments: TaskStanding.allCases)
    func `a commit that is done is committed, whoever has the task by now`(_ standing: TaskStanding) {
        #expect(decide(.commit, .done, standing) == .committed)
        #expect(decide(.commit, .done, calls: 9, rounds: 9, standing) == .committed)
    }

    @Test(arguments: CommitFacts.Step.allCases, TaskStanding.allCases)
    func `who is fenced closes, and a producer of no use is closed to restore the task`(
        _ step: CommitFacts.Step, _ standing: TaskStanding
    ) {
        #expect(decide(step, .fenced, standing) == .fenced)
        #expect(decide(step, .fatal, standing) == .closeAndRestore)
    }

    @Test(arguments: beforeCommit, mayStillCommit)
    func `what is done goes on while the epoch may be committed`(_ step: CommitFacts.Step, _ standing: TaskStanding) {
        #expect(decide(step, .done, standing) == .goOn)
        #expect(decide(.abort, .done, standing) == .goOn)
    }

    @Test func `an unknown commit is called again, and from then on when the caller comes back`() {
        #expect(decide(.commit, .unknown, calls: 1) == .callAgain)
        #expect(decide(.commit, .unknown, calls: last - 1) == .callAgain)
        #expect(decide(.commit, .unknown, calls: last) == .callLater)
    }

    @Test(arguments: [TaskStanding.stopping, .revoked])
    func `an unknown commit is left to the next owner after some calls when the task has to go`(_ standing: TaskStanding) {
        #expect(decide(.commit, .unknown, calls: last - 1, standing) == .callAgain)
        #expect(decide(.commit, .unknown, calls: last, standing) == .leaveToNextOwner)
    }

    @Test func `an unknown commit of a lost task is left to the next owner at once`() {
        #expect(decide(.commit, .unknown, .lost) == .leaveToNextOwner)
    }

    @Test(arguments: beforeCommit)
    func `a lost task drops what it has not asked to be committed`(_ step: CommitFacts.Step) {
        for answer in [.done] + Self.troubles { #expect(decide(step, answer, .lost) == .abortAndClose) }
        #expect(decide(.commit, .mustAbort, .lost) == .abortAndClose)
        #expect(decide(.commit, .refused(canLeaveOut: true), .lost) == .abortAndClose)
    }

    @Test(arguments: CommitFacts.Step.allCases.filter { $0 != .abort }, mayStillCommit)
    func `what the log aborts is aborted and done again`(_ step: CommitFacts.Step, _ standing: TaskStanding) {
        #expect(decide(step, .mustAbort, standing) == .abortAndRedo)
    }

    @Test func `records of which nobody knows whether they were sent are not sent twice`() {
        #expect(decide(.send, .unknown) == .abortAndRedo)
        for step in [CommitFacts.Step.begin, .sendOffsets] {
            #expect(decide(step, .unknown) == .callAgain)
            #expect(decide(step, .unknown, calls: last) == .callLater)
            #expect(decide(step, .unknown, calls: last, .stopping) == .leaveToNextOwner)
        }
    }

    @Test(arguments: CommitFacts.Step.allCases.filter { $0 != .abort }, mayStillCommit)
    func `refused records are left out for some rounds, and never sent again as they are`(
        _ step: CommitFacts.Step, _ standing: TaskStanding
    ) {
        #expect(decide(step, .refused(canLeaveOut: true), standing) == .leaveOutAndRedo)
        #expect(decide(step, .refused(canLeaveOut: true), rounds: Limits.refusalRoundsMax, standing) == .abortAndRefuse)
        #expect(decide(step, .refused(canLeaveOut: false), standing) == .abortAndRefuse)
    }

    @Test(arguments: [CommitFacts.Answer.unknown, .mustAbort, .refused(canLeaveOut: true)])
    func `an abort that has not ended is called again`(_ answer: CommitFacts.Answer) {
        #expect(decide(.abort, answer) == .callAgain)
        #expect(decide(.abort, answer, calls: last) == .callLater)
        #expect(decide(.abort, answer, calls: last, .revoked) == .leaveToNextOwner)
        #expect(decide(.abort, answer, .lost) == .leaveToNextOwner)
        #expect(decide(.abort, .done, .lost) == .leaveToNextOwner)
    }
}

@Suite struct LocalStateDecisionTests {
    private static let now = EventTime(seconds: 1_000_000)
    private static let day = TimeSpan.hours(24)

    /// A changelog of the offsets 10..<20, and a copy that is an hour old.
    private func decide(
        _ offset: Int64?, hasEpoch: Bool = true, age: TimeSpan = .hours(1), hasTail: Bool = true, first: Int64 = 10, end: Int64 = 20,
        wasOtherLog: Bool = false, groupHasOffsets: Bool = true
    ) -> LocalStateDecision {
        let position = offset.map {
            LocalPosition(changelog: Offset($0), appliedAt: Self.now - age, epoch: hasEpoch ? epochRecord(4) : nil)
        }
        return LocalStateDecision.decide(
            LocalStateFacts(
                position: position, wasOtherLog: wasOtherLog, first: Offset(first), end: Offset(end), hasTail: hasTail,
                groupHasOffsets: groupHasOffsets, now: Self.now, tombstonesKept: Self.day))
    }

    @Test func `a copy of the changelog's end is used, however old`() {
        #expect(decide(20, hasTail: false) == .use)
        #expect(decide(20, age: .days(400), hasTail: false) == .use)
        // Behind it are only places without records.
        #expect(decide(15, age: .days(400), hasTail: false) == .use)
    }

    @Test func `a copy within the changelog is used with the tail, in the midst of an epoch too`() {
        #expect(decide(15) == .useWithTail(from: Offset(15)))
        #expect(decide(10) == .useWithTail(from: Offset(10)))
        #expect(decide(15, hasEpoch: false) == .useWithTail(from: Offset(15)))
        #expect(decide(15, age: .hours(20)) == .useWithTail(from: Offset(15)))
    }

    @Test func `no copy, or another log's, is made anew`() {
        #expect(decide(nil) == .rebuild(.nothingHere))
        #expect(decide(nil, wasOtherLog: true) == .rebuild(.otherLog))
        #expect(decide(nil, first: 0, end: 0, groupHasOffsets: false) == .rebuild(.nothingHere))
    }

    @Test func `a copy that the changelog does not lead on from is made anew`() {
        #expect(decide(21, hasTail: false) == .rebuild(.beyondEnd))
        #expect(decide(9, hasTail: false) == .rebuild(.beforeFirst))
        #expect(decide(15, hasEpoch: false, hasTail: false) == .rebuild(.unfinished))
    }

    @Test func `a copy older than tombstones are kept is made anew, a little before they go`() {
        #expect(decide(15, age: Self.day) == .rebuild(.tombstonesGone))
        #expect(decide(15, age: .hours(22)) == .rebuild(.tombstonesGone))
    }

    @Test func `the last copy of a state whose changelog is empty is not dropped`() {
        #expect(decide(15, hasTail: false, first: 0, end: 0) == .refuse)
        #expect(decide(15, hasTail: false, first: 0, end: 0, groupHasOffsets: false) == .rebuild(.beyondEnd))
    }
}

@Suite struct RestoreDecisionTests {
    private let a = TopicPartition(TopicName("a")!, PartitionNumber(2)), b = TopicPartition(TopicName("b")!, PartitionNumber(2))
    private let prices = TopicPartition(TopicName("prices")!, PartitionNumber(0))

    private func decide(
        recorded: [TopicPartition: Int64]?, group: [TopicPartition: Int64], journal: Bool = false, waited: TimeSpan = .zero
    ) -> RestoreDecision {
        var record = recorded.map { _ in epochRecord(4) }
        record?.positions = (recorded ?? [:]).sorted { $0.key < $1.key }.map {
            .init(input: $0.key, next: Offset($0.value), maxEventTime: .earliest, watermark: .earliest, isIdle: false)
        }
        return RestoreDecision.decide(
            RestoreFacts(
                recorded: record, group: group.mapValues { Offset($0) }, inputs: [a, b], journalHasEpochs: journal, waited: waited,
                waitMax: .seconds(60)))
    }

    @Test func `where record and group agree the task goes on`() {
        #expect(decide(recorded: [a: 3, b: 4], group: [a: 3, b: 4]) == .goOn(missing: []))
        // An input that came to the topology since, and one that every task reads.
        #expect(decide(recorded: [a: 3, prices: 9], group: [a: 3, b: 4, prices: 1]) == .goOn(missing: []))
    }

    @Test func `offsets that the group has forgotten are the record's`() {
        #expect(decide(recorded: [a: 3, b: 4], group: [:]) == .goOn(missing: [a, b]))
        #expect(decide(recorded: [a: 3, b: 4], group: [a: 3]) == .goOn(missing: [b]))
    }

    @Test(arguments: [2, 5] as [Int64])
    func `where they differ is waited, and then refused`(_ group: Int64) {
        let difference = OffsetDifference(input: b, recorded: Offset(4), group: Offset(group))
        #expect(decide(recorded: [a: 3, b: 4], group: [a: 3, b: group]) == .wait(difference))
        #expect(decide(recorded: [a: 3, b: 4], group: [a: 3, b: group], waited: .milliseconds(59_999)) == .wait(difference))
        #expect(decide(recorded: [a: 3, b: 4], group: [a: 3, b: group], waited: .seconds(60)) == .refuse(difference))
        #expect(decide(recorded: [a: 3, b: 4], group: [b: group], waited: .seconds(60)) == .refuse(difference))
    }

    @Test func `a task without any epoch begins, where the group was set if it was`() {
        #expect(decide(recorded: nil, group: [:]) == .begin)
        #expect(decide(recorded: nil, group: [prices: 3]) == .begin)
        #expect(decide(recorded: nil, group: [b: 7]) == .beginAtGroup)
    }

    @Test func `a task whose journal has epochs but whose changelog has none is refused`() {
        #expect(decide(recorded: nil, group: [:], journal: true) == .refuseLostChangelog)
        #expect(decide(recorded: nil, group: [a: 3, b: 4], journal: true) == .refuseLostChangelog)
    }
}

@Suite struct RestoreProgressTests {
    @Test func `what is left is reckoned by the pace so far`() {
        func left(_ from: Int64, _ next: Int64, _ to: Int64, after seconds: Int64) -> TimeSpan? {
            RestoreProgress.timeLeft(
                from: Offset(from), next: Offset(next), to: Offset(to), began: EventTime(seconds: 100),
                now: EventTime(seconds: 100 + seconds))
        }
        #expect(left(10, 30, 70, after: 2) == .seconds(4))
        #expect(left(10, 70, 70, after: 2) == .zero)
        #expect(left(10, 10, 70, after: 2) == nil)
        #expect(left(10, 30, 70, after: 0) == nil)
    }
}
