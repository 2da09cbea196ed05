extension Column {
    /// The rows at `rows`, in that order, as a new column; strings share this column's arena.
    /// - Complexity: O(rows).
    public func gather(_ rows: UnsafeBufferPointer<Int32>) -> Column {
        let result = Column(type, capacity: rows.count, isNullable: validity != nil, arena: arena)
        result.count = rows.count
        switch type.layout {
        case .byte:
            let source = flags, target = result.flags
            for i in 0..<rows.count { target[i] = source[Int(rows[i])] }
        case .word, .reference:
            let source = words, target = result.words
            for i in 0..<rows.count { target[i] = source[Int(rows[i])] }
        }
        if let source = validity, let target = result.validity {
            for i in 0..<rows.count { target[i] = source[Int(rows[i])] }
        }
        return result
    }
}
