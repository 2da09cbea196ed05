import AsyncHTTPClient
import Base
import Columns
import NIOCore
import NIOHTTP1

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension ErrorCode {
    static let engineUnreachable = ErrorCode("client.engine_unreachable")
}

/// Asks a running engine over HTTP.
struct EngineClient {
    let address: EngineAddress
    /// A query that takes longer is better asked with a filter.
    private static let answerTimeout = TimeAmount.seconds(60)
    /// A view's largest page fits many times over.
    private static let answerBytesMax = 256 << 20

    /// For the life of the process. An engine that is not there is reported at once instead of being looked for.
    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration.singletonConfiguration
        configuration.timeout.connect = .seconds(5)
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    init(_ address: EngineAddress) { self.address = address }

    /// The JSON answer to a request without a body. Throws the engine's error, `client.engine_unreachable` or `client.answer`.
    func value(_ path: RequestPath, _ method: HTTPMethod = .GET) async throws -> JSONValue {
        let (status, body) = try await reached {
            var request = request(path)
            request.method = method
            let response = try await Self.http.execute(request, timeout: Self.answerTimeout)
            let body = try await response.body.collect(upTo: Self.answerBytesMax)
            return (Int(response.status.code), Array(body.readableBytesView))
        }
        return try EngineAnswer.value(status: status, body: body, from: address)
    }

    /// The JSON answer to a POST of bytes. Throws as the GET does.
    func value(_ path: RequestPath, posting bytes: [UInt8]) async throws -> JSONValue {
        let (status, body) = try await reached {
            var request = request(path)
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/octet-stream")
            request.body = .bytes(ByteBuffer(bytes: bytes))
            let response = try await Self.http.execute(request, timeout: Self.answerTimeout)
            let body = try await response.body.collect(upTo: Self.answerBytesMax)
            return (Int(response.status.code), Array(body.readableBytesView))
        }
        return try EngineAnswer.value(status: status, body: body, from: address)
    }

    /// The CSV answer to a GET, and the cursor of the next page. Throws as `value` does.
    func table(_ path: RequestPath) async throws -> (text: [UInt8], next: String?) {
        let (head, body) = try await reached {
            let response = try await Self.http.execute(request(path, accept: "text/csv"), timeout: Self.answerTimeout)
            let body = try await response.body.collect(upTo: Self.answerBytesMax)
            return (response, Array(body.readableBytesView))
        }
        guard head.status == .ok else {
            _ = try EngineAnswer.value(status: Int(head.status.code), body: body, from: address)
            throw EngineAnswer.notUnderstood(body, from: address)
        }
        let link = head.headers.first(name: "Link") ?? ""
        let next = link.firstRange(of: "cursor=").map { String(link[$0.upperBound...].prefix { $0 != ">" && $0 != "&" }) }
        return (body, next)
    }

    /// Hands over the lines of an answer as they come, for as long as it lasts; false from `take` ends it. Throws as
    /// `value` does.
    func lines(_ path: RequestPath, _ take: ([UInt8]) throws -> Bool) async throws {
        let response = try await reached {
            try await Self.http.execute(request(path), deadline: .distantFuture)
        }
        guard (200..<300).contains(response.status.code) else {
            let body = try await reached { try await response.body.collect(upTo: 1 << 20) }
            _ = try EngineAnswer.value(status: Int(response.status.code), body: Array(body.readableBytesView), from: address)
            return
        }
        var splitter = LineSplitter()
        var chunks = response.body.makeAsyncIterator()
        while let chunk = try await reached({ try await chunks.next() }) {
            splitter.add(Array(chunk.readableBytesView))
            while let line = splitter.next() { guard try take(line) else { return } }
        }
        if let rest = splitter.rest() { _ = try take(rest) }
    }

    private func request(_ path: RequestPath, accept: String = "application/json, application/x-ndjson") -> HTTPClientRequest {
        var request = HTTPClientRequest(url: address.url + path.text)
        request.headers.add(name: "Accept", value: accept)
        return request
    }

    private static func reason(_ error: any Error) -> String {
        (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
    }

    private func reached<Result>(_ act: () async throws -> Result) async throws -> Result {
        do {
            return try await act()
        } catch let error as CancellationError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw EngineError(
                .engineUnreachable, .environment,
                "the engine at \(address.url) (\(address.origin)) does not answer: \(Self.reason(error))",
                remedy: address.isFromFile
                    ? "It may have been killed: start it again with 'pioneer run', or name another with --to."
                    : "Check that it runs and that the address is right.",
                isTransient: true)
        }
    }
}
