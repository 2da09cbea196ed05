import Base
import Columns
import Expressions
import Operators
import TopologyFile

extension PlanExplanation {
    func stream(_ index: Int) -> Part {
        let stream = plan.streams[index]
        let facts: [Fact]
        switch stream.definition {
        case .filter: facts = filter(stream)
        case .map: facts = map(stream)
        case .select: facts = select(stream)
        case .window(let window): facts = self.window(window, of: index)
        }
        return Part(
            kind: .stream, name: stream.name, from: plan.name(of: stream.input),
            facts: [Fact(label: "operator", text: operatorName(stream.definition))] + facts + [
                Fact(label: "latency", text: latency(of: .stream(index))), readers(of: .stream(index)),
            ])
    }

    private func operatorName(_ definition: OperatorDefinition) -> String {
        switch definition {
        case .filter: "filter"
        case .map: "map"
        case .select: "select"
        case .window(let window): "tumbling window of \(window.size)"
        }
    }

    private static let stateless = Fact(label: "state", text: "none")

    private func filter(_ stream: PlannedStream) -> [Fact] {
        var facts = [Fact(label: "columns", text: "those of \(plan.name(of: stream.input))"), Self.stateless]
        if case .filter(let condition) = streamsByName[stream.name]?.operation {
            facts.insert(Fact(label: "passes", text: condition.text), at: 0)
        }
        return facts
    }

    private func map(_ stream: PlannedStream) -> [Fact] {
        let input = plan.type(of: stream.input)
        let added = stream.type.columns.indices.dropFirst(input.columns.count)
            .map { "\(stream.type.columns[$0].path) \(Self.typeName(stream.type, $0))" }
        var facts = [Fact(label: "columns", after: "those of \(plan.name(of: stream.input)) and", list: added), Self.stateless]
        if case .map(let assignments) = streamsByName[stream.name]?.operation {
            facts.insert(Fact(label: "adds", list: assignments.map { "\($0.name.value) = \($0.expression.text)" }), at: 0)
        }
        return facts
    }

    private func select(_ stream: PlannedStream) -> [Fact] {
        let total = plan.type(of: stream.input).columns.count
        return [
            Fact(label: "columns", after: "\(stream.type.columns.count) of \(total):", list: Self.columns(stream.type)), Self.stateless,
        ]
    }

    private func window(_ window: WindowDefinition, of index: Int) -> [Fact] {
        let stream = plan.streams[index]
        let open = plan.openWindowsMax(of: index)
        let source = plan.sources[stream.sources[0]].name
        let closes = if case .hop = stream.origin {
            "when all tasks have told that the watermark of \(source) has reached window.end; then the row goes on, once"
        } else {
            "when the watermark of \(source) reaches window.end; then the row goes on, once"
        }
        var facts = [
            Fact(label: "by", list: window.byColumns.map(\.path)), Fact(label: "hop", text: hop(before: index)),
            Fact(label: "columns", list: Self.columns(stream.type)),
            Fact(label: "state", text: state(window, open: open)),
            Fact(label: "closes", text: closes),
        ]
        if case .window(let specified, let aggregates) = streamsByName[stream.name]?.operation {
            facts.append(Fact(label: "late", text: late(specified.late)))
            let computed = aggregates.map { "\($0.name.value) = \($0.function.value.rawValue)(\($0.argument?.text ?? ""))" }
            facts.insert(Fact(label: "computes", list: computed), at: 2)
        }
        return facts
    }

    private func hop(before index: Int) -> String {
        let stream = plan.streams[index]
        guard case .hop(let hop) = stream.input, !plan.hops[hop].isRekeying else {
            return "none: local, for 'by' holds the partition key \(plan.keyPaths(of: stream.origin).joined(separator: ", "))"
        }
        let missing = plan.hopColumns(of: index) ?? []
        return "through \(plan.hops[hop].topic), for 'by' lacks \(missing.joined(separator: ", "))"
    }

    private func late(_ late: StreamSpecification.Window.Late) -> String {
        switch late {
        case .drop: "drop: rows of a closed window are counted and change nothing"
        }
    }

    private func state(_ window: WindowDefinition, open: Int?) -> String {
        let texts = window.aggregates.filter { aggregate in
            [.min, .max, .first, .last].contains(aggregate.function) && aggregate.argument?.type.value?.layout == .reference
        }
        let held = texts.isEmpty ? "" : ", and the texts of \(texts.map(\.name).joined(separator: ", "))"
        return "about \(window.groupBytes) bytes and the key for each group and open window\(held); "
            + (open.map { $0 == 1 ? "1 window open at a time" : "up to \($0) windows open at a time" }
                ?? "as many windows open as the tasks before the hop are apart")
    }

    func latency(of input: PlanInput) -> String {
        let timing = plan.timing(of: input), commit = settings.commitInterval
        guard !timing.windows.isEmpty || timing.hops > 0 else { return "up to \(commit) after an event: the commit" }
        let commits = timing.hops == 0 ? "commit \(commit)" : "\(timing.hops + 1) commits of \(commit), one for each hop and the last"
        guard !timing.windows.isEmpty else { return "up to \(timing.latencyMax(commitInterval: commit)) after an event: \(commits)" }
        let names = timing.windows.map(\.description).joined(separator: " then ")
        let windows = timing.windows.count == 1
            ? "window \(names)" : "windows \(names)" + (timing.windowed == timing.windows.last ? "" : " (\(timing.windowed) together)")
        return "up to \(timing.latencyMax(commitInterval: commit)) after an event, while events come: \(windows), out_of_order"
            + " \(timing.outOfOrder), \(commits)"
    }
}
