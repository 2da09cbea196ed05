import Agents

@testable import pioneer

/// An engine's memory of producers, and the lines it took. Fails a send when told to: before the records are in, or after
/// (the answer is lost).
final class FakeEngine {
    enum Fault { case before, after }
    struct Broken: Error {}

    var last: [String: Int64] = [:]
    var lines: [String] = []
    var faultAt: Int?
    var fault = Fault.before
    private var sends = 0

    func send(_ name: String, _ number: Int64, _ batch: LineBatch) throws -> AppendClient.Receipt {
        sends += 1
        let fails = sends == faultAt
        if fails, fault == .before { throw Broken() }
        if let known = last[name] {
            if number <= known { return AppendClient.Receipt() }
            guard number == known + 1 else { throw Broken() }
        }
        last[name] = number
        lines += String(decoding: batch.body, as: UTF8.self).split(separator: "\n").map(String.init)
        if fails { throw Broken() }
        return AppendClient.Receipt()
    }
}
