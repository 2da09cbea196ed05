/// What becomes of a topology's state and views when its next version is deployed. `pioneer plan` shows it, and `pioneer run`
/// does it.
public struct UpgradePlan: Hashable, Sendable {
    public enum Part: String, Sendable { case stream, table, view }

    public enum Verdict: String, Sendable {
        /// Goes on as it is.
        case keep
        /// Goes on under another name, or with fewer parts.
        case migrate
        /// Begins with the deployment.
        case new
        /// Is read again from its own topic, which has all of it.
        case reload
        /// Goes.
        case drop
        /// Nothing stored can give it: the topology starts over from what the log holds.
        case rebuild
    }

    public struct Change: Hashable, Sendable {
        public var part: Part
        public var name: String
        public var verdict: Verdict
        /// Clauses, in the order of their weight.
        public var why: [String]
        /// State or rows are lost, so that the plan has to be approved.
        public var loses: Bool
        /// Bytes of state, about; nil: it has none, or nobody asked.
        public var stateBytes: Int?
        /// Rows of a view; nil: not known.
        public var rows: Int?

        public init(_ part: Part, _ name: String, _ verdict: Verdict, why: [String] = [], loses: Bool = false) {
            self.part = part
            self.name = name
            self.verdict = verdict
            self.why = why
            self.loses = loses
        }
    }

    /// A partition that sources are read from.
    public struct Input: Hashable, Sendable {
        public var topic: String
        public var partition: Int
        /// The oldest record that the log still has, and one past the last.
        public var first: Int64
        public var end: Int64
        /// Where the task goes on; nil: it has not read any.
        public var next: Int64?
    }

    public var topology: String
    /// The versions that tasks run; several where a deployment was cut short, none where the topology is new.
    public var running: [String]
    public var version: String
    public var changes: [Change]
    public var inputs: [Input]
    /// Names exactly this plan: what runs, what is to run, and what that does. 16 hex digits.
    public var hash: String

    /// Whether state and views are made anew from what the log holds.
    public var startsOver: Bool { changes.contains { $0.verdict == .rebuild } }
    public var needsApproval: Bool { changes.contains(where: \.loses) }
    public var isFirst: Bool { running.isEmpty }
    public var isUnchanged: Bool { running == [version] && changes.allSatisfy { $0.verdict == .keep && $0.why.isEmpty } }
    /// Views whose rows go for good.
    public var droppedViews: [String] { changes.filter { $0.part == .view && $0.verdict == .drop }.map(\.name) }
}
