import AsyncHTTPClient
public import Base
import NIOCore
import NIOHTTP1
import Synchronization
import Telemetry

/// Appends records to an engine's topics over HTTP, so that a retry appends nothing twice.
///
/// Each append of a producer to a topic carries the next number of its sequence; the engine takes a number it already has
/// for a repetition and answers as it did. So an attempt whose outcome is unknown (a broken connection, a timeout) is
/// simply made again. The numbers also mean that one append at a time is on its way for a producer and topic: callers
/// await each before the next.
public final class AppendClient: Sendable {
    public struct Configuration: Hashable, Sendable {
        /// How long one attempt may take.
        public var attemptTimeout: TimeSpan = .seconds(10)
        /// How long to go on trying in one call. Nil: until cancelled.
        public var giveUpAfter: TimeSpan?
        public var backoff = Backoff()
        public init() {}
    }

    public enum Outcome: Hashable, Sendable {
        /// Durable in the engine's log.
        case appended
        /// Nothing was appended: the engine waits for this number.
        case outOfSequence(expected: Int64)
    }

    public let engine: String
    private let configuration: Configuration
    private let random: Mutex<SeededRandom>
    /// One for the process, never shut down, as a client's connections are. A refused connection is reported at once, for
    /// the waits between attempts are ours; a redirected append might go anywhere, so none is followed.
    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()
    /// An answer longer than this is not the engine's.
    private static let answerBytesMax = 1 << 20

    /// `engine` is an address such as `http://127.0.0.1:8000`; `random` spreads the retries. Throws `append.address`.
    public init(engine: String, configuration: Configuration = Configuration(), random: SeededRandom) throws {
        let trimmed = engine.hasSuffix("/") ? String(engine.dropLast()) : engine
        let authority = trimmed.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard authority.count == 3, authority[0] == "http:" || authority[0] == "https:", authority[1].isEmpty,
            !authority[2].isEmpty, !authority[2].hasPrefix("/"),
            !authority[2].contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace })
        else {
            throw EngineError(
                .appendAddress, .user, "'\(engine)' is no engine's address",
                remedy: "Give a scheme and a host, for example http://127.0.0.1:8000.")
        }
        self.engine = trimmed
        self.configuration = configuration
        self.random = Mutex(random)
    }

    /// Appends `body`, NDJSON, as the producer's append number `sequence`. Repeats attempts that may succeed later, with
    /// growing waits. Safe to call again after any error.
    ///
    /// Throws `append.refused` (the engine will not take it; nothing was appended), `append.unreachable` once
    /// `giveUpAfter` is over (whether it was appended is not known), or `CancellationError`.
    public func append(topic: TopicName, producer: String, sequence: Int64, body: [UInt8]) async throws -> Outcome {
        try await appendWithReceipt(topic: topic, producer: producer, sequence: sequence, body: body).outcome
    }

    /// `append`, and what the engine says about the records it took.
    public func appendWithReceipt(
        topic: TopicName, producer: String, sequence: Int64, body: [UInt8]
    ) async throws -> (outcome: Outcome, receipt: Receipt) {
        let (answer, answerBody) = try await request { client in
            var request = HTTPClientRequest(url: client.engine + "/api/v1/topics/\(topic)/records")
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/x-ndjson")
            request.headers.add(name: "Pioneer-Producer", value: producer)
            request.headers.add(name: "Pioneer-Sequence", value: "\(sequence)")
            request.body = .bytes(body)
            return request
        }
        switch answer {
        case .accepted: return (.appended, Receipt.read(answerBody))
        case .outOfSequence(let expected): return (.outOfSequence(expected: expected), Receipt())
        case .refused(let code, let message, let remedy): throw refusal(topic, code, message, remedy)
        }
    }

    /// The last number the producer appended to the topic. Nil: none. Throws as `append` does.
    public func lastSequence(of producer: String, topic: TopicName) async throws -> Int64? {
        let (answer, body) = try await request { client in
            HTTPClientRequest(url: client.engine + "/api/v1/producers/\(Self.escaped(producer))?topic=\(topic)")
        }
        switch answer {
        case .accepted: return try ProducerBody.read(body).lastSequence
        case .outOfSequence: throw refusal(topic, nil, "HTTP 409 to a question about a producer", nil)
        case .refused(let code, let message, let remedy): throw refusal(topic, code, message, remedy)
        }
    }

    private func refusal(_ topic: TopicName, _ code: String?, _ message: String, _ remedy: String?) -> EngineError {
        EngineError(
            .appendRefused, .user,
            "the engine at \(engine) refused the records for topic '\(topic)': \(message)" + (code.map { " (\($0))" } ?? ""),
            remedy: remedy)
    }

    /// Makes the request until it has an answer that will not change by itself.
    private func request(_ make: (AppendClient) -> HTTPClientRequest) async throws -> (AppendAnswer, body: [UInt8]) {
        var backoff = configuration.backoff
        let started = Stopwatch()
        while true {
            let why: String
            do {
                let (status, body) = try await attempt(make(self))
                switch AttemptOutcome(status: status, body: body) {
                case .settled(let answer): return (answer, body)
                case .tryAgain(let reason): why = reason
                }
            } catch {
                try Task.checkCancellation()
                why = "\(error)"
            }
            let wait = random.withLock { backoff.next(&$0) }
            Telemetry.emit(AppendRetried(engine: engine, why: why, wait: wait))
            if let limit = configuration.giveUpAfter, started.elapsedSeconds + wait.seconds > limit.seconds {
                throw EngineError(
                    .appendUnreachable, .environment, "the engine at \(engine) gave no usable answer for \(limit): \(why)",
                    remedy: "Check that it runs ('pioneer run') and that the address is right.", isTransient: true)
            }
            try await Task.sleep(for: .microseconds(wait.microseconds))
        }
    }

    private func attempt(_ request: HTTPClientRequest) async throws -> (status: Int, body: [UInt8]) {
        let response = try await Self.http.execute(request, timeout: .microseconds(configuration.attemptTimeout.microseconds))
        let body = try await response.body.collect(upTo: Self.answerBytesMax)
        return (Int(response.status.code), Array(body.readableBytesView))
    }

    /// For a segment of a path (RFC 3986): everything but unreserved characters by its bytes.
    private static func escaped(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: out.unicodeScalars.append(Unicode.Scalar(byte))
            default: out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return out
    }
}
