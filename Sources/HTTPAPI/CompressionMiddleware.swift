import Gzip
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Compresses answers for clients that take gzip.
///
/// An answer that is there as a whole is compressed as a whole. One that streams is flushed with each piece, so that its
/// reader waits no longer than without; where it says `Cache-Control: no-transform`, or is of events, it goes as it is.
struct CompressionMiddleware: RouterMiddleware {
    typealias Context = BasicRequestContext

    let work: BlockingWork

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        let length = response.body.contentLength
        guard request.method != .head, length ?? .max >= APILimits.compressedBytesMin, Self.mayTransform(response) else { return response }
        let vary = [response.headers[.vary], "Accept-Encoding"].compactMap { $0 }
        response.headers[.vary] = vary.joined(separator: ", ")
        guard Self.wantsGzip(request) else { return response }
        response.headers[.contentEncoding] = "gzip"
        let body = response.body
        if length != nil {
            let collected = Collector()
            try await body.write(CollectingWriter(collector: collected))
            let pieces = collected.pieces
            response.body = .init(byteBuffer: try await work.run { Self.compressed(pieces) })
        } else {
            response.body = ResponseBody { [work] writer in try await body.write(GzipBodyWriter(parent: writer, work: work)) }
        }
        return response
    }

    private static func compressed(_ pieces: [ByteBuffer]) -> ByteBuffer {
        let writer = GzipWriter(level: APILimits.compressionLevel)
        var output: [UInt8] = []
        for piece in pieces { piece.withUnsafeReadableBytes { writer.write($0, into: &output) } }
        writer.finish(into: &output)
        return ByteBuffer(bytes: output)
    }

    private static func mayTransform(_ response: Response) -> Bool {
        response.headers[.contentEncoding] == nil && response.headers[.cacheControl]?.contains("no-transform") != true
            && response.headers[.contentType]?.hasPrefix("text/event-stream") != true
    }

    /// Whether gzip is named with a weight, and not below that of an answer as it is.
    static func wantsGzip(_ request: Request) -> Bool {
        let accepted = AcceptedValues(request.headers[values: .acceptEncoding])
        guard let gzip = accepted.weight(of: "gzip", "x-gzip", "*"), gzip > 0 else { return false }
        return gzip >= accepted.weight(of: "identity") ?? 0
    }
}

/// An answer's body in memory.
private final class Collector {
    private(set) var pieces: [ByteBuffer] = []

    func add(_ piece: ByteBuffer) { pieces.append(piece) }
}

private struct CollectingWriter: ResponseBodyWriter {
    let collector: Collector

    mutating func write(_ buffer: ByteBuffer) async throws { collector.add(buffer) }
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

/// Compresses pieces as they come, each on a thread that may take long.
private struct GzipBodyWriter: ResponseBodyWriter {
    var parent: any ResponseBodyWriter
    let work: BlockingWork
    private let gzip = GzipStream()

    init(parent: any ResponseBodyWriter, work: BlockingWork) {
        self.parent = parent
        self.work = work
    }

    mutating func write(_ buffer: ByteBuffer) async throws {
        try await parent.write(try await work.run { [gzip] in gzip.piece(of: buffer) })
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        try await parent.write(try await work.run { [gzip] in gzip.end() })
        try await parent.finish(trailingHeaders)
    }
}

/// A compressed stream that threads take turns in.
private final class GzipStream: Sendable {
    private let writer = Mutex(GzipWriter(level: APILimits.compressionLevel))

    func piece(of buffer: ByteBuffer) -> ByteBuffer {
        writer.withLock { writer in
            var output: [UInt8] = []
            buffer.withUnsafeReadableBytes { writer.write($0, into: &output) }
            writer.flush(into: &output)
            return ByteBuffer(bytes: output)
        }
    }

    func end() -> ByteBuffer {
        writer.withLock { writer in
            var output: [UInt8] = []
            writer.finish(into: &output)
            return ByteBuffer(bytes: output)
        }
    }
}
