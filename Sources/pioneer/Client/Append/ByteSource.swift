import Base
import TopologyFile

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension ErrorCode {
    static let appendInput = ErrorCode("append.input")
}

/// Bytes read one after the other from a file or from standard input. Closes what it opened.
final class ByteSource {
    /// What messages call it.
    let name: String
    /// Bytes in all; nil where that is not known, as for a pipe.
    let size: Int?
    private let descriptor: Int32
    private let isOwned: Bool
    private var chunk = [UInt8](repeating: 0, count: 1 << 18)

    static let standardInput = "-"

    /// `-` is standard input. Throws `append.input`.
    init(path: String) throws {
        if path.hasSuffix(".yaml") || path.hasSuffix(".yml") {
            throw EngineError(
                .appendInput, .user, "'\(path)' is a YAML file, as topologies and settings are, and has no events",
                remedy: "Name files of JSON lines or CSV, or '-' for standard input. A topology is run: 'pioneer run \(path)'.")
        }
        isOwned = path != Self.standardInput
        name = isOwned ? path : "standard input"
        descriptor = isOwned ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO
        guard descriptor >= 0 else { throw Self.fault("opened", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.fault("opened", path) }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw EngineError(
                .appendInput, .user, "'\(path)' is a directory", remedy: "Name files of JSON lines or CSV, or '-' for standard input.")
        }
        size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }

    deinit { if isOwned { close(descriptor) } }

    var isTerminal: Bool { isatty(descriptor) == 1 }

    enum Piece {
        case bytes(ArraySlice<UInt8>)
        /// Nothing came within the time.
        case nothingYet
        case end
    }

    /// The next bytes; waits for them, at most `patience` where one is given. Throws `append.input`.
    func next(patience: TimeSpan? = nil) throws -> Piece {
        if let patience {
            var waited = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waited, 1, Int32(clamping: patience.microseconds / 1_000))
            if ready == 0 || (ready < 0 && errno == EINTR) { return .nothingYet }
        }
        while true {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.fault("read", name) }
            return count == 0 ? .end : .bytes(chunk[..<count])
        }
    }

    private static func fault(_ what: String, _ path: String) -> EngineError {
        let reason = errno
        guard reason != ENOENT else {
            return EngineError(.appendInput, .user, "there is no file '\(path)'", remedy: TextFile.adviceWhereMissing(path))
        }
        return EngineError(
            .appendInput, .environment, "'\(path)' cannot be \(what): \(String(cString: strerror(reason)))",
            remedy: "Name files of JSON lines or CSV that this user may read, or '-' for standard input.")
    }
}
