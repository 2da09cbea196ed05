import Base
import Stores

/// How far a reader has followed a view's changes, in every partition. As text it is opaque to clients:
/// `digest-offset.offset.…`, the digest over the log and the topic whose offsets they are.
struct ChangePosition: Hashable, Sendable {
    /// By partition: the offset that comes next.
    var next: [Offset]

    /// What of a text can be wrong.
    enum Fault: Error {
        /// It is no position at all.
        case malformed
        /// It is one of another view or another log, or of another number of partitions.
        case foreign
    }

    init(next: [Offset]) { self.next = next }

    init(_ text: String, partitionCount: Int, digest: String) throws(Fault) {
        let halves = text.split(separator: "-", omittingEmptySubsequences: false)
        guard halves.count == 2, halves[0].count == digest.count else { throw .malformed }
        let numbers = halves[1].split(separator: ".", omittingEmptySubsequences: false).map { Int64($0) ?? -1 }
        guard numbers.allSatisfy({ $0 >= 0 }) else { throw .malformed }
        guard halves[0] == digest, numbers.count == partitionCount else { throw .foreign }
        next = numbers.map { Offset($0) }
    }

    func text(digest: String) -> String { digest + "-" + next.map { "\($0)" }.joined(separator: ".") }

    /// Eight hex digits that tell logs and topics apart.
    static func digest(log: LogID, topic: TopicName) -> String {
        let hash = Array("\(log) \(topic)".utf8).withUnsafeBufferPointer { UInt32(bitPattern: Hashing.murmur2($0)) }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
