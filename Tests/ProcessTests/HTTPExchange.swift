import Foundation

/// One HTTP request and its answer over a connection of its own. Blocks, and never longer than its timeout.
struct HTTPExchange {
    struct Answer {
        var status: Int
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }

        func object() throws -> [String: Any] {
            guard let object = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] else {
                throw Trouble("the answer is no JSON object: \(text.prefix(200))")
            }
            return object
        }
    }

    /// No answer came: refused, reset, cut short, or too late. Whether the request had an effect is not known.
    struct Unanswered: Error, CustomStringConvertible { let description: String }

    var port: UInt16
    var method = "GET"
    var target: String
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    var timeout = 60.0

    func answer() throws -> Answer {
        let deadline = Deadline(seconds: timeout)
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard connection >= 0 else { throw Trouble("cannot make a socket: \(String(cString: strerror(errno)))") }
        defer { close(connection) }
        try connect(connection, deadline)
        try send(connection, deadline)
        return try Self.parse(try receive(connection, deadline))
    }

    private func connect(_ connection: Int32, _ deadline: Deadline) throws {
        let outcome = withLoopback(port) { Foundation.connect(connection, $0, $1) }
        if outcome == 0 { return }
        guard errno == EINPROGRESS else { throw Self.unanswered("connecting") }
        try Self.wait(connection, POLLOUT, deadline)
        var fault: Int32 = 0, size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(connection, SOL_SOCKET, SO_ERROR, &fault, &size)
        errno = fault
        guard fault == 0 else { throw Self.unanswered("connecting") }
    }

    private func send(_ connection: Int32, _ deadline: Deadline) throws {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\nContent-Length: \(body.count)\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        let bytes = Array(head.utf8) + [13, 10] + body
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Foundation.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                try Self.wait(connection, POLLOUT, deadline)
            } else if errno == EPIPE || errno == ECONNRESET {
                // The server may have answered before it had read everything.
                return
            } else if errno != EINTR {
                throw Self.unanswered("sending")
            }
        }
    }

    private func receive(_ connection: Int32, _ deadline: Deadline) throws -> [UInt8] {
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = recv(connection, &chunk, chunk.count, 0)
            if count > 0 {
                received += chunk[..<count]
            } else if count == 0 {
                return received
            } else if errno == EAGAIN {
                try Self.wait(connection, POLLIN, deadline)
            } else if errno != EINTR {
                throw Self.unanswered("receiving")
            }
        }
    }

    private static func wait(_ connection: Int32, _ events: Int32, _ deadline: Deadline) throws {
        var entry = pollfd(fd: connection, events: Int16(events), revents: 0)
        guard poll(&entry, 1, deadline.milliseconds) > 0 else { throw Unanswered(description: "timed out") }
    }

    private static func unanswered(_ act: String) -> Unanswered {
        Unanswered(description: "\(act): \(String(cString: strerror(errno)))")
    }

    // MARK: The answer's bytes

    private static func parse(_ bytes: [UInt8]) throws -> Answer {
        guard let head = bytes.firstRange(of: [13, 10, 13, 10]) else { throw Unanswered(description: "the answer ended in its head") }
        let lines = String(decoding: bytes[..<head.lowerBound], as: UTF8.self).split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw Trouble("no HTTP answer: \(lines.first ?? "")")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
        }
        let body = bytes[head.upperBound...]
        if headers["transfer-encoding"] == "chunked" { return Answer(status: status, body: try dechunk(body)) }
        guard let length = headers["content-length"].flatMap({ Int($0) }), body.count >= length else {
            throw Unanswered(description: "the answer was cut short")
        }
        return Answer(status: status, body: Array(body.prefix(length)))
    }

    private static func dechunk(_ bytes: ArraySlice<UInt8>) throws -> [UInt8] {
        var rest = bytes
        var result: [UInt8] = []
        while let line = rest.firstIndex(of: 13) {
            guard let length = Int(String(decoding: rest[..<line], as: UTF8.self), radix: 16), rest.count >= length + 2 else { break }
            if length == 0 { return result }
            let start = line + 2
            guard start + length + 2 <= rest.endIndex else { break }
            result += rest[start..<start + length]
            rest = rest[(start + length + 2)...]
        }
        throw Unanswered(description: "the answer was cut short")
    }
}

/// The address of a port of this machine, as the socket calls want it.
func withLoopback<Result>(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}

/// A socket that listens on a port of this machine until it goes.
final class ListeningSocket {
    private let socket: Int32
    let port: UInt16

    init() throws {
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.socket = socket
        guard withLoopback(0, { bind(socket, $0, $1) }) == 0, listen(socket, 1) == 0 else {
            throw Trouble("cannot listen: \(String(cString: strerror(errno)))")
        }
        var address = sockaddr_in(), size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
        }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(socket) }

    /// A port that nobody used a moment ago.
    static func freePort() throws -> UInt16 { try ListeningSocket().port }
}
