public import Base
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How much a spool may hold.
public struct SpoolLimits: Hashable, Sendable {
    /// The oldest segments go when the folder would hold more than this, whether sent or not.
    public var bytesMax: Int
    /// A segment is closed once it holds this much; it is also what goes at once when the spool is full.
    public var segmentBytesMax: Int

    public init(bytesMax: Int = 64 << 20, segmentBytesMax: Int = 1 << 20) {
        self.bytesMax = bytesMax
        self.segmentBytesMax = segmentBytesMax
    }
}

/// Batches on their way to the engine, kept on disk until it has them.
///
/// 1. A batch gets the next sequence number and is written and synced before `append` returns: from then on it is sent,
///    once, however often this process or the engine stops.
/// 2. Batches lie in segment files (`SegmentFormat`), named by their first sequence number, the newest open for appending.
/// 3. Opening cuts what a crash tore off the end of the newest segment; that was never promised to anybody.
/// 4. Acknowledged segments are removed whole. The newest stays, since its end tells the next number. Which batches of it
///    were acknowledged is not written down: the engine knows, and is asked (`HostAgent`).
/// 5. When `bytesMax` is reached the oldest segment is dropped, and said to be: the only way a batch is lost.
///
/// The spool has an identity, made with its folder, which is part of the producer's name: numbers that start again with a
/// new folder are never taken for the old one's. `renew()` changes it, for when the engine waits for a number that is gone.
///
/// Thread-safe; calls block for the time of a disk write.
public final class Spool: Sendable {
    struct Segment {
        var path: String
        var first: Int64
        /// Where each batch lies in the file.
        var payloads: [Range<Int>]
        var bytes: Int
        var next: Int64 { first + Int64(payloads.count) }
    }

    private struct State {
        var identity: String
        var segments: [Segment] = []
        /// The newest segment's file, open for appending; negative when the next append starts a new segment.
        var file: Int32 = -1
        var lock: Int32 = -1
        var acknowledged: Int64 = 0
        var dropped = 0

        var next: Int64 { segments.last?.next ?? acknowledged + 1 }
        var bytes: Int { segments.reduce(0) { $0 + $1.bytes } }
    }

    public let folder: String
    public let limits: SpoolLimits
    private let clock: any WallClock
    private let state: Mutex<State>

    /// Opens the spool in `folder`, making it if need be. The clock only names a new identity.
    /// Throws `spool.in_use`, `spool.limit` or `spool.disk`.
    /// - Complexity: reads all segments once.
    public init(folder: String, limits: SpoolLimits = SpoolLimits(), clock: any WallClock) throws {
        guard limits.segmentBytesMax >= 4_096, limits.bytesMax >= 2 * limits.segmentBytesMax else {
            throw EngineError(
                .spoolLimit, .user,
                "a spool of \(limits.bytesMax) bytes cannot hold two segments of \(limits.segmentBytesMax) bytes",
                remedy: "Segments are 4096 bytes or more, and the spool twice a segment or more.")
        }
        self.folder = folder
        self.limits = limits
        self.clock = clock
        try SpoolFiles.makeFolder(folder)
        let lock = try SpoolFiles.lock(folder)
        do {
            var opened = State(identity: try Self.identity(in: folder, clock: clock))
            opened.lock = lock
            opened.segments = try Self.openSegments(in: folder)
            opened.acknowledged = (opened.segments.first?.first ?? 1) - 1
            if let newest = opened.segments.last { opened.file = try SpoolFiles.openForAppend(newest.path) }
            state = Mutex(opened)
        } catch {
            close(lock)
            throw error
        }
    }

    deinit {
        state.withLock { state in
            if state.file >= 0 { close(state.file) }
            close(state.lock)
        }
    }

    /// Names this spool among all there ever were of this host.
    public var identity: String { state.withLock { $0.identity } }

    /// The number the next batch will get.
    public var nextSequence: Int64 { state.withLock { $0.next } }

    /// Bytes on disk.
    public var bytes: Int { state.withLock { $0.bytes } }

    /// What an append did.
    public struct Appended: Hashable, Sendable {
        public var sequence: Int64
        /// How many batches were dropped, unsent, to make room.
        public var dropped: Int
    }

    /// Adds a batch and returns when it is on disk. Throws `spool.limit` for a batch larger than a segment and
    /// `spool.disk`; then the batch is not in the spool.
    public func append(_ payload: [UInt8]) throws -> Appended {
        let recordBytes = SegmentFormat.recordHeaderBytes + payload.count
        guard SegmentFormat.headerBytes + recordBytes <= limits.segmentBytesMax else {
            throw EngineError(
                .spoolLimit, .user, "a batch of \(payload.count) bytes does not fit a segment of \(limits.segmentBytesMax) bytes",
                remedy: "Send smaller batches or allow larger segments.")
        }
        return try state.withLock { state in
            if state.file >= 0, let newest = state.segments.last, newest.bytes + recordBytes > limits.segmentBytesMax {
                close(state.file)
                state.file = -1
            }
            let dropped = try makeRoom(for: SegmentFormat.headerBytes + recordBytes, &state)
            if state.file < 0 { try startSegment(&state) }
            let sequence = state.next
            let newest = state.segments.count - 1
            let start = state.segments[newest].bytes
            let path = state.segments[newest].path
            do {
                try SpoolFiles.write(SegmentFormat.record(payload, sequence: sequence), to: state.file, of: path)
                try SpoolFiles.sync(state.file, of: path)
            } catch {
                // What of it reached the disk is unknown: the segment ends before it, and the number is given again in
                // a new segment, which opening prefers.
                close(state.file)
                state.file = -1
                try? SpoolFiles.cut(path, to: start)
                throw error
            }
            state.segments[newest].payloads.append(start + SegmentFormat.recordHeaderBytes..<start + recordBytes)
            state.segments[newest].bytes += recordBytes
            return Appended(sequence: sequence, dropped: dropped)
        }
    }

