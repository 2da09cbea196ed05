import Columns
import Expressions
import Operators

extension Plan {
    /// Finds which columns of the sources anything reads, from the last stream back to the sources.
    ///
    /// A stream that is written, viewed, or read by no other needs all of its columns. A stream needs of its input what
    /// its own needed columns come from, and what its expressions and groups read; what it needs of a hop travels, and is
    /// needed of what is written to the hop. With a column come the presence columns of the records around it.
    mutating func markNeededColumns() {
        var neededOfStreams = streams.map { Array(repeating: false, count: $0.type.columns.count) }
        var neededOfSources = sources.map { source in
            source.type.columns.indices.map { source.keyColumns.contains($0) || $0 == source.eventTimeColumn }
        }
        var neededOfHops = hops.map { Set($0.keyColumns) }
        func need(_ columns: some Sequence<Int>, of input: PlanInput) {
            let type = type(of: input)
            for column in columns {
                for index in [column] + type.enclosingRecords(of: column) {
                    switch input {
                    case .source(let source): neededOfSources[source][index] = true
                    case .stream(let stream): neededOfStreams[stream][index] = true
                    case .hop(let hop): neededOfHops[hop].insert(index)
                    }
                }
            }
        }
        let read = Set(streams.map(\.input) + hops.map(\.input))
        let ends = (outputs.map(\.input) + views.map(\.input)) + streams.indices.map(PlanInput.stream).filter { !read.contains($0) }
        for end in ends { need(type(of: end).columns.indices, of: end) }
        for index in streams.indices.reversed() {
            let needed = neededOfStreams[index].indices.filter { neededOfStreams[index][$0] }
            need(inputColumns(of: streams[index], for: needed), of: streams[index].input)
            if case .hop(let hop) = streams[index].input, !hops[hop].isRekeying {
                hops[hop].columns = neededOfHops[hop].sorted()
                need(hops[hop].columns, of: hops[hop].input)
            }
        }
        // Behind those of rekeyed sources may be any number of streams, and nothing else before them than the sources.
        for hop in hops.indices where hops[hop].isRekeying {
            hops[hop].columns = neededOfHops[hop].sorted()
            need(hops[hop].columns, of: hops[hop].input)
        }
        for index in sources.indices { sources[index].neededColumns = neededOfSources[index] }
    }

    private func inputColumns(of stream: PlannedStream, for needed: [Int]) -> [Int] {
        let inputCount = type(of: stream.input).columns.count
        switch stream.definition {
        case .filter(let condition): return needed + condition.columnsRead
        case .map(let expressions): return needed.filter { $0 < inputCount } + expressions.flatMap(\.columnsRead)
        case .select(let columns): return needed.map { columns[$0] }
        case .window(let window): return window.by + window.aggregates.flatMap { $0.argument?.columnsRead ?? [] }
        }
    }
}
