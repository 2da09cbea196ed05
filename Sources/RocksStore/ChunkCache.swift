import Base
import Synchronization

/// Unpacked chunks that were read of late: a task, a projector and a follower that read the same fresh records unpack
/// them once. Bounded by bytes; the oldest goes first.
final class ChunkCache: Sendable {
    struct Key: Hashable {
        var log: LogKey
        var base: Int64
        /// A chunk that compaction rewrote is another one.
        var checksum: UInt64
    }

    private struct Contents {
        var chunks: [Key: ByteArena] = [:]
        /// In order of arrival, from `oldest` on.
        var order: [Key] = []
        var oldest = 0
        var bytes = 0
    }

    private let bytesMax: Int
    private let contents = Mutex(Contents())

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    subscript(key: Key) -> ByteArena? { contents.withLock { $0.chunks[key] } }

    func insert(_ chunk: ByteArena, _ key: Key) {
        guard chunk.capacity <= bytesMax / 2 else { return }
        contents.withLock { contents in
            guard contents.chunks.updateValue(chunk, forKey: key) == nil else { return }
            contents.order.append(key)
            contents.bytes += chunk.capacity
            while contents.bytes > bytesMax, contents.oldest < contents.order.count {
                if let gone = contents.chunks.removeValue(forKey: contents.order[contents.oldest]) {
                    contents.bytes -= gone.capacity
                }
                contents.oldest += 1
            }
            if contents.oldest > 64, contents.oldest * 2 > contents.order.count {
                contents.order.removeFirst(contents.oldest)
                contents.oldest = 0
            }
        }
    }

    func removeAll() { contents.withLock { $0 = Contents() } }

    var bytes: Int { contents.withLock { $0.bytes } }
}
