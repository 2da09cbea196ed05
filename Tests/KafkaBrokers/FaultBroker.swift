import Base
import Foundation

/// A Kafka broker in memory that a test tells to misbehave: late markers, lost answers, injected errors, evicted members.
/// Each test starts its own; its program documents the commands.
public final class FaultBroker: Sendable {
    public let address: String
    private let process: BrokerProcess
    private let controlPort: UInt16

    public init() throws {
        guard let program = Brokers.faultBroker else { throw BrokerTrouble(description: Brokers.skippedFaults) }
        let port = try BrokerProcess.freePort()
        controlPort = try BrokerProcess.freePort()
        address = "127.0.0.1:\(port)"
        // The control port opens last.
        process = try BrokerProcess(
            ["python3", program, "\(port)", "--control", "\(controlPort)"], port: controlPort, removing: nil)
    }

    /// Stops the broker; what it held is gone.
    public func stop() { process.stop() }

    /// Carries one command out and returns the answer without its `ok`.
    @discardableResult
    public func tell(_ command: String) throws -> String {
        guard let descriptor = BrokerProcess.connection(to: controlPort) else {
            throw BrokerTrouble(description: "the fault broker's control port does not answer")
        }
        defer { close(descriptor) }
        let line = Array((command + "\n").utf8)
        guard send(descriptor, line, line.count, Int32(MSG_NOSIGNAL)) == line.count else {
            throw BrokerTrouble(description: "the fault broker's control port takes no command")
        }
        var answer: [UInt8] = [], piece = [UInt8](repeating: 0, count: 1 << 16)
        while answer.last != UInt8(ascii: "\n") {
            let count = read(descriptor, &piece, piece.count)
            if count <= 0 { break }
            answer += piece[..<count]
        }
        let text = String(decoding: answer, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard text.hasPrefix("ok") else { throw BrokerTrouble(description: "the fault broker answers '\(command)' with '\(text)'") }
        return text.dropFirst(2).trimmingCharacters(in: .whitespaces)
    }
}
