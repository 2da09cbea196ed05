import Base
import Foundation
import Synchronization

/// A broker as a child that ends with this process, however that ends: a shell waits for the end of its standard input,
/// which this process holds open, and then kills the broker with its children (which may have inherited a mask for milder
/// signals) and removes its directory.
final class BrokerProcess: Sendable {
    private static let startSecondsMax = 30.0

    private let shell: Process
    /// The shell's standard input: at its end it stops the broker.
    private let lifeline: FileHandle
    private static let spawning = Mutex(())

    /// Returns when the port takes connections.
    init(_ command: [String], port: UInt16, removing directory: String?) throws {
        let shell = Process()
        self.shell = shell
        lifeline = try Self.spawning.withLock { _ in try Self.start(shell, [directory ?? ""] + command) }
        let watch = Stopwatch()
        while !Self.takesConnections(port) {
            guard watch.elapsedSeconds < Self.startSecondsMax, shell.isRunning else {
                stop()
                throw BrokerTrouble(description: "\(command.joined(separator: " ")) took no connections in \(Self.startSecondsMax) s")
            }
            _ = poll(nil, 0, 20)
        }
    }

    /// One at a time: a child that inherited another's lifeline would keep that one's broker alive.
    private static func start(_ shell: Process, _ arguments: [String]) throws -> FileHandle {
        let script = """
            dir="$1"; shift
            setsid "$@" </dev/null & child=$!
            read -r _ || true
            kill -9 "-$child" "$child"
            [ -z "$dir" ] || rm -rf "$dir"
            """
        let input = Pipe()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", script, "broker"] + arguments
        shell.standardInput = input
        shell.standardOutput = FileHandle.nullDevice
        shell.standardError = FileHandle.nullDevice
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        try shell.run()
        return input.fileHandleForWriting
    }

    deinit { stop() }

    func stop() {
        try? lifeline.close()
        shell.waitUntilExit()
    }

    static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = loopback(0)
        let isBound = withSocketAddress(&address) { bind(descriptor, $0, $1) == 0 }
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isNamed = withSocketAddress(&address) { pointer, _ in getsockname(descriptor, pointer, &length) == 0 }
        guard isBound, isNamed else { throw BrokerTrouble(description: "no free port: \(String(cString: strerror(errno)))") }
        return UInt16(bigEndian: address.sin_port)
    }

    static func temporaryDirectory() throws -> String {
        var template = Array((NSTemporaryDirectory() + "/pioneer-kafka-XXXXXX").utf8CString)
        guard let made = mkdtemp(&template) else {
            throw BrokerTrouble(description: "cannot make a temporary directory: \(String(cString: strerror(errno)))")
        }
        return String(cString: made)
    }

    /// A connection to a port of this machine; nil when nobody listens.
    static func connection(to port: UInt16) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port)
        guard withSocketAddress(&address, { connect(descriptor, $0, $1) == 0 }) else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private static func takesConnections(_ port: UInt16) -> Bool {
        guard let descriptor = connection(to: port) else { return false }
        close(descriptor)
        return true
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }

    private static func withSocketAddress<R>(
        _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> R
    ) -> R {
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
