public import Base
import CZlib

extension ErrorCode {
    /// Compressed data ends early, or is not what it says it is.
    public static let gzipDamaged = ErrorCode("gzip.damaged")
}

/// Data in the gzip format (RFC 1952), made and read by zlib.
public enum Gzip {
    /// The first two bytes of every gzip file.
    public static let magic: [UInt8] = [0x1F, 0x8B]

    /// zlib's own way to say "a gzip header and trailer around the data": 16 more than the window's bits.
    static let windowBits: Int32 = 15 + 16
    static let chunkBytes = 64 << 10
}

/// Compresses a stream of bytes as they come. One thread at a time.
public final class GzipWriter {
    private var stream = z_stream()
    private var chunk = [UInt8](repeating: 0, count: Gzip.chunkBytes)

    /// - Parameter level: from 1, the fastest, to 9, the smallest.
    public init(level: Int = 6) {
        let status = deflateInit2_(
            &stream, Int32(max(1, min(9, level))), Z_DEFLATED, Gzip.windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib has no memory for a stream")
    }

    deinit { deflateEnd(&stream) }

    /// Takes the bytes in and appends to `output` what is ready.
    public func write(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) { deflate(bytes, Z_NO_FLUSH, &output) }

    /// Appends all that was taken in so far, so that a reader can have it: for streams that pause.
    public func flush(into output: inout [UInt8]) { deflate(.init(start: nil, count: 0), Z_SYNC_FLUSH, &output) }

    /// Appends the rest and the trailer. Nothing may be written after.
    public func finish(into output: inout [UInt8]) { deflate(.init(start: nil, count: 0), Z_FINISH, &output) }

    private func deflate(_ bytes: UnsafeRawBufferPointer, _ flush: Int32, _ output: inout [UInt8]) {
        // zlib does not write to its input; its C signature is older than `const`.
        stream.next_in = UnsafeMutablePointer(mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(bytes.count)
        repeat {
            let status = chunk.withUnsafeMutableBufferPointer { room in
                stream.next_out = room.baseAddress
                stream.avail_out = UInt32(room.count)
                return CZlib.deflate(&stream, flush)
            }
            precondition(status != Z_STREAM_ERROR, "a gzip stream is used after its end")
            output += chunk[..<(chunk.count - Int(stream.avail_out))]
        } while stream.avail_out == 0
        stream.next_in = nil
    }
}

/// Decompresses a stream of bytes as they come; several gzip members one after another are one text, as gzip(1) has it.
/// One thread at a time.
public final class GzipReader {
    private var stream = z_stream()
    private var chunk = [UInt8](repeating: 0, count: Gzip.chunkBytes)
    /// Between members: an end here is the end of the data.
    private var isBetweenMembers = false
    private var hasBegun = false

    public init() {
        let status = inflateInit2_(&stream, Gzip.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib has no memory for a stream")
    }

    deinit { inflateEnd(&stream) }

    /// Appends to `output` what the bytes hold. Throws `gzip.damaged`.
    public func read(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) throws {
        stream.next_in = UnsafeMutablePointer(mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(bytes.count)
        defer { stream.next_in = nil }
        hasBegun = hasBegun || !bytes.isEmpty
        while true {
            if isBetweenMembers {
                guard stream.avail_in > 0 else { return }
                inflateReset(&stream)
                isBetweenMembers = false
            }
            let status = chunk.withUnsafeMutableBufferPointer { room in
                stream.next_out = room.baseAddress
                stream.avail_out = UInt32(room.count)
                return CZlib.inflate(&stream, Z_NO_FLUSH)
            }
            output += chunk[..<(chunk.count - Int(stream.avail_out))]
            switch status {
            case Z_STREAM_END: isBetweenMembers = true
            case Z_OK: if stream.avail_in == 0, stream.avail_out > 0 { return }
            // No progress is possible: all input was used.
            case Z_BUF_ERROR: return
            default: throw damaged(stream.msg.map { String(cString: $0) } ?? "zlib status \(status)")
            }
        }
    }

    /// To be called at the end of the data. Throws `gzip.damaged` when it ended within a member.
    public func finish() throws {
        guard isBetweenMembers || !hasBegun else { throw damaged("it ends early") }
    }

    private func damaged(_ reason: String) -> EngineError {
        EngineError(
            .gzipDamaged, .user, "the gzip data is damaged after \(stream.total_in) bytes of a member: \(reason)",
            remedy: "Check the file with 'gzip -t', and copy or download it again.")
    }
}
