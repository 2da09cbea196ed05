import Base
import Stores

/// The process is no more. Nothing of it runs on: whoever drives the simulation drops its memory.
public struct SimulatedCrash: Error, Hashable {
    public var process: String
}

extension ErrorCode {
    static let simulatedCrash = ErrorCode("simulation.crash")
    static let unanswered = ErrorCode("simulation.unanswered")
    static let simulatedFault = ErrorCode("simulation.fault")
    static let memberFenced = ErrorCode("membership.fenced")
}

/// Why a call of a process did not give its result.
enum CallFailure {
    case crashed
    case unanswered
    case mustAbort
    case fatal
}

/// One process's view of the cluster: what it has of the log, the groups and transactions until it crashes.
public final class SimulatedProcess: @unchecked Sendable {
    public let name: String
    public let instance: String?
    let cluster: SimulatedCluster
    public private(set) var isDead = false
    /// More than zero while it stands still.
    private(set) var freezes = 0
    public var isStandingStill: Bool { freezes > 0 }
    private var cutUntil = EventTime.earliest

    init(_ name: String, instance: String?, cluster: SimulatedCluster) {
        self.name = name
        self.instance = instance
        self.cluster = cluster
    }

    /// Whether the brokers hear of it.
    var isHeard: Bool { !isDead && freezes == 0 && cluster.now >= cutUntil }

    /// Kills the process, between two calls.
    public func crash() {
        guard !isDead else { return }
        isDead = true
        cluster.note("\(name) crashes")
        cluster.processes.removeAll { $0 === self }
    }

    private func freeze() {
        freezes += 1
        // Long enough for the group to notice, more often than not.
        let span = cluster.span(upTo: cluster.chance(0.3) ? .seconds(6) : .seconds(60))
        cluster.note("\(name) stands still for \(span)")
        cluster.wait(self, span)
        freezes -= 1
        cluster.note("\(name) goes on")
    }

    /// Makes one call, unless chance has something else in mind. `body` carries it out; `midway` is done by a process that
    /// crashes in the midst of it.
    func call<R, E: Error>(
        _ call: SeamCall, _ what: @autoclosure () -> String = "", failure: (CallFailure) -> E, midway: () -> Void = {},
        _ body: () throws(E) -> R
    ) throws(E) -> R {
        if isDead { throw failure(.crashed) }
        let mishap = cluster.mishap(of: call)
        if let mishap { cluster.note("\(name) \(call.rawValue) \(what()): \(mishap)") }
        switch mishap {
        case .crashBefore, .crashMidway:
            if mishap == .crashMidway { midway() }
            crash()
            throw failure(.crashed)
        case .freezeBefore: freeze()
        case .delay: cluster.wait(self, cluster.span(upTo: .seconds(2)))
        case .cut: cutUntil = cluster.now + cluster.span(upTo: .seconds(12))
        case .mustAbort: throw failure(.mustAbort)
        case .fatal: throw failure(.fatal)
        case .requestLost, .answerLost, .crashAfter, .freezeAfter, nil: break
        }
        if isDead { throw failure(.crashed) }
        let isLocal = call.kind == .disk || call.kind == .local
        if !isLocal, mishap == .requestLost || cluster.now < cutUntil {
            cluster.wait(self, .milliseconds(500))
            throw failure(isDead ? .crashed : .unanswered)
        }
        let result = try body()
        if isDead { throw failure(.crashed) }
        switch mishap {
        case .answerLost:
            cluster.wait(self, .milliseconds(500))
            throw failure(isDead ? .crashed : .unanswered)
        case .crashAfter:
            crash()
            throw failure(.crashed)
        case .freezeAfter:
            freeze()
            if isDead { throw failure(.crashed) }
        default: break
        }
        return result
    }

    /// A call whose errors are the engine's.
    func call<R>(
        _ seam: SeamCall, _ what: @autoclosure () -> String = "", midway: () -> Void = {}, _ body: () throws -> R
    ) throws -> R {
        try call(seam, what(), failure: error(of:), midway: midway, body)
    }

    private func error(of failure: CallFailure) -> any Error {
        failure == .crashed ? SimulatedCrash(process: name) : engineError(of: failure)
    }

    func engineError(of failure: CallFailure) -> EngineError {
        switch failure {
        case .crashed: EngineError(.simulatedCrash, .environment, "process '\(name)' has crashed", remedy: "Drop it.")
        case .unanswered:
            EngineError(.unanswered, .environment, "process '\(name)' got no answer", remedy: "Repeat it.", isTransient: true)
        case .mustAbort, .fatal:
            EngineError(.simulatedFault, .environment, "the simulated log reports a fault", remedy: "Do as the fault's kind says.")
        }
    }
}
