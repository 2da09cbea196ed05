import Base
import Foundation
import Testing

extension ProcessTests {
    /// Nobody keeps an engine from ending.
    @Suite struct StopTests {
        let directory: TemporaryDirectory
        let engine: EngineProcess

        init() throws {
            directory = try TemporaryDirectory()
            engine = try EngineProcess(in: directory)
        }

        /// How long a stop may take while clients hold on to their connections.
        private static let patienceSeconds = 20.0

        @Test(arguments: [
            "", "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n",
            "POST /api/v1/topics/cloud.metrics/records HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{",
            "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
            "GET /api/v1/topics/cloud.metrics/records?follow=true HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        ])
        func `a client that holds its connection does not hold up a stop`(request: String) throws {
            try engine.start()
            let connection = try ClientConnection(port: engine.port)
            try connection.send(request)
            pause(milliseconds: 300)
            let watch = Stopwatch()
            #expect(try engine.stop() == .exited(0))
            #expect(watch.elapsedSeconds < Self.patienceSeconds)
            withExtendedLifetime(connection) {}
        }

        @Test func `an engine that is asked to stop while it starts ends soon, and starts again`() throws {
            var random = SeededRandom(seed: 6)
            for _ in 0..<5 {
                try engine.launch()
                pause(milliseconds: random.below(500))
                let ending = try engine.stop()
                // Before it listens for signals it ends as any program does.
                #expect([.exited(0), .killed(signal: SIGTERM)].contains(ending), "\(ending)\(engine.tail)")
            }
            try engine.start()
            #expect(try engine.append("{ not json\n").status == 200)
        }

        @Test func `a command that finds the address of a killed engine says that nobody answers there`() throws {
            try engine.start()
            try engine.kill()
            #expect(FileManager.default.fileExists(atPath: engine.data + "/address"))
            let log = directory.path + "/query.log"
            let query = try ChildProcess([try EngineBinary.path(), "query", EngineProcess.views[0], "--data", engine.data], output: log)
            #expect(try query.waitForEnding(upTo: 60) == .exited(3))
            let words = try String(contentsOfFile: log, encoding: .utf8)
            #expect(words.contains("http://127.0.0.1:\(engine.port)"), "\(words)")
        }
    }
}

/// A connection that sends what it is told and then stays.
private final class ClientConnection {
    private let socket: Int32

    init(port: UInt16) throws {
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.socket = socket
        guard withLoopback(port, { connect(socket, $0, $1) }) == 0 else {
            throw Trouble("cannot connect: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(socket) }

    func send(_ text: String) throws {
        var text = text
        let isSent = text.withUTF8 { $0.isEmpty || Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) == $0.count }
        guard isSent else { throw Trouble("cannot send: \(String(cString: strerror(errno)))") }
    }
}
