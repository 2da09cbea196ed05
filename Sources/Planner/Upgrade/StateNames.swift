/// Where the state of each stream and table is, when a topology goes from one deployment to the next.
///
/// State keys begin with a state name, which is given once and stays: a stream that gets another name has the same keys. So a
/// change costs the same whatever the state holds.
///
/// 1. A stream with `renamed_from` goes on with the stream of that name, if the last deployment had one: unless that one had been
///    told of the same renaming, which is done then.
/// 2. Any other goes on with the stream of its own name, if that has not become another's by 1.
/// 3. What is new gets a state name that neither what runs nor what is being cleared has: its own name, or its name with a
///    number. A stream that comes back one day starts afresh that way, instead of with windows it has not followed since.
/// 4. A table goes on with that of its name, or else with any other one, of the same topic and key.
/// 5. State names that nobody has any more are to be cleared, with those that have not been cleared yet.
enum StateNames {
    /// For each of `streams`, the index of the one of `former` that it goes on with.
    static func formers(of streams: [Deployment.Stream], in former: [Deployment.Stream]) -> [Int?] {
        var result: [Int?] = streams.map { _ in nil }
        var taken: Set<Int> = []
        for (index, stream) in streams.enumerated() {
            guard let name = stream.renamedFrom, let found = former.firstIndex(where: { $0.name == name }) else { continue }
            let isDone = former.contains { $0.name == stream.name && $0.renamedFrom == name }
            if !isDone, taken.insert(found).inserted { result[index] = found }
        }
        for (index, stream) in streams.enumerated() where result[index] == nil {
            guard let found = former.firstIndex(where: { $0.name == stream.name }), taken.insert(found).inserted else { continue }
            result[index] = found
        }
        return result
    }

    static func formers(of tables: [Deployment.Table], in former: [Deployment.Table]) -> [Int?] {
        var result: [Int?] = tables.map { _ in nil }
        var taken: Set<Int> = []
        for isByName in [true, false] {
            for (index, table) in tables.enumerated() where result[index] == nil && !table.isEverywhere {
                let found = former.indices.first { other in
                    !taken.contains(other) && !former[other].isEverywhere && (former[other].name == table.name || !isByName)
                        && (former[other].origin == table.origin || former[other].origin.isEmpty && isByName)
                }
                guard let found else { continue }
                taken.insert(found)
                result[index] = found
            }
        }
        return result
    }
}

extension Deployment {
    /// What names begin with that are a table's state.
    public static let tablePrefix = "table:"

    /// The same with state names, as a task has it that ran `former` before; nil: nothing.
    public func resolved(after former: Deployment?) -> Deployment {
        var result = unresolved
        let formerNames = (former?.streams.map(\.stateName) ?? []) + (former?.tables.map(\.stateName) ?? [])
        var unavailable = Set(formerNames + (former?.clearing ?? []))
        func fresh(_ name: String) -> String {
            var free = name, number = 1
            while unavailable.contains(free) {
                number += 1
                free = "\(name)~\(number)"
            }
            unavailable.insert(free)
            return free
        }
        let formers = StateNames.formers(of: streams, in: former?.streams ?? [])
        for (index, stream) in streams.enumerated() where stream.layout != nil {
            let before = formers[index].flatMap { former?.streams[$0].stateName } ?? ""
            result.streams[index].stateName = before.isEmpty ? fresh(stream.name) : before
        }
        let formerTables = StateNames.formers(of: tables, in: former?.tables ?? [])
        for (index, table) in tables.enumerated() where !table.isEverywhere {
            let before = formerTables[index].flatMap { former?.tables[$0].stateName } ?? ""
            result.tables[index].stateName = before.isEmpty ? fresh(Self.tablePrefix + table.name) : before
        }
        let used = Set(result.streams.map(\.stateName) + result.tables.map(\.stateName))
        result.clearing = (former?.clearing ?? []) + formerNames.filter { !$0.isEmpty && !used.contains($0) }
        result.number = max(1, former?.number ?? 1)
        if let former, former.isKnown, result != former { result.number += 1 }
        return result
    }

    /// Without what a task has made of it: what two tasks have in common that run the same.
    public var unresolved: Deployment {
        var result = self
        result.number = 0
        result.clearing = []
        for index in streams.indices {
            result.streams[index].stateName = ""
            result.streams[index].legacyLayout = ""
        }
        for index in tables.indices { result.tables[index].stateName = "" }
        return result
    }
}
