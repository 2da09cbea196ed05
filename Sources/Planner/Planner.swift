public import Base
import Columns
public import TopologyFile

/// What planning gave.
public struct Planning: Sendable {
    /// Nil when there is an error among the findings.
    public var plan: Plan?
    /// Of all passes, in file order.
    public var findings: [Finding]
}

/// Makes a plan of a specification, in passes; each reports all it finds, and what was reported once is not blamed on
/// those who depend on it:
///
/// 1. names: what is named is named once
/// 2. references: what is read exists, and nothing reads itself
/// 3. schemas: sources and tables have one, and it has the fields for key and time
/// 4. types: every stream's row type, in the order of the data; expressions are compiled here
/// 5. sinks: outputs and views fit the streams they read
/// 6. time and resources: lengths and numbers are within bounds
///
/// A stream without a type (its own fault or its input's) is passed over by the passes after it.
public enum Planner {
    public static func plan(_ specification: TopologySpecification, schemas: SchemaCatalog) -> Planning {
        let findings = FindingCollector()
        checkNames(specification, findings)
        let references = resolveReferences(specification, findings)
        let (sources, tables) = planInputs(specification, schemas, findings)
        let typed = inferTypes(specification, references, sources, tables, findings)
        let outputs = planOutputs(specification, typed, findings)
        let views = planViews(specification, typed, findings)
        checkTimeAndResources(specification, typed, findings)

        let sorted = findings.sorted
        guard !sorted.contains(where: { $0.severity == .error }) else { return Planning(plan: nil, findings: sorted) }
        var plan = Plan(
            topology: specification.name.value, description: specification.description,
            version: StableHash.version(of: specification, schemas: typed.schemas), sources: typed.sources,
            tables: typed.tables, hops: typed.hops, streams: typed.streams, outputs: outputs, views: views)
        plan.markNeededColumns()
        return Planning(plan: plan, findings: sorted)
    }

    /// What several topologies of one engine may not share: their own names, view names, paths and output topics. And what
    /// they have to agree on: how a topic is keyed.
    public static func conflicts(among specifications: [TopologySpecification]) -> [Finding] {
        let findings = FindingCollector()
        reportRepeated(specifications.map(\.name), "topology", .duplicateName, findings)
        reportRepeated(specifications.flatMap { $0.views.map(\.name) }, "view", .duplicateName, findings)
        reportRepeated(specifications.flatMap { $0.views.compactMap(\.path) }, "path", .duplicatePath, findings)
        reportRepeated(specifications.flatMap { $0.outputs.map(\.topic) }, "output topic", .duplicateTopic, findings)
        reportDifferentKeys(specifications, findings)
        return findings.sorted
    }

    /// A topic's records lie where their keys' hash says: who reads them by another key finds each in the wrong partition,
    /// unless it takes them wherever they lie.
    private static func reportDifferentKeys(_ specifications: [TopologySpecification], _ findings: FindingCollector) {
        var first: [String: (key: [String], at: SourceLocation)] = [:]
        func compare(_ topic: String, _ key: [Located<String>]) {
            guard let location = key.first?.location else { return }
            // A record's flattened fields have '_' where the row they come from has a dot.
            let names = key.map { $0.value.replacing(".", with: "_") }
            guard let other = first[topic] else {
                first[topic] = (names, location)
                return
            }
            guard other.key != names else { return }
            findings.add(
                .keyConflict, "topic '\(topic)' is keyed by [\(names.joined(separator: ", "))] here, and at \(other.at) by "
                    + "[\(other.key.joined(separator: ", "))]",
                remedy: "A topic has one key, as its records are spread by it: write the same at both places.", at: location)
        }
        for specification in specifications { for output in specification.outputs { compare(output.topic.value, output.key ?? []) } }
        for source in specifications.flatMap(\.sources) where !source.isRekeyed { compare(source.topic.value, source.key) }
        for specification in specifications { for table in specification.tables { compare(table.topic.value, table.key) } }
    }
}

extension ErrorCode {
    public static let keyConflict = ErrorCode("topology.key_conflict")
}
