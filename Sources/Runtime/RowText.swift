import Base
import Columns

/// A row as a flat JSON object of its paths, for dead letters of rows that no record stands for.
enum RowText {
    static func json(_ row: [String: Value]) -> ByteArena {
        let arena = ByteArena(capacity: 256)
        arena.append(byte: UInt8(ascii: "{"))
        for (index, entry) in row.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { arena.append(byte: UInt8(ascii: ",")) }
            JSONText.append(string: entry.key, to: arena)
            arena.append(byte: UInt8(ascii: ":"))
            JSONText.append(entry.value, to: arena)
        }
        arena.append(byte: UInt8(ascii: "}"))
        return arena
    }
}
