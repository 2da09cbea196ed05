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
        let connection = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try connection.write(contentsOf: Data((command + "\n").utf8))
        var answer = Data()
        while answer.last != UInt8(ascii: "\n"), let more = try connection.read(upToCount: 1 << 16), !more.isEmpty { answer += more }
        let text = String(decoding: answer, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard text.hasPrefix("ok") else { throw BrokerTrouble(description: "the fault broker answers '\(command)' with '\(text)'") }
        return text.dropFirst(2).trimmingCharacters(in: .whitespaces)
    }
}
