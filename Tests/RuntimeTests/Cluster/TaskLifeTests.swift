import Base
import Testing

@testable import Runtime

/// Every cell of the state machine of a task's life.
@Suite struct TaskLifeTests {
    private typealias Row = (TaskLife.Phase, TaskLife.Happening, TaskLife.Phase, TaskLife.Act)

    private static let table: [Row] = [
        (.absent, .assigned, .restoring, .open),
        (.absent, .ready, .absent, .nothing),
        (.absent, .revoked, .absent, .nothing),
        (.absent, .lost, .absent, .nothing),
        (.absent, .stopped, .absent, .nothing),
        (.absent, .failedForNow, .absent, .nothing),
        (.absent, .fenced, .absent, .nothing),
        (.absent, .refused, .absent, .nothing),

        (.restoring, .assigned, .restoring, .nothing),
        (.restoring, .ready, .running, .run),
        (.restoring, .revoked, .absent, .close),
        (.restoring, .lost, .absent, .close),
        (.restoring, .stopped, .absent, .close),
        (.restoring, .failedForNow, .restoring, .wait),
        (.restoring, .fenced, .restoring, .reopen),
        (.restoring, .refused, .absent, .stopEngine),

        (.running, .assigned, .running, .nothing),
        (.running, .ready, .running, .nothing),
        (.running, .revoked, .absent, .commitAndClose),
        (.running, .lost, .absent, .close),
        (.running, .stopped, .absent, .commitAndClose),
        (.running, .failedForNow, .running, .wait),
        (.running, .fenced, .restoring, .reopen),
        (.running, .refused, .absent, .stopEngine),
    ]

    @Test func `every happening in every phase has its act`() {
        for (phase, happening, next, act) in Self.table {
            let decided = TaskLife.decide(phase, happening)
            #expect(decided.0 == next && decided.1 == act, "\(phase) \(happening)")
        }
        let cells = Set(Self.table.map { "\($0.0) \($0.1)" })
        #expect(cells.count == TaskLife.Phase.allCases.count * TaskLife.Happening.allCases.count)
    }

    @Test func `what waiting may mend is waited for, being fenced moves a task, and anything else ends the engine`() {
        func meaning(_ code: ErrorCode, isTransient: Bool, canMove: Bool) -> TaskLife.Happening {
            TaskLife.Happening(EngineError(code, .environment, "x", isTransient: isTransient), canMove: canMove)
        }
        #expect(meaning(.unexpected, isTransient: true, canMove: true) == .failedForNow)
        #expect(meaning(.taskFenced, isTransient: true, canMove: true) == .failedForNow)
        #expect(meaning(.taskFenced, isTransient: false, canMove: true) == .fenced)
        #expect(meaning(.taskFenced, isTransient: false, canMove: false) == .refused)
        #expect(meaning(.taskOffsetsDiffer, isTransient: false, canMove: true) == .refused)
    }

    @Test func `an error of who is not the owner any more ends nothing but the task`() {
        let meanings: [OwnershipDecision: TaskLife.Happening] = [
            .prove: .failedForNow, .askLater: .failedForNow, .stands: .refused, .restore: .fenced, .letGo: .lost,
        ]
        for decision in OwnershipDecision.allCases { #expect(TaskLife.Happening(decision) == meanings[decision]) }
    }
}