    /// The oldest batch that is not acknowledged. Nil: all are. Throws `spool.disk`.
    public func oldest() throws -> (sequence: Int64, payload: [UInt8])? {
        try state.withLock { state in
            let wanted = state.acknowledged + 1
            guard let segment = state.segments.first(where: { !$0.payloads.isEmpty && $0.next > wanted }) else { return nil }
            let sequence = max(wanted, segment.first)
            let range = segment.payloads[Int(sequence - segment.first)]
            return (sequence, try SpoolFiles.contents(of: segment.path, in: range))
        }
    }

    /// Forgets the batches up to `sequence`; numbers already forgotten change nothing. Throws `spool.disk`, after which
    /// files may be left that the next call, or the next opening, removes.
    public func acknowledge(through sequence: Int64) throws {
        try state.withLock { state in
            state.acknowledged = max(state.acknowledged, min(sequence, state.next - 1))
            while state.segments.count > 1, state.segments[0].next <= state.acknowledged + 1 {
                try SpoolFiles.remove(state.segments[0].path)
                state.segments.removeFirst()
            }
        }
    }

    /// Goes back so that `oldest()` gives `sequence` again, for an engine that lost its end. False when that is gone.
    public func rewind(to sequence: Int64) -> Bool {
        state.withLock { state in
            guard let first = state.segments.first?.first, sequence >= first, sequence <= state.acknowledged + 1 else { return false }
            state.acknowledged = sequence - 1
            return true
        }
    }

    /// Takes a new identity. Only when the engine has said that it does not have the oldest batch: under a new name it
    /// would take one that it has for a new one. Throws `spool.disk`.
    public func renew() throws {
        try state.withLock { state in
            state.identity = try Self.makeIdentity(in: folder, clock: clock, unlike: state.identity)
        }
    }
}

extension Spool {
    private func startSegment(_ state: inout State) throws {
        let first = state.next
        let name = Self.segmentName(first)
        try SpoolFiles.replace(folder, name, with: SegmentFormat.header(first: first))
        let path = folder + "/" + name
        state.file = try SpoolFiles.openForAppend(path)
        // An empty segment of the same name has been replaced, not joined.
        state.segments.removeAll { $0.path == path }
        state.segments.append(Segment(path: path, first: first, payloads: [], bytes: SegmentFormat.headerBytes))
    }

    /// Drops the oldest segments until `extra` bytes fit; returns how many batches nobody had acknowledged went with them.
    private func makeRoom(for extra: Int, _ state: inout State) throws -> Int {
        var dropped = 0
        while state.bytes + extra > limits.bytesMax, state.segments.count > 1 {
            let oldest = state.segments[0]
            try SpoolFiles.remove(oldest.path)
            dropped += Int(max(0, oldest.next - max(oldest.first, state.acknowledged + 1)))
            state.acknowledged = max(state.acknowledged, oldest.next - 1)
            state.segments.removeFirst()
        }
        state.dropped += dropped
        return dropped
    }

    static func segmentName(_ first: Int64) -> String {
        let digits = "\(first)"
        return String(repeating: "0", count: max(0, 19 - digits.count)) + digits + ".segment"
    }

    private static func openSegments(in folder: String) throws -> [Segment] {
        let entries = try SpoolFiles.entries(of: folder)
        for name in entries where name.hasSuffix(".tmp") { try SpoolFiles.remove(folder + "/" + name) }
        let names = entries.filter { $0.hasSuffix(".segment") }
        var segments: [Segment] = []
        for (index, name) in names.enumerated() {
            let path = folder + "/" + name
            let bytes = try SpoolFiles.contents(of: path)
            guard let contents = SegmentFormat.scan(bytes) else { continue }
            let isNewest = index == names.count - 1
            if isNewest, contents.wholeBytes < bytes.count { try SpoolFiles.cut(path, to: contents.wholeBytes) }
            // Numbers given again after a failed write belong to the later segment.
            while let earlier = segments.last, earlier.next > contents.first {
                segments[segments.count - 1].payloads.removeLast(min(earlier.payloads.count, Int(earlier.next - contents.first)))
                if segments[segments.count - 1].payloads.isEmpty { segments.removeLast() }
            }
            segments.append(
                Segment(path: path, first: contents.first, payloads: contents.payloads, bytes: contents.wholeBytes))
        }
        return segments
    }

    private static let identityName = "identity"

    private static func identity(in folder: String, clock: any WallClock) throws -> String {
        if try SpoolFiles.entries(of: folder).contains(identityName) {
            let text = String(decoding: try SpoolFiles.contents(of: folder + "/" + identityName), as: UTF8.self)
            let parts = text.split(separator: "\n", omittingEmptySubsequences: false)
            if parts.count == 3, parts[0] == "spool 1", !parts[1].isEmpty { return String(parts[1]) }
        }
        return try makeIdentity(in: folder, clock: clock, unlike: nil)
    }

    /// The microsecond it was made in, in base 36: `lq3k9x2f1a`.
    private static func makeIdentity(in folder: String, clock: any WallClock, unlike old: String?) throws -> String {
        var microseconds = UInt64(clamping: clock.now().microseconds)
        var identity = String(microseconds, radix: 36)
        while identity == old {
            microseconds += 1
            identity = String(microseconds, radix: 36)
        }
        try SpoolFiles.replace(folder, identityName, with: Array("spool 1\n\(identity)\n".utf8))
        return identity
    }
}
