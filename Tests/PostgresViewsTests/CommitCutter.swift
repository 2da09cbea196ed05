import Foundation
import Glibc
import Synchronization

/// A proxy before a server that loses the answer to a COMMIT: the server has committed, the client sees a closed connection.
///
/// May break: the answer to a COMMIT, when `cutsCommits` is set. Everything else goes through as it came.
final class CommitCutter: Sendable {
    let url: String
    let cutsCommits = Atomic<Bool>(false)
    private let listener: Int32

    init(to target: String) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(listener, address, length) == 0, listen(listener, 8) == 0, getsockname(listener, address, &length) == 0 else {
                    throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
                }
            }
        }
        guard var parts = URLComponents(string: target), let port = parts.port else { throw POSIXError(.EINVAL) }
        parts.host = "127.0.0.1"
        parts.port = Int(UInt16(bigEndian: address.sin_port))
        url = parts.string ?? ""
        self.listener = listener
        Thread { [self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                Thread { self.serve(client, port: UInt16(port)) }.start()
            }
        }.start()
    }

    deinit { close(listener) }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private func serve(_ client: Int32, port: UInt16) {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { _ = (close(client), close(server)) }
        var address = Self.loopback(port: port)
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard connected == 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var isCommitting = false
        while true {
            var ready = [pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: server, events: Int16(POLLIN), revents: 0)]
            guard poll(&ready, 2, -1) > 0 else { return }
            for index in 0..<2 where ready[index].revents != 0 {
                let count = read(ready[index].fd, &buffer, buffer.count)
                guard count > 0 else { return }
                if index == 0 {
                    let text = String(decoding: buffer[..<count], as: UTF8.self)
                    isCommitting = cutsCommits.load(ordering: .relaxed) && text.contains("COMMIT\0")
                } else if isCommitting {
                    // The server has answered, so it has committed.
                    return
                }
                var sent = 0
                while sent < count {
                    let written = buffer.withUnsafeBytes { write(index == 0 ? server : client, $0.baseAddress! + sent, count - sent) }
                    guard written > 0 else { return }
                    sent += written
                }
            }
        }
    }
}
