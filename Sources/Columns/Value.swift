public import Base

/// One value, boxed: for edges where rows are few (view queries, tests, messages), never in a kernel.
public enum Value: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case timestamp(EventTime)
    case duration(TimeSpan)
    case map([String: String])
}

extension Column {
    /// The value at `row`. A presence column (`.record`) reads as a bool.
    public func value(at row: Int) -> Value {
        guard isValid(row) else { return .null }
        switch type {
        case .bool, .record: return .bool(flags[row] != 0)
        case .int: return .int(words[row])
        case .double: return .double(doubles[row])
        case .timestamp: return .timestamp(EventTime(microseconds: words[row]))
        case .duration: return .duration(TimeSpan(microseconds: words[row]))
        case .string: return .string(String(decoding: bytes(at: row), as: UTF8.self))
        case .bytes: return .bytes(Array(bytes(at: row)))
        case .map: return .map(StringMap.dictionary(bytes(at: row)))
        }
    }

    /// Puts a value into the next row. - Precondition: the column has room, and the value its type (or null, where it may be).
    public func append(_ value: Value) {
        precondition(count < capacity, "the column is full")
        let row = count
        count += 1
        validity?[row] = 1
        switch (value, type) {
        case (.null, _):
            precondition(validity != nil, "a column without validity holds no null")
            validity?[row] = 0
            if type.layout == .byte { flags[row] = 0 } else { words[row] = 0 }
        case (.bool(let flag), .bool), (.bool(let flag), .record): flags[row] = flag ? 1 : 0
        case (.int(let number), .int): words[row] = number
        case (.double(let number), .double): doubles[row] = number
        case (.timestamp(let time), .timestamp): words[row] = time.microseconds
        case (.duration(let span), .duration): words[row] = span.microseconds
        case (.string(let text), .string):
            references[row] = BytesReference(offset: arena!.append(text), length: text.utf8.count)
        case (.bytes(let bytes), .bytes):
            references[row] = BytesReference(offset: bytes.withUnsafeBytes { arena!.append($0) }, length: bytes.count)
        case (.map(let map), .map):
            let start = arena!.count
            StringMap.write(map, to: arena!)
            references[row] = BytesReference(offset: start, length: arena!.count - start)
        default: preconditionFailure("a column of \(type) cannot hold \(value)")
        }
    }
}
