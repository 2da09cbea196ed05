public import Base
import TopologyFile

extension ErrorCode {
    public static let unknownReference = ErrorCode("topology.unknown_reference")
    public static let cycle = ErrorCode("topology.cycle")
}

extension Planner {
    /// Pass 2: the order in which streams can be worked on: indices into the specification's streams, each after the one
    /// it reads. Streams that read something missing or themselves are left out, and so is what reads them.
    static func resolveReferences(_ specification: TopologySpecification, _ findings: FindingCollector) -> [Int] {
        checkReferences(specification, findings)
        reportCycles(specification, findings)
        var isReady = Set(specification.sources.map(\.name.value))
        var order: [Int] = []
        var waiting = Array(specification.streams.indices)
        while true {
            let ready = waiting.filter { isReady.contains(specification.streams[$0].from.value) }
            guard !ready.isEmpty else { return order }
            order += ready
            isReady.formUnion(ready.map { specification.streams[$0].name.value })
            waiting.removeAll { ready.contains($0) }
        }
    }

    private static func checkReferences(_ specification: TopologySpecification, _ findings: FindingCollector) {
        let streams = specification.streams.map(\.name.value) + specification.fragments.map(\.name.value)
        let names = specification.sources.map(\.name.value) + streams
        let known = Set(names).union(specification.unreadable)
        let references =
            specification.streams.map(\.from) + specification.fragments.compactMap(\.from)
            + specification.outputs.map(\.from) + specification.views.map(\.from)
        for reference in references where !known.contains(reference.value) {
            let name = reference.value
            let hint: String
            if specification.tables.contains(where: { $0.name.value == name }) {
                hint = "'\(name)' is a table, which no stream reads from. "
            } else if specification.outputs.contains(where: { $0.name.value == name }) {
                hint = "'\(name)' is an output; read from the stream that it writes. "
            } else if specification.views.contains(where: { $0.name.value == name }) {
                hint = "'\(name)' is a view; read from the stream that it shows. "
            } else {
                hint = nearestName(to: name, among: names).map { "Did you mean '\($0)'? " } ?? ""
            }
            findings.add(
                .unknownReference, "there is no source or stream '\(name)'", remedy: hint + "There are: \(names.joined(separator: ", ")).",
                at: reference.location)
        }
    }

    /// Every stream reads one other, so a cycle is met by following that.
    private static func reportCycles(_ specification: TopologySpecification, _ findings: FindingCollector) {
        let sources = Set(specification.sources.map(\.name.value))
        let streams = Dictionary(specification.streams.map { ($0.name.value, $0) }) { first, _ in first }
        var done = sources
        for stream in specification.streams {
            var chain: [StreamSpecification] = []
            var next: StreamSpecification? = stream
            while let current = next, !done.contains(current.name.value) {
                done.insert(current.name.value)
                chain.append(current)
                next = streams[current.from.value]
            }
            guard let next, let start = chain.firstIndex(where: { $0.name.value == next.name.value }) else { continue }
            let names = chain[start...].map(\.name.value) + [next.name.value]
            findings.add(
                .cycle, "streams read each other in a circle: \(names.joined(separator: " -> "))",
                remedy: "Let one of them read from a source.", at: chain[start].from.location)
        }
    }
}
