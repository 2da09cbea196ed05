public import Base
import TopologyFile

extension ErrorCode {
    public static let duplicateName = ErrorCode("topology.duplicate_name")
    public static let duplicateTopic = ErrorCode("topology.duplicate_topic")
    public static let duplicatePath = ErrorCode("topology.duplicate_path")
    public static let reservedPath = ErrorCode("topology.reserved_path")
    public static let reservedName = ErrorCode("topology.reserved_name")
    public static let renamedToItself = ErrorCode("topology.renamed_to_itself")
    /// Two streams would take their rows from one internal topic.
    public static let hopClash = ErrorCode("topology.hop_clash")
    public static let topicLoop = ErrorCode("topology.topic_loop")
}

extension Planner {
    /// Words that an expression cannot use as a field's name (CEL specification, "Syntax": IDENT and RESERVED).
    static let reservedWords: Set<String> = [
        "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop", "namespace",
        "null", "package", "return", "true", "var", "void", "while",
    ]

    /// Paths, and everything below them, that the engine answers itself: a view there would answer in its place.
    static let reservedPaths = [
        "/health", "/metrics", "/api/v1/producers", "/api/v1/status", "/api/v1/topics", "/api/v1/topologies", "/api/v1/views",
    ]

    /// Pass 1: what is named is named once.
    static func checkNames(_ specification: TopologySpecification, _ findings: FindingCollector) {
        let sources = specification.sources.map(\.name) + specification.tables.map(\.name)
        let streams = specification.streams.map(\.name) + specification.fragments.map(\.name)
        reportRepeated(sources + streams, "source, table or stream", .duplicateName, findings)
        checkFormerNames(specification, findings)
        // A task's place in a topic is one offset and one watermark; streams of one source share them.
        reportRepeated(
            specification.sources.map(\.topic) + specification.tables.map(\.topic), "topic of a source or table", .duplicateTopic,
            findings)
        reportRepeated(specification.outputs.map(\.topic), "output topic", .duplicateTopic, findings)
        reportRepeated(specification.views.compactMap(\.path), "path", .duplicatePath, findings)
        for path in specification.views.compactMap(\.path) {
            guard let reserved = reservedPaths.first(where: { path.value == $0 || path.value.hasPrefix($0 + "/") }) else { continue }
            findings.add(
                .reservedPath, "the path '\(path.value)' belongs to the engine's own '\(reserved)'",
                remedy: "Paths outside of \(reservedPaths.joined(separator: ", ")) are free.", at: path.location)
        }
        for output in specification.outputs {
            let readers = specification.sources.map { ("source '\($0.name.value)'", $0.topic.value) }
                + specification.tables.map { ("table '\($0.name.value)'", $0.topic.value) }
            guard let (reader, _) = readers.first(where: { $0.1 == output.topic.value }) else { continue }
            findings.add(
                .topicLoop, "output '\(output.name.value)' writes the topic '\(output.topic.value)', which \(reader) reads",
                remedy: "Give the output a topic of its own: a topology does not feed itself.", at: output.topic.location)
        }
        let operations = specification.streams.map(\.operation) + specification.fragments.compactMap(\.operation)
        let newFields = operations.flatMap { operation -> [Located<String>] in
            switch operation {
            case .map(let assignments): assignments.map(\.name)
            case .window(_, let aggregates): aggregates.map(\.name)
            case .filter, .select: []
            }
        }
        for name in newFields + specification.fragments.flatMap({ $0.aggregates.map(\.name) }) where reservedWords.contains(name.value) {
            findings.add(
                .reservedName, "'\(name.value)' is a word of the expression language",
                remedy: "Choose another name: no expression could read it.", at: name.location)
        }
    }

    /// One stream's state goes on as one other's.
    private static func checkFormerNames(_ specification: TopologySpecification, _ findings: FindingCollector) {
        let streams = specification.streams
        reportRepeated(streams.compactMap(\.renamedFrom), "former name", .duplicateName, findings)
        for stream in streams {
            guard let former = stream.renamedFrom, former.value == stream.name.value else { continue }
            findings.add(
                .renamedToItself, "stream '\(stream.name.value)' is renamed from its own name",
                remedy: "Name the stream that it was before, or leave 'renamed_from' away.", at: former.location)
        }
    }

    static func reportRepeated(_ names: [Located<String>], _ what: String, _ code: ErrorCode, _ findings: FindingCollector) {
        var first: [String: SourceLocation] = [:]
        for name in names {
            if let other = first[name.value] {
                findings.add(
                    code, "the \(what) '\(name.value)' is there twice", remedy: "The other one is at \(other); give each its own.",
                        at: name.location)
            } else {
                first[name.value] = name.location
            }
        }
    }
}
