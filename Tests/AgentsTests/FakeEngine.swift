import Foundation
import Synchronization

/// An engine's append interface on a socket, as far as agents use it.
///
/// Fault model: for each request in turn the script says whether the connection breaks before the records are taken,
/// or after they are taken and before the answer, or the answer is an error status. The log itself never loses anything,
/// except by `forget(after:)`, which stands for an older copy of it put back.
final class FakeEngine: Sendable {
    enum Fault: Sendable {
        case dropBefore
        case dropAfter
        case status(Int, String)
    }

    private struct State {
        var script: [Fault] = []
        var lines: [String] = []
        var lastSequences: [String: Int64] = [:]
        var requests = 0
    }

    private let state = Mutex(State())
    private let listener: Int32
    let port: UInt16

    init(script: [Fault] = []) {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                precondition(bind(listener, raw, length) == 0 && listen(listener, 64) == 0, "a test listens on the loopback")
                getsockname(listener, raw, &length)
                return UInt16(bigEndian: pointer.pointee.sin_port)
            }
        }
        state.withLock { $0.script = script }
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { return }
                serve(connection)
                close(connection)
            }
        }
    }

    var address: String { "http://127.0.0.1:\(port)" }
    /// Every record taken, in order.
    var lines: [String] { state.withLock { $0.lines } }
    var requests: Int { state.withLock { $0.requests } }
    var producers: [String] { state.withLock { $0.lastSequences.keys.sorted() } }
    func add(_ faults: [Fault]) { state.withLock { $0.script += faults } }
    func forget(after sequence: Int64) {
        state.withLock { state in state.lastSequences = state.lastSequences.mapValues { min($0, sequence) } }
    }
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func serve(_ connection: Int32) {
        guard let (head, body) = Self.readRequest(connection) else { return }
        let fault = state.withLock { state -> Fault? in
            state.requests += 1
            return state.script.isEmpty ? nil : state.script.removeFirst()
        }
        if case .dropBefore = fault { return }
        if case .status(let status, let body) = fault { return Self.answer(connection, status, body) }
        let (status, text) = head.hasPrefix("GET") ? lookUp(head) : take(head, body)
        if case .dropAfter = fault { return }
        Self.answer(connection, status, text)
    }

    private func lookUp(_ head: String) -> (Int, String) {
        let path = head.split(separator: " ")[1]
        let escaped = path.split(separator: "?")[0].split(separator: "/").last.map(String.init) ?? ""
        let producer = escaped.removingPercentEncoding ?? ""
        let last = state.withLock { $0.lastSequences[producer] }
        return (200, "{\"producer\":\"\(producer)\",\"topic\":\"t\",\"last_sequence\":\(last.map { "\($0)" } ?? "null")}")
    }

    private func take(_ head: String, _ body: String) -> (Int, String) {
        guard let producer = Self.header("pioneer-producer", head), let sequence = Self.header("pioneer-sequence", head).flatMap({ Int64($0) })
        else { return (400, "{}") }
        return state.withLock { state in
            let last = state.lastSequences[producer]
            if let last, sequence <= last { return (200, "{\"duplicate\":true}") }
            if let last, sequence != last + 1 {
                return (409, "{\"error\":{\"code\":\"append.out_of_sequence\",\"message\":\"skipped\",\"expected\":\(last + 1)}}")
            }
            state.lastSequences[producer] = sequence
            state.lines += body.split(separator: "\n").map(String.init)
            return (200, "{\"appended\":1}")
        }
    }

    private static func header(_ name: String, _ head: String) -> String? {
        for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix(name + ":") {
            return line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
        }
        return nil
    }

    private static func readRequest(_ connection: Int32) -> (head: String, body: String)? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let head = String(text[..<end.lowerBound])
                let length = header("content-length", head).flatMap { Int($0) } ?? 0
                let body = text[end.upperBound...]
                if body.utf8.count >= length { return (head, String(body)) }
            }
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            bytes += chunk[..<count]
        }
    }

    private static func answer(_ connection: Int32, _ status: Int, _ body: String) {
        let text = "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
        _ = Array(text.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }
}
