import Base
import Gzip

/// The text of a file or of standard input, decompressed where it is gzip: which its first bytes tell, whatever its name.
final class InputBytes {
    private let source: ByteSource
    private var gzip: GzipReader?
    private var isKnown = false
    /// Read, and not yet decompressed or handed over.
    private var pending: ArraySlice<UInt8> = []
    private var isAtEnd = false
    private var text: [UInt8] = []

    /// Bytes of the file used so far, compressed where it is.
    private(set) var position = 0
    /// Of the text handed over so far.
    private(set) var fingerprint = Fingerprint()
    private let isFingerprinted: Bool

    /// Decompressed at once: at a ratio of a thousand, which is the most that gzip has, still a few megabytes.
    private static let gzipStepBytes = 8 << 10

    /// - Parameter isFingerprinted: whether `fingerprint` is wanted; it costs a multiplication a byte.
    init(_ source: ByteSource, isFingerprinted: Bool = false) {
        self.source = source
        self.isFingerprinted = isFingerprinted
    }

    var name: String { source.name }

    /// How much of the file was used, from 0 to 1; nil where its size is not known.
    var share: Double? { source.size.map { $0 > 0 ? min(1, Double(position) / Double($0)) : 1 } }

    enum Piece {
        /// Text has been handed over.
        case text
        case nothingYet
        case end
    }

    /// Hands over the next text; waits for it, at most `patience` where one is given. Throws `append.input`,
    /// `gzip.damaged`, and what `take` throws.
    func next(patience: TimeSpan? = nil, _ take: (UnsafeBufferPointer<UInt8>) throws -> Void) throws -> Piece {
        while !isKnown || pending.isEmpty, !isAtEnd {
            switch try source.next(patience: patience) {
            case .bytes(let bytes): pending += bytes
            case .nothingYet: return .nothingYet
            case .end: isAtEnd = true
            }
            guard !isKnown, pending.count >= Gzip.magic.count || isAtEnd else { continue }
            isKnown = true
            if pending.starts(with: Gzip.magic) { gzip = GzipReader() }
        }
        guard !pending.isEmpty else {
            try readingGzip { try gzip?.finish() }
            return .end
        }
        try step(take)
        return .text
    }

    private func step(_ take: (UnsafeBufferPointer<UInt8>) throws -> Void) throws {
        let piece = gzip == nil ? pending : pending.prefix(Self.gzipStepBytes)
        pending = pending.dropFirst(piece.count)
        position += piece.count
        guard let gzip else { return try piece.withUnsafeBufferPointer { try hand($0, take) } }
        text.removeAll(keepingCapacity: true)
        try readingGzip { try piece.withUnsafeBytes { try gzip.read($0, into: &text) } }
        try text.withUnsafeBufferPointer { try hand($0, take) }
    }

    private func hand(_ text: UnsafeBufferPointer<UInt8>, _ take: (UnsafeBufferPointer<UInt8>) throws -> Void) throws {
        if isFingerprinted { fingerprint.combine(text) }
        if !text.isEmpty { try take(text) }
    }

    private func readingGzip(_ act: () throws -> Void) throws {
        do {
            try act()
        } catch let error as EngineError where error.code == .gzipDamaged {
            throw EngineError(.gzipDamaged, .user, "'\(name)': \(error.message)", remedy: error.remedy)
        }
    }
}
