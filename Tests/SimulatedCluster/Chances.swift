public import Base

/// How likely each mishap is, for one call of a seam. Probabilities are of 0...1; zero never happens.
public struct Chances: Sendable, CustomStringConvertible {
    public var requestLost = 0.0
    public var answerLost = 0.0
    /// The process is cut off from the log, for up to 12 s.
    public var cut = 0.0
    /// The call takes up to 2 s.
    public var delay = 0.0
    /// The process stands still, for up to a minute.
    public var freeze = 0.0
    public var crash = 0.0
    public var mustAbort = 0.0
    public var fatal = 0.0
    /// A marker comes up to 4 s late.
    public var lateMarker = 0.0
    /// Records reach the log when their transaction commits, instead of when they are sent.
    public var lateRecords = 0.0
    /// A fence does not wait for markers.
    public var markersFollowFence = false

    public static let none = Chances()
    var isNone: Bool { description.isEmpty }

    public init() {}

    /// Processes stand still every now and then, and nothing else happens: what zombies bring about needs several events in a
    /// row, which other mishaps would only disturb.
    public static var zombies: Chances {
        var chances = Chances()
        chances.freeze = 0.04
        chances.delay = 0.02
        chances.lateRecords = 0.5
        return chances
    }

    /// Some of the mishaps, each more or less likely: runs in which one kind prevails find what the mean never does.
    public static func drawn(_ random: inout SeededRandom) -> Chances {
        var chances = Chances()
        func some(_ most: Double) -> Double { random.below(2) == 0 ? 0 : most * random.unit() }
        chances.requestLost = some(0.06)
        chances.answerLost = some(0.06)
        chances.cut = some(0.01)
        chances.delay = some(0.1)
        chances.freeze = some(0.015)
        chances.crash = some(0.03)
        chances.mustAbort = some(0.1)
        chances.fatal = some(0.02)
        chances.lateMarker = some(0.6)
        chances.lateRecords = some(1)
        chances.markersFollowFence = random.below(3) == 0
        return chances
    }

    public var description: String {
        func percent(_ value: Double) -> String { "\(Double(Int(value * 1_000)) / 10)%" }
        let parts: [(String, Double)] = [
            ("request lost", requestLost), ("answer lost", answerLost), ("cut", cut), ("delay", delay), ("freeze", freeze),
            ("crash", crash), ("must abort", mustAbort), ("fatal", fatal), ("late marker", lateMarker), ("late records", lateRecords),
        ]
        return (parts.filter { $0.1 > 0 }.map { "\($0.0) \(percent($0.1))" } + (markersFollowFence ? ["markers follow fences"] : []))
            .joined(separator: ", ")
    }
}

/// A call that a process makes: on the log, in a group, in a transaction, or on its own disk.
public enum SeamCall: String, Sendable {
    case read, range, topics, createTopic, deleteRecords, append, committedOffsets, uncommittedEnd
    case join, serve
    case fence, begin, sendRecords, sendOffsets, commit, abort
    case readState, position, apply, dropPosition, dropRest, adopt

    enum Kind { case query, membership, transaction, local, disk }

    var kind: Kind {
        switch self {
        case .read, .range, .topics, .createTopic, .deleteRecords, .append, .committedOffsets, .uncommittedEnd: .query
        case .join, .serve: .membership
        case .fence, .sendRecords, .sendOffsets, .commit, .abort: .transaction
        case .begin: .local
        case .readState, .position, .apply, .dropPosition, .dropRest, .adopt: .disk
        }
    }
}

/// What happens to one call.
public enum Mishap: Hashable, Sendable {
    case requestLost, answerLost, cut, delay, freezeBefore, freezeAfter, crashBefore, crashMidway, crashAfter, mustAbort, fatal
}

extension SimulatedCluster {
    /// Nil: the call goes as it should.
    func mishap(of call: SeamCall) -> Mishap? {
        if let ordered, ordered.call == call, !chances.isNone {
            self.ordered = ordered.callsBefore == 0 ? nil : (call, ordered.mishap, ordered.callsBefore - 1)
            if ordered.callsBefore == 0 { return ordered.mishap }
        }
        let drawn = random.unit()
        var bound = 0.0
        func hits(_ probability: Double) -> Bool {
            bound += probability
            return drawn < bound
        }
        // Reads are by far the most frequent, and the least telling.
        let scale = call == .read || call == .readState || call == .serve ? 0.1 : 1
        if hits(chances.crash * scale) { return [.crashBefore, .crashMidway, .crashAfter][random.below(3)] }
        // Who stands still in the midst of a transaction is the most dangerous kind of zombie.
        if hits(chances.freeze * (call.kind == .transaction ? 4 : scale)) { return [.freezeBefore, .freezeAfter][random.below(2)] }
        guard call.kind != .disk, call.kind != .local else { return nil }
        if hits(chances.cut * scale) { return .cut }
        if hits(chances.delay * scale) { return .delay }
        if hits(chances.requestLost * scale) { return .requestLost }
        if hits(chances.answerLost * scale) { return .answerLost }
        guard call.kind == .transaction, call != .fence else { return nil }
        if call != .abort, hits(chances.mustAbort) { return .mustAbort }
        return hits(chances.fatal) ? .fatal : nil
    }
}
