/// The type of a stream's rows: a record, flattened to columns.
///
/// A nested record's leaves are columns of their own under dotted paths (`machines.sku`). Where the nested record is
/// nullable there is one more column at the record's own path, of type `.record`, whose byte says in which rows it is
/// present; in other rows its leaves hold zero values and are marked null.
public struct RowType: Hashable, Sendable {
    public struct Column: Hashable, Sendable {
        /// `window.start`
        public var path: String
        public var type: ValueType
        /// Whether the field itself may be null; that of records around it is theirs to say (`isNullable(at:)`).
        public var isNullable: Bool
        /// The schema's `doc`: becomes API documentation and SQL comments.
        public var doc: String?

        public init(_ path: String, _ type: ValueType, isNullable: Bool = false, doc: String? = nil) {
            self.path = path
            self.type = type
            self.isNullable = isNullable
            self.doc = doc
        }

        /// The path as tables and files have it: `window_start`.
        public var flatName: String {
            // Byte by byte: a query asks for it many times, and `replacing` costs twenty times as much.
            guard path.utf8.contains(UInt8(ascii: ".")) else { return path }
            return String(unsafeUninitializedCapacity: path.utf8.count) { room in
                var count = 0
                for byte in path.utf8 {
                    room[count] = byte == UInt8(ascii: ".") ? UInt8(ascii: "_") : byte
                    count += 1
                }
                return count
            }
        }
    }

    public var columns: [Column]

    public init(_ columns: [Column]) { self.columns = columns }

    /// - Complexity: O(columns).
    public func index(of path: String) -> Int? { columns.firstIndex { $0.path == path } }

    /// - Complexity: O(columns).
    public func index(flatName: String) -> Int? {
        columns.firstIndex { column in
            column.path.utf8.elementsEqual(flatName.utf8) { $0 == UInt8(ascii: ".") ? $1 == UInt8(ascii: "_") : $0 == $1 }
        }
    }

    /// The presence columns of the nullable records around the column, outermost first.
    public func enclosingRecords(of index: Int) -> [Int] {
        let path = columns[index].path
        return columns.indices.filter { columns[$0].type == .record && path.hasPrefix(columns[$0].path + ".") }
    }

    /// Whether rows may hold no value at the column: the field is nullable, or a record around it is.
    public func isNullable(at index: Int) -> Bool {
        columns[index].isNullable || !enclosingRecords(of: index).isEmpty
    }

    /// Whether `path` names a record, nullable or not: some column lies below it.
    public func isRecord(_ path: String) -> Bool { columns.contains { $0.path.hasPrefix(path + ".") } }

    /// Two columns whose flattened names are the same, if there are such.
    public var flatNameClash: (Column, Column)? {
        var seen: [String: Column] = [:]
        for column in columns {
            if let other = seen.updateValue(column, forKey: column.flatName) { return (other, column) }
        }
        return nil
    }
}

extension RowType: CustomStringConvertible {
    /// `{resource_id: string, value: double?}`
    public var description: String {
        "{" + columns.map { "\($0.path): \($0.type)\($0.isNullable ? "?" : "")" }.joined(separator: ", ") + "}"
    }
}
