extension ViewQuery {
    /// Whether the conditions give each column of the key one value: a row answers, or none does.
    public var isLookup: Bool {
        guard !isAggregated else { return false }
        return view.key.allSatisfy { filter.fixes($0) }
    }
}

extension ViewQuery.Filter {
    /// Whether it is true of one value of the column only.
    fileprivate func fixes(_ name: String) -> Bool {
        switch self {
        case .compare(let column, .equal, _): column == name
        case .all(let parts): parts.contains { $0.fixes(name) }
        default: false
        }
    }
}
