import Base
import Columns

/// Maps of strings: index, membership, size.
extension Overload {
    static let maps: [Overload] = [
        Overload("[]", .symbol, [.map, .string], .string) { MapIndexKernel($0[0], $0[1]) },
        Overload("in", .symbol, [.string, .map], .bool, .plain(HasKey.self)),
        Overload("size", .function, [.map], .int, .plain(EntryCount.self)),
        Overload("size", .member, [.map], .int, .plain(EntryCount.self)),
    ]
}

private enum HasKey: RowOperation {
    @inline(__always)
    static func apply(_ key: ByteRun, _ map: ByteRun) -> UInt8 { find(key, in: map) == nil ? 0 : 1 }
}

private enum EntryCount: RowOperation {
    @inline(__always)
    static func apply(_ map: ByteRun, _: ByteRun) -> Int64 {
        var entries: Int64 = 0
        StringMap.forEach(map.buffer) { _, _ in entries += 1 }
        return entries
    }
}

/// Where the value under `key` lies, or nil. - Complexity: O(entries).
@inline(__always)
private func find(_ key: ByteRun, in map: ByteRun) -> ByteRun? {
    var found: ByteRun?
    StringMap.forEach(map.buffer) { candidate, value in
        guard candidate.count == key.count, let start = candidate.baseAddress ?? value.baseAddress,
            ByteRun(start: start, count: candidate.count) == key
        else { return }
        found = value.baseAddress.map { ByteRun(start: $0, count: value.count) } ?? ByteRun(start: start, count: 0)
    }
    return found
}

/// `map[key]`: the values stay where they are, in the map's arena. A row without the key fails with `noSuchKey`.
final class MapIndexKernel: Kernel {
    private let map: any Kernel
    private let key: any Kernel

    init(_ map: any Kernel, _ key: any Kernel) {
        self.map = map
        self.key = key
    }

    func evaluate(_ frame: Frame) -> EvaluatedColumn {
        let maps = map.evaluate(frame)
        let constant = (key as? ConstantKernel).flatMap { $0.fault == nil ? $0.column : nil }
        let keys = constant.map { EvaluatedColumn(column: $0, faults: nil) } ?? key.evaluate(frame)
        let arena = maps.column.arena.unsafelyUnwrapped
        let result = Column.forResult(.string, frame.count, arena: arena)
        let missing = Faults.mask(frame.count)
        withExtendedLifetime((maps, keys)) {
            let out = result.references, base = UnsafePointer(arena.base)
            forEachRow(
                Operand(maps.column, isConstant: false), Operand(keys.column, isConstant: constant != nil), frame.count,
                ByteRun.self, ByteRun.self
            ) { i, map, key in
                if let value = find(key, in: map) {
                    out[i] = BytesReference(offset: value.start - base, length: value.count)
                } else {
                    out[i] = BytesReference(offset: 0, length: 0)
                    missing.base[i] = ExpressionFault.noSuchKey.rawValue
                }
            }
        }
        let faults = Faults.merge(Faults.merge(maps.faults, keys.faults), Faults.simplified(missing))
        return EvaluatedColumn(column: result, faults: faults)
    }
}
