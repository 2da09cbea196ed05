import Base
import Foundation

/// A Kafka broker in memory that a test tells to misbehave: late markers, lost answers, injected errors, evicted members.
/// Each test starts its own; its program documents the commands.
public final class FaultBroker: Sendable {
    public let address: String
    private let process: BrokerProcess
    private let controlPort: UInt16

    /// - Parameter certificates: it speaks TLS and nothing else, with a certificate of theirs.
    /// - Parameter requiringClients: it talks only to clients that show one, too.
    public init(tls certificates: Certificates? = nil, requiringClients: Bool = false) throws {
        guard let program = Brokers.faultBroker else { throw BrokerTrouble(description: Brokers.skippedFaults) }
        let port = try BrokerProcess.freePort()
        controlPort = try BrokerProcess.freePort()
        address = "127.0.0.1:\(port)"
        var command = ["python3", program, "\(port)", "--control", "\(controlPort)"]
        if let certificates {
            let own = try certificates.signed("broker")
            let authority = requiringClients ? certificates.authority : ""
            command = ["python3", "-B", "-c", Self.overTLS, program, "\(port)", "\(controlPort)", own.certificate, own.key, authority]
        }
        // The control port opens last.
        process = try BrokerProcess(command, port: controlPort, removing: nil)
    }

    /// The broker's own program with another listener.
    private static let overTLS = """
        import asyncio, importlib.util, os, ssl, sys
        program, port, control, certificate, key, authority = sys.argv[1:]
        sys.path.insert(0, os.path.dirname(program))
        found = importlib.util.spec_from_file_location("broker", program)
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        async def main():
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority or None)
            context.load_cert_chain(certificate, key)
            if authority: context.verify_mode = ssl.CERT_REQUIRED
            broker = module.Broker(int(port))
            server = await asyncio.start_server(broker.serve, "127.0.0.1", broker.port, limit=4 << 20, ssl=context)
            await asyncio.start_server(broker.control, "127.0.0.1", int(control))
            await server.serve_forever()
        asyncio.run(main())
        """

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
