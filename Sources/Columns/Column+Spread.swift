extension Column {
    /// The rows at `rows`, in that order, as a new column that may be null: where the row is -1 there is no value. Texts
    /// share this column's arena. - Complexity: O(rows).
    public func spread(_ rows: UnsafeBufferPointer<Int32>) -> Column {
        let result = Column(type, capacity: rows.count, isNullable: true, arena: arena)
        result.count = rows.count
        for (place, row) in rows.enumerated() {
            let isThere = row >= 0 && isValid(Int(row))
            result.validity![place] = isThere ? 1 : 0
            switch type.layout {
            case .byte: result.flags[place] = row >= 0 ? flags[Int(row)] : 0
            case .word, .reference: result.words[place] = row >= 0 ? words[Int(row)] : 0
            }
        }
        return result
    }
}
