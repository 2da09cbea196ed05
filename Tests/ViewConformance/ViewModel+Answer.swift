import Base
package import Columns
package import Stores

extension ViewModel {
    /// The rows that the query's documentation says. Throws `view.sum_overflow`.
    package func answer(_ query: ViewQuery) throws -> [[Value]] {
        let names = definition.type.columns.map(\.flatName)
        let passing = rows.values.map { entry in
            Dictionary(uniqueKeysWithValues: names.map { ($0, entry.row[$0] ?? .null) })
        }.filter { evaluate(query.filter, $0) == true }
        let order = query.totalOrder
        func place(_ row: FixtureRow) -> [Value] { order.map { row[$0.column] ?? .null } }
        let sorted = (query.isAggregated ? try groups(of: passing, query.select) : passing)
            .map { (row: $0, place: place($0)) }
            .filter { row in query.after.map { Self.comesBefore($0, row.place, order) } ?? true }
            .sorted { Self.comesBefore($0.place, $1.place, order) }
        return sorted.dropFirst(query.offset).prefix(query.limit).map { entry in
            query.select.map { entry.row[query.isAggregated ? $0.name : $0.source ?? ""] ?? .null }
        }
    }

    private static func comesBefore(_ a: [Value], _ b: [Value], _ order: [ViewQuery.Order]) -> Bool {
        for (term, (left, right)) in zip(order, zip(a, b)) {
            switch (left == .null, right == .null) {
            case (true, true): continue
            case (true, false): return term.nullsFirst
            case (false, true): return !term.nullsFirst
            case (false, false):
                let comparison = Canonical.compare(left, right)
                if comparison != 0 { return (comparison < 0) != term.isDescending }
            }
        }
        return false
    }

    // MARK: Groups

    /// By the outputs' names.
    private func groups(of rows: [FixtureRow], _ outputs: [ViewQuery.Output]) throws -> [FixtureRow] {
        let plain = outputs.filter { $0.aggregate == nil }
        var groups: [Data: [FixtureRow]] = [:]
        for row in rows { groups[key(plain.map { row[$0.source ?? ""] ?? .null }), default: []].append(row) }
        if plain.isEmpty, groups.isEmpty { groups[[]] = [] }
        return try groups.values.map { rows in
            var result: FixtureRow = [:]
            for output in outputs {
                guard let aggregate = output.aggregate else {
                    result[output.name] = output.source.flatMap { rows.first?[$0] }
                    continue
                }
                guard let source = output.source else {
                    result[output.name] = .int(Int64(rows.count))
                    continue
                }
                result[output.name] = try Self.aggregate(aggregate, rows.compactMap { $0[source] }.filter { $0 != .null })
            }
            return result
        }
    }

    private static func aggregate(_ aggregate: ViewQuery.Aggregate, _ values: [Value]) throws -> Value {
        if aggregate == .count { return .int(Int64(values.count)) }
        guard let first = values.first else { return .null }
        switch aggregate {
        case .min: return values.dropFirst().reduce(first) { Canonical.compare($1, $0) < 0 ? $1 : $0 }
        case .max: return values.dropFirst().reduce(first) { Canonical.compare($1, $0) > 0 ? $1 : $0 }
        default: break
        }
        if case .double = first {
            let sum = values.reduce(0.0) { if case .double(let number) = $1 { $0 + number } else { $0 } }
            let result = aggregate == .sum ? sum : sum / Double(values.count)
            return result.isNaN ? .null : .double(result)
        }
        let sum = values.reduce(Int128(0)) {
            switch $1 {
            case .int(let number): $0 + Int128(number)
            case .duration(let span): $0 + Int128(span.microseconds)
            default: $0
            }
        }
        if aggregate == .avg, case .int = first { return .double(Double(sum) / Double(values.count)) }
        var whole = sum
        if aggregate == .avg {
            // Half of the count more, away from zero, and then cut.
            let count = Int128(values.count)
            whole = (2 * sum + (sum < 0 ? -count : count)) / (2 * count)
        }
        guard let fitting = Int64(exactly: whole) else { throw EngineError(.viewSumOverflow, .user, "\(whole)") }
        if case .duration = first { return .duration(TimeSpan(microseconds: fitting)) }
        return .int(fitting)
    }
}
