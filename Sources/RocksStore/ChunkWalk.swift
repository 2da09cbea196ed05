import Base
import Stores

/// Walks the chunks of a partition in order, by their headers.
final class ChunkWalk {
    struct Chunk {
        var base: Int64
        var header: ChunkHeader
        /// One past the last offset it covers.
        var end: Int64 { base + Int64(header.lastDelta) + 1 }
        var storedBytes: Int { Int(header.storedLength) + ChunkHeader.byteCount + 2 * LogKey.chunkKeyBytes }
    }

    private let iterator: DatabaseIterator
    private let log: LogKey
    private let directory: String

    init(_ database: Database, _ log: LogKey) {
        iterator = database.iterator(.chunks, upperBound: Format.successor(of: log.prefix))
        self.log = log
        directory = database.directory
    }

    /// To the first chunk whose base is at or after the offset.
    func seek(_ offset: Int64) { iterator.seek(log.chunkKey(offset)) }

    /// To the chunk that covers the offset, else to the first one after it.
    func seek(covering offset: Int64) throws(EngineError) {
        iterator.seekForPrevious(log.chunkKey(offset))
        if iterator.isValid, iterator.key.starts(with: log.prefix), let chunk = try current(), chunk.end > offset { return }
        seek(offset)
    }

    func next() { iterator.next() }

    /// Nil at the partition's end.
    func current() throws(EngineError) -> Chunk? {
        guard iterator.isValid else {
            try iterator.check()
            return nil
        }
        let key = iterator.key
        guard key.count == LogKey.chunkKeyBytes, let header = ChunkHeader(decoding: iterator.value) else {
            throw StoreErrors.corrupted(directory, "a chunk's header cannot be read.")
        }
        return Chunk(base: LogKey.base(in: key), header: header)
    }
}
